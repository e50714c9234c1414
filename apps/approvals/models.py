from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.approvals.enums import Answer, ApprovalState
from apps.audit.models import APPEND_ONLY
from apps.core.models import OrganizationOwned
from apps.core.tenancy import TenantForeignKey
from apps.organizations.models import Member


class Approval(OrganizationOwned):
    """A request for a yes. `kind` is "<app>.<noun>", `target_id` the object, `content_hash` what it says."""

    kind = models.CharField(_("kind"), max_length=60)
    target_id = models.UUIDField(_("object"))
    content_hash = models.CharField(_("content"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=ApprovalState.choices, default=ApprovalState.WAITING)
    requested_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("requested by"))
    requested_at = models.DateTimeField(_("requested"), default=timezone.now)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "target_id"],
                condition=Q(state__in=[ApprovalState.WAITING, ApprovalState.APPROVED]),
                name="approval_one_live",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_id}"


class Decision(OrganizationOwned):
    """One person's answer to an approval, for ever."""

    approval = TenantForeignKey(Approval, models.PROTECT, related_name="decisions", verbose_name=_("approval"))
    member = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("decided by"))
    answer = models.CharField(_("answer"), max_length=10, choices=Answer.choices)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    content_hash = models.CharField(_("content"), max_length=64)
    decided_at = models.DateTimeField(_("decided"), default=timezone.now)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["decided_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "approval", "member"], name="decision_once"),
            models.CheckConstraint(
                condition=Q(answer=Answer.APPROVE) | ~Q(reason=""), name="decision_rejection_has_reason"
            ),
        ]
        triggers = APPEND_ONLY

    def __str__(self) -> str:
        return f"{self.member_id} {self.answer}"
