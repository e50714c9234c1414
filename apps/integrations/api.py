"""The API's own description, for members, and bundles by API."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from apps.core.api import ReadViewSet
from apps.integrations.selectors import imports
from apps.integrations.services import request_import
from apps.organizations.authentication import IsMember
from apps.organizations.models import Job


class SchemaView(SpectacularAPIView):
    """The OpenAPI schema of everything below this organization."""

    permission_classes = [IsMember]
    permissions = {"get": "organizations.work.view"}
    urlconf = settings.ORGANIZATION_URLCONF


class DocsView(SpectacularSwaggerSplitView):
    """The schema as a page to read and try."""

    permission_classes = [IsMember]
    permissions = {"get": "organizations.work.view"}
    url_name = "integrations:schema"


class BundleSerializer(serializers.Serializer):
    file = serializers.FileField()
    dry_run = serializers.BooleanField(default=False)


class FindingSerializer(serializers.Serializer):
    file = serializers.CharField()
    row = serializers.IntegerField(help_text="As a spreadsheet shows it: the header is row 1; 0 is the whole file.")
    column = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    value = serializers.CharField()


class TallySerializer(serializers.Serializer):
    file = serializers.CharField()
    rows = serializers.IntegerField()
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()


class ImportResultSerializer(serializers.Serializer):
    """Empty until the import is done. `found` counts all findings, `findings` holds the first 500."""

    refused = serializers.BooleanField(default=False)
    found = serializers.IntegerField(default=0)
    findings = FindingSerializer(many=True, default=[])
    notices = FindingSerializer(many=True, default=[])
    files = TallySerializer(many=True, default=[])


class ImportSerializer(serializers.ModelSerializer):
    file_name = serializers.CharField(source="arguments.file_name", read_only=True)
    dry_run = serializers.BooleanField(source="arguments.dry_run", read_only=True)
    requested_by: Any = serializers.SlugRelatedField("username", read_only=True)
    result = ImportResultSerializer(read_only=True)

    class Meta:
        model = Job
        fields = [
            "id",
            "file_name",
            "dry_run",
            "state",
            "message",
            "requested_by",
            "created_at",
            "finished_at",
            "result",
        ]
        read_only_fields = fields


class ImportViewSet(ReadViewSet):
    """Imports of bundles. POST sends a zip, an xlsx workbook or a single CSV file; a job loads it, all or nothing."""

    model = Job
    serializer_class = ImportSerializer
    permissions = dict.fromkeys(("list", "retrieve", "create"), "integrations.bundle.load")
    parser_classes = [MultiPartParser]

    def get_queryset(self) -> Any:
        return super().get_queryset() if getattr(self, "swagger_fake_view", False) else imports()

    @extend_schema(request={"multipart/form-data": BundleSerializer}, responses={202: ImportSerializer})
    def create(self, request: Any) -> Response:
        wish = BundleSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        job = request_import(**wish.validated_data, actor=self.member)
        return Response(self.get_serializer(job).data, status=status.HTTP_202_ACCEPTED)


def register(router: Any) -> None:
    router.register("imports", ImportViewSet, "import")
