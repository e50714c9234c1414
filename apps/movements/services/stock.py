"""Stock lines and opening stock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.catalog.enums import Tracking
from apps.catalog.models import Item, Location
from apps.core.errors import RuleViolation
from apps.core.numbers import parse_decimal
from apps.core.permissions import require
from apps.core.tenancy import require_organization_id
from apps.movements.models import StockLine
from apps.organizations.models import Member


@dataclass(frozen=True, slots=True)
class OpeningDraft:
    """What was there at a moment, in base units. Zero says something too: nothing was there.

    `as_of` and `unit_cost` None: what the call says, and the item's standard cost.
    """

    item: Item
    location: Location
    quantity: Decimal
    lot: str = ""
    unit_cost: Decimal | None = None
    as_of: datetime | None = None


def stock_line(location: Location, item: Item, lot: str = "") -> StockLine:
    """The row that stands for this stock, made at quantity 0 if there is none. Safe when two ask at once."""
    found = StockLine.objects.filter(location=location, item=item, lot=lot).first()
    if found is None:
        StockLine.objects.bulk_create(
            [StockLine(warehouse_id=location.warehouse_id, location=location, item=item, lot=lot)],
            ignore_conflicts=True,
        )
        found = StockLine.objects.get(location=location, item=item, lot=lot)
    return found


def lock_stock(stock_lines: QuerySet[Any, Any]) -> None:
    """Hold the places of stock lines and lock the lines (a queryset of ids), until the transaction ends.

    Whoever moves stock or copies its book locks in this one order, so that nobody waits in a circle: documents,
    places by id (shared), stock lines by id. What somebody else is posting to these lines is finished after it.
    """
    ids, parameters = stock_lines.order_by().query.sql_with_params()
    organization = require_organization_id()
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_PLACES.format(ids=ids), [organization, organization, *parameters])
        cursor.execute(_LOCK_LINES.format(ids=ids), [organization, *parameters])


_HOLD_PLACES = """
    SELECT count(*) FROM (
        SELECT p.id FROM catalog_location p
        WHERE p.organization_id = %s AND p.id IN (
            SELECT s.location_id FROM movements_stockline s WHERE s.organization_id = %s AND s.id IN ({ids}))
        ORDER BY p.id FOR KEY SHARE) AS held
"""
_LOCK_LINES = """
    SELECT count(*) FROM (
        SELECT s.id FROM movements_stockline s WHERE s.organization_id = %s AND s.id IN ({ids})
        ORDER BY s.id FOR NO KEY UPDATE) AS locked
"""


@audited("movements.stock.opened")
def open_stock(rows: Sequence[OpeningDraft], *, as_of: datetime, actor: Member) -> None:
    """Write opening stock: the ledger of each stock line begins at its `as_of` with this quantity.

    What was posted up to that moment is contained in the opening, so it is taken out of the ledger by
    reversals at its own time, and later postings dated before it write no entries (`posting`). The order
    of loading does not matter. The same opening again changes nothing.

    Raises RuleViolation: "opening_differs" (a line was already opened otherwise), "opening_twice" (two
    rows of one stock line differ), "opening_later" (a moment in the future), "lot_missing"; `rows` lists
    the lines.
    """
    require(actor, "movements.stock.open")
    drafts = _checked(rows, as_of)
    if drafts:
        organization = require_organization_id()
        with connection.cursor() as cursor:
            columns = [list(column) for column in zip(*drafts, strict=True)]
            cursor.execute(_STAGE, columns)
            cursor.execute("ANALYZE opening_stock")
            cursor.execute(_MAKE_LINES, [organization])
            cursor.execute(_LOCK, [organization])
            cursor.execute(_DIFFERING, [organization])
            differing = [f"{item} · {location or _('no place')} {lot}".strip() for item, location, lot in cursor]
            if differing:
                raise RuleViolation(
                    "opening_differs",
                    _("Stock was already opened with another quantity or date: %(lines)s. Post an adjustment instead.")
                    % {"lines": ", ".join(differing[:5])},
                    rows=differing,
                )
            cursor.execute(_CONTAINED, [organization])
            cursor.execute(_OPEN, [organization])
            written = cursor.rowcount
            cursor.execute("DROP TABLE opening_stock")
    else:
        written = 0
    record(lines=len(rows), written=written)


Row = tuple[object, ...]


def _checked(rows: Sequence[OpeningDraft], as_of: datetime) -> list[Row]:
    now = timezone.now()
    seen: dict[tuple[object, ...], Row] = {}
    problems: list[tuple[str, str]] = []
    for draft in rows:
        name = f"{draft.item.sku} · {draft.location} {draft.lot}".strip()
        quantity = parse_decimal(draft.quantity)
        cost = draft.item.standard_cost if draft.unit_cost is None else parse_decimal(draft.unit_cost)
        moment = draft.as_of or as_of
        key = (draft.location.pk, draft.item.pk, draft.lot)
        row: Row = (draft.location.warehouse_id, *key, quantity, cost, moment)
        if moment > now:
            problems.append(("opening_later", _("%(line)s: the moment lies in the future.") % {"line": name}))
        if draft.item.tracking != Tracking.NONE and not draft.lot:
            problems.append(("lot_missing", _("%(line)s: name the lot.") % {"line": name}))
        if seen.setdefault(key, row) != row:
            problems.append(("opening_twice", _("%(line)s: named twice with different figures.") % {"line": name}))
    if problems:
        raise RuleViolation(problems[0][0], problems[0][1], rows=[text for _code, text in problems])
    return list(seen.values())


_STAGE = """
    CREATE TEMPORARY TABLE opening_stock ON COMMIT DROP AS
    SELECT * FROM unnest(
        %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::numeric[], %s::numeric[], %s::timestamptz[])
        AS o (warehouse_id, location_id, item_id, lot, quantity, unit_cost, as_of)
