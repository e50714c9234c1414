from __future__ import annotations

from typing import Any

from django.contrib import admin
from unfold.admin import TabularInline

from apps.approvals.models import Approval, Decision
from apps.core.admin import OrganizationAdmin, site
from apps.core.permissions import may


class DecisionInline(TabularInline):
    model = Decision
    extra = 0
    can_delete = False
    fields = readonly_fields = ("decided_at", "member", "answer", "reason", "content_hash")

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return may(request.member, "approvals.approval.view")

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(Approval, site=site)
class ApprovalAdmin(OrganizationAdmin):
    """Read-only: approvals are given on the page of what they are about."""

    permissions = {"view": "approvals.approval.view"}
    list_display = ("kind", "state", "requested_by", "requested_at", "content_hash")
    list_filter = ("state", "kind")
    list_select_related = ("requested_by",)
    search_fields = ("target_id", "content_hash")
    inlines = (DecisionInline,)
