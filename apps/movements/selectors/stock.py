"""Reads of stock, ledger and documents. What a member may not see now is left out here, for every edge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import (
    Count,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from apps.catalog.models import Item
from apps.core.numbers import QuantityField
from apps.core.tenancy import require_organization_id
from apps.movements.enums import EFFECT
from apps.movements.models import Document, DocumentLine, LedgerEntry, StockLine
from apps.movements.signals import hidden_locations
from apps.organizations.models import Member

ZERO = Decimal(0)
NEIGHBOURS = 100


# What a member may see


def hidden_location_ids(member: Member) -> set[UUID]:
    """Locations where a blind count is running that this member must not look through."""
    answers = hidden_locations.send(sender=Member, member=member)
    return {location_id for _receiver, ids in answers for location_id in ids or ()}


def visible_stock_lines(member: Member, *, hidden: set[UUID] | None = None) -> QuerySet[StockLine]:
    """Stock lines whose quantities the member may see now. `hidden`: what `hidden_location_ids` already answered."""
    hidden = hidden_location_ids(member) if hidden is None else hidden
    return StockLine.objects.exclude(location__in=hidden) if hidden else StockLine.objects.all()


def visible_entries(member: Member) -> QuerySet[LedgerEntry]:
    """Ledger entries of stock that the member may see now."""
    hidden = hidden_location_ids(member)
    entries = LedgerEntry.objects.exclude(stock_line__location__in=hidden) if hidden else LedgerEntry.objects.all()
    return entries.select_related("line__document", "stock_line__item", "stock_line__location", "stock_line__warehouse")


def visible_document_lines(member: Member, *, hidden: set[UUID] | None = None) -> QuerySet[DocumentLine]:
    """Document lines at places that the member may look through; heads carry no quantities and stay."""
    hidden = hidden_location_ids(member) if hidden is None else hidden
    lines = DocumentLine.objects.select_related("item", "location", "to_location")
    return lines.exclude(Q(location__in=hidden) | Q(to_location__in=hidden)) if hidden else lines


def documents() -> QuerySet[Document]:
    """Documents with everything that a list shows: `line_count`, and `happened_at`, when the goods moved or, where
    that is not known, when it was keyed."""
    lines = DocumentLine.objects.filter(document=OuterRef("pk")).order_by().values("document")
    return Document.objects.select_related(
        "warehouse", "to_warehouse", "operator", "approver", "department", "reverses"
    ).annotate(
        line_count=Coalesce(Subquery(lines.annotate(n=Count("pk")).values("n")), 0),
        happened_at=Coalesce("occurred_at", "recorded_at", "created_at"),
    )


# Stock


def _named(lines: QuerySet[StockLine] | None) -> QuerySet[StockLine]:
    lines = StockLine.objects.all() if lines is None else lines
    return lines.select_related("warehouse", "location", "item__category")


def _valued(lines: QuerySet[StockLine]) -> QuerySet[StockLine]:
    product = DecimalField(max_digits=36, decimal_places=8)
    value = ExpressionWrapper(F("on_hand") * F("item__standard_cost"), output_field=product)
    return lines.annotate(value=value)


def stock_now(lines: QuerySet[StockLine] | None = None) -> QuerySet[StockLine]:
    """Stock lines with `on_hand` (the ledger's balance) and `value` at standard cost; `lines` narrows them."""
    return _valued(_named(lines).annotate(on_hand=F("quantity")))


def _cut(as_of: datetime, known_at: datetime | None) -> Q:
    """Entries that make up stock at a moment: the book's (posted by then), or, as known at another moment, what
    had moved by then."""
    if known_at is None:
        return Q(posted_at__lte=as_of)
    return Q(occurred_at__lte=as_of, posted_at__lte=known_at)


def stock_at(
    as_of: datetime, known_at: datetime | None = None, lines: QuerySet[StockLine] | None = None
) -> QuerySet[StockLine]:
    """Stock lines with `on_hand` and `value` at a past moment, for pages (each line is summed when it is read).

    Without `known_at` this is the book: entries posted up to `as_of`. With it: what had moved by `as_of`, as far as
    it was posted by `known_at`.
    """
    entries = LedgerEntry.objects.filter(_cut(as_of, known_at), stock_line=OuterRef("pk")).order_by()
    total = entries.values("stock_line").annotate(total=Sum("quantity")).values("total")
    quantity = Coalesce(Subquery(total, output_field=QuantityField()), Value(ZERO, output_field=QuantityField()))
    return _valued(_named(lines).annotate(on_hand=quantity))


def book_at(stock_lines: Iterable[UUID] | QuerySet[StockLine], moment: datetime) -> dict[UUID, Decimal]:
    """{stock line id: book quantity at `moment`}, every asked line included, in one query.

    To cut a book that nobody can change behind it, lock the stock lines first: postings read their time only when
    they hold them.
    """
    if isinstance(stock_lines, QuerySet):
        stock_lines = stock_lines.values_list("pk", flat=True)
    books = dict.fromkeys(stock_lines, ZERO)
    entries = LedgerEntry.objects.filter(stock_line__in=list(books), posted_at__lte=moment)
    books.update(entries.order_by().values_list("stock_line").annotate(Sum("quantity")))
    return books


class StockRow(NamedTuple):
    warehouse: str
    location: str
    sku: str
    lot: str
    quantity: Decimal
    value: Decimal


def stock_rows(as_of: datetime | None = None, known_at: datetime | None = None) -> Iterator[StockRow]:
    """All stock that is not zero, for files and commands: one statement, ordered by warehouse, location, sku, lot.

    `as_of` None means now, from the balances. Value is quantity × standard cost, to 4 decimal places.
    """
    cut = ""
    if known_at is not None:
        cut = "occurred_at <= coalesce(%(as_of)s, now()) AND posted_at <= %(known_at)s"
    elif as_of is not None:
        cut = "posted_at <= %(as_of)s"
    sql = _ROWS.format(quantity="e.quantity", source=_SUMS.format(cut=cut)) if cut else _ROWS.format(**_BALANCES)
    with connection.cursor() as cursor:
        parameters: dict[str, Any] = {"organization": require_organization_id(), "as_of": as_of, "known_at": known_at}
        cursor.execute(sql, parameters)
        yield from map(StockRow._make, cursor)


_BALANCES = {"quantity": "s.quantity", "source": ""}
_SUMS = """
    JOIN (
        SELECT stock_line_id, sum(quantity) AS quantity FROM movements_ledgerentry
        WHERE organization_id = %(organization)s AND {cut} GROUP BY stock_line_id
    ) e ON e.stock_line_id = s.id
"""
_ROWS = """
    SELECT w.code, p.code, i.sku, s.lot, {quantity}, round({quantity} * i.standard_cost, 4)
    FROM movements_stockline s {source}
    JOIN catalog_warehouse w ON w.id = s.warehouse_id
    JOIN catalog_location p ON p.id = s.location_id
    JOIN catalog_item i ON i.id = s.item_id
    WHERE s.organization_id = %(organization)s AND {quantity} <> 0
    ORDER BY w.code, p.code, i.sku, s.lot
"""


def negative_stock(lines: QuerySet[StockLine] | None = None) -> QuerySet[StockLine]:
    """Where postings lag behind goods, or something is wrong: the book is below zero."""
    return stock_now(lines).filter(quantity__lt=0)


@dataclass(frozen=True, slots=True)
class CardRow:
    """One movement of an item, and what was on hand after it at all places the reader may see."""

    entry: LedgerEntry
    balance: Decimal


def stock_card(member: Member, item: Item, *, offset: int = 0, limit: int = 50) -> list[CardRow]:
    """The item's movements, newest first, with the running balance; three queries whatever its history."""
    entries = visible_entries(member).filter(stock_line__item=item).order_by("-posted_at", "-id")
    total = visible_stock_lines(member).filter(item=item).aggregate(total=Sum("quantity"))["total"] or ZERO
    if offset:
        newer = entries.values("pk")[:offset]
        total -= LedgerEntry.objects.filter(pk__in=newer).aggregate(total=Sum("quantity"))["total"] or ZERO
    card = []
    for entry in entries[offset : offset + limit]:
        card.append(CardRow(entry, total))
        total -= entry.quantity
    return card


# Chains and checks


def with_reversal(rows: QuerySet[Document]) -> QuerySet[Document]:
    """Documents with `reversal_id` and `reversal_no` of the document that reverses each, None where none does."""
    reversals = Document.objects.filter(reverses=OuterRef("pk"))
    return rows.annotate(reversal_id=Subquery(reversals.values("pk")), reversal_no=Subquery(reversals.values("doc_no")))


def neighbours(document: Document) -> tuple[list[Document], list[Document]]:
    """(documents that this one's lines name as their source, documents whose lines name this one), by number."""
    numbers = document.lines.exclude(source_doc_no="").values("source_doc_no")
    naming = DocumentLine.objects.filter(source_doc_no=document.doc_no).values("document")
    found = (
        documents()
        .filter(Q(doc_no__in=numbers) | Q(pk__in=naming))
        .annotate(names_it=Exists(DocumentLine.objects.filter(document=OuterRef("pk"), source_doc_no=document.doc_no)))
        .exclude(pk=document.pk)
        .order_by("names_it", "doc_type", "doc_no")[:NEIGHBOURS]
    )
    rows = list(found)
    return [row for row in rows if not row.names_it], [row for row in rows if row.names_it]


def verify_balances() -> list[str]:
    """Re-derive every balance and posting of the active organization; returns what is wrong, one line each.

    Stock line = sum of its ledger entries; entry = its posted document line with the type's sign; every posted line
    has its entry unless the opening of its stock line contains it; a reversal is the opposite of what it reverses.
    """
    parameters: dict[str, Any] = {
        "organization": require_organization_id(),
        "plus": [doc_type for doc_type, effect in EFFECT.items() if effect > 0],
        "moving": list(EFFECT),
    }
    checks = (
        (_WRONG_BALANCE, _("Stock %(what)s: the balance %(found)s is not the sum of its ledger, %(due)s.")),
        (_WRONG_ENTRY, _("Ledger of %(what)s: the entry says %(found)s, the document says %(due)s.")),
        (_MISSING_ENTRY, _("Ledger of %(what)s: the posted line of %(due)s has no entry.")),
        (_WRONG_REVERSAL, _("Ledger of %(what)s: the reversal %(found)s does not undo %(due)s.")),
    )
    problems = []
    with connection.cursor() as cursor:
        for sql, message in checks:
            cursor.execute(sql, parameters)
            for what, found, due in cursor.fetchall():
                problems.append(message % {"what": what, "found": found, "due": due})
    return problems


_WRONG_BALANCE = """
    SELECT concat_ws(' · ', i.sku, w.code, nullif(p.code, ''), nullif(s.lot, '')), s.quantity, coalesce(e.total, 0)
    FROM movements_stockline s
    LEFT JOIN (SELECT stock_line_id, sum(quantity) AS total FROM movements_ledgerentry
               WHERE organization_id = %(organization)s GROUP BY 1) e ON e.stock_line_id = s.id
    JOIN catalog_item i ON i.id = s.item_id
    JOIN catalog_warehouse w ON w.id = s.warehouse_id
    JOIN catalog_location p ON p.id = s.location_id
    WHERE s.organization_id = %(organization)s
      AND (s.quantity <> coalesce(e.total, 0) OR p.warehouse_id <> s.warehouse_id)
    ORDER BY 1
"""
_DUE = "CASE WHEN d.doc_type = ANY(%(plus)s) THEN l.base_quantity ELSE -l.base_quantity END"
_WRONG_ENTRY = f"""
    SELECT d.doc_no || '/' || l.line_no, e.quantity, {_DUE}
    FROM movements_ledgerentry e
    JOIN movements_documentline l ON l.id = e.line_id
    JOIN movements_document d ON d.id = l.document_id
    JOIN movements_stockline s ON s.id = e.stock_line_id
    WHERE e.organization_id = %(organization)s AND e.kind = 'posting'
      AND (d.status <> 'posted' OR e.quantity <> {_DUE} OR d.doc_type <> ALL(%(moving)s)
           OR (s.location_id, s.item_id, s.lot) <> (l.location_id, l.item_id, l.lot))
    ORDER BY 1
"""
_MISSING_ENTRY = f"""
    SELECT d.doc_no || '/' || l.line_no, NULL, {_DUE}
    FROM movements_document d
    JOIN movements_documentline l ON l.document_id = d.id
    WHERE d.organization_id = %(organization)s AND l.organization_id = %(organization)s
      AND d.status = 'posted' AND d.doc_type = ANY(%(moving)s) AND l.base_quantity <> 0
      AND NOT EXISTS (SELECT FROM movements_ledgerentry e
                      WHERE e.organization_id = l.organization_id AND e.line_id = l.id)
      AND NOT EXISTS (SELECT FROM movements_stockline s
                      JOIN movements_ledgerentry o ON o.stock_line_id = s.id AND o.organization_id = s.organization_id
                      WHERE s.organization_id = l.organization_id AND s.location_id = l.location_id
                        AND s.item_id = l.item_id AND s.lot = l.lot
                        AND o.kind = 'opening' AND o.posted_at >= d.posted_at)
    ORDER BY 1
"""
_WRONG_REVERSAL = """
    SELECT concat_ws(' · ', i.sku, nullif(s.lot, '')), r.quantity, e.quantity
    FROM movements_ledgerentry r
    JOIN movements_ledgerentry e ON e.id = r.reverses_id
    JOIN movements_stockline s ON s.id = r.stock_line_id
    JOIN catalog_item i ON i.id = s.item_id
    WHERE r.organization_id = %(organization)s AND r.kind = 'reversal'
      AND (r.quantity <> -e.quantity OR r.stock_line_id <> e.stock_line_id)
    ORDER BY 1
"""
