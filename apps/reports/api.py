from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response

from apps.catalog.models import Warehouse
from apps.core.api import OrganizationViewSet, ReadViewSet, ReferenceField
from apps.counts.models import Count
from apps.movements.models import FinanceBalance
from apps.organizations.models import Member
from apps.reports.filters import ReportFilter
from apps.reports.models import Report
from apps.reports.selectors.reconciliation import SHOWS, SORTS, Wanted, finance_moments, reconciliation
from apps.reports.selectors.reports import report_file, reports, seal_of
from apps.reports.services import prepare_report, send_report, sign_report


class ReportSerializer(serializers.ModelSerializer):
    count: Any = serializers.SlugRelatedField("count_no", read_only=True)
    replaces = serializers.IntegerField(source="replaces.version", read_only=True, default=None)
    created_by: Any = serializers.SlugRelatedField("username", read_only=True)
    summary = serializers.SerializerMethodField()

    class Meta:
        model = Report
        fields = [
            "id",
            "count",
            "version",
            "language",
            "state",
            "replaces",
            "created_by",
            "created_at",
            "signer_name",
            "signed_at",
            "comment",
            "sha256",
            "content_hash",
            "summary",
        ]
        read_only_fields = fields

    def get_summary(self, report: Report) -> dict[str, Any]:
        """The figures of the report; empty while it is being prepared."""
        return report.content.get("summary", {})


class PrepareSerializer(serializers.Serializer):
    count = ReferenceField(Count, "count_no")
    language = serializers.ChoiceField(choices=settings.LANGUAGES, default="zh-hans")


class SignSerializer(serializers.Serializer):
    password = serializers.CharField(trim_whitespace=False, write_only=True)
    comment = serializers.CharField(max_length=500, allow_blank=True, default="")


class SendSerializer(serializers.Serializer):
    members = ReferenceField(Member, "username", many=True, allow_empty=False)


class SealSerializer(serializers.Serializer):
    valid = serializers.BooleanField(source="is_valid")
    problem = serializers.CharField()
    signer = serializers.CharField()
    organization = serializers.CharField()
    signed_at = serializers.DateTimeField(allow_null=True)


class PdfRenderer(BaseRenderer):
    media_type = "application/pdf"
    format = "pdf"
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        return data


class ReportViewSet(ReadViewSet):
    """Reports of counts. POST prepares the next version, which a job renders; poll it until its state is review."""

    model = Report
    serializer_class = ReportSerializer
    filterset_class = ReportFilter
    permissions = {
        "list": "reports.report.view",
        "retrieve": "reports.report.view",
        "create": "reports.report.prepare",
        "sign": "reports.report.sign",
        "send": "reports.report.send",
        "file": "reports.report.view",
        "verify": "reports.report.view",
    }

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return reports()

    @extend_schema(request=PrepareSerializer, responses={202: ReportSerializer})
    def create(self, request: Any) -> Response:
        wish = PrepareSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        report = prepare_report(**wish.validated_data, actor=self.member)
        return Response(self.get_serializer(report).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=SignSerializer, responses=ReportSerializer)
    @action(detail=True, methods=["post"])
    def sign(self, request: Any, pk: str) -> Response:
        """Sign a report in review, with the signer's password."""
        report = self.get_object()
        wish = SignSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        return Response(self.get_serializer(sign_report(report, **wish.validated_data, actor=self.member)).data)

    @extend_schema(request=SendSerializer, responses={202: ReportSerializer})
    @action(detail=True, methods=["post"])
    def send(self, request: Any, pk: str) -> Response:
        """Mail a report to members."""
        report = self.get_object()
        wish = SendSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        report = send_report(report, members=wish.validated_data["members"], actor=self.member)
        return Response(self.get_serializer(report).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)})
    @action(detail=True, methods=["get"], renderer_classes=[PdfRenderer, JSONRenderer])
    def file(self, request: Any, pk: str) -> HttpResponse:
        """The PDF; 409 while it is being prepared."""
        return HttpResponse(report_file(self.get_object()), content_type="application/pdf")

    @extend_schema(responses=SealSerializer)
    @action(detail=True, methods=["get"])
    def verify(self, request: Any, pk: str) -> Response:
        """Whether the stored file is the signed one: its hash and its signature."""
        return Response(SealSerializer(seal_of(self.get_object())).data)


