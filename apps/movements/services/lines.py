"""The lines of a document on their way into the table: checked one by one, or taken from stock that is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.catalog.enums import Tracking
from apps.catalog.models import Item, Location, Unit
from apps.catalog.selectors import default_location, unknown_unit
from apps.core.errors import RuleViolation
from apps.core.ids import new_id
from apps.core.numbers import LIMIT, parse_decimal
from apps.core.tenancy import require_organization_id
from apps.movements.enums import DocumentType
from apps.movements.models import Document

MAX_LINES = 200_000
COPY_FROM = 500
SMALLEST = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class LineDraft:
    """A line as somebody wishes it. `unit` empty: the base unit; `location` None: the one without a code.

    `quantity` is in `unit`, positive but on adjustments; `unit_cost` is of one base unit (None: the standard cost).
    """

    item: Item
    quantity: Decimal
    unit: str = ""
    location: Location | None = None
    to_location: Location | None = None
    lot: str = ""
    unit_cost: Decimal | None = None
    source_doc_no: str = ""
    source_line_no: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class StockMoves:
    """Lines that are rows already: a queryset of (stock line id, signed base quantity, unit cost).

    For adjustments of stock that was counted, each stock line once; tens of thousands of them never leave the
    database.
    """

    rows: QuerySet[Any, Any]


Row = tuple[Any, ...]


def checked_lines(document: Document, lines: Sequence[LineDraft]) -> list[Row]:
    """The lines as table rows, or one RuleViolation that lists every line that is wrong."""
    _require_number(len(lines))
    checker = _LineChecker(document, lines)
    rows, problems, codes = [], [], set()
    for number, draft in enumerate(lines, start=1):
        try:
            rows.append((new_id(), number, *checker.row(draft)))
        except RuleViolation as error:
            problems.append(_("Line %(number)d: %(reason)s") % {"number": number, "reason": error.message})
            codes.add(error.code)
    if problems:
        code = codes.pop() if len(codes) == 1 else "invalid_lines"
        message = problems[0]
        if len(problems) > 1:
            message = ngettext(
                "%(count)d line is wrong. %(first)s", "%(count)d lines are wrong. %(first)s", len(problems)
            ) % {"count": len(problems), "first": problems[0]}
        raise RuleViolation(code, message, rows=problems)
    return rows


def _require_number(number: int) -> None:
    if not number:
        raise RuleViolation("no_lines", _("A document needs at least one line."))
    if number > MAX_LINES:
        raise RuleViolation(
            "too_many_lines", _("A document has at most %(limit)d lines. Split it.") % {"limit": MAX_LINES}
        )


class _LineChecker:
    """Checks one line after the other without asking the database again."""

    def __init__(self, document: Document, lines: Sequence[LineDraft]) -> None:
        self.document = document
        self.organization_id = require_organization_id()
        self.home = default_location(document.warehouse)
        self.signed = document.doc_type == DocumentType.ADJUSTMENT
        named = {draft.item.pk for draft in lines if draft.unit not in ("", draft.item.base_unit)}
        self.factors: dict[tuple[UUID, str], Decimal] = {
            (item, name): factor
            for item, name, factor in Unit.objects.filter(item__in=named).values_list("item", "name", "factor")
        }

    def row(self, draft: LineDraft) -> Row:
        item, document = draft.item, self.document
        location = draft.location or self.home
        if item.organization_id != self.organization_id:
            raise RuleViolation("unknown_item", _("There is no such item."))
        if location.warehouse_id != document.warehouse_id:
            raise RuleViolation(
                "other_warehouse",
                _("location %(location)s belongs to another warehouse.") % {"location": location},
            )
        if draft.to_location is not None and (
            document.to_warehouse_id is None or draft.to_location.warehouse_id != document.to_warehouse_id
        ):
            raise RuleViolation(
                "other_warehouse",
                _("location %(location)s is not in the warehouse that the goods go to.")
                % {"location": draft.to_location},
            )
        quantity, base_quantity = self._quantity(draft)
        lot = draft.lot.strip()
        self._lot(item, lot, base_quantity)
        unit_cost = None if draft.unit_cost is None else parse_decimal(draft.unit_cost)
        if unit_cost is not None and unit_cost < 0:
            raise RuleViolation("negative_cost", _("a cost cannot be negative."))
        if len(lot) > 60 or len(draft.source_doc_no) > 60 or len(draft.note) > 500:
            raise RuleViolation("too_long", _("a lot or source number has at most 60 characters, a note 500."))
        return (
            item.pk,
            location.pk,
            draft.to_location.pk if draft.to_location else None,
            lot,
            quantity,
            "" if draft.unit == item.base_unit else draft.unit,
            base_quantity,
            unit_cost,
            draft.source_doc_no.strip(),
            draft.source_line_no,
            draft.note.strip(),
        )

    def _quantity(self, draft: LineDraft) -> tuple[Decimal, Decimal]:
        item, quantity = draft.item, parse_decimal(draft.quantity)
        if quantity == 0:
            raise RuleViolation("zero_quantity", _("%(sku)s has no quantity.") % {"sku": item.sku})
        if quantity < 0 and not self.signed:
            raise RuleViolation(
                "negative_quantity",
                _("the quantity of %(sku)s is negative. Only adjustments are signed; use the opposite document.")
                % {"sku": item.sku},
            )
        factor: Decimal | None = Decimal(1)
        if draft.unit not in ("", item.base_unit):
            factor = self.factors.get((item.pk, draft.unit))
        if factor is None:
            raise unknown_unit(item, draft.unit)
        base = (quantity * factor).quantize(SMALLEST, ROUND_HALF_UP)
        if abs(base) > LIMIT or base == 0:
            raise RuleViolation(
                "number_range",
                _("the quantity of %(sku)s is out of range in base units.") % {"sku": item.sku},
            )
        return quantity, base

    @staticmethod
    def _lot(item: Item, lot: str, base_quantity: Decimal) -> None:
        if lot and item.tracking == Tracking.NONE:
            raise RuleViolation(
                "item_not_tracked",
                _("%(sku)s is not tracked by lot, so leave the lot empty.") % {"sku": item.sku},
            )
        if lot and item.tracking == Tracking.SERIAL and abs(base_quantity) != 1:
            raise RuleViolation(
                "serial_quantity",
                _("%(sku)s has serial numbers: one line and quantity 1 for each.") % {"sku": item.sku},
            )


COLUMNS = (
    ("id", "uuid"),
    ("line_no", "int"),
    ("item_id", "uuid"),
    ("location_id", "uuid"),
    ("to_location_id", "uuid"),
    ("lot", "text"),
    ("quantity", "numeric"),
    ("unit", "text"),
    ("base_quantity", "numeric"),
    ("unit_cost", "numeric"),
    ("source_doc_no", "text"),
    ("source_line_no", "int"),
    ("note", "text"),
)


def insert_lines(document: Document, rows: list[Row]) -> int:
    """All lines in one statement. COPY is closed to tables with row-level security, so many lines are copied to a
    temporary table first, which is faster than sending them as parameters."""
    _hold_places({place for row in rows for place in row[3:5] if place})
    names = ", ".join(name for name, _kind in COLUMNS)
    parameters: list[Any] = [require_organization_id(), document.pk]
    with connection.cursor() as cursor:
        if len(rows) > COPY_FROM:
            columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
            cursor.execute(f"CREATE TEMPORARY TABLE new_lines ({columns}) ON COMMIT DROP")
            with cursor.copy("COPY new_lines FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            source = "new_lines"
        else:
            source = "unnest(" + ", ".join(f"%s::{kind}[]" for _name, kind in COLUMNS) + ")"
            parameters += [list(column) for column in zip(*rows, strict=True)]
        cursor.execute(
            f"INSERT INTO movements_documentline (organization_id, document_id, {names})"
            f" SELECT %s, %s, * FROM {source}",
            parameters,
        )
        if len(rows) > COPY_FROM:
            cursor.execute("DROP TABLE new_lines")
    return len(rows)


def _hold_places(locations: set[UUID]) -> None:
    """In the order of their ids, as the whole: the lines would take them one by one, and wait in a circle with a
    count that locks its places."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT id FROM catalog_location WHERE organization_id = %s AND id = ANY(%s)"
            " ORDER BY id FOR KEY SHARE) AS held",
            [require_organization_id(), list(locations)],
        )


