from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Barcode, Category, Item, Location, Lot, Unit, Warehouse
from apps.catalog.services import (
    save_barcode,
    save_category,
    save_item,
    save_location,
    save_lot,
    save_unit,
    save_warehouse,
)
from apps.core.admin import OrganizationAdmin, OrganizationInline, site

ITEM = {"view": "catalog.item.view", "add": "catalog.item.change", "change": "catalog.item.change"}
PLACE = {"view": "catalog.warehouse.view", "add": "catalog.warehouse.change", "change": "catalog.warehouse.change"}


class CatalogAdmin(OrganizationAdmin):
    """`key` names the fields that make the row: they are set when it is added and stay."""

    key: tuple[str, ...] = ()

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(self.key if obj is not None else ())]

    def values(self, obj: Any, form: forms.ModelForm) -> dict[str, Any]:
        """What the form says, and the key of a row that exists."""
        return {**{field: getattr(obj, field) for field in self.key}, **form.cleaned_data}


class UnitInline(OrganizationInline):
    model = Unit
    fields = ["name", "factor"]


class BarcodeInline(OrganizationInline):
    model = Barcode
    fields = ["code", "unit"]


@admin.register(Item, site=site)
class ItemAdmin(CatalogAdmin):
    permissions = ITEM
    key = ("sku",)
    fields = [
        "sku",
        "name",
        "base_unit",
        "spec",
        "category",
        "standard_cost",
        "tracking",
        "shelf_life_days",
        "natural_loss_rate",
        "is_active",
    ]
    list_display = ["sku", "name", "spec", "category", "base_unit", "standard_cost", "tracking", "is_active"]
    list_display_links = ["sku", "name"]
    list_filter = ["tracking", "is_active"]
    list_select_related = ["category"]
    search_fields = ["sku", "name", "sort_key"]
    inlines = [UnitInline, BarcodeInline]

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        values = self.values(obj, form)
        obj.pk = save_item(values.pop("sku"), **values, actor=request.member).pk


@admin.register(Category, site=site)
class CategoryAdmin(CatalogAdmin):
    """A path is an item's address in the tree, so it is added but not renamed."""

    permissions = {"view": "catalog.item.view", "add": "catalog.item.change"}
    fields = ["path"]
    list_display = ["path"]
    search_fields = ["path"]

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        obj.pk = save_category(form.cleaned_data["path"], actor=request.member).pk


class OfItemAdmin(CatalogAdmin):
    permissions = ITEM
    list_select_related = ["item"]
    autocomplete_fields: Any = ["item"]


@admin.register(Unit, site=site)
class UnitAdmin(OfItemAdmin):
    key = ("item", "name")
    fields = ["item", "name", "factor"]
    list_display = ["name", "item", "factor"]
    search_fields = ["name", "item__sku", "item__name"]

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        values = self.values(obj, form)
        obj.pk = save_unit(values.pop("item"), **values, actor=request.member).pk


@admin.register(Barcode, site=site)
class BarcodeAdmin(OfItemAdmin):
    key = ("code", "item")
    fields = ["code", "item", "unit"]
    list_display = ["code", "item", "unit"]
    list_select_related = ["item", "unit"]
    search_fields = ["code", "item__sku", "item__name"]
    autocomplete_fields = ["item", "unit"]

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        values = self.values(obj, form)
        obj.pk = save_barcode(values.pop("code"), **values, actor=request.member).pk


@admin.register(Lot, site=site)
class LotAdmin(OfItemAdmin):
    key = ("item", "code")
    fields = ["item", "code", "produced_on", "expires_on"]
    list_display = ["code", "item", "produced_on", "expires_on"]
    search_fields = ["code", "item__sku", "item__name"]

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        values = self.values(obj, form)
        obj.pk = save_lot(values.pop("item"), values.pop("code"), **values, actor=request.member).pk


@admin.register(Warehouse, site=site)
class WarehouseAdmin(CatalogAdmin):
    permissions = PLACE
    key = ("code",)
    fields = ["code", "name", "department", "storekeeper", "is_active"]
    list_display = ["code", "name", "department", "storekeeper", "is_active"]
    list_display_links = ["code", "name"]
    list_select_related = ["department", "storekeeper"]
    search_fields = ["code", "name"]

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        values = self.values(obj, form)
        obj.pk = save_warehouse(values.pop("code"), **values, actor=request.member).pk


class LocationAdminForm(forms.ModelForm):
    """The location without a code comes with its warehouse and is not added by hand."""

    code = forms.CharField(label=_("code"), max_length=40)


@admin.register(Location, site=site)
class LocationAdmin(CatalogAdmin):
    permissions = PLACE
    key = ("warehouse", "code")
    form = LocationAdminForm
    fields = ["warehouse", "code", "name", "zone", "walk_order", "is_active"]
    list_display = ["shown_code", "warehouse", "name", "zone", "walk_order", "is_active"]
    list_filter = ["warehouse", "is_active"]
    list_select_related = ["warehouse"]
    search_fields = ["code", "name", "zone"]

    @admin.display(description=_("code"), ordering="code")
    def shown_code(self, row: Location) -> str:
        return str(row)

    def write(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        values = self.values(obj, form)
        obj.pk = save_location(values.pop("warehouse"), values.pop("code"), **values, actor=request.member).pk
