"""Proposing: which variances, with which quantities, under which hash."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.approvals.services import request_approval
from apps.audit.services import audited, record
from apps.core.errors import Conflict, RuleViolation
from apps.core.permissions import require
from apps.core.tenancy import require_organization_id
from apps.counts.enums import CountState
from apps.counts.models import Count
from apps.notifications.services import notify
from apps.organizations.enums import Role
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import with_role
from apps.rectification.content import content_hash
from apps.rectification.models import Adjustment, AdjustmentLine
from apps.rectification.selectors import KIND, Proposal, proposal
from apps.variances.enums import EDITABLE_STATES, VarianceState
from apps.variances.models import Variance


@audited("rectification.adjustment.proposed")
def propose_adjustment(
    count: Count, *, variances: Iterable[Variance] | None = None, reason: str = "", actor: Member
) -> Adjustment:
    """Propose to bring stock to what a closed count found: one line a variance, quantity = variance − late documents.

    Without `variances`, everything of the count that can be adjusted. Chosen ones must all be adjustable. The
    variances are frozen until the adjustment is rejected, withdrawn or reversed.

    Raises Conflict: "count_open", "not_adjustable" (`rows` say which and why); RuleViolation: "nothing_to_adjust",
    "other_count", "reason_missing" where a line keeps an unexplained rest.
    """
    require(actor, "rectification.adjustment.propose")
    if count.state != CountState.CLOSED:
        raise Conflict("count_open", _("Close the count first: its numbers are still provisional."))
    wanted = _locked(count, variances)
    content = proposal(
        Variance.objects.filter(pk__in=wanted).select_related("stock_line__item", "stock_line__location")
    )
    _require_adjustable(content, chosen=variances is not None)
    _require_reason(content, reason)
    adjustment = Adjustment.objects.create(
        adjustment_no=_next_number(),
        count=count,
        reason=reason.strip()[:500],
        content_hash=content_hash(
            count.pk,
            (
                (line.variance.pk, line.variance.stock_line_id, line.quantity, line.variance.unit_cost)
                for line in content.lines
            ),
        ),
        total_value=content.net,
        proposed_by=actor,
    )
    AdjustmentLine.objects.bulk_create(
        [
            AdjustmentLine(
                adjustment=adjustment,
                variance=line.variance,
                quantity=line.quantity,
                unit_cost=line.variance.unit_cost,
                value=line.value,
            )
            for line in content.lines
        ],
        batch_size=5000,
    )
    Variance.objects.filter(pk__in=[line.variance.pk for line in content.lines]).update(state=VarianceState.PROPOSED)
    request_approval(KIND, adjustment.pk, adjustment.content_hash, actor=actor)
    notify(
        [member for member in with_role(Role.MANAGER, Role.FINANCE) if member.pk != actor.pk],
        key=f"adjustment-proposed:{adjustment.pk}",
        text=partial(_waiting_text, adjustment.adjustment_no),
        path=f"adjustments/{adjustment.pk}/",
        mail=True,
        actor=actor,
    )
    record(
        lines=len(content.lines),
        value=content.net,
        content_hash=adjustment.content_hash,
        left_out=len(content.untouched),
    )
    return adjustment


def _locked(count: Count, variances: Iterable[Variance] | None) -> list[object]:
    rows = Variance.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    if variances is None:
        return [variance.pk for variance in rows.filter(count=count, state__in=EDITABLE_STATES)]
    ids = {variance.pk for variance in variances}
    found = list(rows.filter(pk__in=ids))
    if any(variance.count_id != count.pk for variance in found):
        raise RuleViolation("other_count", _("An adjustment holds variances of one count only."))
    return [variance.pk for variance in found]


def _require_adjustable(content: Proposal, *, chosen: bool) -> None:
    rows = [f"{variance.stock_line}: {reason}" for variance, reason in content.untouched]
    if rows and (chosen or not content.lines):
        raise Conflict(
            "not_adjustable",
            ngettext(
                "%(number)d variance cannot be adjusted: %(first)s",
                "%(number)d variances cannot be adjusted, first of all: %(first)s",
                len(rows),
            )
            % {"number": len(rows), "first": rows[0]},
            rows=rows,
        )
    if not content.lines:
        raise RuleViolation("nothing_to_adjust", _("No variance of this count is left to be adjusted."))


def _require_reason(content: Proposal, reason: str) -> None:
    rests = content.unexplained
    if rests and not reason.strip():
        raise RuleViolation(
            "reason_missing",
            ngettext(
                "%(number)d line is not fully explained. Say why it shall be adjusted all the same.",
                "%(number)d lines are not fully explained. Say why they shall be adjusted all the same.",
                len(rests),
            )
            % {"number": len(rests)},
            rows=[str(line.variance.stock_line) for line in rests],
        )


def _next_number() -> str:
    """PDTZ-20231231-01: the organization's day and a running number, one proposer at a time."""
    organization = Organization.objects.get(pk=require_organization_id())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{organization.pk} adjustment number"]
        )
    prefix = f"PDTZ-{timezone.localtime(timezone=organization.zone):%Y%m%d}-"
    taken = Adjustment.objects.filter(adjustment_no__startswith=prefix).values_list("adjustment_no", flat=True)
    return f"{prefix}{max((int(number.removeprefix(prefix)) for number in taken), default=0) + 1:02d}"


def _waiting_text(number: str) -> str:
    return _("Adjustment %(number)s waits for approval.") % {"number": number}
