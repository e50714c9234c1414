"""Documents and stock for tests, made by the services. The organization's system member writes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from apps.catalog.models import Item, Location, Warehouse
from apps.movements.models import Document
from apps.movements.services import LineDraft, OpeningDraft, create_document, open_stock, post_document
from apps.organizations.selectors import system_member

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """at("2023-12-31T23:59:59") in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def line(item: Item, quantity: Decimal | int | str, **values: Any) -> LineDraft:
    return LineDraft(item=item, quantity=Decimal(quantity), **values)


def make_document(doc_type: str, warehouse: Warehouse, *lines: LineDraft, **values: Any) -> Document:
    return create_document(doc_type, warehouse=warehouse, lines=lines, actor=system_member(), **values)


def posted(
    doc_type: str, warehouse: Warehouse, *lines: LineDraft, posted_at: datetime | None = None, **values: Any
) -> Document:
    document = make_document(doc_type, warehouse, *lines, **values)
    return post_document(document, actor=system_member(), posted_at=posted_at)


def opened(location: Location, item: Item, quantity: Decimal | int | str, as_of: datetime, lot: str = "") -> None:
    draft = OpeningDraft(item=item, location=location, quantity=Decimal(quantity), lot=lot)
    open_stock([draft], as_of=as_of, actor=system_member())
