from __future__ import annotations

from django.contrib import admin

from apps.audit.models import AuditEntry
from apps.core.admin import OrganizationAdmin, site


@admin.register(AuditEntry, site=site)
class AuditEntryAdmin(OrganizationAdmin):
    """To read only: nothing edits the log."""

    permissions = {"view": "audit.entry.view"}
    list_display = ["sequence", "occurred_at", "actor_name", "action", "target_name", "channel"]
    list_display_links = ["sequence", "action"]
    list_filter = ["channel", "target_type"]
    search_fields = ["action", "actor_name", "target_name"]
    date_hierarchy = None
    list_select_related = ["actor"]
