"""What could have gone wrong at each stock line since it was last counted, as known at a moment. Set-based SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.tenancy import require_organization_id
from apps.counts.planning.hazard import Array, Prior
from apps.movements.enums import EFFECT

SETTLED_AFTER = timedelta(days=2)
"""What was confirmed at the gate longer ago than this should be booked by now."""


class Line(NamedTuple):
    """A stock line as the plan sees it: book and cost at the moment, and when it was last known to be right."""

    pk: UUID
    warehouse: str
    location: str
    sku: str
    lot: str
    book: float
    cost: float
    turnover: float


@dataclass(frozen=True, slots=True)
class Source:
    """A way for stock to go wrong. `sql` yields (stock line id, exposure, scale in base units)."""

    code: str
    reason: str | Promise
    prior: Prior
    sql: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """Lines, and for each the exposure to every source and its scale (lines × sources)."""

    lines: list[Line]
    amount: Array
    scale: Array


_LINES = """
    CREATE TEMPORARY TABLE planning_line ON COMMIT DROP AS
    SELECT s.id, s.warehouse_id, s.location_id, s.item_id, s.lot,
           e.book, e.moved / greatest(e.times, 1) AS typical,
           coalesce(l.snapshot_at, e.first) AS since, coalesce(abs(l.variance), 0) AS last_variance,
           e.turnover, i.standard_cost AS cost
    FROM movements_stockline s
    JOIN catalog_item i ON i.id = s.item_id AND i.organization_id = s.organization_id
    JOIN (
        SELECT stock_line_id, sum(quantity) AS book, min(posted_at) AS first,
               sum(abs(quantity)) FILTER (WHERE kind = 'posting') AS moved,
               count(*) FILTER (WHERE kind = 'posting') AS times,
               coalesce(-sum(quantity) FILTER (WHERE quantity < 0), 0) AS turnover
        FROM movements_ledgerentry WHERE organization_id = %(organization)s AND posted_at <= %(moment)s
        GROUP BY stock_line_id
    ) e ON e.stock_line_id = s.id
    LEFT JOIN (
        SELECT DISTINCT ON (n.stock_line_id) n.stock_line_id, c.snapshot_at, n.variance
        FROM counts_countline n JOIN counts_count c ON c.id = n.count_id AND c.organization_id = n.organization_id
        WHERE n.organization_id = %(organization)s AND c.state = 'closed' AND c.snapshot_at < %(moment)s
          AND n.counted IS NOT NULL
        ORDER BY n.stock_line_id, c.snapshot_at DESC
    ) l ON l.stock_line_id = s.id
    WHERE s.organization_id = %(organization)s
"""

_NAMES = """
    SELECT p.id, w.code, o.code, i.sku, p.lot, p.book::float8, p.cost::float8, p.turnover::float8
    FROM planning_line p
    JOIN catalog_warehouse w ON w.id = p.warehouse_id
    JOIN catalog_location o ON o.id = p.location_id
    JOIN catalog_item i ON i.id = p.item_id
    ORDER BY w.code, o.walk_order, o.code, i.sku, p.lot
"""

_TOUCHED = """
    SELECT p.id, count(*), avg(abs(e.quantity))
    FROM planning_line p
    JOIN movements_ledgerentry e ON e.organization_id = %(organization)s AND e.stock_line_id = p.id
    JOIN movements_documentline l ON l.organization_id = e.organization_id AND l.id = e.line_id
    JOIN movements_document d ON d.organization_id = l.organization_id AND d.id = l.document_id
    {join}
    WHERE e.kind = 'posting' AND e.posted_at > p.since AND e.posted_at <= %(moment)s AND {where}
    GROUP BY p.id
