"""Lines of a count: blind for the counter, and with the five numbers as they stand.

`five_numbers` is the one place where they are defined; closing a count stores what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.core.tenancy import require_organization_id
from apps.counts.enums import CountMode
from apps.counts.models import Count, CountEntry, CountLine, CountTask

FIVE_NUMBERS = """
CROSS JOIN LATERAL (
  SELECT c.round, c.counted, c.counted_at, g.snapshot, g.moved_in, g.moved_out
  FROM (SELECT) AS one
  LEFT JOIN LATERAL (
    SELECT e.round, sum(e.base_quantity) AS counted, max(e.counted_at) AS counted_at
    FROM counts_countentry e
    WHERE e.organization_id = l.organization_id AND e.line_id = l.id AND e.voids_id IS NULL
      AND NOT EXISTS (SELECT FROM counts_countentry v
                      WHERE v.organization_id = e.organization_id AND v.voids_id = e.id)
    GROUP BY e.round ORDER BY e.round DESC LIMIT 1
  ) AS c ON true
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.quantity) FILTER (WHERE m.posted_at <= %(snapshot_at)s), 0) AS snapshot,
      coalesce(sum(m.quantity) FILTER (WHERE m.posted_at > %(snapshot_at)s AND m.quantity > 0), 0) AS moved_in,
      coalesce(-sum(m.quantity) FILTER (WHERE m.posted_at > %(snapshot_at)s AND m.quantity < 0), 0) AS moved_out
    FROM movements_ledgerentry m
    WHERE m.organization_id = l.organization_id AND m.stock_line_id = l.stock_line_id
      AND m.posted_at <= CASE WHEN %(dynamic)s THEN coalesce(c.counted_at, %(snapshot_at)s)
                         ELSE %(snapshot_at)s END
  ) AS g
) AS n
"""
"""Joined to the line, not to itself: a planner that knows nothing yet of lines just written would compare all of them
with all."""


def five_numbers(count: Count) -> tuple[str, dict[str, Any]]:
    """SQL that joins `n` (round, counted, counted_at, snapshot, moved_in, moved_out) to count line `l` of a count.

    - snapshot: what the ledger says was there at the snapshot. History that a bundle brings while the count is open
      is in it.
    - moved_in, moved_out: the ledger after the snapshot up to the line's own moment: the latest time at which its
      last round was counted (dynamic), or the snapshot itself (static: nothing). Equal times count as before.
    - counted: the sum of the last round that has an entry which was not undone; null without any.
    """
    return FIVE_NUMBERS, {
        "organization": require_organization_id(),
        "count": count.pk,
        "snapshot_at": count.snapshot_at,
        "dynamic": count.mode == CountMode.DYNAMIC,
    }


class LiveLine(NamedTuple):
    """A line with its numbers; `variance` and `counted` are None as long as nobody counted it."""

    id: UUID
    stock_line_id: UUID
    warehouse: str
    location: str
    sku: str
    name: str
    lot: str
    unit: str
    round: int
    is_found: bool
    snapshot: Decimal
    moved_in: Decimal
    moved_out: Decimal
    expected: Decimal
    counted: Decimal | None
    counted_at: datetime | None
    variance: Decimal | None
    unit_cost: Decimal
    value: Decimal | None
    is_waiting: bool
    """A recount was asked for and nothing of it is in yet."""


class VarianceRow(NamedTuple):
    """A counted line as lists and files have it."""

    warehouse: str
    location: str
    sku: str
    lot: str
    book: Decimal
    counted: Decimal
    variance: Decimal
    value: Decimal


_FROM = """
  FROM counts_countline l {numbers}
  JOIN movements_stockline s ON s.organization_id = %(organization)s AND s.id = l.stock_line_id
  JOIN catalog_item i ON i.organization_id = %(organization)s AND i.id = s.item_id
  JOIN catalog_location p ON p.organization_id = %(organization)s AND p.id = s.location_id
  JOIN catalog_warehouse w ON w.organization_id = %(organization)s AND w.id = s.warehouse_id
