"""Where a write comes from: set once by an entrance, read by the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """`channel` is page, api, admin, command, job or shell; `address` the peer's IP, empty where there is
    none.
    """

    channel: str = "shell"
    address: str = ""


_UNKNOWN = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=_UNKNOWN)


def current_origin() -> Origin:
    return _origin.get()


@contextmanager
def origin(channel: str, address: str = "") -> Iterator[None]:
    token = _origin.set(Origin(channel, address))
    try:
        yield
    finally:
        _origin.reset(token)
