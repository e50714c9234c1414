"""Variances and causes are read here and worked on at their page; the taxonomy is kept here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from apps.core.admin import OrganizationAdmin, OrganizationInline, site
from apps.variances.models import Cause, CauseType, Evidence, LateDocument, Variance
from apps.variances.selectors import visible_variances
from apps.variances.services import save_cause_type

VIEW = {"view": "variances.variance.view"}


@admin.register(CauseType, site=site)
class CauseTypeAdmin(OrganizationAdmin):
    permissions = {
        "view": "variances.cause_type.view",
        "add": "variances.cause_type.save",
        "change": "variances.cause_type.save",
    }
    fields = ["code", "name", "parent", "sign", "is_active"]
    list_display = ["__str__", "code", "group", "sign", "parent", "is_active"]
    list_filter = ["group", "is_active"]
    list_select_related = ["parent"]
    search_fields = ["code", "name"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["code"] if obj else []

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        data = dict(form.cleaned_data)
        saved = save_cause_type(data.pop("code", obj.code), **data, actor=request.member)
        obj.pk = saved.pk


class CauseInline(OrganizationInline):
    model = Cause
    fields = ["cause_type", "quantity", "department", "person", "note", "confirmed_by", "confirmed_at"]
    readonly_fields = fields


class EvidenceInline(OrganizationInline):
    model = Evidence
    fields = ["kind", "cause", "document_line", "count_entry", "file_name", "note", "added_by", "added_at"]
    readonly_fields = fields


@admin.register(Variance, site=site)
class VarianceAdmin(OrganizationAdmin):
    permissions = VIEW
    list_display = ["stock_line", "count", "book", "counted", "quantity", "value", "unexplained", "state"]
    list_filter = ["state", "verdict"]
    list_select_related = ["stock_line__item", "stock_line__location", "count"]
    search_fields = ["stock_line__item__sku", "stock_line__item__name", "count__count_no"]
    inlines = [CauseInline, EvidenceInline]

    def get_queryset(self, request: Any) -> Any:
        return visible_variances(request.member)


class OfVisibleVariance(OrganizationAdmin):
    permissions = VIEW

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).filter(variance__in=visible_variances(request.member))


@admin.register(Cause, site=site)
class CauseAdmin(OfVisibleVariance):
    list_display = ["cause_type", "quantity", "variance", "department", "person", "confirmed_by", "confirmed_at"]
    list_filter = ["cause_type"]
    list_select_related = [
        "cause_type",
        "variance__stock_line__item",
        "variance__stock_line__location",
        "department",
        "person",
        "confirmed_by",
    ]
    search_fields = ["variance__stock_line__item__sku", "note"]


@admin.register(Evidence, site=site)
class EvidenceAdmin(OfVisibleVariance):
    exclude = ["file"]
    list_display = ["kind", "variance", "file_name", "note", "added_by", "added_at"]
    list_filter = ["kind"]
    list_select_related = ["variance__stock_line__item", "variance__stock_line__location", "added_by"]
    search_fields = ["note", "file_name"]


@admin.register(LateDocument, site=site)
class LateDocumentAdmin(OrganizationAdmin):
    permissions = VIEW
    list_display = ["document_line", "count_line", "quantity", "noticed_at"]
    list_select_related = ["document_line", "count_line__stock_line__item", "count_line__stock_line__location"]

    def get_queryset(self, request: Any) -> Any:
        rows = super().get_queryset(request)
        return rows.filter(count_line__variance_row__in=visible_variances(request.member))
