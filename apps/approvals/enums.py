from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ApprovalState(models.TextChoices):
    WAITING = "waiting", _("waiting for approval")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    VOID = "void", _("void")


APPROVAL_TRANSITIONS = {
    ApprovalState.WAITING: frozenset({ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.VOID}),
    ApprovalState.APPROVED: frozenset({ApprovalState.VOID}),
    ApprovalState.REJECTED: frozenset[str](),
    ApprovalState.VOID: frozenset[str](),
}


class Answer(models.TextChoices):
    APPROVE = "approve", _("approved")
    REJECT = "reject", _("rejected")
