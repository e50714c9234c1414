"""What to count next: for scripts and for the eye."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.terminal import moment, print_json, print_table
from apps.counts.planning.ranking import POLICIES, Planned, plan_lines
from apps.organizations.commands import OrganizationCommand, in_zone
from apps.organizations.models import Organization

FIELDS = ("rank", "warehouse", "location", "sku", "lot", "risk", "expected_abs_value", "reason")


class Command(OrganizationCommand):
    help = (
        "The stock lines to count next, best first, each with the probability that it is wrong, the money a look at it "
        "is expected to find, and why it is there. Nothing that became known after --as-of is read, nor entries of "
        "open counts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--budget", required=True, type=int, metavar="N", help="how many lines to count")
        parser.add_argument("--policy", choices=sorted(POLICIES), default="risk")
        parser.add_argument("--as-of", type=moment, metavar="T", help="plan as of then (default: now)")
        parser.add_argument(
            "--seed", type=int, default=0, help="for what is drawn at random; the same seed, the same draw"
        )
        parser.add_argument("--format", choices=("table", "jsonl"), default="table")

    def run(self, organization: Organization, **options: Any) -> None:
        as_of = in_zone(options["as_of"], organization) or timezone.now()
        plan = plan_lines(options["budget"], policy=options["policy"], as_of=as_of, seed=options["seed"])
        rows = [_row(planned) for planned in plan]
        if options["format"] == "jsonl":
            print_json(self.stdout, rows)
        else:
            head = [
                "#",
                _("Warehouse"),
                _("Location"),
                _("Item code"),
                _("Lot"),
                _("Risk"),
                _("Expected value"),
                _("Why"),
            ]
            print_table(self.stdout, head, ([*row.values()] for row in rows), numbers=(0, 5, 6))


def _row(planned: Planned) -> dict[str, Any]:
    line = planned.line
    values = (planned.rank, line.warehouse, line.location, line.sku, line.lot)
    return dict(zip(FIELDS, (*values, planned.risk, float(planned.expected_abs_value), planned.reason), strict=True))
