"""On hand at a moment, as known at another: for scripts and for the eye."""

from __future__ import annotations

import csv
import json
import unicodedata
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.movements.selectors import StockRow, stock_rows
from apps.organizations.models import Organization
from apps.organizations.selectors import organization_by_code


def moment(text: str) -> datetime:
    """An ISO 8601 time, as argparse wants it."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(
            _("“%(text)s” is not a time. Write it like 2023-12-31T18:00:00.") % {"text": text}
        ) from error


class Command(BaseCommand):
    help = (
        "Stock that is not zero: warehouse, location, sku, lot, quantity in base units, value at standard cost. "
        "Without --known-at it is the book: what was posted by --as-of. With it: what had moved by --as-of, as far as "
        "it was posted by --known-at. Times without an offset are in the organization's zone; a date alone is its "
        "first moment."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="CODE")
        parser.add_argument("--as-of", type=moment, metavar="T")
        parser.add_argument("--known-at", type=moment, metavar="T2")
        parser.add_argument("--format", choices=("table", "jsonl", "csv"), default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organization = organization_by_code(options["organization"])
            as_of, known_at = (_in_zone(options[name], organization) for name in ("as_of", "known_at"))
            with organization_scope(organization), timezone.override(organization.zone), origin("command"):
                write = {"table": self._table, "jsonl": self._jsonl, "csv": self._csv}[options["format"]]
                write(stock_rows(as_of, known_at))
        except RuleViolation as error:
            self.stderr.write(str(error))
            raise SystemExit(1) from error

    def _jsonl(self, rows: Iterable[StockRow]) -> None:
        for row in rows:
            self.stdout.write(json.dumps(dict(zip(row._fields, _texts(row), strict=True)), ensure_ascii=False))

    def _csv(self, rows: Iterable[StockRow]) -> None:
        writer = csv.writer(self.stdout)
        writer.writerow(StockRow._fields)
        writer.writerows(map(_texts, rows))

    def _table(self, rows: Iterable[StockRow]) -> None:
        head = [_("Warehouse"), _("Location"), _("Item code"), _("Lot"), _("Quantity"), _("Stock value")]
        lines = [head, *map(_texts, rows)]
        widths = [max(_width(line[column]) for line in lines) for column in range(len(head))]
        for line in lines:
            cells = [
                " " * (width - _width(cell)) + cell if column > 3 else cell + " " * (width - _width(cell))
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            self.stdout.write("  ".join(cells).rstrip())


def _in_zone(value: datetime | None, organization: Organization) -> datetime | None:
    return value.replace(tzinfo=organization.zone) if value is not None and value.tzinfo is None else value


def _texts(row: StockRow) -> list[str]:
    return [*row[:4], _decimal(row.quantity), _decimal(row.value)]


def _decimal(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
