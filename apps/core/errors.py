"""Errors that a person caused and can mend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class RuleViolation(Exception):
    """A rule of the business refused the wish.

    `code` is stable and for programs, `message` is translated and says what to do next; `rows` lists
    what the refusal is about (line, reason) where it concerns many. Pages show it, the API answers 422
    (409 for conflicts, 403 for duties and roles), commands print it and exit 1.
    """

    status = 422

    def __init__(self, code: str, message: Any, *, rows: Iterable[Any] = ()) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.rows = list(rows)

    def __str__(self) -> str:
        return str(self.message)


class Forbidden(RuleViolation):
    """The actor's roles, or a duty that is kept apart, do not allow this."""

    status = 403


class Conflict(RuleViolation):
    """Somebody or something was faster: the object is no longer in the state the wish was made for."""

    status = 409
