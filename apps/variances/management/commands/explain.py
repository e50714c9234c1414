"""Why the counted lines of a count differ: ranked explanations, for scripts and for the eye."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.utils.translation import gettext as _

from apps.core.terminal import plain, print_json
from apps.counts.selectors import released_count
from apps.organizations.commands import OrganizationCommand
from apps.organizations.models import Organization
from apps.organizations.selectors import system_member
from apps.variances.attribution import contract
from apps.variances.attribution.explaining import Explained
from apps.variances.enums import CAUSE_NAMES
from apps.variances.selectors import explain_count
from apps.variances.services import learn_priors


class Command(OrganizationCommand):
    help = (
        "Explanations of every variance of a count, best first, with documents, confidence and what stays "
        "unexplained; of an open count as it stands."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("count_no", metavar="COUNT_NO")
        parser.add_argument("--format", choices=("table", "jsonl"), default="table")
        parser.add_argument("--top", type=_at_least_one, default=3, metavar="K", help="explanations of each variance")

    def run(self, organization: Organization, **options: Any) -> None:
        count = released_count(options["count_no"])
        self._progress(0, 2, _("Learning from earlier counts"))
        learn_priors(count, actor=system_member())
        _priors, found = explain_count(count, top=options["top"], progress=self._progress)
        if options["format"] == "jsonl":
            print_json(self.stdout, map(contract.row, found))
        else:
            for one in found:
                self._table(one)

    def _progress(self, done: int, total: int, message: str) -> None:
        self.stderr.write(f"{message}: {done}/{total}")

    def _table(self, found: Explained) -> None:
        line = found.line
        place = " ".join(filter(None, (line.warehouse, line.location, line.sku, line.lot)))
        self.stdout.write(f"{place}  {plain(line.book)} → {plain(line.counted)}")
        for rank, one in enumerate(found.explanations, 1):
            parts = [
                f"{CAUSE_NAMES[part.option.cause]} {part.quantity.normalize():+f}"
                + "".join(f" [{evidence.doc_no}]" for evidence in part.option.evidence[:1] if evidence.doc_no)
                for part in one.parts
            ]
            rest = _("unexplained %(rest)s") % {"rest": plain(one.unexplained)}
            self.stdout.write(f"  {rank}  {one.probability:4.0%}  {', '.join([*parts, rest])}")


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(_("a whole number from 1 on"))
    return int(text)
