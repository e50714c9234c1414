"""The tolerance rule: its versions are read, and a new one is set."""

from __future__ import annotations

from typing import Any

from rest_framework import mixins, serializers

from apps.core.api import ReadViewSet
from apps.counts.models import ToleranceRule
from apps.counts.services import set_tolerance


class ToleranceRuleSerializer(serializers.ModelSerializer):
    created_by: Any = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = ToleranceRule
        fields = ["id", "version", "percent", "quantity", "value", "created_by", "created_at"]
        read_only_fields = ["version", "created_at"]


class ToleranceRuleViewSet(mixins.CreateModelMixin, ReadViewSet):
    """What difference passes. The newest version comes first and holds for counts that are released from now on.

    POST makes the next version: limits that are left out or null do not limit; none at all lets only zero pass.
    """

    model = ToleranceRule
    serializer_class = ToleranceRuleSerializer
    permissions = {
        "list": "counts.tolerance.view",
        "retrieve": "counts.tolerance.view",
        "create": "counts.tolerance.change",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("created_by")

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = set_tolerance(**serializer.validated_data, actor=self.member)
