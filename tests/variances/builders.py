"""Counted stock for tests: a warehouse, what is in it, and closed counts of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from apps.catalog.models import Item, Warehouse
from apps.counts.models import Count
from apps.counts.services import EntryDraft, close_count, create_count, record_entries, release_count
from apps.movements.models import Document, StockLine
from apps.organizations.models import Member
from apps.organizations.selectors import system_member
from apps.variances.models import CauseType, Variance
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import line, opened, posted

PLACE = "A-03-12"


def stocked(sku: str = "HC-GL350-02", quantity: Any = 1200, cost: Any = "26.80", **values: Any) -> Item:
    """An item with stock at A-03-12 of warehouse WH01 since the day before yesterday."""
    warehouse = Warehouse.objects.filter(code="WH01").first() or make_warehouse("WH01", PLACE, name="华东一仓")
    item = make_item(sku, values.pop("name", "双层玻璃杯 350ml"), standard_cost=Decimal(cost), **values)
    opened(place(warehouse, PLACE), item, quantity, timezone.now() - timedelta(days=2))
    return item


def start_count(*counters: Member, mode: str = "static", at: datetime | None = None, **values: Any) -> Count:
    count = create_count(Warehouse.objects.get(code="WH01"), mode=mode, actor=system_member(), **values)
    return release_count(count, counters=counters, at=at, actor=system_member())


def enter(count: Count, counter: Member, figures: dict[str, Any], *, counted_at: datetime | None = None) -> None:
    record_entries(
        count,
        [
            EntryDraft(str(uuid4()), quantity, sku=sku, location=PLACE, counter=counter, counted_at=counted_at)
            for sku, quantity in figures.items()
        ],
        actor=system_member(),
    )


def counted(figures: dict[str, Any], *, by: Member | None = None, **values: Any) -> Count:
    """A closed count of WH01 in which `figures` ({sku: quantity}) were counted."""
    count = start_count(**values)
    enter(count, by or system_member(), figures)
    return close_count(count, actor=system_member())


def variance_of(count: Count, sku: str = "HC-GL350-02") -> Variance:
    return Variance.objects.get(count=count, stock_line__item__sku=sku)


def cause_type(code: str) -> CauseType:
    return CauseType.objects.get(code=code)


def on_hand(item: Item) -> Decimal:
    return sum((row.quantity for row in StockLine.objects.filter(item=item)), Decimal(0))


def document(doc_type: str, item: Item, quantity: Any, **values: Any) -> Document:
    """A posted document at A-03-12."""
    warehouse = Warehouse.objects.get(code="WH01")
    return posted(doc_type, warehouse, line(item, quantity, location=place(warehouse, PLACE)), **values)
