"""The variances of a count as they stand: for scripts, spreadsheets and the eye."""

from __future__ import annotations

import csv
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from apps.core.sheets import write_sheet
from apps.core.terminal import plain, print_json, print_table
from apps.counts.models import Count
from apps.counts.selectors import released_count, variance_rows
from apps.organizations.commands import OrganizationCommand
from apps.organizations.models import Organization

FIELDS = ("count", "warehouse", "location", "sku", "lot", "book", "counted", "variance", "value")

Row = dict[str, Any]


class Command(OrganizationCommand):
    help = (
        "Counted lines whose variance (counted - book, in base units) is not zero; of an open count as they stand. "
        "Lines that nobody counted are not listed: they have no variance."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("count_no", metavar="COUNT_NO")
        parser.add_argument("--format", choices=("table", "jsonl", "csv", "xlsx"), default="table")
        parser.add_argument("--sort", choices=("place", "value"), default="place", help="value: the largest first")
        parser.add_argument("--all", action="store_true", help="the counted lines that match, too")
        parser.add_argument("--out", type=Path, metavar="FILE", help="write here instead of standard output")

    def run(self, organization: Organization, **options: Any) -> None:
        rows = _rows(released_count(options["count_no"]), options["sort"], everything=options["all"])
        self._write(rows, options["format"], options["out"])

    def _write(self, rows: Iterator[Row], kind: str, out: Path | None) -> None:
        if kind == "xlsx":
            with out.open("wb") if out else open(sys.stdout.fileno(), "wb", closefd=False) as binary:
                write_sheet(binary, [(field, field) for field in FIELDS], rows, kind="xlsx", title="variances")
            return
        text: Any = out.open("w", encoding="utf-8", newline="") if out else self.stdout
        try:
            if kind == "jsonl":
                print_json(text, rows)
            elif kind == "csv":
                writer = csv.writer(text, lineterminator="\n")
                writer.writerow(FIELDS)
                writer.writerows(map(plain, row.values()) for row in rows)
            else:
                head = [_("Count"), _("Warehouse"), _("Location"), _("Item code"), _("Lot")]
                head += [_("Book"), _("Counted"), _("Variance"), _("Value")]
                print_table(text, head, ([*row.values()] for row in rows), numbers=range(5, 9))
        finally:
            if out:
                text.close()


def _rows(count: Count, sort: str, *, everything: bool) -> Iterator[Row]:
    for row in variance_rows(count, matching=everything, sort=sort):
        yield {"count": count.count_no, **row._asdict()}
