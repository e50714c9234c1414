"""A small warehouse to count: two zones, three places, three items."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from apps.catalog.models import Item, Location, Warehouse
from apps.catalog.services import save_item, save_location, save_unit, save_warehouse
from apps.counts.models import Count, CountLine
from apps.counts.services import EntryDraft, create_count, record_entry, release_count
from apps.movements.services import LineDraft, OpeningDraft, create_document, open_stock, post_document
from apps.organizations.models import Member
from apps.organizations.selectors import system_member


@dataclass
class Shop:
    warehouse: Warehouse
    a1: Location
    a2: Location
    b1: Location
    pot: Item
    """1200 at A-1, boxes of 6."""
    cup: Item
    """100 at A-2."""
    tea: Item
    """30.5 of lot L1 at B-1, kept by lot."""


def shop() -> Shop:
    from django.utils import timezone

    actor = system_member()
    warehouse = save_warehouse("W1", name="一号仓", actor=actor)
    a1 = save_location(warehouse, "A-1", zone="A", walk_order=1, actor=actor)
    a2 = save_location(warehouse, "A-2", zone="A", walk_order=2, actor=actor)
    b1 = save_location(warehouse, "B-1", zone="B", walk_order=3, actor=actor)
    pot = save_item("POT", name="珐琅锅", base_unit="件", standard_cost=Decimal("10.5"), actor=actor)
    save_unit(pot, name="盒", factor=Decimal(6), barcode="6900000000012", actor=actor)
    cup = save_item("CUP", name="马克杯", base_unit="件", standard_cost=Decimal(3), actor=actor)
    tea = save_item("TEA", name="散装茶", base_unit="kg", standard_cost=Decimal(80), tracking="lot", actor=actor)
    open_stock(
        [
            OpeningDraft(pot, a1, Decimal(1200)),
            OpeningDraft(cup, a2, Decimal(100)),
            OpeningDraft(tea, b1, Decimal("30.5"), lot="L1"),
        ],
        as_of=timezone.now(),
        actor=actor,
    )
    return Shop(warehouse, a1, a2, b1, pot, cup, tea)


def released(place: Shop, *counters: Member, **values: Any) -> Count:
    count = create_count(place.warehouse, actor=system_member(), **values)
    return release_count(count, counters=counters, actor=system_member())


def enter(count: Count, actor: Member, sku: str, quantity: Any, location: str = "A-2", **values: Any) -> Any:
    draft = EntryDraft(str(uuid4()), quantity, sku=sku, location=location, **values)
    return record_entry(count, draft, actor=actor)


def line(count: Count, sku: str) -> CountLine:
    return CountLine.objects.get(count=count, stock_line__item__sku=sku)


def receive(place: Shop, item: Item, location: Location, quantity: Any, doc_type: str = "receipt") -> Any:
    return post_document(document(place, item, location, quantity, doc_type), actor=system_member())


def document(place: Shop, item: Item, location: Location, quantity: Any, doc_type: str = "receipt") -> Any:
    return create_document(
        doc_type,
        warehouse=place.warehouse,
        lines=[LineDraft(item, Decimal(quantity), location=location)],
        actor=system_member(),
    )
