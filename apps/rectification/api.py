"""The API of adjustments."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from apps.core.api import ReadViewSet, ReferenceField
from apps.counts.models import Count
from apps.rectification.filters import AdjustmentFilter
from apps.rectification.models import Adjustment, AdjustmentLine
from apps.rectification.selectors import adjustment_lines, adjustment_list, visible_adjustments
from apps.rectification.services import (
    approve_adjustment,
    post_adjustment,
    propose_adjustment,
    reject_adjustment,
    reverse_adjustment,
    withdraw_adjustment,
)
from apps.variances.api import OwnRow
from apps.variances.selectors import visible_variances

VIEW = "rectification.adjustment.view"


class AdjustmentLineSerializer(serializers.ModelSerializer):
    warehouse = serializers.CharField(source="variance.stock_line.warehouse.code", read_only=True)
    location = serializers.CharField(source="variance.stock_line.location.code", read_only=True)
    sku = serializers.CharField(source="variance.stock_line.item.sku", read_only=True)
    lot = serializers.CharField(source="variance.stock_line.lot", read_only=True)

    class Meta:
        model = AdjustmentLine
        fields = [
            "id",
            "variance",
            "warehouse",
            "location",
            "sku",
            "lot",
            "quantity",
            "unit_cost",
            "value",
            "is_live",
        ]


class AdjustmentSerializer(serializers.ModelSerializer):
    count: Any = serializers.SlugRelatedField("count_no", read_only=True)
    proposed_by: Any = serializers.SlugRelatedField("username", read_only=True)
    posted_by: Any = serializers.SlugRelatedField("username", read_only=True)
    document: Any = serializers.SlugRelatedField("doc_no", read_only=True)
    reversal: Any = serializers.SlugRelatedField("doc_no", read_only=True)
    line_count = serializers.IntegerField(read_only=True)
    loss = serializers.DecimalField(18, 4, read_only=True)
    gain = serializers.DecimalField(18, 4, read_only=True)

    class Meta:
        model = Adjustment
        fields = [
            "id",
            "adjustment_no",
            "count",
            "state",
            "reason",
            "content_hash",
            "total_value",
            "line_count",
            "loss",
            "gain",
            "proposed_by",
            "proposed_at",
            "posted_by",
            "posted_at",
            "document",
            "reversal",
        ]


class AdjustmentApiFilter(AdjustmentFilter):
    count_no = django_filters.CharFilter(field_name="count__count_no", label=_("count number"))

    class Meta(AdjustmentFilter.Meta):
        fields = [*AdjustmentFilter.Meta.fields, "count_no"]


class ProposeSerializer(serializers.Serializer):
    """Without `variances`, everything of the count that can be adjusted."""

    count = ReferenceField(Count, "count_no")
    variances = OwnRow(visible_variances, many=True, required=False, allow_empty=False)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ApproveSerializer(serializers.Serializer):
    """`content_hash` is that of the adjustment as it was read: the yes holds for nothing else."""

    content_hash = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class RejectSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=500)


class WithdrawSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class AdjustmentViewSet(ReadViewSet):
    """proposed → approved by somebody else → posted once → reversed by counter-entry."""

    model = Adjustment
    serializer_class = AdjustmentSerializer
    filterset_class = AdjustmentApiFilter
    permissions = {
        "list": VIEW,
        "retrieve": VIEW,
        "lines": VIEW,
        "create": "rectification.adjustment.propose",
        "approve": "rectification.adjustment.approve",
        "reject": "rectification.adjustment.reject",
        "withdraw": "rectification.adjustment.withdraw",
        "post_now": "rectification.adjustment.post",
        "reverse": "rectification.adjustment.reverse",
    }

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return adjustment_list(visible_adjustments(self.member)).select_related("document", "reversal")

    def _data(self, serializer_class: type[serializers.Serializer]) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _answer(self, adjustment: Adjustment, status: int = 200) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=adjustment.pk)).data, status)

    @extend_schema(request=ProposeSerializer, responses={201: AdjustmentSerializer})
    def create(self, request: Any) -> Response:
        data = self._data(ProposeSerializer)
        return self._answer(propose_adjustment(data.pop("count"), **data, actor=self.member), 201)

    @extend_schema(responses=AdjustmentLineSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None, serializer_class=AdjustmentLineSerializer)
    def lines(self, request: Any, pk: Any) -> Response:
        """All lines, page by page."""
        page = self.paginate_queryset(adjustment_lines(self.get_object()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=ApproveSerializer, responses=AdjustmentSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Any, pk: Any) -> Response:
        found = self.get_object()
        return self._answer(approve_adjustment(found, **self._data(ApproveSerializer), actor=self.member))

    @extend_schema(request=RejectSerializer, responses=AdjustmentSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Any, pk: Any) -> Response:
        found = self.get_object()
        return self._answer(reject_adjustment(found, **self._data(RejectSerializer), actor=self.member))

    @extend_schema(request=WithdrawSerializer, responses=AdjustmentSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Any, pk: Any) -> Response:
        found = self.get_object()
        return self._answer(withdraw_adjustment(found, **self._data(WithdrawSerializer), actor=self.member))

    @extend_schema(request=None, responses=AdjustmentSerializer)
    @action(detail=True, methods=["post"], url_path="post")
    def post_now(self, request: Any, pk: Any) -> Response:
        return self._answer(post_adjustment(self.get_object(), actor=self.member))

    @extend_schema(request=RejectSerializer, responses=AdjustmentSerializer)
    @action(detail=True, methods=["post"])
    def reverse(self, request: Any, pk: Any) -> Response:
        found = self.get_object()
        return self._answer(reverse_adjustment(found, **self._data(RejectSerializer), actor=self.member))


def register(router: Any) -> None:
    router.register("adjustments", AdjustmentViewSet, "adjustment")
