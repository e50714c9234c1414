"""The API of the document chain: what is broken, late or open, with the documents that say so."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.api import OrganizationViewSet, ReadViewSet
from apps.core.permissions import may
from apps.movements.filters import FindingFilter
from apps.movements.models import ChainFinding
from apps.movements.selectors import findings


class FindingSerializer(serializers.ModelSerializer):
    doc_no = serializers.CharField(source="line.document.doc_no", read_only=True)
    line_no = serializers.IntegerField(source="line.line_no", read_only=True)
    other_type = serializers.CharField(source="other.document.doc_type", read_only=True, default=None)
    other_no = serializers.CharField(source="other.document.doc_no", read_only=True, default=None)
    other_line_no = serializers.IntegerField(source="other.line_no", read_only=True, default=None)
    sku = serializers.CharField(source="line.item.sku", read_only=True)
    warehouse = serializers.CharField(source="line.document.warehouse.code", read_only=True)
    department = serializers.CharField(source="line.document.department.code", read_only=True, default=None)
    operator = serializers.SerializerMethodField(help_text="Null for roles that do not see who entered a document.")

    class Meta:
        model = ChainFinding
        fields = [
            "id", "kind", "doc_type", "doc_no", "line_no", "other_type", "other_no", "other_line_no", "sku",
            "warehouse", "department", "operator", "happened_at", "due", "done", "waiting", "quantity", "value",
            "moves_stock", "guess",
        ]  # fmt: skip

    def get_operator(self, finding: ChainFinding) -> str | None:
        operator = finding.line.document.operator
        if operator is None or not may(self.context["request"].member, "movements.operator.view"):
            return None
        return str(operator.username)


class FindingApiFilter(FindingFilter):
    """As on the page, and by item code."""

    sku = django_filters.CharFilter(field_name="line__item__sku", label=_("item code"))

    class Meta(FindingFilter.Meta):
        fields = [*FindingFilter.Meta.fields, "sku"]


class FindingViewSet(ReadViewSet):
    """Findings of the document chain as of its last refresh: breaks, what is late, and what is open."""

    model = ChainFinding
    serializer_class = FindingSerializer
    filterset_class = FindingApiFilter
    permissions = {"list": "movements.chain.view", "retrieve": "movements.chain.view"}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return findings(self.member)


VIEWSETS: tuple[tuple[str, type[OrganizationViewSet], str], ...] = (("breaks", FindingViewSet, "break"),)
