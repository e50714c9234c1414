"""Three-way reconciliation: the finance book (账面), the system, the shelf (实物), per item and warehouse at a moment.

Two differences, kept apart. 账账: system − finance, two books that should say the same. 账实: shelf − system, what the
last closed count left after the corrections since. The shelf at the moment is what was counted, carried forward by the
goods that moved since; where nobody has counted, it is unknown, not zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from apps.core.tenancy import require_organization_id
from apps.movements.enums import EFFECT, DocumentStatus
from apps.movements.models import DocumentLine, FinanceBalance
from apps.movements.selectors import hidden_location_ids, visible_document_lines
from apps.organizations.models import Member

ZERO = Decimal(0)
SORTS = {
    "item": "sku, warehouse",
    "books": "abs(books_value) DESC, sku, warehouse",
    "shelf": "abs(shelf_value) DESC NULLS LAST, sku, warehouse",
    "finance": "finance_amount DESC, sku, warehouse",
}
SHOWS = {
    "": "books <> 0 OR shelf <> 0",
    "books": "books <> 0",
    "shelf": "shelf <> 0",
    "uncounted": "shelf IS NULL",
    "all": "true",
}
GROUPS = {"category": "category", "warehouse": "warehouse_name"}


class Row(NamedTuple):
    """One item in one warehouse (None: the finance book names none, so all). Quantities in base units, values in money.

    `books` = system − finance, `shelf` = shelf − system over the places that were counted, None where none was.
    `pending` is what documents carry whose goods had moved by then and which were not posted yet: signed, and the
    reason for a difference between the books where `books` + `pending` = 0.
    """

    item_id: UUID
    sku: str
    name: str
    unit: str
    category: str | None
    warehouse_id: UUID | None
    warehouse: str | None
    warehouse_name: str | None
    finance: Decimal
    finance_amount: Decimal
    in_finance: bool
    system: Decimal
    system_value: Decimal
    physical: Decimal | None
    physical_value: Decimal | None
    books: Decimal
    books_value: Decimal
    shelf: Decimal | None
    shelf_value: Decimal | None
    counted_at: datetime | None
    places: int
    counted_places: int
    pending: Decimal
    pending_documents: int

    @property
    def explained(self) -> bool:
        return self.books != 0 and self.books + self.pending == 0


class Total(NamedTuple):
    """Sums of values over rows; `name` of the group, None for all of them."""

    name: str | None
    rows: int
    finance: Decimal
    system: Decimal
    physical: Decimal | None
    books: Decimal
    books_size: Decimal
    books_rows: int
    shelf: Decimal | None
    shelf_size: Decimal | None
    shelf_rows: int
    uncounted: int


@dataclass(frozen=True)
class Wanted:
    """Which rows: the moment, and what they are narrowed and ordered by. `show` is a key of SHOWS."""

    as_of: datetime
    text: str = ""
    warehouse: UUID | None = None
    category: str = ""
    show: str = ""
    sort: str = "books"


def finance_moments() -> list[datetime]:
    """The moments for which the finance ledger was given, latest first."""
    moments = FinanceBalance.objects.order_by("-as_of").values_list("as_of", flat=True).distinct()
    return list(moments[:60])


def reconciliation(
    wanted: Wanted, *, member: Member, offset: int = 0, limit: int | None = None
) -> tuple[list[Row], Total, bool]:
    """(rows, their total, whether rows were left out because a blind count hides their places from the member)."""
    parameters = _parameters(wanted, member)
    rows = f"{_LEDGERS} SELECT * FROM judged WHERE ({SHOWS[wanted.show]}) {_NARROWED} ORDER BY {SORTS[wanted.sort]}"
    with connection.cursor() as cursor:
        cursor.execute(f"{rows} LIMIT %(limit)s OFFSET %(offset)s", {**parameters, "limit": limit, "offset": offset})
        found = [Row._make(row) for row in cursor.fetchall()]
        cursor.execute(_totals("NULL", wanted), parameters)
        total = Total._make(cursor.fetchone())
    return found, total, bool(parameters["hidden"])


def reconciliation_by(group: str, wanted: Wanted, *, member: Member) -> list[Total]:
    """The same summed per category or warehouse (`group` is a key of GROUPS), greatest difference first."""
    with connection.cursor() as cursor:
        cursor.execute(_totals(GROUPS[group], wanted), _parameters(wanted, member))
        return [Total._make(row) for row in cursor.fetchall() if row[1]]


def _parameters(wanted: Wanted, member: Member) -> dict[str, Any]:
    return {
        "organization": require_organization_id(),
        "as_of": wanted.as_of,
        "hidden": list(hidden_location_ids(member)),
        "text": f"%{wanted.text.strip()}%" if wanted.text.strip() else None,
        "warehouse": wanted.warehouse,
        "category": wanted.category or None,
        "below": f"{wanted.category}/%" if wanted.category else None,
        "plus": [doc_type for doc_type, effect in EFFECT.items() if effect > 0],
        "moving": list(EFFECT),
    }


def _totals(group: str, wanted: Wanted) -> str:
    by = "" if group == "NULL" else f"GROUP BY {group}"
    return f"""{_LEDGERS}
        SELECT {group}, count(*), coalesce(sum(finance_amount), 0), coalesce(sum(system_value), 0),
            sum(physical_value), coalesce(sum(books_value), 0), coalesce(sum(abs(books_value)), 0),
            count(*) FILTER (WHERE books <> 0), sum(shelf_value), sum(abs(shelf_value)),
            count(*) FILTER (WHERE shelf <> 0), count(*) FILTER (WHERE shelf IS NULL)
        FROM judged WHERE ({SHOWS[wanted.show]}) {_NARROWED} {by} ORDER BY 7 DESC"""


def open_documents(
    rows: Iterable[tuple[UUID, UUID | None]], as_of: datetime, *, member: Member
) -> QuerySet[DocumentLine]:
    """Lines that explain a difference between the books: goods had moved by `as_of`, the posting came later or is
    still to come. For these (item, warehouse) pairs; warehouse None means all."""
    pairs = Q(pk__in=[])
    for item, warehouse in rows:
        pairs |= Q(item=item) if warehouse is None else Q(item=item, document__warehouse=warehouse)
    return (
        visible_document_lines(member)
        .select_related("item", "location", "to_location", "document__warehouse", "document__department")
        .filter(pairs, document__doc_type__in=list(EFFECT), document__reverses__isnull=True)
        .exclude(document__status=DocumentStatus.CANCELLED)
        .filter(
            Q(document__occurred_at__lte=as_of)
            | Q(document__occurred_at__isnull=True, document__recorded_at__lte=as_of)
        )
        .filter(Q(document__posted_at__isnull=True) | Q(document__posted_at__gt=as_of))
        .order_by("document__occurred_at", "document__doc_no", "line_no")
    )


_NARROWED = """
    AND (%(text)s::text IS NULL OR sku ILIKE %(text)s OR name ILIKE %(text)s)
    AND (%(warehouse)s::uuid IS NULL OR warehouse_id = %(warehouse)s)
    AND (%(category)s::text IS NULL OR category = %(category)s OR category LIKE %(below)s)
