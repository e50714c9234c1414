"""Who reads, prepares, signs and sends. Finance signs, never who had a hand in the count's numbers."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.approvals.models import Decision
from apps.core.permissions import declare
from apps.counts.models import CountEntry
from apps.rectification.models import Adjustment

READERS = "owner manager controller finance auditor"


def _apart_from_the_count(actor: Any, report: Any) -> str | None:
    """Whoever counted, proposed or approved in a count does not sign its report."""
    if CountEntry.objects.filter(count_id=report.count_id, counter=actor).exists():
        return _("You counted in this count. Somebody else in finance has to sign its report.")
    adjustments = Adjustment.objects.filter(count_id=report.count_id)
    if adjustments.filter(proposed_by=actor).exists():
        return _("You proposed an adjustment of this count. Somebody else in finance has to sign its report.")
    decisions = Decision.objects.filter(approval__target_id__in=adjustments.values("pk"))
    if decisions.filter(member=actor).exists():
        return _("You decided on an adjustment of this count. Somebody else in finance has to sign its report.")
    return None


declare(
    {
        "reports.report.view": READERS,
        "reports.report.prepare": "manager controller finance",
        "reports.report.comment": "owner manager controller finance",
        "reports.report.sign": "finance",
        "reports.report.send": "manager controller finance",
        "reports.schedule.view": READERS,
        "reports.selfcheck.view": READERS,
        "reports.selfcheck.run": "owner manager controller",
        "reports.schedule.change": "owner finance",
    },
    duties={"reports.report.sign": _apart_from_the_count},
    person_only=("reports.report.sign", "reports.report.comment"),
)
