"""Every line of a count as its report shows it: one pass, rows in walking order, memory bounded by the causes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from apps.counts.models import Count, CountLine
from apps.variances.models import Cause, Evidence

ZERO = Decimal(0)
CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Money as it is written: rounded to cents, halves away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Part:
    """A signed share of a variance: a confirmed cause, or (`code` empty) the unexplained rest.

    `name` is the organization's own word for the cause, empty where the built-in taxonomy has one.
    """

    code: str
    name: str
    quantity: Decimal
    value: Decimal
    department: str = ""
    note: str = ""
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    evidence: tuple[dict[str, Any], ...] = ()

    @property
    def documents(self) -> list[str]:
        """Numbers of the documents that show this cause, each once, in the order they were added."""
        return list(dict.fromkeys(shown["doc_no"] for shown in self.evidence if shown["doc_no"]))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a count: five numbers in base units, the variance (loss negative), its value, its parts.

    `counted` and `variance` are None where nobody counted. `parts` add up to variance and value exactly: cents that
    rounding leaves over belong to the largest part.
    """

    warehouse: str
    location: str
    zone: str
    category: str
    sku: str
    name: str
    unit: str
    lot: str
    found: bool
    snapshot: Decimal
    moved_in: Decimal
    moved_out: Decimal
    book: Decimal
    counted: Decimal | None
    counted_at: datetime | None
    unit_cost: Decimal
    variance: Decimal | None
    value: Decimal
    percent: Decimal | None
    verdict: str
    state: str
    variance_id: UUID | None
    parts: tuple[Part, ...] = ()

    @property
    def differs(self) -> bool:
        return bool(self.variance)

    @property
    def causes(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.code)

    @property
    def unexplained(self) -> Decimal:
        return sum((part.quantity for part in self.parts if not part.code), ZERO)

    @property
    def unexplained_value(self) -> Decimal:
        return sum((part.value for part in self.parts if not part.code), ZERO)


COLUMNS = {
    "location": "stock_line__location__code",
    "zone": "stock_line__location__zone",
    "category": "stock_line__item__category__path",
    "sku": "stock_line__item__sku",
    "name": "stock_line__item__name",
    "unit": "stock_line__item__base_unit",
    "lot": "stock_line__lot",
    "found": "is_found",
    "snapshot": "snapshot",
    "moved_in": "moved_in",
    "moved_out": "moved_out",
    "book": "expected",
    "counted": "counted",
    "counted_at": "counted_at",
    "unit_cost": "unit_cost",
    "variance": "variance",
    "value": "variance_row__value",
    "percent": "variance_row__percent",
    "verdict": "variance_row__verdict",
    "state": "variance_row__state",
    "variance_id": "variance_row__id",
}
"""Field of a line → column of the count line."""


def report_lines(count: Count) -> Iterator[Line]:
    """Every line of a count, matching and uncounted ones too, in walking order."""
    causes = _causes(count)
    rows = (
        CountLine.objects.filter(count=count)
        .order_by(
            "stock_line__location__walk_order",
            "stock_line__location__code",
            "stock_line__item__sku",
            "stock_line__lot",
            "id",
        )
        .values_list(*COLUMNS.values())
    )
    warehouse = count.warehouse.name
    for row in rows.iterator(chunk_size=5000):
        fields: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
        for name in ("category", "verdict", "state"):
            fields[name] = fields[name] or ""
        fields["value"] = fields["value"] or ZERO
        parts = _parts(
            fields["variance"] or ZERO, fields["value"], fields["unit_cost"], causes.get(fields["variance_id"], ())
        )
        yield Line(warehouse=warehouse, parts=parts, **fields)


def _parts(variance: Decimal, value: Decimal, unit_cost: Decimal, causes: Iterable[dict[str, Any]]) -> tuple[Part, ...]:
    """Causes, then the rest if there is one; their values add up to the variance's value."""
    if not variance:
        return ()
    shares: list[tuple[dict[str, Any], Decimal]] = [(cause, cause["quantity"]) for cause in causes]
    rest = variance - sum((quantity for _cause, quantity in shares), ZERO)
    if rest:
        shares.append(({"code": "", "name": ""}, rest))
    amounts = [cents(quantity * unit_cost) for _cause, quantity in shares]
    largest = max(range(len(shares)), key=lambda index: abs(amounts[index]))
    amounts[largest] += value - sum(amounts, ZERO)
    return tuple(
        Part(**{**cause, "quantity": quantity, "value": amount})
        for (cause, quantity), amount in zip(shares, amounts, strict=True)
    )


def _causes(count: Count) -> dict[UUID, list[dict[str, Any]]]:
    evidence = _evidence(count)
    causes: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    rows = (
        Cause.objects.filter(variance__count=count)
        .order_by("variance", "confirmed_at", "id")
        .values_list(
            "variance_id",
            "id",
            "cause_type__code",
            "cause_type__name",
            "quantity",
            "department__name",
            "note",
            "confirmed_by__name",
            "confirmed_at",
        )
    )
    for variance_id, key, code, name, quantity, department, note, confirmed_by, confirmed_at in rows.iterator():
        causes[variance_id].append(
            {
                "code": code,
                "name": name,
                "quantity": quantity,
                "department": department or "",
                "note": note,
                "confirmed_by": confirmed_by,
                "confirmed_at": confirmed_at,
                "evidence": tuple(evidence.get(key, ())),
            }
        )
    return causes


def _evidence(count: Count) -> dict[UUID, list[dict[str, Any]]]:
    shown: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    rows = (
        Evidence.objects.filter(variance__count=count, cause__isnull=False)
        .order_by("cause", "added_at", "id")
        .values_list(
            "cause_id",
            "kind",
            "document_line__document__doc_type",
            "document_line__document__doc_no",
            "document_line__line_no",
            "count_entry__entry_no",
            "file_name",
            "note",
        )
    )
    for cause_id, kind, doc_type, doc_no, line_no, entry_no, file_name, note in rows.iterator():
        shown[cause_id].append(
            {
                "kind": kind,
                "doc_type": doc_type or "",
                "doc_no": doc_no or "",
                "line_no": line_no,
                "entry_no": entry_no or "",
                "file_name": file_name,
                "note": note,
            }
        )
    return shown
