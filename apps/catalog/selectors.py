"""Reads of the catalog: what a code means, what a unit is worth, and the lists of the pages."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from apps.catalog.models import Barcode, Category, Item, Location, Unit, Warehouse
from apps.core.errors import RuleViolation

ONE = Decimal(1)


def find_by_code(text: str) -> tuple[Item, Unit | None]:
    """The item that a scanned or typed code means, and the unit of one scan (None: the base unit).

    A barcode comes before an item code; full-width characters are read as plain ones. Raises
    RuleViolation("unknown_code").
    """
    codes = list(dict.fromkeys([text.strip(), unicodedata.normalize("NFKC", text).strip()]))
    for code in codes:
        barcode = Barcode.objects.filter(code=code).select_related("item", "unit").first()
        if barcode is not None:
            return barcode.item, barcode.unit
    item = Item.objects.filter(sku__in=codes).first()
    if item is None:
        raise RuleViolation(
            "unknown_code",
            _("“%(code)s” is neither a barcode nor an item code. Check the label, or add it to the item.")
            % {"code": text.strip()[:60]},
        )
    return item, None


def unknown_unit(item: Item, name: str) -> RuleViolation:
    return RuleViolation(
        "unknown_unit",
        _("%(sku)s has no unit “%(unit)s”. Use %(base)s, or add the unit to the item.")
        % {"sku": item.sku, "unit": name[:20], "base": item.base_unit},
    )


def unit_factor(item: Item, unit_name: str) -> Decimal:
    """Base units in one `unit_name`; 1 for the base unit and for an empty name. Raises "unknown_unit"."""
    if unit_name in ("", item.base_unit):
        return ONE
    unit = Unit.objects.filter(item=item, name=unit_name).first()
    if unit is None:
        raise unknown_unit(item, unit_name)
    return unit.factor


def search_items(items: QuerySet[Item], text: str) -> QuerySet[Item]:
    """Items whose code, name, specification, pinyin (whole or initials) or a barcode contains `text`."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return items
    sound = text.lower().replace(" ", "").replace("'", "")
    barcodes = Barcode.objects.filter(item_id=OuterRef("pk"), code__startswith=text)
    return items.filter(
        Q(sku__icontains=text)
        | Q(name__icontains=text)
        | Q(spec__icontains=text)
        | Q(sort_key__contains=sound)
        | Exists(barcodes)
    )


def below(path: str) -> Q:
    """Items of a category and of everything under it."""
    return Q(category__path=path) | Q(category__path__startswith=f"{path}/")


def categories() -> QuerySet[Category]:
    return Category.objects.order_by("path")


def warehouses() -> QuerySet[Warehouse]:
    """Warehouses with their keepers and the number of their places (the one without a code left out)."""
    return Warehouse.objects.select_related("department", "storekeeper").annotate(
        places=Count("locations", filter=~Q(locations__code=""))
    )


def default_location(warehouse: Warehouse) -> Location:
    """The location without a code: stock that has no place."""
    return Location.objects.get(warehouse=warehouse, code="")
