"""Reading and checking quantities and money: Decimal(18,4), full-width digits read as digits."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation

PLACES = 4
LIMIT = Decimal("99999999999999.9999")
ZERO = Decimal(0)

_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\Z")


class QuantityField(models.DecimalField):
    """A quantity, cost or amount: 18 digits, 4 of them decimals."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"], kwargs["decimal_places"] = 18, PLACES
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs


def parse_decimal(text: str | Decimal | int | None) -> Decimal:
    """A plain decimal as people type it, full-width digits and the true minus included.

    Raises RuleViolation: `number_format` for anything else (1,200 and 1.2E+13 too: a separator is a guess),
    `number_places` beyond 4 decimals, `number_range` beyond 18 digits.
    """
    if isinstance(text, (Decimal, int)):
        value = Decimal(text)
        if not value.is_finite():
            raise RuleViolation("number_format", _("“%(value)s” is not a number.") % {"value": text})
    else:
        plain = unicodedata.normalize("NFKC", text or "").strip().replace("\u2212", "-")
        if not _PLAIN.match(plain):
            raise RuleViolation(
                "number_format",
                _("“%(value)s” is not a plain number. Write it like 1200 or 12.5, without separators.")
                % {"value": (text or "")[:40]},
            )
        value = Decimal(plain)
    if abs(value) > LIMIT:
        raise RuleViolation(
            "number_range",
            _("“%(value)s” is too large: at most 14 digits before the point.") % {"value": str(text)[:40]},
        )
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -PLACES:
        raise RuleViolation(
            "number_places", _("“%(value)s” has more than 4 decimal places.") % {"value": str(text)[:40]}
        )
    return value
