"""What the lists of the catalog can be narrowed and ordered by."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.enums import Tracking
from apps.catalog.models import Barcode, Category, Item, Location, Lot, Unit, Warehouse
from apps.catalog.selectors import below, categories, search_items


class SortedFilterSet(django_filters.FilterSet):
    """A filter whose list can be ordered by ?sort=key or ?sort=-key; what is not in `sorts` is ignored.

    `sorts` says the columns behind each key; the row's id always decides last, so that pages never overlap.
    """

    sorts: ClassVar[dict[str, tuple[str, ...]]] = {}
    order = ""

    @property
    def now(self) -> str:
        """The order that is in force, as the headings need it."""
        wanted = str(self.data.get("sort", "")) if self.data else ""
        return wanted if wanted.removeprefix("-") in self.sorts else self.order

    @property
    def qs(self) -> Any:
        rows = super().qs
        if not self.now:
            return rows
        columns = self.sorts[self.now.removeprefix("-")]
        if self.now.startswith("-"):
            columns = tuple(column[1:] if column.startswith("-") else f"-{column}" for column in columns)
        return rows.order_by(*columns, "pk")


def all_categories(request: Any) -> QuerySet[Category]:
    return categories()


def all_warehouses(request: Any) -> QuerySet[Warehouse]:
    return Warehouse.objects.order_by("code")


def all_items(request: Any) -> QuerySet[Item]:
    return Item.objects.all()


class ItemFilter(SortedFilterSet):
    """Items by text (code, name, pinyin, specification, barcode), category with all below it, tracking."""

    q = django_filters.CharFilter(method="find", label=_("Find"))
    category = django_filters.ModelChoiceFilter(queryset=all_categories, method="within", label=_("category"))
    tracking = django_filters.ChoiceFilter(choices=Tracking.choices, label=_("tracking"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    sorts: ClassVar = {
        "sku": ("sku",),
        "name": ("sort_key", "sku"),
        "category": ("category__path", "sku"),
        "cost": ("standard_cost", "sku"),
    }
    order = "sku"

    class Meta:
        model = Item
        fields = ["q", "category", "tracking", "is_active"]

    def find(self, rows: QuerySet[Item], name: str, value: str) -> QuerySet[Item]:
        return search_items(rows, value)

    def within(self, rows: QuerySet[Item], name: str, value: Category) -> QuerySet[Item]:
        return rows.filter(below(value.path))


class LocationFilter(SortedFilterSet):
    """Locations by warehouse, zone, and text in code or name."""

    q = django_filters.CharFilter(method="find", label=_("Find"))
    warehouse = django_filters.ModelChoiceFilter(queryset=all_warehouses, label=_("warehouse"))
    zone = django_filters.CharFilter(label=_("zone"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    sorts: ClassVar = {
        "walk": ("warehouse__code", "walk_order", "code"),
        "code": ("code", "warehouse__code"),
        "zone": ("zone", "warehouse__code", "walk_order"),
    }
    order = "walk"

    class Meta:
        model = Location
        fields = ["q", "warehouse", "zone", "is_active"]

    def find(self, rows: QuerySet[Location], name: str, value: str) -> QuerySet[Location]:
        return rows.filter(Q(code__icontains=value) | Q(name__icontains=value))


class WarehouseFilter(django_filters.FilterSet):
    class Meta:
        model = Warehouse
        fields = ["code", "is_active"]


class OfItemFilter(django_filters.FilterSet):
    """Units, barcodes and lots by the code of their item."""

    sku = django_filters.CharFilter(field_name="item__sku", label=_("item code"))


class UnitFilter(OfItemFilter):
    class Meta:
        model = Unit
        fields = ["sku", "name"]


class BarcodeFilter(OfItemFilter):
    class Meta:
        model = Barcode
        fields = ["sku", "code"]


class LotFilter(OfItemFilter):
    class Meta:
        model = Lot
        fields = ["sku", "code", "expires_on"]
