"""The API of stock, ledger and documents."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from apps.catalog.models import Item, Location, Warehouse
from apps.core.api import OrganizationViewSet, ReadViewSet, ReferenceField
from apps.core.numbers import ZERO
from apps.movements.filters import DocumentFilter, LedgerFilter, StockFilter
from apps.movements.models import Document, DocumentLine, FinanceBalance, LedgerEntry, StockLine
from apps.movements.selectors import (
    documents,
    stock_at,
    stock_now,
    visible_document_lines,
    visible_entries,
    visible_stock_lines,
)
from apps.movements.services import (
    LineDraft,
    approve_document,
    cancel_document,
    change_document,
    create_document,
    post_document,
    reverse_document,
    submit_document,
)
from apps.organizations.models import Department, Member


class StockSerializer(serializers.ModelSerializer):
    warehouse: serializers.SlugRelatedField = serializers.SlugRelatedField("code", read_only=True)
    location: serializers.SlugRelatedField = serializers.SlugRelatedField("code", read_only=True)
    sku = serializers.CharField(source="item.sku", read_only=True)
    quantity = serializers.DecimalField(18, 4, source="on_hand", read_only=True)
    value = serializers.DecimalField(36, 4, read_only=True)

    class Meta:
        model = StockLine
        fields = ["id", "warehouse", "location", "sku", "lot", "quantity", "value"]


class StockApiFilter(StockFilter):
    """As on the page; `as_of` and `known_at` are moments here, `nonzero` leaves out lines that hold nothing now."""

    as_of = django_filters.IsoDateTimeFilter(method="unchanged", label=_("on hand at"))
    known_at = django_filters.IsoDateTimeFilter(method="unchanged", label=_("as known at"))
    sku = django_filters.CharFilter(field_name="item__sku", label=_("item code"))
    nonzero = django_filters.BooleanFilter(method="holding", label=_("not zero"))

    class Meta(StockFilter.Meta):
        fields = [*StockFilter.Meta.fields, "sku", "nonzero"]

    def holding(self, rows: Any, name: str, value: bool) -> Any:
        return rows.exclude(on_hand=ZERO) if value else rows

    def filter_queryset(self, queryset: Any) -> Any:
        as_of, known_at = (self.form.cleaned_data.get(name) for name in ("as_of", "known_at"))
        if as_of is None and known_at is None:
            return super().filter_queryset(stock_now(queryset))
        return super().filter_queryset(stock_at(as_of or known_at, known_at, queryset))


class StockViewSet(ReadViewSet):
    """On hand by place and lot: now, at a past moment (`as_of`), as known at another (`known_at`)."""

    model = StockLine
    serializer_class = StockSerializer
    filterset_class = StockApiFilter
    permissions = {"list": "movements.stock.view", "retrieve": "movements.stock.view"}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        visible = visible_stock_lines(self.member)
        return visible if self.action == "list" else stock_now(visible)


class LedgerSerializer(serializers.ModelSerializer):
    warehouse = serializers.CharField(source="stock_line.warehouse.code", read_only=True)
    location = serializers.CharField(source="stock_line.location.code", read_only=True)
    sku = serializers.CharField(source="stock_line.item.sku", read_only=True)
    lot = serializers.CharField(source="stock_line.lot", read_only=True)
    doc_type = serializers.CharField(source="line.document.doc_type", read_only=True, default=None)
    doc_no = serializers.CharField(source="line.document.doc_no", read_only=True, default=None)
    line_no = serializers.IntegerField(source="line.line_no", read_only=True, default=None)

    class Meta:
        model = LedgerEntry
        fields = [
            "id",
            "kind",
            "warehouse",
            "location",
            "sku",
            "lot",
            "quantity",
            "unit_cost",
            "occurred_at",
            "recorded_at",
            "posted_at",
            "doc_type",
            "doc_no",
            "line_no",
            "reverses",
        ]


class LedgerViewSet(ReadViewSet):
    """What posted lines, openings and reversals did to stock. Nothing writes here."""

    model = LedgerEntry
    serializer_class = LedgerSerializer
    filterset_class = LedgerFilter
    permissions = {"list": "movements.stock.view", "retrieve": "movements.stock.view"}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return visible_entries(self.member)


class LineSerializer(serializers.ModelSerializer):
    item = ReferenceField(Item, "sku")
    location = serializers.CharField(
        source="location.code", required=False, allow_blank=True, max_length=40, help_text=_("Empty: no place.")
    )
    to_location = serializers.CharField(source="to_location.code", required=False, allow_blank=True, max_length=40)

    class Meta:
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
            "unit_cost",
            "source_doc_no",
            "source_line_no",
            "note",
        ]
        read_only_fields = ["line_no", "base_quantity"]


class DocumentSerializer(serializers.ModelSerializer):
    """A head; `lines` are in the answer for one document and in what is sent to create it."""

    warehouse = ReferenceField(Warehouse, "code")
    to_warehouse = ReferenceField(Warehouse, "code", required=False, allow_null=True)
    operator = ReferenceField(Member, "username", required=False, allow_null=True)
    approver: serializers.SlugRelatedField = serializers.SlugRelatedField("username", read_only=True)
    department = ReferenceField(Department, "code", required=False, allow_null=True)
    reverses: serializers.SlugRelatedField = serializers.SlugRelatedField("doc_no", read_only=True)
    doc_no = serializers.CharField(required=False, allow_blank=True, max_length=60)
    line_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Document
        fields = [
            "id",
            "doc_type",
            "doc_no",
            "status",
            "warehouse",
            "to_warehouse",
            "occurred_at",
            "recorded_at",
            "posted_at",
            "operator",
            "approver",
            "department",
            "counterparty",
            "external_id",
            "reason",
            "reverses",
            "line_count",
        ]
        read_only_fields = ["status", "recorded_at", "posted_at"]
        validators: list[Any] = []


class WholeDocumentSerializer(DocumentSerializer):
    lines = LineSerializer(many=True)

    class Meta(DocumentSerializer.Meta):
        fields = [*DocumentSerializer.Meta.fields, "lines"]


class DocumentChangeSerializer(DocumentSerializer):
    lines = LineSerializer(many=True, required=False)

    class Meta(DocumentSerializer.Meta):
        fields = [
            "to_warehouse",
            "occurred_at",
            "department",
            "counterparty",
            "external_id",
            "reason",
            "lines",
        ]
        read_only_fields: list[str] = []


class ReasonSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=200)


class DocumentViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, ReadViewSet):
    """Documents: a draft is made with its lines, changed, submitted, approved, posted; then only reversed.

    The list leaves the lines out; ask for one document, or for `lines/` of it, page by page.
    """

    model = Document
    filterset_class = DocumentFilter
    http_method_names = ["get", "post", "patch", "head", "options"]
    permissions = {
        "list": "movements.document.view",
        "retrieve": "movements.document.view",
        "lines": "movements.document.view",
        "create": "movements.document.create",
        "partial_update": "movements.document.create",
        "submit": "movements.document.submit",
        "approve": "movements.document.approve",
        "post_now": "movements.document.post",
        "reverse": "movements.document.reverse",
        "cancel": "movements.document.cancel",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset() if getattr(self, "swagger_fake_view", False) else documents()

    def get_serializer_class(self) -> Any:
        if self.action == "create":
            return WholeDocumentSerializer
        if self.action == "partial_update":
            return DocumentChangeSerializer
        if self.action == "lines":
            return LineSerializer
        return DocumentSerializer

    def _answer(self, document: Document, status: int = 200) -> Response:
        """The document as it stands, with the first 1,000 of the lines that the member may see now."""
        found = documents().get(pk=document.pk)
        lines = visible_document_lines(self.member).filter(document=found).order_by("line_no")[:1000]
        context = self.get_serializer_context()
        head = DocumentSerializer(found, context=context).data
        return Response({**head, "lines": LineSerializer(lines, many=True, context=context).data}, status)

    @extend_schema(responses=WholeDocumentSerializer)
    def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._answer(self.get_object())

    def create(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = dict(serializer.validated_data)
        lines = _drafts(data.pop("lines"), data["warehouse"], data.get("to_warehouse"))
        return self._answer(create_document(data.pop("doc_type"), lines=lines, **data, actor=self.member), 201)

    @extend_schema(responses=WholeDocumentSerializer)
    def partial_update(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        document = self.get_object()
        serializer = self.get_serializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        data = dict(serializer.validated_data)
        if "lines" in data:
            target = data.get("to_warehouse", document.to_warehouse)
            data["lines"] = _drafts(data["lines"], document.warehouse, target)
        return self._answer(change_document(document, **data, actor=self.member))

    @extend_schema(responses=LineSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def lines(self, request: Any, pk: Any) -> Response:
        """All lines, page by page."""
        lines = visible_document_lines(self.member).filter(document=self.get_object()).order_by("line_no")
        page = self.paginate_queryset(lines)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=None, responses=WholeDocumentSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Any, pk: Any) -> Response:
        return self._answer(submit_document(self.get_object(), actor=self.member))

    @extend_schema(request=None, responses=WholeDocumentSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Any, pk: Any) -> Response:
        return self._answer(approve_document(self.get_object(), actor=self.member))

    @extend_schema(request=None, responses=WholeDocumentSerializer)
    @action(detail=True, methods=["post"], url_path="post")
    def post_now(self, request: Any, pk: Any) -> Response:
        return self._answer(post_document(self.get_object(), actor=self.member))

    @extend_schema(request=ReasonSerializer, responses=WholeDocumentSerializer)
    @action(detail=True, methods=["post"])
    def reverse(self, request: Any, pk: Any) -> Response:
        """Answers with the reversing document."""
        return self._answer(reverse_document(self.get_object(), reason=_reason(request), actor=self.member))

    @extend_schema(request=ReasonSerializer, responses=WholeDocumentSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Any, pk: Any) -> Response:
        return self._answer(cancel_document(self.get_object(), reason=_reason(request), actor=self.member))


def _reason(request: Any) -> str:
    serializer = ReasonSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    return str(serializer.validated_data["reason"])


def _drafts(lines: list[dict[str, Any]], warehouse: Warehouse, to_warehouse: Warehouse | None) -> list[LineDraft]:
    """Lines with their locations looked up by code, all at once."""
    places: dict[tuple[Any, str], Location] = {
        (place.warehouse_id, place.code): place
        for place in Location.objects.filter(warehouse__in=[w for w in (warehouse, to_warehouse) if w is not None])
    }

    def place(line: dict[str, Any], field: str, where: Warehouse | None) -> Location | None:
        code = line.get(field, {}).get("code", "")
        if code == "":
            return None
        found = places.get((where.pk, code)) if where is not None else None
        if found is None:
            raise serializers.ValidationError({field: _("“{value}” does not exist.").format(value=code)})
        return found

    return [
        LineDraft(
            **{
                **line,
                "location": place(line, "location", warehouse),
                "to_location": place(line, "to_location", to_warehouse),
            }
        )
        for line in lines
    ]


class FinanceBalanceSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="item.sku", read_only=True)
    warehouse: serializers.SlugRelatedField = serializers.SlugRelatedField("code", read_only=True)

    class Meta:
        model = FinanceBalance
        fields = ["id", "sku", "warehouse", "as_of", "quantity", "amount"]


class FinanceBalanceFilter(django_filters.FilterSet):
    sku = django_filters.CharFilter(field_name="item__sku", label=_("item code"))

    class Meta:
        model = FinanceBalance
        fields = ["sku", "as_of"]


class FinanceBalanceViewSet(ReadViewSet):
    """What the finance ledger said; it comes by import."""

    model = FinanceBalance
    serializer_class = FinanceBalanceSerializer
    filterset_class = FinanceBalanceFilter
    permissions = {"list": "movements.finance.view", "retrieve": "movements.finance.view"}

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("item", "warehouse").order_by("-as_of", "item__sku", "pk")


VIEWSETS: tuple[tuple[str, type[OrganizationViewSet], str], ...] = (
    ("stock", StockViewSet, "stock"),
    ("ledger", LedgerViewSet, "ledger"),
    ("documents", DocumentViewSet, "document"),
    ("finance-balances", FinanceBalanceViewSet, "finance-balance"),
)
