"""Reads of who said what to which content."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from apps.approvals.enums import ApprovalState
from apps.approvals.models import Approval, Decision


def trail(kind: str, target_id: UUID) -> QuerySet[Approval]:
    """Every request about an object, oldest first, each with its decisions in the order they were made."""
    decisions = Decision.objects.select_related("member", "member__department")
    return (
        Approval.objects.filter(kind=kind, target_id=target_id)
        .select_related("requested_by")
        .prefetch_related(Prefetch("decisions", queryset=decisions))
        .order_by("requested_at", "id")
    )


def live_approval(kind: str, target_id: UUID, *, lock: bool = False) -> Approval | None:
    """The request that waits or was granted; at most one exists. `lock` holds it until the transaction ends."""
    approvals = Approval.objects.select_for_update() if lock else Approval.objects.all()
    return approvals.filter(
        kind=kind, target_id=target_id, state__in=[ApprovalState.WAITING, ApprovalState.APPROVED]
    ).first()
