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

from apps.core.api import ReadViewSet, ReferenceField
from apps.counts.models import Count
from apps.organizations.models import Member
from apps.reports.filters import ReportFilter
from apps.reports.models import Report
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


def register(router: Any) -> None:
    router.register("reports", ReportViewSet, "report")