"""

_OPEN = """
    WITH waiting AS (
        SELECT d.warehouse_id, l.location_id, o.code = '' AS anywhere, l.item_id, l.lot,
               abs(l.base_quantity) AS quantity, coalesce(d.occurred_at, d.recorded_at, d.created_at) AS happened
        FROM movements_document d
        JOIN movements_documentline l ON l.organization_id = d.organization_id AND l.document_id = d.id
        JOIN catalog_location o ON o.organization_id = l.organization_id AND o.id = l.location_id
        WHERE d.organization_id = %(organization)s AND d.doc_type = ANY(%(moving)s) AND d.status <> 'cancelled'
          AND coalesce(d.recorded_at, d.created_at) <= %(moment)s
          AND (d.posted_at IS NULL OR d.posted_at > %(moment)s) AND {where}
    ), placed AS (
        SELECT p.id, w.quantity, 1.0 / count(*) OVER (PARTITION BY w.ctid_) AS share
        FROM (SELECT row_number() OVER () AS ctid_, * FROM waiting) w
        JOIN planning_line p ON p.item_id = w.item_id AND p.warehouse_id = w.warehouse_id AND w.happened > p.since
         AND (p.location_id = w.location_id OR w.anywhere) AND (w.lot = '' OR p.lot = w.lot)
    )
    SELECT id, sum(share), sum(quantity * share) / sum(share) FROM placed GROUP BY id
"""

_GATES = """
    CREATE TEMPORARY TABLE planning_gate ON COMMIT DROP AS
    WITH said AS (
        SELECT CASE d.doc_type WHEN 'receipt' THEN 'delivery_note' WHEN 'sales_issue' THEN 'waybill'
               WHEN 'sales_return' THEN 'return_note' ELSE d.doc_type END AS gate,
               CASE WHEN d.doc_type IN ('delivery_note', 'waybill', 'return_note') THEN d.doc_no
               ELSE l.source_doc_no END AS doc_no,
               d.doc_type IN ('delivery_note', 'waybill', 'return_note') AS at_gate,
               d.warehouse_id, d.posted_at, l.item_id, l.lot, l.base_quantity AS quantity
        FROM movements_document d
        JOIN movements_documentline l ON l.organization_id = d.organization_id AND l.document_id = d.id
        WHERE d.organization_id = %(organization)s AND d.status = 'posted' AND d.posted_at <= %(moment)s
          AND d.doc_type IN ('delivery_note', 'waybill', 'return_note', 'receipt', 'sales_issue', 'sales_return')
    ), told AS (
        SELECT gate, doc_no, item_id, min(posted_at) FILTER (WHERE at_gate) AS posted_at,
               (array_agg(warehouse_id) FILTER (WHERE at_gate))[1] AS warehouse_id,
               CASE WHEN count(DISTINCT lot) FILTER (WHERE at_gate) = 1 THEN min(lot) FILTER (WHERE at_gate) END AS lot,
               sum(quantity) FILTER (WHERE at_gate) AS confirmed, sum(quantity) FILTER (WHERE NOT at_gate) AS booked
        FROM said WHERE doc_no <> '' GROUP BY gate, doc_no, item_id
        HAVING sum(quantity) FILTER (WHERE at_gate) IS DISTINCT FROM sum(quantity) FILTER (WHERE NOT at_gate)
    ), placed AS (
        SELECT p.id, t.booked IS NOT NULL AS is_booked, t.posted_at <= %(settled)s AS is_settled,
               abs(t.confirmed - coalesce(t.booked, 0)) AS quantity,
               1.0 / count(*) OVER (PARTITION BY t.gate, t.doc_no, t.item_id) AS share
        FROM told t
        JOIN planning_line p ON p.item_id = t.item_id AND p.warehouse_id = t.warehouse_id AND t.posted_at > p.since
         AND (coalesce(t.lot, '') = '' OR p.lot = t.lot)
        WHERE t.confirmed IS NOT NULL
    )
    SELECT id, is_booked, is_settled, sum(share) AS times, sum(quantity * share) / sum(share) AS quantity
    FROM placed GROUP BY id, is_booked, is_settled
