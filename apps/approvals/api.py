from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.approvals.models import Approval, Decision
from apps.core.api import ReadViewSet


class DecisionSerializer(serializers.ModelSerializer):
    member: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Decision
        fields = ("id", "member", "answer", "reason", "content_hash", "decided_at")


class ApprovalSerializer(serializers.ModelSerializer):
    requested_by: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)
    decisions = DecisionSerializer(many=True, read_only=True)

    class Meta:
        model = Approval
        fields = (
            "id",
            "kind",
            "target_id",
            "content_hash",
            "state",
            "requested_by",
            "requested_at",
            "decisions",
        )


class ApprovalViewSet(ReadViewSet):
    """Requests for a yes and their answers. Decide through what they are about (adjustments: approve, reject)."""

    model = Approval
    serializer_class = ApprovalSerializer
    permissions = {"list": "approvals.approval.view", "retrieve": "approvals.approval.view"}
    filterset_fields = ("kind", "state", "target_id")

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("requested_by").prefetch_related("decisions__member")


def register(router: Any) -> None:
    router.register("approvals", ApprovalViewSet, "approval")
