"""The API of variances, their causes and the evidence."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.response import Response

from apps.core.api import ReadViewSet, ReferenceField
from apps.counts.models import Count, CountEntry
from apps.movements.selectors import visible_document_lines
from apps.organizations.models import Department, Member
from apps.variances.enums import EvidenceKind
from apps.variances.filters import CauseFilter, EvidenceFilter, VarianceFilter
from apps.variances.models import Cause, CauseType, Evidence, LateDocument, ProposedExplanation, Variance
from apps.variances.selectors import proposals, variance_list, visible_variances
from apps.variances.services import (
    add_evidence,
    assign_variance,
    confirm_cause,
    remove_cause,
    request_explanations,
    save_cause_type,
)

VIEW = "variances.variance.view"


class OwnRow(serializers.PrimaryKeyRelatedField):
    """A row of the active organization that the member may see, by its id; `rows` is asked per request."""

    def __init__(self, rows: Any, **kwargs: Any) -> None:
        self.rows = rows
        kwargs["queryset"] = Variance.objects
        super().__init__(**kwargs)

    def get_queryset(self) -> Any:
        return self.rows(self.context["view"].member)


def _variances(member: Any) -> Any:
    return visible_variances(member)


def _causes(member: Any) -> Any:
    return Cause.objects.filter(variance__in=visible_variances(member))


def _entries(member: Any) -> Any:
    return CountEntry.objects.filter(line__variance_row__in=visible_variances(member))


class CauseSerializer(serializers.ModelSerializer):
    cause: Any = serializers.SlugRelatedField("code", source="cause_type", read_only=True)
    department: Any = serializers.SlugRelatedField("code", read_only=True)
    person: Any = serializers.SlugRelatedField("username", read_only=True)
    confirmed_by: Any = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = Cause
        fields = [
            "id",
            "variance",
            "cause",
            "quantity",
            "department",
            "person",
            "note",
            "confirmed_by",
            "confirmed_at",
        ]


class VarianceSerializer(serializers.ModelSerializer):
    count: Any = serializers.SlugRelatedField("count_no", read_only=True)
    warehouse = serializers.CharField(source="stock_line.warehouse.code", read_only=True)
    location = serializers.CharField(source="stock_line.location.code", read_only=True)
    sku = serializers.CharField(source="stock_line.item.sku", read_only=True)
    lot = serializers.CharField(source="stock_line.lot", read_only=True)
    variance = serializers.DecimalField(18, 4, source="quantity", read_only=True)
    late = serializers.DecimalField(18, 4, read_only=True)
    assignee: Any = serializers.SlugRelatedField("username", read_only=True)
    causes = CauseSerializer(many=True, read_only=True)

    class Meta:
        model = Variance
        fields = [
            "id",
            "count",
            "warehouse",
            "location",
            "sku",
            "lot",
            "book",
            "counted",
            "variance",
            "unit_cost",
            "value",
            "percent",
            "verdict",
            "unexplained",
            "late",
            "state",
            "assignee",
            "due_on",
            "causes",
        ]


class VarianceApiFilter(VarianceFilter):
    """As on the page; the count by its number, the item by its code."""

    count_no = django_filters.CharFilter(field_name="count__count_no", label=_("count number"))
    sku = django_filters.CharFilter(field_name="stock_line__item__sku", label=_("item code"))

    class Meta(VarianceFilter.Meta):
        fields = [*VarianceFilter.Meta.fields, "count_no", "sku"]


class AssignSerializer(serializers.Serializer):
    assignee = ReferenceField(Member, "username", allow_null=True)
    due_on = serializers.DateField(required=False, allow_null=True)


class LateDocumentSerializer(serializers.ModelSerializer):
    doc_type = serializers.CharField(source="document_line.document.doc_type", read_only=True)
    doc_no = serializers.CharField(source="document_line.document.doc_no", read_only=True)
    line_no = serializers.IntegerField(source="document_line.line_no", read_only=True)

    class Meta:
        model = LateDocument
        fields = ["id", "doc_type", "doc_no", "line_no", "quantity", "noticed_at"]


@extend_schema(
    parameters=[OpenApiParameter("sort", str, description="value, quantity, percent, unexplained, item, place")]
)
class VarianceViewSet(ReadViewSet):
    """Counted lines that differ from their book. variance = counted − book; causes + unexplained = variance."""

    model = Variance
    serializer_class = VarianceSerializer
    filterset_class = VarianceApiFilter
    permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "late_documents": VIEW,
        "assign": "variances.variance.assign",
    }

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return variance_list(rows=visible_variances(self.member)).prefetch_related(
            "causes__department", "causes__person", "causes__confirmed_by"
        )

    @extend_schema(request=AssignSerializer, responses=VarianceSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Any, pk: Any) -> Response:
        """Hand it to whoever shall find out, today unless `due_on` says otherwise; null takes it back."""
        variance = self.get_object()
        serializer = AssignSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        assign_variance(variance, data["assignee"], due_on=data.get("due_on"), actor=self.member)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses=LateDocumentSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None, pagination_class=None)
    def late_documents(self, request: Any, pk: Any) -> Response:
        """Documents posted after the book was cut, for goods that moved before."""
        rows = LateDocument.objects.filter(count_line=self.get_object().count_line_id)
        rows = rows.select_related("document_line__document")
        return Response(LateDocumentSerializer(rows, many=True).data)


class ConfirmSerializer(serializers.Serializer):
    """`quantity` carries the sign of what it did to the stock."""

    variance = OwnRow(_variances)
    cause = ReferenceField(CauseType, "code")
    quantity = serializers.DecimalField(18, 4)
    department = ReferenceField(Department, "code", required=False, allow_null=True)
    person = ReferenceField(Member, "username", required=False, allow_null=True)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    document_lines = OwnRow(visible_document_lines, many=True, required=False)
    count_entries = OwnRow(_entries, many=True, required=False)


class RemoveSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=500)


class CauseViewSet(ReadViewSet):
    """Confirmed causes. Confirm with POST; take back with `remove/` and a reason, then confirm anew to change."""

    model = Cause
    serializer_class = CauseSerializer
    filterset_class = CauseFilter
    permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": "variances.cause.confirm",
        "remove": "variances.cause.remove",
    }

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(variance__in=visible_variances(self.member)).select_related(
            "cause_type", "department", "person", "confirmed_by"
        )

    @extend_schema(request=ConfirmSerializer, responses={201: CauseSerializer})
    def create(self, request: Any) -> Response:
        serializer = ConfirmSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        data = dict(serializer.validated_data)
        cause = confirm_cause(data.pop("variance"), data.pop("cause"), data.pop("quantity"), **data, actor=self.member)
        return Response(self.get_serializer(cause).data, 201)

    @extend_schema(request=RemoveSerializer, responses=VarianceSerializer)
    @action(detail=True, methods=["post"])
    def remove(self, request: Any, pk: Any) -> Response:
        """Take a cause back; answers with its variance."""
        cause = self.get_object()
        serializer = RemoveSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        variance = remove_cause(cause, reason=serializer.validated_data["reason"], actor=self.member)
        found = variance_list(rows=visible_variances(self.member)).get(pk=variance.pk)
        return Response(VarianceSerializer(found, context=self.get_serializer_context()).data)


class ProposalSerializer(serializers.ModelSerializer):
    """`explanations` as `explain --format jsonl` gives them. They are proposals: what a person confirms is a cause."""

    count: Any = serializers.CharField(source="variance.count.count_no", read_only=True)
    rules: Any = serializers.CharField(source="run.rules", read_only=True)
    priors: Any = serializers.CharField(source="run.priors", read_only=True)
    made_at = serializers.DateTimeField(source="run.made_at", read_only=True)

    class Meta:
        model = ProposedExplanation
        fields = ["id", "variance", "count", "explanations", "proven", "rules", "priors", "made_at"]


class ProposalFilter(django_filters.FilterSet):
    count_no = django_filters.CharFilter(field_name="variance__count__count_no", label=_("count number"))

    class Meta:
        model = ProposedExplanation
        fields = ["variance", "count_no"]


class LookSerializer(serializers.Serializer):
    count = ReferenceField(Count, "count_no")


class LookedSerializer(serializers.Serializer):
    job = serializers.UUIDField(source="pk")
    state = serializers.CharField()


class ProposalViewSet(ReadViewSet):
    """Explanations that the engine proposes, the latest of each variance. POST has a closed count explained anew."""

    model = ProposedExplanation
    serializer_class = ProposalSerializer
    filterset_class = ProposalFilter
    permissions = {
        "list": "variances.explanation.view",
        "retrieve": "variances.explanation.view",
        "create": "variances.explanation.make",
    }

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return proposals(self.member)

    @extend_schema(request=LookSerializer, responses={202: LookedSerializer})
    def create(self, request: Any) -> Response:
        serializer = LookSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        job = request_explanations(serializer.validated_data["count"], actor=self.member)
        return Response(LookedSerializer(job).data, 202)


class EvidenceSerializer(serializers.ModelSerializer):
    """`file` is sent as multipart; it is read by its page, with a session."""

    variance = OwnRow(_variances)
    cause = OwnRow(_causes, required=False, allow_null=True)
    document_line = OwnRow(visible_document_lines, required=False, allow_null=True)
    count_entry = OwnRow(_entries, required=False, allow_null=True)
    kind = serializers.ChoiceField(EvidenceKind.choices)
    file = serializers.FileField(write_only=True, required=False)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)
    added_by: Any = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = Evidence
        fields = [
            "id",
            "variance",
            "cause",
            "kind",
            "document_line",
            "count_entry",
            "file",
            "file_name",
            "note",
            "added_by",
            "added_at",
        ]
        read_only_fields = ["file_name", "added_at"]


class EvidenceViewSet(mixins.CreateModelMixin, ReadViewSet):
    """What shows a cause, or belongs to the variance. Kept for good."""

    model = Evidence
    serializer_class = EvidenceSerializer
    filterset_class = EvidenceFilter
    parser_classes = [JSONParser, MultiPartParser, FormParser]
    permissions = {"list": VIEW, "retrieve": VIEW, "create": "variances.evidence.add"}

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(variance__in=visible_variances(self.member)).select_related("added_by")

    def perform_create(self, serializer: Any) -> None:
        data = dict(serializer.validated_data)
        serializer.instance = add_evidence(data.pop("variance"), **data, actor=self.member)


class CauseTypeSerializer(serializers.ModelSerializer):
    parent: Any = ReferenceField(CauseType, "code", required=False, allow_null=True)
    label: Any = serializers.CharField(source="__str__", read_only=True)
    name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    sign = serializers.CharField(max_length=1, required=False, allow_blank=True)

    class Meta:
        model = CauseType
        fields = ["id", "code", "label", "name", "group", "sign", "parent", "is_active"]
        read_only_fields = ["group"]
        validators: list[Any] = []


class CauseTypeViewSet(mixins.CreateModelMixin, ReadViewSet):
    """The taxonomy. POST creates or changes by `code`: own types below a built-in `parent`."""

    model = CauseType
    serializer_class = CauseTypeSerializer
    filterset_fields = ("code", "group", "is_active")
    permissions = {
        "list": "variances.cause_type.view",
        "retrieve": "variances.cause_type.view",
        "create": "variances.cause_type.save",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("parent")

    def perform_create(self, serializer: Any) -> None:
        data = {"name": "", **serializer.validated_data}
        serializer.instance = save_cause_type(data.pop("code"), **data, actor=self.member)


def register(router: Any) -> None:
    router.register("variances", VarianceViewSet, "variance")
    router.register("causes", CauseViewSet, "cause")
    router.register("explanations", ProposalViewSet, "explanation")
    router.register("evidence", EvidenceViewSet, "evidence")
    router.register("cause-types", CauseTypeViewSet, "cause-type")
