"""Adjustments are read here; they are proposed, approved and posted on their page, where everything is shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from apps.core.admin import OrganizationAdmin, OrganizationInline, site
from apps.rectification.models import Adjustment, AdjustmentLine
from apps.rectification.selectors import visible_adjustments

VIEW = {"view": "rectification.adjustment.view"}


class LineInline(OrganizationInline):
    model = AdjustmentLine
    fields = ["variance", "quantity", "unit_cost", "value", "is_live"]
    readonly_fields = fields
    per_page = 100


@admin.register(Adjustment, site=site)
class AdjustmentAdmin(OrganizationAdmin):
    permissions = VIEW
    list_display = ["adjustment_no", "count", "state", "total_value", "proposed_by", "proposed_at", "posted_at"]
    list_filter = ["state"]
    list_select_related = ["count", "proposed_by"]
    search_fields = ["adjustment_no", "count__count_no", "reason"]
    inlines = [LineInline]

    def get_queryset(self, request: Any) -> Any:
        return visible_adjustments(request.member)


@admin.register(AdjustmentLine, site=site)
class AdjustmentLineAdmin(OrganizationAdmin):
    permissions = VIEW
    list_display = ["adjustment", "variance", "quantity", "unit_cost", "value", "is_live"]
    list_filter = ["is_live"]
    list_select_related = ["adjustment", "variance__stock_line__item", "variance__stock_line__location"]
    search_fields = ["adjustment__adjustment_no", "variance__stock_line__item__sku"]

    def get_queryset(self, request: Any) -> Any:
        rows = super().get_queryset(request)
        return rows.filter(adjustment__in=visible_adjustments(request.member))
