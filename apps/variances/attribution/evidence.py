"""What the engine reasons about, as plain rows: no Django, no queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property

ZERO = Decimal(0)

EFFECT = {
    "receipt": 1,
    "purchase_return": -1,
    "sales_issue": -1,
    "sales_return": 1,
    "transfer_out": -1,
    "transfer_in": 1,
    "gift_issue": -1,
    "scrap": -1,
    "material_issue": -1,
    "material_return": 1,
    "assembly_in": 1,
    "assembly_out": -1,
    "adjustment": 1,
}
"""What a posted line does to stock; other documents move none."""

PAPERS = {"delivery_note": 1, "waybill": -1, "return_note": 1}
"""Documents made where goods pass the gate, and what passing did to the stock."""

SUCCESSOR = {"delivery_note": "receipt", "waybill": "sales_issue", "return_note": "sales_return"}
"""The document by which the ledger learns of a paper."""

SOURCES = {
    "receipt": ("delivery_note", "purchase_order"),
    "delivery_note": ("purchase_order",),
    "sales_issue": ("waybill", "sales_order", "return_note"),
    "waybill": ("sales_order",),
    "sales_return": ("return_note", "sales_order", "sales_issue", "waybill"),
    "purchase_return": ("receipt", "delivery_note", "purchase_order"),
    "transfer_in": ("transfer_out",),
    "assembly_in": ("assembly_out",),
    "material_return": ("material_issue",),
    "adjustment": tuple(EFFECT),
}
"""Types that `source_doc_no` of a type may mean, likeliest first."""

LIVE = ("draft", "submitted", "approved")


@dataclass(slots=True, eq=False)
class DocumentLine:
    """A line of a document with its head; `quantity` in base units, `keyed` as it stands on the paper."""

    id: str
    document_id: str
    doc_type: str
    doc_no: str
    line_no: int
    status: str
    warehouse: str
    location: str
    to_warehouse: str
    to_location: str
    sku: str
    lot: str
    quantity: Decimal
    keyed: Decimal
    unit: str
    occurred: datetime | None
    recorded: datetime | None
    posted: datetime | None
    operator: str
    department: str
    party: str
    source_no: str
    source_line: int | None
    external: str
    reason: str
    note: str

    @property
    def effect(self) -> int:
        return EFFECT.get(self.doc_type, 0)

    @property
    def moved(self) -> Decimal:
        """What it does to the stock of its place once posted."""
        return self.effect * self.quantity

    @property
    def is_posted(self) -> bool:
        return self.status == "posted"

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def when(self) -> datetime | None:
        """The best that is known of the moment the goods moved."""
        return self.occurred or self.recorded or self.posted

    @property
    def text(self) -> str:
        return f"{self.reason} {self.note}".strip()


@dataclass(slots=True, eq=False)
class Entry:
    """What somebody counted, in one go."""

    entry_no: str
    round: int
    quantity: Decimal
    unit: str
    base: Decimal
    counter: str
    device: str
    method: str
    at: datetime


@dataclass(slots=True, eq=False)
class Earlier:
    """The last closed count of a stock line before this one."""

    count_no: str
    at: datetime
    variance: Decimal


@dataclass(slots=True, eq=False)
class Line:
    """A counted line: variance = counted − book at `cut`. `own` lines are asked for; others only help to explain."""

    id: str
    count_no: str
    warehouse: str
    location: str
    sku: str
    lot: str
    book: Decimal
    counted: Decimal
    cut: datetime
    own: bool = True
    earlier: Earlier | None = None
    entries: list[Entry] = field(default_factory=list)

    @property
    def variance(self) -> Decimal:
        return self.counted - self.book

    @property
    def since(self) -> datetime | None:
        return self.earlier.at if self.earlier else None

    @property
    def last_round(self) -> list[Entry]:
        """The entries that make up `counted`."""
        last = max((entry.round for entry in self.entries), default=0)
        return [entry for entry in self.entries if entry.round == last]


@dataclass(slots=True)
class Item:
    sku: str
    name: str
    category: str
    loss_rate: Decimal
    units: dict[str, Decimal] = field(default_factory=dict)


@dataclass
class Dossier:
    """Everything known of the counts that are explained together."""

    lines: list[Line]
    documents: list[DocumentLine]
    items: dict[str, Item]
    machines: frozenset[str] = frozenset()
    """Operators that are no people."""
    departments: dict[str, str] = field(default_factory=dict)
    """Department of each warehouse."""

    @cached_property
    def by_place(self) -> dict[tuple[str, str], list[Line]]:
        """Counted lines of an item in a warehouse."""
        found: dict[tuple[str, str], list[Line]] = defaultdict(list)
        for line in self.lines:
            found[line.warehouse, line.sku].append(line)
        return found

    @cached_property
    def by_number(self) -> dict[tuple[str, str], list[DocumentLine]]:
        found: dict[tuple[str, str], list[DocumentLine]] = defaultdict(list)
        for row in self.documents:
            found[row.doc_type, row.doc_no].append(row)
        return found

    @cached_property
    def followers(self) -> dict[tuple[str, str], list[DocumentLine]]:
        """Lines whose source is a document (by its type and number), in a stable order."""
        found: dict[tuple[str, str], list[DocumentLine]] = defaultdict(list)
        for row in self.documents:
            source = self.source_key(row)
            if source:
                found[source].append(row)
        return found

    @cached_property
    def posted_at(self) -> dict[tuple[str, str, str, str], list[DocumentLine]]:
        """Posted stock lines of a place: (warehouse, location, sku, lot)."""
        found: dict[tuple[str, str, str, str], list[DocumentLine]] = defaultdict(list)
        for row in self.documents:
            if row.is_posted and row.effect:
                found[row.warehouse, row.location, row.sku, row.lot].append(row)
        return found

    def source_key(self, row: DocumentLine) -> tuple[str, str] | None:
        """Type and number of the document that a line names as its source, as far as it is known."""
        if not row.source_no:
            return None
        for kind in SOURCES.get(row.doc_type, ()):
            if (kind, row.source_no) in self.by_number:
                return kind, row.source_no
        return None

    def source(self, row: DocumentLine) -> DocumentLine | None:
        """The line that a line was made from: by its line number, else the only one of the item."""
        key = self.source_key(row)
        if key is None:
            return None
        lines = self.by_number[key]
        if row.source_line is not None:
            return next((line for line in lines if line.line_no == row.source_line), None)
        same = [line for line in lines if line.sku == row.sku]
        return same[0] if len(same) == 1 else None

    def is_person(self, operator: str) -> bool:
        return bool(operator) and operator not in self.machines

    def placed(self, row: DocumentLine, *, target: bool = False) -> list[Line]:
        """Counted lines that a document line may be about: what it leaves open (place, lot) is left open."""
        warehouse = (row.to_warehouse or row.warehouse) if target else row.warehouse
        location = row.to_location if target else row.location
        lines = self.by_place.get((warehouse, row.sku), [])
        narrowed = [line for line in lines if not location or line.location == location]
        return [line for line in narrowed if not row.lot or line.lot == row.lot]


def within(line: Line, moment: datetime | None) -> bool:
    """Whether something that happened then may still show: after the last closed count, up to this one."""
    if moment is None or moment > line.cut:
        return False
    return line.since is None or moment > line.since


def in_time_order(rows: Iterable[DocumentLine]) -> Iterator[DocumentLine]:
    """By posting, then by key: the first is the original, what follows may repeat it."""
    return iter(
        sorted(rows, key=lambda row: (row.posted or row.recorded or row.occurred or _NEVER, row.doc_no, row.line_no))
    )


_NEVER = datetime.max.replace(tzinfo=UTC)
