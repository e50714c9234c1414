from __future__ import annotations

from django.contrib import admin

from apps.core.admin import OrganizationAdmin, site
from apps.reports.models import Report, ReportComment, ReportSchedule


@admin.register(Report, site=site)
class ReportAdmin(OrganizationAdmin):
    """Read-only: reports are prepared and signed on their pages."""

    permissions = {"view": "reports.report.view"}
    list_display = ["count", "version", "language", "state", "created_at", "signer_name", "signed_at"]
    list_filter = ["state", "language"]
    search_fields = ["count__count_no", "sha256"]
    list_select_related = ["count"]
    exclude = ["file", "content"]


@admin.register(ReportComment, site=site)
class ReportCommentAdmin(OrganizationAdmin):
    permissions = {"view": "reports.report.view"}
    list_display = ["report", "member", "text", "created_at"]
    list_select_related = ["report__count", "member"]


@admin.register(ReportSchedule, site=site)
class ReportScheduleAdmin(OrganizationAdmin):
    permissions = {"view": "reports.schedule.view"}
    list_display = ["day", "hour", "language", "is_active"]
