"""The variances of a count as they stand: for scripts, spreadsheets and the eye."""

from __future__ import annotations

import csv
import json
import sys
import unicodedata
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.origin import origin
from apps.core.sheets import write_sheet
from apps.core.tenancy import organization_scope
from apps.counts.models import Count
from apps.counts.selectors import variance_rows
from apps.organizations.selectors import organization_by_code

FIELDS = ("count", "warehouse", "location", "sku", "lot", "book", "counted", "variance", "value")
NUMBERS = FIELDS[5:]

Row = dict[str, Any]


class Command(BaseCommand):
    help = (
        "Counted lines whose variance (counted - book, in base units) is not zero; of an open count as they stand. "
        "Lines that nobody counted are not listed: they have no variance."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count_no", metavar="COUNT_NO")
        parser.add_argument("--organization", required=True, metavar="CODE")
        parser.add_argument("--format", choices=("table", "jsonl", "csv", "xlsx"), default="table")
        parser.add_argument("--sort", choices=("place", "value"), default="place", help="value: the largest first")
        parser.add_argument("--all", action="store_true", help="the counted lines that match, too")
        parser.add_argument("--out", type=Path, metavar="FILE", help="write here instead of standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organization = organization_by_code(options["organization"])
            with organization_scope(organization), timezone.override(organization.zone), origin("command"):
                rows = _rows(_count(options["count_no"]), options["sort"], everything=options["all"])
                self._write(rows, options["format"], options["out"])
        except RuleViolation as error:
            self.stderr.write(str(error))
            raise SystemExit(1) from error

    def _write(self, rows: Iterator[Row], kind: str, out: Path | None) -> None:
        if kind == "xlsx":
            with out.open("wb") if out else open(sys.stdout.fileno(), "wb", closefd=False) as binary:
                write_sheet(binary, [(field, field) for field in FIELDS], rows, kind="xlsx", title="variances")
            return
        text: Any = out.open("w", encoding="utf-8", newline="") if out else self.stdout
        try:
            {"table": _table, "jsonl": _jsonl, "csv": _csv}[kind](rows, text)
        finally:
            if out:
                text.close()


def _count(count_no: str) -> Count:
    count = Count.objects.filter(count_no=count_no).first()
    if count is None:
        raise RuleViolation("unknown_count", _("There is no count “%(no)s”.") % {"no": count_no})
    if count.snapshot_at is None:
        raise RuleViolation(
            "not_released", _("The count %(no)s is not released, so nothing was counted.") % {"no": count_no}
        )
    return count


def _rows(count: Count, sort: str, *, everything: bool) -> Iterator[Row]:
    for row in variance_rows(count, matching=everything, sort=sort):
        yield {"count": count.count_no, **row._asdict()}


def _plain(value: Any) -> str:
    if not isinstance(value, Decimal):
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _jsonl(rows: Iterable[Row], out: Any) -> None:
    for row in rows:
        out.write(json.dumps({key: _plain(value) for key, value in row.items()}, ensure_ascii=False) + "\n")


def _csv(rows: Iterable[Row], out: Any) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FIELDS)
    writer.writerows([_plain(value) for value in row.values()] for row in rows)


def _table(rows: Iterable[Row], out: Any) -> None:
    head = [
        _("Count"),
        _("Warehouse"),
        _("Location"),
        _("Item code"),
        _("Lot"),
        _("Book"),
        _("Counted"),
        _("Variance"),
        _("Value"),
    ]
    lines = [head, *([_plain(value) for value in row.values()] for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(head))]
    first_number = len(FIELDS) - len(NUMBERS)
    for line in lines:
        cells = [
            " " * (width - _width(cell)) + cell if column >= first_number else cell + " " * (width - _width(cell))
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        out.write("  ".join(cells).rstrip() + "\n")


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
