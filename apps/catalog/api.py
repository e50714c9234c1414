"""The API of the catalog. Creating with a known code is refused here: change the row by its address instead."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from apps.catalog.filters import BarcodeFilter, ItemFilter, LocationFilter, LotFilter, UnitFilter, WarehouseFilter
from apps.catalog.models import Barcode, Category, Item, Location, Lot, Unit, Warehouse
from apps.catalog.selectors import find_by_code
from apps.catalog.services import (
    remove_barcode,
    save_barcode,
    save_category,
    save_item,
    save_location,
    save_lot,
    save_unit,
    save_warehouse,
)
from apps.core.api import OrganizationViewSet, ReadViewSet, ReferenceField
from apps.core.errors import Conflict
from apps.organizations.models import Department, Member


def _refuse_known(rows: Any) -> None:
    if rows.exists():
        raise Conflict("already_there", _("There is already a row with this code. Change it by its address."))


class WriteViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, ReadViewSet):
    """List, retrieve, create and partial update; what is counted is never deleted, only made inactive."""

    http_method_names = ["get", "post", "patch", "head", "options"]


class CategorySerializer(serializers.ModelSerializer):
    class Meta:
        model = Category
        fields = ["id", "path"]
        validators: list[Any] = []


class CategoryViewSet(mixins.CreateModelMixin, ReadViewSet):
    """The item tree, one path a row; creating a known path answers with it."""

    model = Category
    serializer_class = CategorySerializer
    permissions = {
        "list": "catalog.item.view",
        "retrieve": "catalog.item.view",
        "create": "catalog.item.change",
    }

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = save_category(serializer.validated_data["path"], actor=self.member)


class ItemSerializer(serializers.ModelSerializer):
    category = serializers.CharField(
        source="category.path", required=False, allow_blank=True, allow_null=True, max_length=200
    )

    class Meta:
        model = Item
        fields = [
            "id",
            "sku",
            "name",
            "spec",
            "category",
            "base_unit",
            "standard_cost",
            "tracking",
            "shelf_life_days",
            "natural_loss_rate",
            "is_active",
        ]
        validators: list[Any] = []


def _item_values(data: dict[str, Any]) -> dict[str, Any]:
    if "category" in data:
        data["category"] = (data["category"] or {}).get("path") or None
    return data


class ItemViewSet(WriteViewSet):
    """Items. `category` is a path; a path that is new is made."""

    model = Item
    serializer_class = ItemSerializer
    filterset_class = ItemFilter
    permissions = {
        "list": "catalog.item.view",
        "retrieve": "catalog.item.view",
        "find": "catalog.item.view",
        "create": "catalog.item.change",
        "partial_update": "catalog.item.change",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("category")

    def perform_create(self, serializer: Any) -> None:
        data = _item_values(dict(serializer.validated_data))
        _refuse_known(Item.objects.filter(sku=data["sku"].strip()))
        serializer.instance = save_item(data.pop("sku"), **data, actor=self.member)

    def perform_update(self, serializer: Any) -> None:
        item = serializer.instance
        data = {"name": item.name, "base_unit": item.base_unit, **_item_values(dict(serializer.validated_data))}
        data.pop("sku", None)
        serializer.instance = save_item(item.sku, **data, actor=self.member)

    @extend_schema(parameters=[OpenApiParameter("code", OpenApiTypes.STR, required=True)])
    @action(detail=False, methods=["get"], filterset_class=None, pagination_class=None)
    def find(self, request: Any) -> Response:
        """The item that a scanned code means, and the unit of one scan (empty: the base unit)."""
        item, unit = find_by_code(request.query_params.get("code", ""))
        return Response({"item": self.get_serializer(item).data, "unit": unit.name if unit else ""})


class UnitSerializer(serializers.ModelSerializer):
    item = ReferenceField(Item, "sku")

    class Meta:
        model = Unit
        fields = ["id", "item", "name", "factor"]
        validators: list[Any] = []


class UnitViewSet(WriteViewSet):
    """Other units of items: `factor` base units are in one."""

    model = Unit
    serializer_class = UnitSerializer
    filterset_class = UnitFilter
    permissions = {
        "list": "catalog.item.view",
        "retrieve": "catalog.item.view",
        "create": "catalog.item.change",
        "partial_update": "catalog.item.change",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("item").order_by("item__sku", "factor", "pk")

    def perform_create(self, serializer: Any) -> None:
        data = dict(serializer.validated_data)
        _refuse_known(Unit.objects.filter(item=data["item"], name=data["name"].strip()))
        serializer.instance = save_unit(data.pop("item"), **data, actor=self.member)

    def perform_update(self, serializer: Any) -> None:
        unit = serializer.instance
        factor = serializer.validated_data.get("factor", unit.factor)
        serializer.instance = save_unit(unit.item, name=unit.name, factor=factor, actor=self.member)


class BarcodeSerializer(serializers.ModelSerializer):
    item = ReferenceField(Item, "sku")
    unit = serializers.CharField(
        source="unit.name", required=False, allow_blank=True, allow_null=True, help_text=_("Empty: the base unit.")
    )

    class Meta:
        model = Barcode
        fields = ["id", "code", "item", "unit"]
        validators: list[Any] = []


class BarcodeViewSet(mixins.CreateModelMixin, mixins.DestroyModelMixin, ReadViewSet):
    """Codes on the goods. To let a code mean another item, delete it first."""

    model = Barcode
    serializer_class = BarcodeSerializer
    filterset_class = BarcodeFilter
    permissions = {
        "list": "catalog.item.view",
        "retrieve": "catalog.item.view",
        "create": "catalog.item.change",
        "destroy": "catalog.item.change",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("item", "unit")

    def perform_create(self, serializer: Any) -> None:
        data = serializer.validated_data
        item, name = data["item"], (data.get("unit") or {}).get("name") or ""
        unit = None
        if name not in ("", item.base_unit):
            unit = Unit.objects.filter(item=item, name=name).first()
            if unit is None:
                raise serializers.ValidationError({"unit": _("“%(name)s” does not exist.") % {"name": name}})
        serializer.instance = save_barcode(data["code"], item=item, unit=unit, actor=self.member)

    def perform_destroy(self, instance: Barcode) -> None:
        remove_barcode(instance, actor=self.member)


class LotSerializer(serializers.ModelSerializer):
    item = ReferenceField(Item, "sku")

    class Meta:
        model = Lot
        fields = ["id", "item", "code", "produced_on", "expires_on"]
        validators: list[Any] = []


class LotViewSet(WriteViewSet):
    """What is known of lots and serial numbers."""

    model = Lot
    serializer_class = LotSerializer
    filterset_class = LotFilter
    permissions = {
        "list": "catalog.item.view",
        "retrieve": "catalog.item.view",
        "create": "catalog.item.change",
        "partial_update": "catalog.item.change",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("item").order_by("item__sku", "code", "pk")

    def perform_create(self, serializer: Any) -> None:
        data = dict(serializer.validated_data)
        _refuse_known(Lot.objects.filter(item=data["item"], code=data["code"].strip()))
        serializer.instance = save_lot(data.pop("item"), data.pop("code"), **data, actor=self.member)

    def perform_update(self, serializer: Any) -> None:
        lot, data = serializer.instance, dict(serializer.validated_data)
        dates = {field: data[field] for field in ("produced_on", "expires_on") if field in data}
        serializer.instance = save_lot(lot.item, lot.code, **dates, actor=self.member)


class WarehouseSerializer(serializers.ModelSerializer):
    department = ReferenceField(Department, "code", required=False, allow_null=True)
    storekeeper = ReferenceField(Member, "username", required=False, allow_null=True)

    class Meta:
        model = Warehouse
        fields = ["id", "code", "name", "department", "storekeeper", "is_active"]
        validators: list[Any] = []


class WarehouseViewSet(WriteViewSet):
    model = Warehouse
    serializer_class = WarehouseSerializer
    filterset_class = WarehouseFilter
    permissions = {
        "list": "catalog.warehouse.view",
        "retrieve": "catalog.warehouse.view",
        "create": "catalog.warehouse.change",
        "partial_update": "catalog.warehouse.change",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("department", "storekeeper")

    def perform_create(self, serializer: Any) -> None:
        data = dict(serializer.validated_data)
        _refuse_known(Warehouse.objects.filter(code=data["code"].strip()))
        serializer.instance = save_warehouse(data.pop("code"), **data, actor=self.member)

    def perform_update(self, serializer: Any) -> None:
        row = serializer.instance
        data = {"name": row.name, **serializer.validated_data}
        data.pop("code", None)
        serializer.instance = save_warehouse(row.code, **data, actor=self.member)


class LocationSerializer(serializers.ModelSerializer):
    warehouse = ReferenceField(Warehouse, "code")
    code = serializers.CharField(max_length=40)

    class Meta:
        model = Location
        fields = ["id", "warehouse", "code", "name", "zone", "walk_order", "is_active"]
        validators: list[Any] = []


class LocationViewSet(WriteViewSet):
    """Places (货位). Each warehouse has one with an empty code, for stock that has no place."""

    model = Location
    serializer_class = LocationSerializer
    filterset_class = LocationFilter
    permissions = {
        "list": "catalog.warehouse.view",
        "retrieve": "catalog.warehouse.view",
        "create": "catalog.warehouse.change",
        "partial_update": "catalog.warehouse.change",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("warehouse")

    def perform_create(self, serializer: Any) -> None:
        data = dict(serializer.validated_data)
        _refuse_known(Location.objects.filter(warehouse=data["warehouse"], code=data["code"].strip()))
        serializer.instance = save_location(data.pop("warehouse"), data.pop("code"), **data, actor=self.member)

    def perform_update(self, serializer: Any) -> None:
        row = serializer.instance
        data = {k: v for k, v in serializer.validated_data.items() if k not in ("warehouse", "code")}
        serializer.instance = save_location(row.warehouse, row.code, **data, actor=self.member)


def register(router: Any) -> None:
    viewsets: tuple[tuple[str, type[OrganizationViewSet], str], ...] = (
        ("categories", CategoryViewSet, "category"),
        ("items", ItemViewSet, "item"),
        ("units", UnitViewSet, "unit"),
        ("barcodes", BarcodeViewSet, "barcode"),
        ("lots", LotViewSet, "lot"),
        ("warehouses", WarehouseViewSet, "warehouse"),
        ("locations", LocationViewSet, "location"),
    )
    for prefix, viewset, name in viewsets:
        router.register(prefix, viewset, name)
