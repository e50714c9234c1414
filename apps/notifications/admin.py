from __future__ import annotations

from typing import Any

from django.contrib import admin

from apps.core.admin import OrganizationAdmin, site
from apps.notifications.models import Notification
from apps.notifications.selectors import inbox


@admin.register(Notification, site=site)
class NotificationAdmin(OrganizationAdmin):
    """One's own inbox, here too."""

    permissions = {"view": "notifications.notification.view"}
    list_display = ("text", "created_at", "read_at")
    list_filter = ("created_at",)
    search_fields = ("text",)

    def get_queryset(self, request: Any) -> Any:
        return inbox(request.member)