class ReconciliationQuery(serializers.Serializer):
    as_of = serializers.DateTimeField(required=False, help_text="Of the finance ledger; the latest if left out.")
    warehouse = ReferenceField(Warehouse, "code", required=False, default=None)
    category = serializers.CharField(required=False, default="")
    q = serializers.CharField(required=False, default="", max_length=100)
    show = serializers.ChoiceField(sorted(SHOWS), required=False, default="", allow_blank=True)
    sort = serializers.ChoiceField(sorted(SORTS), required=False, default="books")
    page = serializers.IntegerField(required=False, default=1, min_value=1, max_value=1_000_000)
    page_size = serializers.IntegerField(required=False, default=50, min_value=1, max_value=1000)


class ReconciliationRowSerializer(serializers.Serializer):
    sku = serializers.CharField()
    name = serializers.CharField()
    category = serializers.CharField(allow_null=True)
    warehouse = serializers.CharField(allow_null=True, help_text="Null: the finance book names none.")
    finance = serializers.DecimalField(18, 4)
    finance_amount = serializers.DecimalField(18, 4)
    in_finance = serializers.BooleanField()
    system = serializers.DecimalField(18, 4)
    system_value = serializers.DecimalField(36, 4)
    physical = serializers.DecimalField(18, 4, allow_null=True, help_text="Null: not counted.")
    physical_value = serializers.DecimalField(36, 4, allow_null=True)
    books = serializers.DecimalField(18, 4, help_text="System − finance.")
    books_value = serializers.DecimalField(36, 4)
    shelf = serializers.DecimalField(18, 4, allow_null=True, help_text="Shelf − system.")
    shelf_value = serializers.DecimalField(36, 4, allow_null=True)
    counted_at = serializers.DateTimeField(allow_null=True)
    places = serializers.IntegerField()
    counted_places = serializers.IntegerField()
    pending = serializers.DecimalField(18, 4)
    pending_documents = serializers.IntegerField()
    explained = serializers.BooleanField()


class ReconciliationPageSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    as_of = serializers.DateTimeField(allow_null=True)
    results = ReconciliationRowSerializer(many=True)


class ReconciliationViewSet(OrganizationViewSet):
    """Finance book, system and shelf per item and warehouse, with the two differences apart."""

    model = FinanceBalance
    serializer_class = ReconciliationRowSerializer
    permissions = {"list": "movements.finance.view"}
    pagination_class = None

    @extend_schema(parameters=[ReconciliationQuery], responses=ReconciliationPageSerializer)
    def list(self, request: Any) -> Response:
        query = ReconciliationQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        moments = finance_moments()
        as_of = asked.get("as_of") or (moments[0] if moments else None)
        if as_of is None:
            return Response({"count": 0, "as_of": None, "results": []})
        wanted = Wanted(
            as_of=as_of,
            text=asked["q"],
            warehouse=asked["warehouse"].pk if asked["warehouse"] else None,
            category=asked["category"],
            show=asked["show"],
            sort=asked["sort"],
        )
        offset = (asked["page"] - 1) * asked["page_size"]
        rows, total, _hidden = reconciliation(wanted, member=self.member, offset=offset, limit=asked["page_size"])
        return Response(
            {"count": total.rows, "as_of": as_of, "results": ReconciliationRowSerializer(rows, many=True).data}
        )


def register(router: Any) -> None:
    router.register("reconciliation", ReconciliationViewSet, "reconciliation")
    router.register("reports", ReportViewSet, "report")
