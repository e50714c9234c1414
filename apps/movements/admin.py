"""Documents are made by import, by the API and by counts, and posted on their page: here the head of a draft is
mended, and everything else is read. The ledger only grows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from apps.core.admin import OrganizationAdmin, OrganizationInline, site
from apps.movements.models import Document, DocumentLine, FinanceBalance, LedgerEntry, StockLine
from apps.movements.selectors import visible_document_lines, visible_entries, visible_stock_lines
from apps.movements.services import change_document
from apps.movements.services.documents import EDITABLE, HEAD

MENDED = ("to_warehouse", "occurred_at", "department", "counterparty", "external_id", "reason")
"""Who entered and who approved are facts, not fields to edit."""


class LineInline(OrganizationInline):
    model = DocumentLine
    fields = [
        "line_no",
        "item",
        "location",
        "to_location",
        "lot",
        "quantity",
        "unit",
        "base_quantity",
        "source_doc_no",
        "note",
    ]
    readonly_fields = fields
    per_page = 100

    def get_queryset(self, request: Any) -> Any:
        return visible_document_lines(request.member).order_by("line_no")


@admin.register(Document, site=site)
class DocumentAdmin(OrganizationAdmin):
    permissions = {"view": "movements.document.view", "change": "movements.document.create"}
    fields = ["doc_type", "doc_no", "status", "warehouse", *HEAD, "recorded_at", "posted_at", "reverses"]
    readonly_fields = [field for field in fields if field not in MENDED]
    list_display = ["doc_no", "doc_type", "status", "warehouse", "occurred_at", "posted_at", "operator"]
    list_filter = ["doc_type", "status", "warehouse"]
    list_select_related = ["warehouse", "operator"]
    search_fields = ["doc_no", "external_id", "counterparty"]
    inlines = [LineInline]

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.status in EDITABLE)

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        change_document(obj, **form.cleaned_data, actor=request.member)


@admin.register(DocumentLine, site=site)
class DocumentLineAdmin(OrganizationAdmin):
    permissions = {"view": "movements.document.view"}
    list_display = ["document", "line_no", "item", "location", "lot", "quantity", "unit", "base_quantity"]
    list_select_related = ["document", "item", "location"]
    search_fields = ["document__doc_no", "item__sku", "source_doc_no"]

    def get_queryset(self, request: Any) -> Any:
        return visible_document_lines(request.member).order_by("-document_id", "line_no")


@admin.register(StockLine, site=site)
class StockLineAdmin(OrganizationAdmin):
    permissions = {"view": "movements.stock.view"}
    list_display = ["item", "warehouse", "location", "lot", "quantity"]
    list_filter = ["warehouse"]
    list_select_related = ["item", "warehouse", "location"]
    search_fields = ["item__sku", "item__name", "lot"]
    readonly_fields = ["quantity"]

    def get_queryset(self, request: Any) -> Any:
        return visible_stock_lines(request.member)


@admin.register(LedgerEntry, site=site)
class LedgerEntryAdmin(OrganizationAdmin):
    permissions = {"view": "movements.stock.view"}
    list_display = ["posted_at", "kind", "stock_line", "quantity", "unit_cost", "occurred_at"]
    list_filter = ["kind"]
    search_fields = ["stock_line__item__sku", "line__document__doc_no"]

    def get_queryset(self, request: Any) -> Any:
        return visible_entries(request.member).order_by("-posted_at", "-id")


@admin.register(FinanceBalance, site=site)
class FinanceBalanceAdmin(OrganizationAdmin):
    permissions = {"view": "movements.finance.view"}
    list_display = ["item", "warehouse", "as_of", "quantity", "amount"]
    list_select_related = ["item", "warehouse"]
    search_fields = ["item__sku", "item__name"]
