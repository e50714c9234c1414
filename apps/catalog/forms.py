"""Forms of the catalog, and the field for numbers as people type them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.catalog.enums import Tracking
from apps.catalog.labels import SIZES, Symbol
from apps.catalog.models import Category, Location, Unit, Warehouse
from apps.core.errors import RuleViolation
from apps.core.numbers import parse_decimal
from apps.organizations.models import Department
from apps.organizations.selectors import people


class NumberField(forms.CharField):
    """A plain decimal, full-width digits included; empty gives None."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        if value in self.empty_values or (isinstance(value, str) and not value.strip()):
            return None
        try:
            return parse_decimal(value)
        except RuleViolation as error:
            raise ValidationError(str(error), code=error.code) from error

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class ItemForm(forms.Form):
    sku = forms.CharField(label=_("item code"), max_length=60)
    name = forms.CharField(label=_("name"), max_length=200)
    base_unit = forms.CharField(
        label=_("base unit"),
        max_length=20,
        help_text=_("Stock is kept in this unit. It stays once there is stock."),
    )
    spec = forms.CharField(label=_("specification"), max_length=200, required=False)
    category = forms.CharField(
        label=_("category"),
        max_length=200,
        required=False,
        help_text=_("A path, parts divided by “/”. New categories are made."),
    )
    standard_cost = NumberField(label=_("standard cost"), required=False)
    tracking = forms.ChoiceField(label=_("tracking"), choices=Tracking.choices, initial=Tracking.NONE)
    shelf_life_days = forms.IntegerField(label=_("shelf life in days"), min_value=1, required=False)
    natural_loss_rate = forms.DecimalField(
        label=_("natural loss rate"),
        min_value=0,
        max_value=1,
        decimal_places=6,
        required=False,
        help_text=_("Share of the quantity issued that may vanish by nature: 0.002 is 2 in 1,000."),
    )
    is_active = forms.BooleanField(label=_("active"), required=False, initial=True)

    def __init__(self, *args: Any, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sku"].disabled = known
        self.fields["category"].widget.attrs["list"] = "categories"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for field in ("standard_cost", "natural_loss_rate"):
            data[field] = data.get(field) or Decimal(0)
        return data

    @property
    def category_paths(self) -> list[str]:
        return list(Category.objects.order_by("path").values_list("path", flat=True)[:500])


class UnitForm(forms.Form):
    name = forms.CharField(label=_("unit"), max_length=20)
    factor = NumberField(label=_("factor"), help_text=_("How many base units are in one of this unit."))
    barcode = forms.CharField(label=_("barcode"), max_length=60, required=False)


class BarcodeForm(forms.Form):
    code = forms.CharField(label=_("barcode"), max_length=60)
    unit: forms.ModelChoiceField = forms.ModelChoiceField(label=_("unit"), queryset=None, required=False)

    def __init__(self, *args: Any, item: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["unit"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Unit.objects.filter(item=item)
        field.empty_label = item.base_unit


class WarehouseForm(forms.Form):
    code = forms.CharField(label=_("code"), max_length=40)
    name = forms.CharField(label=_("name"), max_length=100)
    department: forms.ModelChoiceField = forms.ModelChoiceField(label=_("department"), queryset=None, required=False)
    storekeeper: forms.ModelChoiceField = forms.ModelChoiceField(label=_("storekeeper"), queryset=None, required=False)
    is_active = forms.BooleanField(label=_("active"), required=False, initial=True)

    def __init__(self, *args: Any, known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].disabled = known
        for name, rows in (
            ("department", Department.objects.order_by("code")),
            ("storekeeper", people().filter(is_active=True)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows


class LocationForm(forms.Form):
    warehouse: forms.ModelChoiceField = forms.ModelChoiceField(label=_("warehouse"), queryset=None)
    code = forms.CharField(label=_("code"), max_length=40)
    name = forms.CharField(label=_("name"), max_length=100, required=False)
    zone = forms.CharField(
        label=_("zone"), max_length=40, required=False, help_text=_("Counting tasks are made by zone.")
    )
    walk_order = forms.IntegerField(
        label=_("walking order"), required=False, help_text=_("Counters walk in this order. Empty: after the last.")
    )
    is_active = forms.BooleanField(label=_("active"), required=False, initial=True)

    def __init__(self, *args: Any, location: Location | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["warehouse"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Warehouse.objects.order_by("code")
        if location is not None:
            field.disabled = self.fields["code"].disabled = True
            self.fields["code"].required = bool(location.code)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("walk_order") is None:
            data.pop("walk_order", None)
        return data


class LabelForm(forms.Form):
    """What labels look like."""

    size = forms.ChoiceField(label=_("size"), choices=lambda: [(key, size.title) for key, size in SIZES.items()])
    symbol = forms.ChoiceField(
        label=_("code"),
        choices=Symbol.choices,
        help_text=_("What no barcode can hold, Chinese or a long code, becomes a QR code."),
    )
    copies = forms.IntegerField(label=_("copies of each"), min_value=1, max_value=100, initial=1)
    skip = forms.IntegerField(
        label=_("places to leave free"),
        min_value=0,
        max_value=39,
        initial=0,
        help_text=_("Labels that are already gone from the first sheet."),
    )
