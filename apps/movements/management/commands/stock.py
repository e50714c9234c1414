"""On hand at a moment, as known at another: for scripts and for the eye."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext as _

from apps.core.terminal import moment, plain, print_json, print_table
from apps.movements.selectors import StockRow, stock_rows
from apps.organizations.commands import OrganizationCommand, in_zone
from apps.organizations.models import Organization


class Command(OrganizationCommand):
    help = (
        "Stock that is not zero: warehouse, location, sku, lot, quantity in base units, value at standard cost. "
        "Without --known-at it is the book: what was posted by --as-of. With it: what had moved by --as-of, as far as "
        "it was posted by --known-at. Times without an offset are in the organization's zone; a date alone is its "
        "first moment."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--as-of", type=moment, metavar="T")
        parser.add_argument("--known-at", type=moment, metavar="T2")
        parser.add_argument("--format", choices=("table", "jsonl", "csv"), default="table")

    def run(self, organization: Organization, **options: Any) -> None:
        rows = stock_rows(in_zone(options["as_of"], organization), in_zone(options["known_at"], organization))
        if options["format"] == "jsonl":
            print_json(self.stdout, (row._asdict() for row in rows))
        elif options["format"] == "csv":
            writer = csv.writer(self.stdout)
            writer.writerow(StockRow._fields)
            writer.writerows(map(plain, row) for row in rows)
        else:
            head = [_("Warehouse"), _("Location"), _("Item code"), _("Lot"), _("Quantity"), _("Stock value")]
            print_table(self.stdout, head, rows, numbers=(4, 5))
