"""Proposing: which variances, with which quantities, under which hash."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from uuid import UUID

from django.db import connection
from django.db.models import Sum, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.approvals.services import request_approval
from apps.audit.services import audited, record
from apps.core.errors import Conflict, RuleViolation
from apps.core.numbers import ZERO
from apps.core.permissions import require
from apps.core.tenancy import require_organization_id
from apps.counts.enums import CountState
from apps.counts.models import Count
from apps.notifications.services import notify
from apps.organizations.enums import Role
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import with_role
from apps.rectification.content import content_hash
from apps.rectification.models import Adjustment
from apps.rectification.selectors import KIND, proposal, stock_names
from apps.rectification.selectors.proposals import CHOSEN, PROPOSED, proposed_parameters
from apps.rectification.services.holding import set_state
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
    if not wanted:
        raise RuleViolation("nothing_to_adjust", _("No variance of this count is left to be adjusted."))
    adjustment = Adjustment.objects.create(
        adjustment_no=_next_number(),
        count=count,
        reason=reason.strip()[:500],
        total_value=ZERO,
        proposed_by=actor,
    )
    taken = _take(adjustment, wanted)
    if not taken or (variances is not None and taken < len(wanted)):
        raise _not_adjustable(wanted)
    _require_reason(adjustment)
    adjustment.total_value = adjustment.lines.aggregate(net=Sum("value"))["net"]
    adjustment.content_hash = content_hash(adjustment)
    adjustment.save(update_fields=["total_value", "content_hash"])
    set_state(adjustment, Value(VarianceState.PROPOSED))
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
        lines=taken,
        value=adjustment.total_value,
        content_hash=adjustment.content_hash,
        left_out=len(wanted) - taken,
    )
    return adjustment


def _locked(count: Count, variances: Iterable[Variance] | None) -> list[UUID]:
    """The ids of what is wanted, locked in one order."""
    rows = Variance.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    if variances is None:
        return list(rows.filter(count=count, state__in=EDITABLE_STATES).values_list("pk", flat=True))
    found = dict(rows.filter(pk__in={variance.pk for variance in variances}).values_list("pk", "count_id"))
    if any(count_id != count.pk for count_id in found.values()):
        raise RuleViolation("other_count", _("An adjustment holds variances of one count only."))
    return list(found)


_TAKE = f"""
    INSERT INTO rectification_adjustmentline (id, organization_id, adjustment_id, variance_id, quantity, unit_cost,
        value, is_live)
    {PROPOSED}
    SELECT stockcheck_uuid7(), %(organization)s, %(adjustment)s, id, quantity, unit_cost, value, true
    FROM proposed WHERE why = ''
"""


def _take(adjustment: Adjustment, wanted: list[UUID]) -> int:
    """A line for every variance that can be adjusted; returns their number."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE.format(chosen=CHOSEN), {**proposed_parameters(wanted), "adjustment": adjustment.pk})
        return cursor.rowcount


def _not_adjustable(wanted: list[UUID]) -> Conflict:
    """What was left out, and why."""
    reasons = dict(proposal(wanted).untouched)
    rows = [f"{name}: {reasons[key]}" for key, name in stock_names(reasons).items()]
    return Conflict(
        "not_adjustable",
        ngettext(
            "%(number)d variance cannot be adjusted: %(first)s",
            "%(number)d variances cannot be adjusted, first of all: %(first)s",
            len(rows),
        )
        % {"number": len(rows), "first": rows[0]},
        rows=rows,
    )


def _require_reason(adjustment: Adjustment) -> None:
    """An unexplained rest is adjusted only if somebody says why."""
    if adjustment.reason:
        return
    rests = list(adjustment.lines.exclude(variance__unexplained=0).values_list("variance", flat=True))
    if rests:
        raise RuleViolation(
            "reason_missing",
            ngettext(
                "%(number)d line is not fully explained. Say why it shall be adjusted all the same.",
                "%(number)d lines are not fully explained. Say why they shall be adjusted all the same.",
                len(rests),
            )
            % {"number": len(rests)},
            rows=list(stock_names(rests).values()),
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
