"""Small dossiers by hand: a warehouse, its documents and one count, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.variances.attribution.evidence import DocumentLine, Dossier, Earlier, Entry, Item, Line

COUNTED = datetime(2026, 6, 30, 18, tzinfo=UTC)


def day(number: float) -> datetime:
    """So many days before the count; negative after it."""
    return COUNTED - timedelta(days=number)


def line(sku: str, book: int | str, counted: int | str, *, location: str = "A-01", **other: Any) -> Line:
    values: dict[str, Any] = {"count_no": "PD-1", "warehouse": "W1", "lot": "", "cut": COUNTED} | other
    name = f"{values['warehouse']} {location} {sku} {values['lot']}"
    return Line(name, location=location, sku=sku, book=Decimal(book), counted=Decimal(counted), **values)


def document(doc_type: str, doc_no: str, sku: str, quantity: int | str, **other: Any) -> DocumentLine:
    """A posted document line of five days before the count, unless said otherwise."""
    values: dict[str, Any] = {
        "line_no": 1,
        "status": "posted",
        "warehouse": "W1",
        "location": "A-01",
        "to_warehouse": "",
        "to_location": "",
        "lot": "",
        "unit": "",
        "occurred": day(5),
        "recorded": day(4.9),
        "operator": "li",
        "department": "D1",
        "party": "",
        "source_no": "",
        "source_line": None,
        "external": "",
        "reason": "",
        "note": "",
    } | other
    values.setdefault("keyed", Decimal(quantity))
    values.setdefault("posted", day(4.8) if values["status"] == "posted" else None)
    if values["source_no"] and values["source_line"] is None:
        values["source_line"] = 1
    return DocumentLine(
        f"{doc_type} {doc_no} {values['line_no']}",
        doc_no,
        doc_type=doc_type,
        doc_no=doc_no,
        sku=sku,
        quantity=Decimal(quantity),
        **values,
    )


def entry(number: str, quantity: int, *, base: int | None = None, **other: Any) -> Entry:
    values: dict[str, Any] = {"round": 1, "unit": "", "counter": "wang", "device": "", "method": "keyed", "at": COUNTED}
    return Entry(number, quantity=Decimal(quantity), base=Decimal(quantity if base is None else base), **values | other)


def before(variance: int = 0, *, days: float = 30) -> Earlier:
    return Earlier("PD-0", day(days), Decimal(variance))


def dossier(lines: list[Line], documents: list[DocumentLine] | None = None, **other: Any) -> Dossier:
    names = other.pop("names", {})
    items = {
        one.sku: Item(
            one.sku, names.get(one.sku, one.sku), "", Decimal(other.get("loss_rate", 0)), other.get("units", {})
        )
        for one in lines
    }
    return Dossier(lines, documents or [], items, machines=frozenset(other.get("machines", ())))