"""

_BOOK = "(n.snapshot + n.moved_in - n.moved_out)"
_VALUE = f"round((n.counted - {_BOOK}) * l.unit_cost, 4)"

_LINE = f"""l.id, l.stock_line_id, w.code, p.code, i.sku, i.name, s.lot, i.base_unit, coalesce(n.round, l.round),
  l.is_found, n.snapshot, n.moved_in, n.moved_out, {_BOOK}, n.counted, n.counted_at, n.counted - {_BOOK}, l.unit_cost,
  {_VALUE}, coalesce(l.round > n.round, false)"""

_ROW = f"w.code, p.code, i.sku, s.lot, {_BOOK}, n.counted, n.counted - {_BOOK}, {_VALUE}"

_STORED = """
CROSS JOIN LATERAL (SELECT l.round, l.counted, l.counted_at, l.snapshot, l.moved_in, l.moved_out) AS n
"""

_ORDERS = {
    "place": "p.walk_order, p.code, i.sku, s.lot",
    "value": f"abs(n.counted - {_BOOK}) * l.unit_cost DESC NULLS LAST, p.walk_order, l.id",
}


def _rows(
    count: Count, columns: str, sort: str, *conditions: str, lines: Iterable[UUID] | None = None
) -> Iterator[Any]:
    """Rows of the count's lines, streamed from one query: stored numbers once it is closed, else as they stand."""
    if count.snapshot_at is None:
        return
    numbers, parameters = five_numbers(count)
    numbers = numbers if count.is_open else _STORED
    only = ["l.organization_id = %(organization)s", "l.count_id = %(count)s", *conditions]
    if lines is not None:
        only.append("l.id = ANY(%(lines)s)")
        parameters["lines"] = list(lines)
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} {_FROM.format(numbers=numbers)} WHERE {' AND '.join(only)} ORDER BY {_ORDERS[sort]}",
            parameters,
        )
        while rows := cursor.fetchmany(2000):
            yield from rows


def live_lines(
    count: Count,
    *,
    lines: Iterable[UUID] | None = None,
    differing: bool = False,
    counted: bool = False,
    sort: str = "place",
) -> Iterator[LiveLine]:
    """Lines with their five numbers: as stored when the count is closed, as they stand while it is open.

    `differing` keeps counted lines whose variance is not zero, `counted` those that were counted at all. `sort` is
    "place" (walking order) or "value" (largest absolute value of the variance first). One query, streamed. The
    caller asks `sees_book` first.
    """
    conditions = [f"n.counted <> {_BOOK}"] if differing else ["n.counted IS NOT NULL"] if counted else []
    return map(LiveLine._make, _rows(count, _LINE, sort, *conditions, lines=lines))


def variance_rows(count: Count, *, matching: bool = False, sort: str = "place") -> Iterator[VarianceRow]:
    """Counted lines whose variance is not zero, `matching` ones too: what lists and files hold. As `live_lines`."""
    condition = "n.counted IS NOT NULL" if matching else f"n.counted <> {_BOOK}"
    return map(VarianceRow._make, _rows(count, _ROW, sort, condition))


def _entered(**values: Any) -> Exists:
    """Something stands for the line: an entry that was not undone."""
    undone = CountEntry.objects.filter(voids=OuterRef("pk"))
    return Exists(CountEntry.objects.filter(~Exists(undone), line=OuterRef("pk"), voids__isnull=True, **values))


def lines_for_counter(task: CountTask) -> QuerySet[CountLine, dict[str, Any]]:
    """What a task's counter walks along: place, item, lot, unit, whether it was entered in this round.

    Dictionaries without any book figure, and in walking order: nothing in them depends on one.
    """
    return (
        CountLine.objects.filter(task=task)
        .annotate(is_entered=_entered(round=task.round))
        .order_by(
            "stock_line__location__walk_order",
            "stock_line__location__code",
            "stock_line__item__sku",
            "stock_line__lot",
        )
        .values(
            "id",
            "is_found",
            "is_entered",
            item_id=F("stock_line__item"),
            location_id=F("stock_line__location"),
            location=F("stock_line__location__code"),
            location_name=F("stock_line__location__name"),
            sku=F("stock_line__item__sku"),
            name=F("stock_line__item__name"),
            spec=F("stock_line__item__spec"),
            unit=F("stock_line__item__base_unit"),
            lot=F("stock_line__lot"),
        )
    )


def uncounted_lines(count: Count) -> QuerySet[CountLine]:
    """Lines for which nothing stands in any round."""
    return CountLine.objects.filter(~Q(_entered()), count=count)