"""
"""What was confirmed at the gate and booked otherwise or not at all, by document and item, spread over its places."""

_GATE = "SELECT id, sum(times), avg(quantity) FROM planning_gate WHERE {where} GROUP BY id"

_TWICE = """
    WITH booked AS (
        SELECT e.stock_line_id, p.since, e.posted_at, e.quantity, count(*) OVER same AS times,
               count(*) OVER (same ORDER BY e.posted_at, l.id) AS nth
        FROM movements_ledgerentry e
        JOIN planning_line p ON p.id = e.stock_line_id
        JOIN movements_documentline l ON l.organization_id = e.organization_id AND l.id = e.line_id
        JOIN movements_document d ON d.organization_id = l.organization_id AND d.id = l.document_id
        WHERE e.organization_id = %(organization)s AND e.kind = 'posting' AND e.posted_at <= %(moment)s
          AND l.source_doc_no <> '' AND d.doc_type <> 'adjustment'
        WINDOW same AS (PARTITION BY d.doc_type, l.source_doc_no, l.source_line_no, l.item_id, l.lot, l.base_quantity)
    )
    SELECT stock_line_id, count(*), avg(abs(quantity)) FROM booked
    WHERE times > 1 AND nth > 1 AND posted_at > since GROUP BY stock_line_id
"""

_TRANSIT = """
    SELECT p.id, count(*), avg(abs(l.base_quantity))
    FROM movements_document d
    JOIN movements_documentline l ON l.organization_id = d.organization_id AND l.document_id = d.id
    JOIN planning_line p ON p.item_id = l.item_id AND p.warehouse_id = d.to_warehouse_id
     AND p.location_id = coalesce(l.to_location_id, p.location_id) AND p.lot = l.lot AND d.posted_at > p.since
    WHERE d.organization_id = %(organization)s AND d.doc_type = 'transfer_out' AND d.status = 'posted'
      AND d.posted_at <= %(moment)s
      AND NOT EXISTS (
        SELECT FROM movements_documentline f
        JOIN movements_document g ON g.organization_id = f.organization_id AND g.id = f.document_id
        WHERE f.organization_id = l.organization_id AND f.source_doc_no = d.doc_no AND f.item_id = l.item_id
          AND g.doc_type = 'transfer_in' AND g.status = 'posted' AND g.posted_at <= %(moment)s)
    GROUP BY p.id
"""

_UNADJUSTED = """
    SELECT p.id, 1, p.last_variance FROM planning_line p
    WHERE p.last_variance <> 0 AND {negation} EXISTS (
        SELECT FROM movements_ledgerentry e
        JOIN movements_documentline l ON l.organization_id = e.organization_id AND l.id = e.line_id
        JOIN movements_document d ON d.organization_id = l.organization_id AND d.id = l.document_id
        WHERE e.organization_id = %(organization)s AND e.stock_line_id = p.id AND d.doc_type = 'adjustment'
          AND e.posted_at > p.since AND e.posted_at <= %(moment)s)
