"""The API's own description, for members, and bundles by API."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.utils.translation import get_language
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.response import Response

from apps.core.api import ReadViewSet
from apps.integrations.models import Upload
from apps.integrations.selectors import imports, uploads
from apps.integrations.services import correct_rows, map_columns, request_import, request_load, upload_files
from apps.organizations.authentication import IsMember
from apps.organizations.models import Job


class SchemaView(SpectacularAPIView):
    """The OpenAPI schema of everything below an organization: the same in all of them, in the reader's language."""

    permission_classes = [IsMember]
    permissions = {"get": "organizations.work.view"}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Any) -> Response:
        return Response(_schema(get_language()))


@cache
def _schema(language: str) -> dict[str, Any]:
    """Made once a process and language, for it takes seconds; `language` is the active one."""
    return SchemaGenerator(urlconf=settings.ORGANIZATION_URLCONF).get_schema(public=True)


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


class ReadingSerializer(serializers.Serializer):
    layout = serializers.CharField()
    header = serializers.IntegerField(help_text="Row of the first headings.")
    height = serializers.IntegerField(help_text="Rows of headings: 1 or 2.")
    headings = serializers.ListField(child=serializers.CharField(allow_blank=True))
    columns = serializers.DictField(child=serializers.CharField(), help_text="Heading → what it means.")
    constants = serializers.DictField(child=serializers.CharField(), help_text="What is the same on all rows.")


class TableSerializer(serializers.Serializer):
    label = serializers.CharField()  # type: ignore[assignment]
    is_sure = serializers.BooleanField(help_text="False: nothing recognizes it; say its mapping.")
    left_out = serializers.BooleanField()
    error = serializers.CharField(allow_blank=True)
    reading = ReadingSerializer(allow_null=True)
    sample = serializers.ListField(child=serializers.ListField(), help_text="[row number, [cells]] of the first rows.")


class UploadSerializer(serializers.ModelSerializer):
    files = serializers.SerializerMethodField()
    tables = TableSerializer(many=True, read_only=True)
    uploaded_by: Any = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = Upload
        fields = ["id", "files", "tables", "uploaded_by", "created_at", "loaded_at"]
        read_only_fields = fields

    def get_files(self, upload: Upload) -> list[str]:
        return [file["name"] for file in upload.files]


class FilesSerializer(serializers.Serializer):
    file = serializers.ListField(child=serializers.FileField(), min_length=1, help_text="One file or several.")


class RowsSerializer(serializers.Serializer):
    file = serializers.FileField(help_text="The workbook of bad rows of an import, mended.")


class MappingSerializer(serializers.Serializer):
    table = serializers.CharField(help_text="Its label.")
    layout = serializers.CharField(help_text="items, documents, …, u8-count, kingdee-items, …")
    header = serializers.IntegerField(required=False, min_value=1, max_value=30)
    height = serializers.IntegerField(required=False, min_value=1, max_value=2)
    columns = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, help_text="Without it, found anew by the layout."
    )
    constants = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    left_out = serializers.BooleanField(default=False)


class LoadSerializer(serializers.Serializer):
    dry_run = serializers.BooleanField(default=False)


class UploadViewSet(ReadViewSet):
    """Files to be looked at, corrected and then loaded: POST files, `mapping` as often as needed, `load` (or check)."""

    model = Upload
    serializer_class = UploadSerializer
    permissions = dict.fromkeys(("list", "retrieve", "create", "mapping", "load", "rows"), "integrations.bundle.load")
    parser_classes = [MultiPartParser, JSONParser]

    def get_queryset(self) -> Any:
        return super().get_queryset() if getattr(self, "swagger_fake_view", False) else uploads()

    @extend_schema(request={"multipart/form-data": FilesSerializer}, responses={201: UploadSerializer})
    def create(self, request: Any) -> Response:
        wish = FilesSerializer(data={"file": request.FILES.getlist("file")})
        wish.is_valid(raise_exception=True)
        made = upload_files(wish.validated_data["file"], actor=self.member)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request={"application/json": MappingSerializer}, responses={200: UploadSerializer})
    @action(detail=True, methods=["post"])
    def mapping(self, request: Any, pk: str) -> Response:
        """Say how one table is read."""
        upload = self.get_object()
        wish = MappingSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        said = dict(wish.validated_data)
        return Response(self.get_serializer(map_columns(upload, said.pop("table"), actor=self.member, **said)).data)

    @extend_schema(request={"application/json": LoadSerializer}, responses={202: ImportSerializer})
    @action(detail=True, methods=["post"])
    def load(self, request: Any, pk: str) -> Response:
        """Load it, all or nothing; the answer is the import to ask after."""
        upload = self.get_object()
        wish = LoadSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        job = request_load(upload, **wish.validated_data, actor=self.member)
        return Response(ImportSerializer(job).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request={"multipart/form-data": RowsSerializer}, responses={200: UploadSerializer})
    @action(detail=True, methods=["post"])
    def rows(self, request: Any, pk: str) -> Response:
        """Bring mended rows back; they stand for the rows of their number."""
        upload = self.get_object()
        wish = RowsSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        return Response(self.get_serializer(correct_rows(upload, wish.validated_data["file"], actor=self.member)).data)


class ImportViewSet(ReadViewSet):
    """Imports. POST sends a zip, an Excel workbook or a CSV file, in our layout or one that is recognized; a job loads
    it, all or nothing. To look at it first, use `uploads`."""

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
    router.register("uploads", UploadViewSet, "upload")
