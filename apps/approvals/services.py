"""Asking for a yes, answering, and taking the question back.

The app whose object it is calls these from its own services, after asking its own permissions and duties. What
holds for every approval is checked here: who asked does not answer, and an answer binds to the content it was
given for.
"""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.approvals.enums import APPROVAL_TRANSITIONS, Answer, ApprovalState
from apps.approvals.models import Approval, Decision
from apps.audit.services import audited, record
from apps.core.errors import Conflict, Forbidden, RuleViolation
from apps.core.states import move
from apps.organizations.models import Member

OUTCOME = {Answer.APPROVE: ApprovalState.APPROVED, Answer.REJECT: ApprovalState.REJECTED}


@audited("approvals.approval.requested")
def request_approval(kind: str, target_id: UUID, content_hash: str, *, actor: Member) -> Approval:
    """Ask for a yes to exactly this content. One request about an object is live at a time: Conflict otherwise."""
    approval = Approval(kind=kind, target_id=target_id, content_hash=content_hash, requested_by=actor)
    try:
        with transaction.atomic():
            approval.save()
    except IntegrityError as error:
        raise Conflict("approval_exists", _("Approval of this was already requested.")) from error
    return approval


@audited("approvals.approval.decided")
def decide(approval: Approval, answer: Answer | str, *, content_hash: str, reason: str = "", actor: Member) -> Approval:
    """Say yes or no, once. `content_hash` is what the decider was shown.

    Raises Forbidden("own_request") for whoever asked and for anything that is no person, Conflict("content_changed")
    if the content is another by now, Conflict("wrong_state") if it was decided already, and
    RuleViolation("reason_missing") for a no without a reason.
    """
    approval = Approval.objects.select_for_update().get(pk=approval.pk)
    answer = Answer(answer)
    if actor.is_system:
        raise Forbidden("not_a_person", _("Only a person may decide."))
    if approval.requested_by_id == actor.pk:
        raise Forbidden("own_request", _("You asked for this approval. Somebody else must decide."))
    if approval.content_hash != content_hash:
        raise Conflict(
            "content_changed",
            _("The content has changed since it was shown to you. Reload the page and look at it again."),
        )
    if answer == Answer.REJECT and not reason.strip():
        raise RuleViolation("reason_missing", _("Say why you reject it, so that it can be put right."))
    move(approval, OUTCOME[answer], APPROVAL_TRANSITIONS)
    approval.save()
    Decision.objects.create(
        approval=approval, member=actor, answer=answer, reason=reason.strip()[:500], content_hash=content_hash
    )
    record(answer=answer, reason=reason.strip()[:500], content_hash=content_hash)
    return approval


@audited("approvals.approval.voided")
def void_approval(approval: Approval, *, reason: str = "", actor: Member) -> Approval:
    """Take a request, or the yes it got, back: its object was withdrawn. The decisions stay in the trail."""
    approval = Approval.objects.select_for_update().get(pk=approval.pk)
    move(approval, ApprovalState.VOID, APPROVAL_TRANSITIONS)
    approval.save()
    record(reason=reason)
    return approval
