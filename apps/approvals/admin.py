"""Approvals are read here; they are given on the page of what they are about."""

from __future__ import annotations

from django.contrib import admin

from apps.approvals.models import Approval, Decision
from apps.core.admin import OrganizationAdmin, OrganizationInline, site

VIEW = {"view": "approvals.approval.view"}


class DecisionInline(OrganizationInline):
    model = Decision
    fields = ["decided_at", "member", "answer", "reason", "content_hash"]
    readonly_fields = fields


@admin.register(Approval, site=site)
class ApprovalAdmin(OrganizationAdmin):
    permissions = VIEW
    list_display = ["kind", "state", "requested_by", "requested_at", "content_hash"]
    list_filter = ["state", "kind"]
    list_select_related = ["requested_by"]
    search_fields = ["kind", "content_hash"]
    inlines = [DecisionInline]


@admin.register(Decision, site=site)
class DecisionAdmin(OrganizationAdmin):
    permissions = VIEW
    list_display = ["approval", "member", "answer", "reason", "decided_at"]
    list_filter = ["answer"]
    list_select_related = ["approval", "member"]
    search_fields = ["reason", "member__name"]