"""


def _touched(*types: str) -> str:
    return _TOUCHED.format(join="", where="d.doc_type IN ({})".format(", ".join(f"'{name}'" for name in types)))


SOURCES: Sequence[Source] = (
    Source(
        "time",
        _("time since the last count"),
        Prior(0.03, 500, 1, 1.2),
        "SELECT id, 1, greatest(coalesce(typical, 0), least(abs(book), 5), 1) FROM planning_line",
    ),
    Source("received", _("receipts keyed"), Prior(0.004, 1000, 0.6, 1.2), _touched("receipt")),
    Source("issued", _("issues keyed"), Prior(0.001, 5000, 1, 1.2), _touched("sales_issue")),
    Source("returned", _("returns keyed"), Prior(0.006, 500, 1, 1.2), _touched("sales_return", "purchase_return")),
    Source("moved", _("transfers"), Prior(0.01, 500, 1, 1.0), _touched("transfer_in", "transfer_out")),
    Source(
        "internal",
        _("gifts, scrap and internal use"),
        Prior(0.01, 500, 1, 1.0),
        _touched("gift_issue", "scrap", "material_issue", "material_return", "assembly_in", "assembly_out"),
    ),
    Source(
        "unit",
        _("booked in another unit"),
        Prior(0.005, 500, 0.9, 0.8),
        _TOUCHED.format(
            join="JOIN catalog_item i ON i.organization_id = l.organization_id AND i.id = l.item_id",
            where="l.unit NOT IN ('', i.base_unit)",
        ),
    ),
    Source(
        "waiting",
        _("documents keyed but not posted"),
        Prior(0.4, 20, 1, 0.5),
        _OPEN.format(where="d.status <> 'draft'"),
    ),
    Source(
        "draft",
        _("drafts lying"),
        Prior(0.2, 20, 1, 0.5),
        _OPEN.format(where="d.status = 'draft' AND d.occurred_at IS NOT NULL"),
    ),
    Source(
        "planned",
        _("drafts lying"),
        Prior(0.03, 50, 1, 0.7),
        _OPEN.format(where="d.status = 'draft' AND d.occurred_at IS NULL"),
    ),
    Source(
        "unbooked",
        _("confirmed at the gate and not booked"),
        Prior(0.5, 20, 1, 0.4),
        _GATE.format(where="NOT is_booked AND is_settled"),
    ),
    Source(
        "fresh",
        _("confirmed at the gate lately and not booked yet"),
        Prior(0.2, 20, 1, 0.4),
        _GATE.format(where="NOT is_booked AND NOT is_settled"),
    ),
    Source(
        "mismatch",
        _("booked otherwise than confirmed at the gate"),
        Prior(0.5, 20, 1, 0.4),
        _GATE.format(where="is_booked"),
    ),
    Source("twice", _("perhaps booked twice"), Prior(0.3, 20, 1, 0.4), _TWICE),
    Source("transit", _("sent and not received"), Prior(0.5, 20, 1, 0.4), _TRANSIT),
    Source(
        "unadjusted", _("last difference never adjusted"), Prior(0.6, 20, 1, 0.4), _UNADJUSTED.format(negation="NOT")
    ),
    Source("repeat", _("wrong at the last count"), Prior(0.08, 100, 0.6, 1.0), _UNADJUSTED.format(negation="")),
    Source(
        "negative",
        _("book below zero"),
        Prior(0.8, 20, 1.2, 0.6),
        "SELECT id, 1, -book FROM planning_line WHERE book < 0",
    ),
)


def measure(moment: datetime) -> Exposure:
    """Every stock line of the active organization that had moved by `moment`, and what it was exposed to since its
    last closed count before it. What was keyed, posted or counted later is not read; a document that was cancelled
    since then counts as cancelled already, because nobody keeps the time of that.
    """
    with connection.cursor() as cursor:
        known: dict[str, Any] = {
            "organization": require_organization_id(),
            "moment": moment,
            "settled": moment - SETTLED_AFTER,
            "moving": list(EFFECT),
        }
        cursor.execute("DROP TABLE IF EXISTS pg_temp.planning_line")
        cursor.execute(_LINES, known)
        cursor.execute("CREATE INDEX ON planning_line (item_id, warehouse_id)")
        cursor.execute("ANALYZE planning_line")
        cursor.execute("DROP TABLE IF EXISTS pg_temp.planning_gate")
        cursor.execute(_GATES, known)
        cursor.execute(_NAMES)
        lines = [Line._make(row) for row in cursor.fetchall()]
        place = {line.pk: number for number, line in enumerate(lines)}
        amount = np.zeros((len(lines), len(SOURCES)))
        scale = np.ones((len(lines), len(SOURCES)))
        for column, source in enumerate(SOURCES):
            cursor.execute(source.sql, known)
            for pk, times, size in cursor.fetchall():
                amount[place[pk], column] = times
                scale[place[pk], column] = size or 1
    return Exposure(lines, amount, scale)
