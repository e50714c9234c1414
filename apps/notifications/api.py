from __future__ import annotations

from typing import Any

import django_filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from apps.core.api import ReadViewSet
from apps.notifications.models import Notification
from apps.notifications.selectors import inbox
from apps.notifications.services import mark_read


class NotificationFilter(django_filters.FilterSet):
    unread = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")

    class Meta:
        model = Notification
        fields = ("unread",)


class NotificationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Notification
        fields = ("id", "text", "url", "created_at", "read_at")


class NotificationViewSet(ReadViewSet):
    """One's own inbox."""

    model = Notification
    serializer_class = NotificationSerializer
    filterset_class = NotificationFilter
    permissions = {
        "list": "notifications.notification.view",
        "retrieve": "notifications.notification.view",
        "read": "notifications.notification.read",
    }

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows if getattr(self, "swagger_fake_view", False) else inbox(self.member)

    @action(detail=True, methods=["post"])
    def read(self, request: Any, pk: str | None = None) -> Response:
        line = self.get_object()
        mark_read(ids=[line.pk], actor=self.member)
        line.refresh_from_db()
        return Response(self.get_serializer(line).data)


def register(router: Any) -> None:
    router.register("notifications", NotificationViewSet, "notification")
