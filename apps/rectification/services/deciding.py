"""Approving, rejecting and withdrawing: the duties are asked here, the answer is kept by approvals."""

from __future__ import annotations

from functools import partial

from django.utils.translation import gettext as _

from apps.approvals.enums import Answer
from apps.approvals.models import Approval
from apps.approvals.selectors import live_approval
from apps.approvals.services import decide, void_approval
from apps.audit.services import audited, record
from apps.core.errors import Conflict
from apps.core.permissions import require
from apps.core.states import move
from apps.notifications.services import notify
from apps.organizations.models import Member
from apps.rectification.enums import ADJUSTMENT_TRANSITIONS, AdjustmentState
from apps.rectification.models import Adjustment
from apps.rectification.selectors import KIND
from apps.rectification.services.holding import lock, release


@audited("rectification.adjustment.approved")
def approve_adjustment(adjustment: Adjustment, *, content_hash: str, reason: str = "", actor: Member) -> Adjustment:
    """Say yes to exactly the content with this hash. Not by whoever proposed it, nor by anyone who counted in it."""
    adjustment = lock(adjustment)
    require(actor, "rectification.adjustment.approve", adjustment)
    approval = approval_of(adjustment)
    move(adjustment, AdjustmentState.APPROVED, ADJUSTMENT_TRANSITIONS)
    decide(approval, Answer.APPROVE, content_hash=content_hash, reason=reason, actor=actor)
    adjustment.save(update_fields=["state"])
    _tell_proposer(adjustment, actor)
    return adjustment


@audited("rectification.adjustment.rejected")
def reject_adjustment(
    adjustment: Adjustment, *, reason: str, content_hash: str | None = None, actor: Member
) -> Adjustment:
    """Say no, with a reason. No stock changes, and the variances can be worked on again."""
    adjustment = lock(adjustment)
    require(actor, "rectification.adjustment.reject", adjustment)
    approval = approval_of(adjustment)
    move(adjustment, AdjustmentState.REJECTED, ADJUSTMENT_TRANSITIONS)
    decide(
        approval,
        Answer.REJECT,
        content_hash=adjustment.content_hash if content_hash is None else content_hash,
        reason=reason,
        actor=actor,
    )
    adjustment.save(update_fields=["state"])
    release(adjustment)
    _tell_proposer(adjustment, actor)
    return adjustment


@audited("rectification.adjustment.withdrawn")
def withdraw_adjustment(adjustment: Adjustment, *, reason: str = "", actor: Member) -> Adjustment:
    """Take a proposal back before it is posted, also one that was approved; the yes becomes void."""
    require(actor, "rectification.adjustment.withdraw", adjustment)
    adjustment = lock(adjustment)
    approval = approval_of(adjustment)
    move(adjustment, AdjustmentState.WITHDRAWN, ADJUSTMENT_TRANSITIONS)
    void_approval(approval, reason=reason, actor=actor)
    adjustment.save(update_fields=["state"])
    release(adjustment)
    record(reason=reason)
    return adjustment


def approval_of(adjustment: Adjustment) -> Approval:
    approval = live_approval(KIND, adjustment.pk, lock=True)
    if approval is None:
        raise Conflict(
            "not_live",
            _("Adjustment %(number)s is %(state)s: nothing is left to decide.")
            % {"number": adjustment, "state": adjustment.get_state_display()},
        )
    return approval


def _tell_proposer(adjustment: Adjustment, actor: Member) -> None:
    notify(
        [adjustment.proposed_by],
        key=f"adjustment-decided:{adjustment.pk}:{adjustment.state}",
        text=partial(_decided_text, adjustment.adjustment_no, adjustment.state),
        path=f"adjustments/{adjustment.pk}/",
        actor=actor,
    )


def _decided_text(number: str, state: str) -> str:
    if state == AdjustmentState.APPROVED:
        return _("Adjustment %(number)s was approved and can be posted.") % {"number": number}
    return _("Adjustment %(number)s was rejected; the reason stands with it.") % {"number": number}
