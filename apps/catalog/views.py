"""Pages of items, warehouses and locations."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.catalog.filters import ItemFilter, LocationFilter
from apps.catalog.forms import BarcodeForm, ItemForm, LabelForm, LocationForm, UnitForm, WarehouseForm
from apps.catalog.labels import MOST, Label, label_sheets
from apps.catalog.models import Barcode, Item, Location, Warehouse
from apps.catalog.selectors import warehouses as all_warehouses
from apps.catalog.services import (
    remove_barcode,
    save_barcode,
    save_item,
    save_location,
    save_unit,
    save_warehouse,
)
from apps.core.edges import attempt, page, paginate
from apps.core.permissions import may
from apps.core.sheets import Kind, sheet_kind, sheet_response
from apps.core.templatetags.figures import money, percent

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@page("catalog.item.view")
def items(request: Any) -> HttpResponse:
    """All items; the same list as a file with ?export=."""
    rows = ItemFilter(request.GET, queryset=Item.objects.select_related("category"), request=request)
    if kind := sheet_kind(request):
        return _export_items(rows.qs, kind)
    return render(
        request,
        "catalog/items.html",
        {
            "filter": rows,
            "page": paginate(request, rows.qs),
            "may_change": may(request.member, "catalog.item.change"),
        },
    )


def _export_items(rows: Any, kind: Kind) -> HttpResponse:
    columns = [
        ("sku", _("item code")),
        ("name", _("name")),
        ("spec", _("specification")),
        ("category__path", _("category")),
        ("base_unit", _("base unit")),
        ("standard_cost", _("standard cost")),
        ("tracking", _("tracking")),
        ("shelf_life_days", _("shelf life in days")),
        ("natural_loss_rate", _("natural loss rate")),
        ("is_active", _("active")),
    ]
    keys = [key for key, _label in columns]
    return sheet_response(_("items"), columns, rows.values_list(*keys).iterator(chunk_size=2000), kind)


@page("catalog.item.view", methods=("GET", "POST"))
def item_labels(request: Any) -> HttpResponse:
    """Labels of the items that the list shows with this filter, or of those that were ticked (`ids`)."""
    rows = ItemFilter(request.GET, queryset=Item.objects.all(), request=request).qs
    rows = _ticked(request, rows).prefetch_related("barcodes")
    return _labels(
        request, rows, lambda item: Label(_scanned(item), item.name, item.spec), back="catalog:items", label=_("Items")
    )


def _scanned(item: Item) -> str:
    """The first barcode of the base unit, else the item's code: both are found when scanned."""
    codes = sorted(code.code for code in item.barcodes.all() if code.unit_id is None)
    return codes[0] if codes else item.sku


@page("catalog.warehouse.view", methods=("GET", "POST"))
def location_labels(request: Any) -> HttpResponse:
    """Labels of the locations that the list shows with this filter, or of those that were ticked (`ids`)."""
    rows = LocationFilter(request.GET, queryset=Location.objects.exclude(code=""), request=request).qs
    return _labels(
        request,
        _ticked(request, rows).select_related("warehouse"),
        lambda place: Label(
            place.code, place.code, " ".join(filter(None, (place.warehouse.name, place.zone, place.name)))
        ),
        back="catalog:warehouses",
        label=_("Locations"),
    )


def _ticked(request: Any, rows: Any) -> Any:
    ids = [UUID(text) for text in request.GET.getlist("ids") if _UUID.fullmatch(text)]
    return rows.filter(pk__in=ids) if ids else rows


def _labels(request: Any, rows: Any, make: Callable[[Any], Label], *, back: str, label: str) -> HttpResponse:
    form = LabelForm(request.POST or None)
    if request.method == "POST":
        made = attempt(form, lambda data: label_sheets(map(make, rows[: MOST + 1]), **data))
        if made is not None:
            name = _("labels") + ".pdf"
            return FileResponse(io.BytesIO(made), as_attachment=True, filename=name, content_type="application/pdf")
    return render(
        request,
        "catalog/label_form.html",
        {"form": form, "count": rows.count(), "back_url": reverse(back), "back_label": label},
        status=_status(form),
    )


@page("catalog.item.view")
def item(request: Any, pk: UUID) -> HttpResponse:
    """One item: what is known of it, its units and barcodes; stock and movements for those who may see them."""
    found = get_object_or_404(Item.objects.select_related("category"), pk=pk)
    may_change = may(request.member, "catalog.item.change")
    return render(
        request,
        "catalog/item.html",
        {
            "item": found,
            "facts": _item_facts(found, request.organization.currency),
            "units": found.units.prefetch_related("barcodes").order_by("factor"),
            "barcodes": found.barcodes.select_related("unit").order_by("code"),
            "lots": found.lots.order_by("expires_on", "code")[:50],
            "may_change": may_change,
            "unit_form": UnitForm() if may_change else None,
            "barcode_form": BarcodeForm(item=found) if may_change else None,
        },
    )


def _item_facts(found: Item, currency: str) -> list[tuple[Any, Any]]:
    return [
        (_("name"), found.name),
        (_("specification"), found.spec),
        (_("category"), found.category and found.category.path),
        (_("base unit"), found.base_unit),
        (_("standard cost"), money(found.standard_cost, currency)),
        (_("tracking"), found.get_tracking_display()),
        (_("shelf life in days"), found.shelf_life_days),
        (_("natural loss rate"), percent(found.natural_loss_rate, 2) if found.natural_loss_rate else None),
    ]


@page("catalog.item.change", methods=("GET", "POST"))
def item_new(request: Any) -> HttpResponse:
    form = ItemForm(request.POST or None)
    return _save_item(request, form, None)


