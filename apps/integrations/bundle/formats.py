"""The files of a bundle: their columns, natural keys and order. The page of formats, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from apps.catalog.enums import Tracking
from apps.counts.enums import CountMode, CountState, EntryMethod
from apps.integrations.bundle import cells
from apps.integrations.bundle.cells import Cells
from apps.integrations.bundle.headers import WORDS
from apps.movements.enums import DocumentStatus, DocumentType
from apps.organizations.enums import Role


@dataclass(frozen=True)
class Column:
    """`kind` makes the reader of its cells for a time zone; `sql` is its type in the staging table.

    An optional column that is part of the key (location, lot) is never null but empty.
    """

    name: str
    sql: str
    kind: Callable[[ZoneInfo], Cells]
    required: bool = False
    in_key: bool = False


@dataclass(frozen=True)
class Format:
    """A file. In a file of `parts`, rows with one key and different values are several parts of one thing."""

    name: str
    columns: tuple[Column, ...]
    parts: bool = False
    key: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", tuple(column.name for column in self.columns if column.in_key))

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def values(self) -> list[str]:
        return [column.name for column in self.columns if not column.in_key]


def _column(sql: str, kind: type[Cells], **options: object) -> Callable[..., Column]:
    def make(name: str, *flags: str, **more: object) -> Column:
        return Column(
            name,
            sql,
            lambda zone: kind(zone=zone, words=WORDS.get(name, {}), **{**options, **more}),  # type: ignore[arg-type]
            required="required" in flags,
            in_key="key" in flags,
        )

    return make


code = _column("text", cells.Code, length=60)
text = _column("text", cells.Text, length=100)
number = _column("numeric", cells.Number)
whole = _column("bigint", cells.Whole)
moment = _column("timestamptz", cells.Moment)
choice = _column("text", cells.Choice)
flag = _column("boolean", cells.Flag)

KEY = ("key", "required")
must = "required"

FORMATS: dict[str, Format] = {
    file.name: file
    for file in (
        Format(
            "departments",
            (code("code", *KEY, length=50), text("name", must), code("manager", length=100)),
        ),
        Format(
            "staff",
            (
                code("username", *KEY, length=100),
                text("name", must),
                code("department", length=50),
                _column("text[]", cells.Roles)("roles", choices=tuple(Role.values)),
                _column("text", cells.Email, length=254)("email"),
            ),
        ),
        Format(
            "warehouses",
            (
                code("code", *KEY, length=40),
                text("name", must),
                code("department", length=50),
                code("storekeeper", length=100),
            ),
        ),
        Format(
            "locations",
            (
                code("warehouse", *KEY, length=40),
                code("code", *KEY, length=40),
                text("name"),
                text("zone", length=40),
                whole("walk_order", low=-(2**31), high=2**31 - 1),
            ),
        ),
        Format(
            "items",
            (
                code("sku", *KEY),
                text("name", must, length=200),
                text("base_unit", must, length=20),
                text("spec", length=200),
                _column("text", cells.Path, length=200)("category"),
                number("standard_cost"),
                choice("tracking", choices=tuple(Tracking.values)),
                whole("shelf_life_days"),
                _column("numeric", cells.Share)("natural_loss_rate"),
                code("barcode"),
            ),
        ),
        Format(
            "units",
            (
                code("sku", *KEY),
                text("unit", *KEY, length=20),
                number("factor", must, positive=True),
                code("barcode"),
            ),
        ),
        Format(
            "opening",
            (
                code("warehouse", *KEY, length=40),
                code("location", "key", length=40),
                code("sku", *KEY),
                code("lot", "key"),
                number("quantity", must),
                moment("as_of", must),
                number("unit_cost"),
            ),
        ),
        Format(
            "documents",
            (
                choice("doc_type", *KEY, choices=tuple(DocumentType.values)),
                code("doc_no", *KEY),
                whole("line_no", *KEY),
                choice("status", must, choices=tuple(DocumentStatus.values)),
                code("warehouse", must, length=40),
                code("sku", must),
                number("quantity", must, signed=True),
                text("unit", length=20),
                code("location", length=40),
                code("to_warehouse", length=40),
                code("to_location", length=40),
                code("lot"),
                number("unit_cost"),
                moment("occurred_at"),
                moment("recorded_at"),
                moment("posted_at"),
                code("operator", length=100),
                code("approver", length=100),
                code("department", length=50),
                text("counterparty"),
                code("source_doc_no"),
                whole("source_line_no"),
                text("external_id"),
                text("reason", length=200),
                text("note", length=500),
            ),
        ),
        Format(
            "ledger",
            (
                code("sku", *KEY),
                code("warehouse", "key", length=40),
                moment("as_of", *KEY),
                number("quantity", must, signed=True),
                number("amount", must, signed=True),
            ),
        ),
        Format(
            "counts",
            (
                code("count_no", *KEY),
                code("warehouse", must, length=40),
                moment("snapshot_at", must),
                choice("mode", choices=tuple(CountMode.values)),
                flag("blind"),
                choice("status", choices=(str(CountState.COUNTING), str(CountState.CLOSED))),
            ),
        ),
        Format(
            "count_entries",
            (
                code("count_no", *KEY),
                code("entry_no", *KEY),
                code("sku", must),
                number("quantity", must),
                code("counter", must, length=100),
                moment("counted_at", must),
                whole("round", low=1, high=100),
                code("location", length=40),
                code("lot"),
                text("unit", length=20),
                choice("method", choices=tuple(EntryMethod.values)),
                code("device"),
            ),
        ),
        Format(
            "confirmed_causes",
            (
                code("count_no", *KEY),
                code("warehouse", "key", length=40),
                code("location", "key", length=40),
                code("sku", *KEY),
                code("lot", "key"),
                code("cause", *KEY),
                number("quantity", must, signed=True),
                code("department", length=50),
                code("person", length=100),
                code("doc_no"),
            ),
            parts=True,
        ),
    )
}
"""In the order of loading: what a file names stands in a file before it, or in the database."""
