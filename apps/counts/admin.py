"""Counts are planned, entered and closed at their pages and by the API; here everything is read. What tells the book
is shown to those only who may see it now."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from apps.core.admin import OrganizationAdmin, OrganizationInline, site
from apps.counts.models import Count, CountEntry, CountLine, CountLocation, CountTask, ToleranceRule
from apps.counts.selectors.sight import visible_entries, visible_lines


class LocationInline(OrganizationInline):
    model = CountLocation
    fields = ["location"]
    readonly_fields = fields
    per_page = 100

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("location")


class TaskInline(OrganizationInline):
    model = CountTask
    fields = ["round", "zone", "assignee", "state", "reason", "submitted_at"]
    readonly_fields = fields
    per_page = 100

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("assignee")


@admin.register(Count, site=site)
class CountAdmin(OrganizationAdmin):
    permissions = {"view": "counts.count.view"}
    list_display = ["count_no", "name", "warehouse", "mode", "blind", "state", "due_on", "snapshot_at", "closed_at"]
    list_filter = ["state", "mode", "warehouse"]
    list_select_related = ["warehouse"]
    search_fields = ["count_no", "name", "warehouse__code", "warehouse__name"]
    inlines = [TaskInline, LocationInline]


@admin.register(CountTask, site=site)
class CountTaskAdmin(OrganizationAdmin):
    permissions = {"view": "counts.task.view"}
    list_display = ["count", "round", "zone", "assignee", "state", "submitted_at"]
    list_filter = ["state", "round"]
    list_select_related = ["count", "assignee"]
    search_fields = ["count__count_no", "zone", "assignee__name", "assignee__username"]


@admin.register(CountLine, site=site)
class CountLineAdmin(OrganizationAdmin):
    """The numbers as they were stored last: those of a count that is open are provisional."""

    permissions = {"view": "counts.line.view"}
    list_display = ["stock_line", "count", "snapshot", "moved_in", "moved_out", "expected", "counted", "variance"]
    list_filter = ["is_found", "round"]
    list_select_related = ["count", "stock_line__item", "stock_line__location"]
    search_fields = ["count__count_no", "stock_line__item__sku", "stock_line__item__name"]

    def get_queryset(self, request: Any) -> Any:
        return visible_lines(request.member).order_by("-count_id", "pk")


@admin.register(CountEntry, site=site)
class CountEntryAdmin(OrganizationAdmin):
    permissions = {"view": "counts.entry.view"}
    list_display = ["entry_no", "line", "count", "round", "quantity", "unit", "counter", "counted_at", "method"]
    list_filter = ["method", "round"]
    list_select_related = ["line__stock_line__item", "line__stock_line__location", "count", "counter"]
    search_fields = ["entry_no", "count__count_no", "line__stock_line__item__sku", "device"]

    def get_queryset(self, request: Any) -> Any:
        return visible_entries(request.member).order_by("-received_at", "-pk")


@admin.register(ToleranceRule, site=site)
class ToleranceRuleAdmin(OrganizationAdmin):
    permissions = {"view": "counts.tolerance.view"}
    list_display = ["version", "percent", "quantity", "value", "created_by", "created_at"]
    list_select_related = ["created_by"]