@page("catalog.item.change", methods=("GET", "POST"))
def item_edit(request: Any, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Item.objects.select_related("category"), pk=pk)
    initial = {field: getattr(found, field) for field in ItemForm.base_fields if field != "category"}
    initial["category"] = found.category.path if found.category else ""
    form = ItemForm(request.POST or None, initial=initial, known=True)
    return _save_item(request, form, found)


def _save_item(request: Any, form: ItemForm, found: Item | None) -> HttpResponse:
    if request.method == "POST":
        if found is None and form.is_valid() and Item.objects.filter(sku=form.cleaned_data["sku"]).exists():
            form.add_error("sku", _("There is already an item with this code."))
        saved = attempt(form, lambda data: save_item(data.pop("sku"), **data, actor=request.member))
        if saved is not None:
            messages.success(request, _("%(item)s is saved.") % {"item": saved})
            return redirect("catalog:item", saved.pk)
    return render(request, "catalog/item_form.html", {"form": form, "item": found}, status=_status(form))


@page("catalog.item.change", methods=("POST",))
def unit_add(request: Any, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Item, pk=pk)
    form = UnitForm(request.POST)
    if attempt(form, lambda data: save_unit(found, **data, actor=request.member)) is not None:
        messages.success(request, _("The unit is saved."))
    return _back_to_item(request, found, form)


@page("catalog.item.change", methods=("POST",))
def barcode_add(request: Any, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Item, pk=pk)
    form = BarcodeForm(request.POST, item=found)
    wish = attempt(form, lambda data: save_barcode(data["code"], item=found, unit=data["unit"], actor=request.member))
    if wish is not None:
        messages.success(request, _("The barcode is saved."))
    return _back_to_item(request, found, form)


@page("catalog.item.change", methods=("POST",))
def barcode_remove(request: Any, pk: UUID) -> HttpResponse:
    barcode = get_object_or_404(Barcode.objects.select_related("item"), pk=pk)
    remove_barcode(barcode, actor=request.member)
    messages.success(request, _("The barcode is removed."))
    return redirect("catalog:item", barcode.item_id)


def _back_to_item(request: Any, found: Item, form: Any) -> HttpResponse:
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, str(error))
    return redirect("catalog:item", found.pk)


@page("catalog.warehouse.view")
def warehouses(request: Any) -> HttpResponse:
    """Warehouses, and below them their locations; the locations as a file with ?export=."""
    places = Location.objects.exclude(code="").select_related("warehouse")
    rows = LocationFilter(request.GET, queryset=places, request=request)
    if kind := sheet_kind(request):
        columns = [
            ("warehouse__code", _("warehouse")),
            ("code", _("location")),
            ("name", _("name")),
            ("zone", _("zone")),
            ("walk_order", _("walking order")),
            ("is_active", _("active")),
        ]
        keys = [key for key, _label in columns]
        return sheet_response(_("locations"), columns, rows.qs.values_list(*keys).iterator(), kind)
    return render(
        request,
        "catalog/warehouses.html",
        {
            "warehouses": all_warehouses(),
            "filter": rows,
            "page": paginate(request, rows.qs),
            "may_change": may(request.member, "catalog.warehouse.change"),
        },
    )


@page("catalog.warehouse.change", methods=("GET", "POST"))
def warehouse_new(request: Any) -> HttpResponse:
    return _save_warehouse(request, WarehouseForm(request.POST or None), None)


@page("catalog.warehouse.change", methods=("GET", "POST"))
def warehouse_edit(request: Any, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Warehouse, pk=pk)
    initial = {field: getattr(found, field) for field in WarehouseForm.base_fields}
    return _save_warehouse(request, WarehouseForm(request.POST or None, initial=initial, known=True), found)


def _save_warehouse(request: Any, form: WarehouseForm, found: Warehouse | None) -> HttpResponse:
    if request.method == "POST":
        code = form.cleaned_data.get("code") if form.is_valid() else None
        if found is None and Warehouse.objects.filter(code=code).exists():
            form.add_error("code", _("There is already a warehouse with this code."))
        saved = attempt(form, lambda data: save_warehouse(data.pop("code"), **data, actor=request.member))
        if saved is not None:
            messages.success(request, _("%(warehouse)s is saved.") % {"warehouse": saved})
            return redirect("catalog:warehouses")
    return render(request, "catalog/place_form.html", {"form": form, "warehouse": found}, status=_status(form))


@page("catalog.warehouse.change", methods=("GET", "POST"))
def location_new(request: Any) -> HttpResponse:
    form = LocationForm(request.POST or None, initial={"warehouse": request.GET.get("warehouse", "")})
    return _save_location(request, form, None)


@page("catalog.warehouse.change", methods=("GET", "POST"))
def location_edit(request: Any, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Location.objects.select_related("warehouse"), pk=pk)
    initial = {field: getattr(found, field) for field in LocationForm.base_fields}
    form = LocationForm(request.POST or None, initial=initial, location=found)
    return _save_location(request, form, found)


def _save_location(request: Any, form: LocationForm, found: Location | None) -> HttpResponse:
    if request.method == "POST":
        if found is None and form.is_valid():
            data = form.cleaned_data
            if Location.objects.filter(warehouse=data["warehouse"], code=data["code"]).exists():
                form.add_error("code", _("There is already a location with this code."))
        saved = attempt(
            form,
            lambda data: save_location(data.pop("warehouse"), data.pop("code"), **data, actor=request.member),
        )
        if saved is not None:
            messages.success(request, _("Location %(location)s is saved.") % {"location": saved})
            return HttpResponseRedirect(f"{reverse('catalog:warehouses')}?warehouse={saved.warehouse_id}")
    return render(
        request, "catalog/place_form.html", {"form": form, "location": found, "is_location": True}, status=_status(form)
    )


def _status(form: Any) -> int:
    return 422 if form.is_bound and form.errors else 200