def insert_moves(document: Document, moves: StockMoves) -> int:
    """As `insert_lines`, in the order of places and items; the caller has locked the stock.

    Raises ValueError where a row is no move of this document: stock of another warehouse, or no quantity.
    """
    if document.doc_type != DocumentType.ADJUSTMENT:
        raise ValueError("only an adjustment is signed")
    sql, parameters = moves.rows.order_by().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({sql}) AS m", parameters)
        wanted = cursor.fetchone()[0]
        _require_number(wanted)
        cursor.execute(
            _INSERT_MOVES.format(moves=sql),
            [document.pk, *parameters, require_organization_id(), document.warehouse_id],
        )
        if cursor.rowcount != wanted:
            raise ValueError("a move is of another warehouse or has no quantity")
    return wanted


_INSERT_MOVES = """
    INSERT INTO movements_documentline (id, organization_id, document_id, line_no, item_id, location_id, lot,
        quantity, unit, base_quantity, unit_cost, source_doc_no, note)
    SELECT stockcheck_uuid7(), s.organization_id, %s, row_number() OVER (ORDER BY p.walk_order, p.code, i.sku, s.lot),
        s.item_id, s.location_id, s.lot, m.quantity, '', m.quantity, m.unit_cost, '', ''
    FROM ({moves}) AS m (stock_line_id, quantity, unit_cost)
    JOIN movements_stockline s ON s.organization_id = %s AND s.id = m.stock_line_id
    JOIN catalog_location p ON p.organization_id = s.organization_id AND p.id = s.location_id
    JOIN catalog_item i ON i.organization_id = s.organization_id AND i.id = s.item_id
    WHERE s.warehouse_id = %s AND m.quantity <> 0
"""