"""
# `whole`: items for which the finance book names no warehouse; their lines count together
_LEDGERS = """
    WITH finance AS MATERIALIZED (
        SELECT item_id, warehouse_id, quantity, amount FROM movements_financebalance
        WHERE organization_id = %(organization)s AND as_of = %(as_of)s
    ),
    whole AS MATERIALIZED (SELECT DISTINCT item_id FROM finance WHERE warehouse_id IS NULL),
    line AS MATERIALIZED (
        SELECT s.id, s.item_id, CASE WHEN w.item_id IS NULL THEN s.warehouse_id END AS warehouse_id,
            s.location_id = ANY(%(hidden)s::uuid[]) AS hidden
        FROM movements_stockline s LEFT JOIN whole w ON w.item_id = s.item_id
        WHERE s.organization_id = %(organization)s
    ),
    booked AS MATERIALIZED (
        SELECT stock_line_id, sum(quantity) AS quantity FROM movements_ledgerentry
        WHERE organization_id = %(organization)s AND posted_at <= %(as_of)s GROUP BY 1
    ),
    counted AS MATERIALIZED (
        SELECT DISTINCT ON (l.stock_line_id) l.stock_line_id, l.counted, l.expected,
            CASE c.mode WHEN 'static' THEN c.snapshot_at ELSE l.counted_at END AS moment
        FROM counts_count c
        JOIN counts_countline l ON l.organization_id = c.organization_id AND l.count_id = c.id
        WHERE c.organization_id = %(organization)s AND c.state = 'closed' AND l.counted IS NOT NULL
          AND CASE c.mode WHEN 'static' THEN c.snapshot_at ELSE l.counted_at END <= %(as_of)s
        ORDER BY l.stock_line_id, moment DESC, c.id DESC
    ),
    corrected AS MATERIALIZED (
        SELECT k.stock_line_id, sum(e.quantity) AS quantity
        FROM movements_document d
        JOIN movements_documentline l ON l.organization_id = d.organization_id AND l.document_id = d.id
        JOIN movements_ledgerentry e ON e.organization_id = l.organization_id AND e.line_id = l.id
        JOIN counted k ON k.stock_line_id = e.stock_line_id AND e.posted_at > k.moment
        WHERE d.organization_id = %(organization)s AND d.doc_type = 'adjustment' AND e.posted_at <= %(as_of)s
        GROUP BY 1
    ),
    place AS MATERIALIZED (
        SELECT n.item_id, n.warehouse_id, coalesce(sum(b.quantity), 0) AS system,
            sum(k.counted - k.expected - coalesce(c.quantity, 0)) AS shelf, max(k.moment) AS counted_at,
            count(*) FILTER (WHERE b.quantity <> 0 OR k.counted <> 0) AS places,
            count(k.stock_line_id) FILTER (WHERE b.quantity <> 0 OR k.counted <> 0) AS counted_places,
            bool_or(n.hidden) AS hidden
        FROM line n
        LEFT JOIN booked b ON b.stock_line_id = n.id
        LEFT JOIN counted k ON k.stock_line_id = n.id
        LEFT JOIN corrected c ON c.stock_line_id = n.id
        GROUP BY 1, 2
    ),
    waiting AS MATERIALIZED (
        SELECT l.item_id, CASE WHEN w.item_id IS NULL THEN d.warehouse_id END AS warehouse_id,
            sum(CASE WHEN d.doc_type = ANY(%(plus)s) THEN l.base_quantity ELSE -l.base_quantity END) AS quantity,
            count(DISTINCT d.id) AS documents
        FROM movements_document d
        JOIN movements_documentline l ON l.organization_id = d.organization_id AND l.document_id = d.id
        LEFT JOIN whole w ON w.item_id = l.item_id
        WHERE d.organization_id = %(organization)s AND d.status <> 'cancelled' AND d.doc_type = ANY(%(moving)s)
          AND d.reverses_id IS NULL AND coalesce(d.occurred_at, d.recorded_at) <= %(as_of)s
          AND (d.posted_at IS NULL OR d.posted_at > %(as_of)s)
        GROUP BY 1, 2
    ),
    joined AS (
        SELECT coalesce(f.item_id, p.item_id) AS item_id, coalesce(f.warehouse_id, p.warehouse_id) AS warehouse_id,
            coalesce(f.quantity, 0) AS finance, coalesce(f.amount, 0) AS finance_amount,
            f.item_id IS NOT NULL AS in_finance, coalesce(p.system, 0) AS system, p.shelf, p.counted_at,
            coalesce(p.places, 0) AS places, coalesce(p.counted_places, 0) AS counted_places,
            coalesce(p.hidden, false) AS hidden
        FROM finance f
        FULL JOIN place p ON p.item_id = f.item_id
            AND coalesce(p.warehouse_id, '00000000-0000-0000-0000-000000000000')
                = coalesce(f.warehouse_id, '00000000-0000-0000-0000-000000000000')
    ),
    judged AS (
        SELECT j.item_id, i.sku, i.name, i.base_unit, g.path AS category, j.warehouse_id, w.code AS warehouse,
            w.name AS warehouse_name, j.finance, j.finance_amount, j.in_finance, j.system,
            round(j.system * i.standard_cost, 4) AS system_value, j.system + j.shelf AS physical,
            round((j.system + j.shelf) * i.standard_cost, 4) AS physical_value, j.system - j.finance AS books,
            round(j.system * i.standard_cost, 4) - j.finance_amount AS books_value, j.shelf,
            round(j.shelf * i.standard_cost, 4) AS shelf_value, j.counted_at, j.places, j.counted_places,
            coalesce(q.quantity, 0) AS pending, coalesce(q.documents, 0) AS pending_documents
        FROM joined j
        JOIN catalog_item i ON i.organization_id = %(organization)s AND i.id = j.item_id
        LEFT JOIN catalog_category g ON g.organization_id = %(organization)s AND g.id = i.category_id
        LEFT JOIN catalog_warehouse w ON w.organization_id = %(organization)s AND w.id = j.warehouse_id
        LEFT JOIN waiting q ON q.item_id = j.item_id AND q.warehouse_id IS NOT DISTINCT FROM j.warehouse_id
        WHERE NOT j.hidden AND (j.finance <> 0 OR j.system <> 0 OR j.shelf <> 0 OR j.in_finance)
    )
"""
