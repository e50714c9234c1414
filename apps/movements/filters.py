"""What the lists of stock, ledger and documents can be narrowed and ordered by. Days are the organization's own."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.filters import SortedFilterSet, all_categories, all_warehouses
from apps.catalog.models import Category, Item
from apps.catalog.selectors import below, search_items
from apps.core.permissions import may
from apps.movements.enums import DocumentStatus, DocumentType, EntryKind, FindingKind
from apps.movements.models import ChainFinding, Document, DocumentLine, LedgerEntry, StockLine
from apps.organizations.models import Department, Member
from apps.organizations.selectors import people


def all_people(request: Any) -> QuerySet[Member]:
    return people().order_by("name")


def all_departments(request: Any) -> QuerySet[Department]:
    return Department.objects.order_by("code")


def day(label: Any, **kwargs: Any) -> django_filters.DateFilter:
    return django_filters.DateFilter(label=label, widget=forms.DateInput(attrs={"type": "date"}), **kwargs)


class StockFilter(SortedFilterSet):
    """Stock lines by item (text as in the item list, or its id), category, warehouse, location and lot.

    `as_of` is the day at whose end the stock is shown, `known_at` the day until whose end postings are taken as known;
    the page reads them.
    """

    q = django_filters.CharFilter(method="find", label=_("Find"))
    warehouse = django_filters.ModelChoiceFilter(queryset=all_warehouses, label=_("warehouse"))
    location = django_filters.CharFilter(field_name="location__code", lookup_expr="istartswith", label=_("location"))
    category = django_filters.ModelChoiceFilter(queryset=all_categories, method="within", label=_("category"))
    as_of = day(_("at the end of"), method="unchanged")
    known_at = day(_("as known on"), method="unchanged")
    item = django_filters.UUIDFilter(field_name="item_id", widget=forms.HiddenInput)

    sorts: ClassVar = {
        "item": ("item__sku", "warehouse__code", "location__code", "lot"),
        "location": ("warehouse__code", "location__walk_order", "location__code", "item__sku"),
        "quantity": ("quantity", "item__sku"),
        "value": ("value", "item__sku"),
    }
    order = "location"

    class Meta:
        model = StockLine
        fields = ["q", "warehouse", "location", "category", "as_of", "known_at", "item"]

    def find(self, rows: QuerySet[StockLine], name: str, value: str) -> QuerySet[StockLine]:
        items = search_items(Item.objects.all(), value).values("pk")
        return rows.filter(Q(item__in=items) | Q(lot=value.strip()))

    def within(self, rows: QuerySet[StockLine], name: str, value: Category) -> QuerySet[StockLine]:
        return rows.filter(item__in=Item.objects.filter(below(value.path)).values("pk"))

    def unchanged(self, rows: QuerySet[StockLine], name: str, value: Any) -> QuerySet[StockLine]:
        return rows


class LedgerFilter(SortedFilterSet):
    """Ledger entries by item, place, kind of document and day of posting."""

    q = django_filters.CharFilter(method="find", label=_("Find"))
    warehouse = django_filters.ModelChoiceFilter(
        field_name="stock_line__warehouse", queryset=all_warehouses, label=_("warehouse")
    )
    location = django_filters.CharFilter(
        field_name="stock_line__location__code", lookup_expr="istartswith", label=_("location")
    )
    doc_type = django_filters.ChoiceFilter(
        field_name="line__document__doc_type", choices=DocumentType.choices, label=_("type")
    )
    kind = django_filters.ChoiceFilter(choices=EntryKind.choices, label=_("kind"))
    since = day(_("from"), field_name="posted_at", lookup_expr="date__gte")
    until = day(_("until"), field_name="posted_at", lookup_expr="date__lte")
    moved_until = day(_("goods moved until"), field_name="occurred_at", lookup_expr="date__lte")
    item = django_filters.UUIDFilter(field_name="stock_line__item_id", widget=forms.HiddenInput)
    stock_line = django_filters.UUIDFilter(field_name="stock_line_id", widget=forms.HiddenInput)

    sorts: ClassVar = {"posted": ("posted_at",), "occurred": ("occurred_at",), "quantity": ("quantity",)}
    order = "-posted"

    class Meta:
        model = LedgerEntry
        fields = [
            "q", "warehouse", "location", "doc_type", "kind", "since", "until", "moved_until", "item", "stock_line",
        ]  # fmt: skip

    def find(self, rows: QuerySet[LedgerEntry], name: str, value: str) -> QuerySet[LedgerEntry]:
        items = search_items(Item.objects.all(), value).values("pk")
        return rows.filter(Q(stock_line__item__in=items) | Q(line__document__doc_no=value.strip()))


class DocumentFilter(SortedFilterSet):
    """Documents by number, type, status, warehouse, operator and the day on which the goods moved."""

    q = django_filters.CharFilter(method="find", label=_("Find"))
    doc_type = django_filters.ChoiceFilter(choices=DocumentType.choices, label=_("type"))
    status = django_filters.ChoiceFilter(choices=DocumentStatus.choices, label=_("status"))
    warehouse = django_filters.ModelChoiceFilter(queryset=all_warehouses, label=_("warehouse"))
    operator = django_filters.ModelChoiceFilter(queryset=all_people, label=_("operator"))
    since = day(_("from"), field_name="happened_at", lookup_expr="date__gte")
    until = day(_("until"), field_name="happened_at", lookup_expr="date__lte")

    sorts: ClassVar = {
        "happened": ("happened_at",),
        "number": ("doc_no",),
        "posted": ("posted_at",),
        "type": ("doc_type", "-happened_at"),
    }
    order = "-happened"

    class Meta:
        model = Document
        fields = ["q", "doc_type", "status", "warehouse", "operator", "since", "until"]

    def find(self, rows: QuerySet[Document], name: str, value: str) -> QuerySet[Document]:
        """Number, external number, counterparty, source number, or the code of an item on it."""
        value = value.strip()
        lines = DocumentLine.objects.filter(Q(item__sku=value) | Q(source_doc_no=value)).values("document")
        return rows.filter(
            Q(doc_no__icontains=value)
            | Q(external_id__icontains=value)
            | Q(counterparty__icontains=value)
            | Q(pk__in=lines)
        )


class FindingFilter(SortedFilterSet):
    """Breaks of the document chain by node, finding, place, department and the day on which the goods moved.

    `operator` narrows only for those who may see who entered a document.
    """

    q = django_filters.CharFilter(method="find", label=_("Find"))
    kind = django_filters.ChoiceFilter(choices=FindingKind.choices, label=_("finding"))
    doc_type = django_filters.ChoiceFilter(choices=DocumentType.choices, label=_("node"))
    warehouse = django_filters.ModelChoiceFilter(
        field_name="line__document__warehouse", queryset=all_warehouses, label=_("warehouse")
    )
    department = django_filters.ModelChoiceFilter(
        field_name="line__document__department", queryset=all_departments, label=_("department")
    )
    operator = django_filters.ModelChoiceFilter(
        field_name="line__document__operator", queryset=all_people, label=_("operator")
    )
    moves_stock = django_filters.ChoiceFilter(
        method="moved", choices=[("1", _("goods have moved")), ("0", _("no goods yet"))], label=_("stock")
    )
    since = day(_("from"), field_name="happened_at", lookup_expr="date__gte")
    until = day(_("until"), field_name="happened_at", lookup_expr="date__lte")

    sorts: ClassVar = {
        "value": ("size",),
        "age": ("-happened_at",),
        "kind": ("kind", "-size"),
        "number": ("line__document__doc_no", "line__line_no"),
        "department": ("line__document__department__name", "-size"),
    }
    order = "-value"

    class Meta:
        model = ChainFinding
        fields = ["q", "doc_type", "kind", "moves_stock", "warehouse", "department", "operator", "since", "until"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.request is not None and not may(self.request.member, "movements.operator.view"):
            del self.filters["operator"]

    def find(self, rows: QuerySet[ChainFinding], name: str, value: str) -> QuerySet[ChainFinding]:
        value = value.strip()
        items = search_items(Item.objects.all(), value).values("pk")
        return rows.filter(
            Q(line__document__doc_no__icontains=value)
            | Q(other__document__doc_no__icontains=value)
            | Q(line__document__counterparty__icontains=value)
            | Q(line__item__in=items)
        )

    def moved(self, rows: QuerySet[ChainFinding], name: str, value: str) -> QuerySet[ChainFinding]:
        return rows.filter(moves_stock=value == "1")
