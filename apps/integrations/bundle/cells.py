"""Reading cells: from the text of a cell to the text that the database takes.

A column of a big file repeats itself, so every distinct text is read once: a `Cells` is a dictionary whose missing
keys are read. None is an empty cell, or one that cannot be read; those are in `bad` with code and message.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.numbers import parse_decimal

REMEMBERED = 50_000
FULL_WIDTH_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MOMENT = re.compile(
    r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})"
    r"(?:(?:T|t|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?)?\Z"
)


class Cells(dict[str, "str | None"]):
    """{text of a cell: text for the database}, read on demand."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.bad: dict[str, tuple[str, str]] = {}
        self.zone: ZoneInfo = options.get("zone", ZoneInfo("UTC"))
        self.options = options

    def __missing__(self, text: str) -> str | None:
        if len(self) >= REMEMBERED:
            self.clear()
        value = None
        clean = text.strip()
        if clean:
            try:
                value = self.read(clean)
            except RuleViolation as error:
                self.bad[text] = (error.code, str(error))
        self[text] = value
        return value

    def read(self, text: str) -> str:
        """The value of a cell that is not empty. Raises RuleViolation."""
        raise NotImplementedError


class Text(Cells):
    def read(self, text: str) -> str:
        if _CONTROL.search(text):
            raise RuleViolation("text_control", _("This cell contains control characters."))
        limit = self.options["length"]
        if len(text) > limit:
            raise RuleViolation("text_length", _("This text is longer than %(limit)s characters.") % {"limit": limit})
        return text


class Code(Text):
    """A code: one line, full-width digits read as digits."""

    def read(self, text: str) -> str:
        if "\n" in text or "\r" in text or "\t" in text:
            raise RuleViolation("text_control", _("A code must stand on one line."))
        return super().read(text.translate(FULL_WIDTH_DIGITS))


class Email(Text):
    def read(self, text: str) -> str:
        try:
            validate_email(text)
        except ValidationError as error:
            raise RuleViolation("email", _("This is not an e-mail address.")) from error
        return super().read(text)


class Path(Text):
    """A path of categories; spaces around its parts are dropped."""

    def read(self, text: str) -> str:
        return super().read("/".join(part.strip() for part in text.split("/") if part.strip()))


class Number(Cells):
    """`positive`: more than zero; `signed`: may be negative."""

    def read(self, text: str) -> str:
        return format(self.checked(parse_decimal(text)), "f")

    def checked(self, value: Decimal) -> Decimal:
        if value < 0 and not self.options.get("signed"):
            raise RuleViolation("negative", _("This must not be negative."))
        if value == 0 and self.options.get("positive"):
            raise RuleViolation("not_positive", _("This must be more than zero."))
        return value


class Share(Number):
    """A share between 0 and 1, up to 6 decimals."""

    _plain = re.compile(r"(0|1|0?\.\d{1,6}|0\.\d{1,6}|1\.0{1,6})\Z")

    def read(self, text: str) -> str:
        plain = unicodedata.normalize("NFKC", text)
        if not self._plain.match(plain):
            raise RuleViolation(
                "share", _("This must be a share between 0 and 1 with up to 6 decimals: 0.002 is 2 in 1,000.")
            )
        return format(Decimal(plain), "f")


class Whole(Cells):
    """A whole number between `low` and `high`; 12.0 is one."""

    def read(self, text: str) -> str:
        value = parse_decimal(text)
        low, high = self.options.get("low", 0), self.options.get("high", 2**31 - 1)
        if value != value.to_integral_value():
            raise RuleViolation("not_whole", _("This must be a whole number."))
        if not low <= value <= high:
            raise RuleViolation(
                "number_range",
                _("This must be between %(low)s and %(high)s.") % {"low": low, "high": high},
            )
        return str(int(value))


class Moment(Cells):
    """A time to the second; without an offset it is in the organization's zone. A date alone is its midnight."""

    def read(self, text: str) -> str:
        match = _MOMENT.match(unicodedata.normalize("NFKC", text).replace("\u2212", "-"))
        if match is None:
            raise RuleViolation("time_format", _("Write times like 2025-12-31T18:00:00 (or 2025-12-31 18:00)."))
        year, _separator, month, day, hour, minute, second, offset = match.groups()
        try:
            value = datetime(
                int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=self.zone
            )
            if offset:
                value = value.replace(tzinfo=datetime.fromisoformat(f"2000-01-01T00:00:00{offset.upper()}").tzinfo)
            if not 1900 < value.year < 2200:
                raise ValueError
        except ValueError as error:
            raise RuleViolation("time_missing", _("There is no such date or time.")) from error
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00")


class Choice(Cells):
    """One of `choices`, in any case, or one of the `words` for them."""

    def read(self, text: str) -> str:
        value = self.options["words"].get(text, text.lower())
        if value not in self.options["choices"]:
            raise _not_one_of(text, self.options["choices"])
        return value


class Roles(Cells):
    """Roles separated by semicolons, as an array."""

    def read(self, text: str) -> str:
        parts = [part.strip() for part in text.replace("；", ";").split(";") if part.strip()]
        roles = {self.options["words"].get(part, part.lower()) for part in parts}
        for role in sorted(roles):
            if role not in self.options["choices"]:
                raise _not_one_of(role, self.options["choices"])
        return "{" + ",".join(sorted(roles)) + "}"


class Flag(Cells):
    _words = {"1": "t", "0": "f", "true": "t", "false": "f", "是": "t", "否": "f"}

    def read(self, text: str) -> str:
        value = self._words.get(unicodedata.normalize("NFKC", text).lower())
        if value is None:
            raise _not_one_of(text, ("0", "1"))
        return value


def _not_one_of(value: str, choices: tuple[str, ...]) -> RuleViolation:
    return RuleViolation(
        "unknown_choice",
        _("“%(value)s” is not one of: %(choices)s.") % {"value": value[:40], "choices": ", ".join(choices)},
    )
