"""Catalog rows for tests, made by the services. The organization's system member writes."""

from __future__ import annotations

from typing import Any

from apps.catalog.models import Item, Location, Warehouse
from apps.catalog.services import save_item, save_location, save_warehouse
from apps.organizations.selectors import system_member


def make_warehouse(code: str = "WH01", *places: str, **values: Any) -> Warehouse:
    """A warehouse with these locations, besides the one without a code."""
    warehouse = save_warehouse(code, name=values.pop("name", f"{code} 仓"), actor=system_member(), **values)
    for place in places:
        save_location(warehouse, place, actor=system_member())
    return warehouse


def place(warehouse: Warehouse, code: str = "") -> Location:
    return Location.objects.get(warehouse=warehouse, code=code)


def make_item(sku: str = "A-001", name: str = "白瓷茶杯", **values: Any) -> Item:
    return save_item(sku, name=name, base_unit=values.pop("base_unit", "件"), actor=system_member(), **values)
