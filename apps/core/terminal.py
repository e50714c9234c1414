"""What commands print: tables for the eye, JSON lines and plain numbers for scripts, and the times they are given."""

from __future__ import annotations

import json
import unicodedata
from argparse import ArgumentTypeError
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _


def moment(text: str) -> datetime:
    """An ISO 8601 time, as argparse wants it."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(
            _("“%(text)s” is not a time. Write it like 2023-12-31T18:00:00.") % {"text": text}
        ) from error


def plain(value: Any) -> str:
    """A value as text: decimals without an exponent and without zeros behind, zero without a sign."""
    if not isinstance(value, Decimal):
        return str(value)
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def print_json(out: Any, rows: Iterable[dict[str, Any]]) -> None:
    """One object a line, decimals as strings."""
    for row in rows:
        out.write(json.dumps(row, default=plain, ensure_ascii=False) + "\n")


def print_table(out: Any, head: Sequence[Any], rows: Iterable[Sequence[Any]], *, numbers: Iterable[int] = ()) -> None:
    """Columns as wide as what is in them, a Chinese character taking two; those in `numbers` stand right."""
    lines = [[str(cell) for cell in head], *([plain(cell) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    right = set(numbers)
    for line in lines:
        cells = []
        for column, (cell, width) in enumerate(zip(line, widths, strict=True)):
            room = " " * (width - _width(cell))
            cells.append(room + cell if column in right else cell + room)
        out.write("  ".join(cells).rstrip() + "\n")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
