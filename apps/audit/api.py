from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.audit.filters import EntryFilter
from apps.audit.models import AuditEntry
from apps.core.api import ReadViewSet


class AuditEntrySerializer(serializers.ModelSerializer):
    actor = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "sequence",
            "occurred_at",
            "actor",
            "actor_name",
            "action",
            "target_type",
            "target_id",
            "target_name",
            "changes",
            "facts",
            "correlation",
            "channel",
            "address",
            "previous_hash",
            "hash",
        ]
        read_only_fields = fields


class AuditEntryViewSet(ReadViewSet):
    """What was done, newest first. Nothing writes here."""

    model = AuditEntry
    serializer_class = AuditEntrySerializer
    filterset_class = EntryFilter
    permissions = {"list": "audit.entry.view", "retrieve": "audit.entry.view"}

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("actor")


def register(router: Any) -> None:
    router.register("audit", AuditEntryViewSet, "audit")