"""
_MAKE_LINES = """
    INSERT INTO movements_stockline (id, organization_id, warehouse_id, location_id, item_id, lot, quantity)
    SELECT stockcheck_uuid7(), %s, warehouse_id, location_id, item_id, lot, 0
    FROM opening_stock ORDER BY location_id, item_id, lot ON CONFLICT DO NOTHING
"""
_LINES = """
    opening_stock o JOIN movements_stockline s
        ON s.organization_id = %s AND s.location_id = o.location_id AND s.item_id = o.item_id AND s.lot = o.lot
"""
_LOCK = f"SELECT s.id FROM {_LINES} ORDER BY s.id FOR NO KEY UPDATE OF s"
_DIFFERING = f"""
    SELECT i.sku, p.code, o.lot FROM {_LINES}
    JOIN movements_ledgerentry e
        ON e.organization_id = s.organization_id AND e.stock_line_id = s.id AND e.kind = 'opening'
    JOIN catalog_item i ON i.organization_id = s.organization_id AND i.id = s.item_id
    JOIN catalog_location p ON p.organization_id = s.organization_id AND p.id = s.location_id
    WHERE (e.quantity, e.posted_at) <> (o.quantity, o.as_of) ORDER BY 1, 2, 3
"""
_OPENED = """
    EXISTS (SELECT FROM movements_ledgerentry x
            WHERE x.organization_id = s.organization_id AND x.stock_line_id = s.id AND x.kind = 'opening')
"""
_CONTAINED = f"""
    INSERT INTO movements_ledgerentry (id, organization_id, stock_line_id, kind, quantity, unit_cost,
        occurred_at, recorded_at, posted_at, line_id, reverses_id)
    SELECT stockcheck_uuid7(), e.organization_id, s.id, 'reversal', -e.quantity, e.unit_cost,
        e.occurred_at, now(), e.posted_at, e.line_id, e.id
    FROM {_LINES}
    JOIN movements_ledgerentry e
        ON e.organization_id = s.organization_id AND e.stock_line_id = s.id AND e.posted_at <= o.as_of
    WHERE e.kind = 'posting' AND NOT {_OPENED}
      AND NOT EXISTS (SELECT FROM movements_ledgerentry r
                      WHERE r.organization_id = e.organization_id AND r.reverses_id = e.id)
"""
_OPEN = f"""
    INSERT INTO movements_ledgerentry (id, organization_id, stock_line_id, kind, quantity, unit_cost,
        occurred_at, recorded_at, posted_at)
    SELECT stockcheck_uuid7(), s.organization_id, s.id, 'opening', o.quantity, o.unit_cost, o.as_of, now(), o.as_of
    FROM {_LINES} WHERE NOT {_OPENED}
"""
