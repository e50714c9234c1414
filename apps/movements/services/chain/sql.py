"""The document chain as SQL: temporary tables of the whole organization, each made from those before it.

`chain_line` every line with what its head says · `chain_link` who follows whom · `chain_state` what followed each
line that something must follow · `chain_finding` what is to be said. Nothing here loops over rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.movements.enums import (
    DIRECTION,
    EFFECT,
    GATE,
    HARMLESS,
    LIMIT,
    LIMITS,
    NEXT,
    OPPOSITE,
    SOURCES,
    DocumentType,
)

ROUNDS = 4
"""How often a line that lost its nearest source to another line may look for the next one."""

HABIT = 0.5
"""Share of a type's posted lines that must name a source before a line without one is called a break."""

WRONG_WAY = 9


def _values(rows: Sequence[tuple[object, ...]]) -> str:
    return "VALUES " + ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else f"'{value}'"


SCOPE = _values(
    [
        (line_type, source_type, rank)
        for line_type, source_types in SOURCES.items()
        for rank, source_type in enumerate(source_types)
    ]
    + [(opposite, source_type, WRONG_WAY) for source_type, opposite in OPPOSITE.items()]
)
FOLLOWS = _values(
    [(source_type, line_type, 1) for source_type, line_types in NEXT.items() for line_type in line_types]
    + [(source_type, opposite, -1) for source_type, opposite in OPPOSITE.items()]
)
TYPES = _values(
    [
        (
            str(doc_type),
            EFFECT.get(doc_type, 0),
            DIRECTION[doc_type],
            doc_type in NEXT,
            doc_type in GATE or doc_type in EFFECT,
            f"{LIMITS.get(doc_type, LIMIT).total_seconds():.0f} seconds",
        )
        for doc_type in DocumentType
    ]
)
GUESSED = _values(
    [
        (source_type, line_type, rank)
        for source_type, line_types in NEXT.items()
        for rank, line_type in enumerate(line_types)
    ]
)
EXPECT_SOURCE = tuple(dict.fromkeys(line_type for line_types in NEXT.values() for line_type in line_types))


TABLES = ("chain_type", "chain_line", "chain_link", "chain_lag", "chain_open", "chain_state", "chain_finding")

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('chain ' || %(organization)s::text, 0))"
MAKE_TYPES = f"""
    CREATE TEMPORARY TABLE chain_type ON COMMIT DROP AS
    SELECT t.doc_type, t.effect, t.direction, t.goes_on, t.moves_stock,
        coalesce(n."limit", t.usual::interval) AS patience
    FROM ({TYPES}) t (doc_type, effect, direction, goes_on, moves_stock, usual)
    LEFT JOIN movements_chainnode n ON n.organization_id = %(organization)s AND n.doc_type = t.doc_type
"""
# a document that undoes another, and the other, say nothing about goods
MAKE_LINES = """
    CREATE TEMPORARY TABLE chain_line ON COMMIT DROP AS
    SELECT l.id, l.document_id, d.doc_type, d.doc_no, l.line_no, l.item_id, l.location_id, l.lot, l.quantity,
        coalesce(nullif(l.unit, ''), i.base_unit) AS unit, l.base_quantity, i.standard_cost AS cost,
        l.source_doc_no, l.source_line_no, coalesce(d.occurred_at, d.recorded_at, d.created_at) AS happened_at,
        d.occurred_at, coalesce(d.recorded_at, d.posted_at, d.created_at) AS recorded_at, d.posted_at,
        d.warehouse_id, d.to_warehouse_id, d.department_id, d.counterparty, d.external_id,
        d.status = 'posted' AS stands, d.status IN ('draft', 'submitted', 'approved') AS pending
    FROM movements_document d
    JOIN movements_documentline l ON l.organization_id = d.organization_id AND l.document_id = d.id
    JOIN catalog_item i ON i.organization_id = d.organization_id AND i.id = l.item_id
    WHERE d.organization_id = %(organization)s AND d.status <> 'cancelled' AND d.reverses_id IS NULL
      AND NOT EXISTS (SELECT FROM movements_document r
                      WHERE r.organization_id = d.organization_id AND r.reverses_id = d.id);
    ANALYZE chain_line
"""
MAKE_LINKS = f"""
    CREATE TEMPORARY TABLE chain_link ON COMMIT DROP AS
    WITH scope (line_type, source_type, rank) AS ({SCOPE}),
    named AS (
        SELECT f.*, c.source_type, c.rank FROM chain_line f JOIN scope c ON c.line_type = f.doc_type
        WHERE f.source_doc_no <> ''
    ),
    found AS (
        SELECT f.id AS line_id, s.id AS source_id, f.rank, s.item_id = f.item_id AS same,
            abs(s.base_quantity - f.base_quantity) AS off, s.line_no
        FROM named f
        JOIN chain_line s ON s.doc_type = f.source_type AND s.doc_no = f.source_doc_no AND s.line_no = f.source_line_no
        UNION ALL
        SELECT f.id, s.id, f.rank, true, abs(s.base_quantity - f.base_quantity), s.line_no
        FROM named f
        JOIN chain_line s ON s.doc_type = f.source_type AND s.doc_no = f.source_doc_no AND s.item_id = f.item_id
        WHERE f.source_line_no IS NULL
    ),
    nearest AS (
        SELECT DISTINCT ON (line_id) line_id, source_id FROM found
        ORDER BY line_id, same DESC, rank, off, line_no, source_id
    )
    SELECT n.line_id, n.source_id, s.doc_type AS source_type, f.doc_type AS line_type, false AS guess
    FROM nearest n JOIN chain_line s ON s.id = n.source_id JOIN chain_line f ON f.id = n.line_id
    WHERE n.line_id <> n.source_id;
    CREATE INDEX ON chain_link (source_id);
    ANALYZE chain_link
"""
# a receipt that names the order although the delivery note stands between them belongs to the delivery note
PASS_ON = f"""
    WITH follows (source_type, line_type, rank) AS ({GUESSED}),
    nearer AS (
        SELECT DISTINCT ON (k.line_id) k.line_id, gate.id, gate.doc_type
        FROM chain_link k
        JOIN follows direct ON direct.source_type = k.source_type AND direct.line_type = k.line_type AND direct.rank > 0
        JOIN chain_link via ON via.source_id = k.source_id AND via.line_type <> k.line_type
        JOIN follows f ON f.source_type = via.line_type AND f.line_type = k.line_type
        JOIN chain_line gate ON gate.id = via.line_id
        JOIN chain_line line ON line.id = k.line_id AND line.item_id = gate.item_id
        WHERE NOT EXISTS (SELECT FROM chain_link o WHERE o.source_id = gate.id)
        ORDER BY k.line_id, abs(gate.base_quantity - line.base_quantity),
            abs(extract(epoch FROM gate.happened_at - line.happened_at)), gate.id
    )
    UPDATE chain_link k SET source_id = n.id, source_type = n.doc_type, guess = true
    FROM nearer n WHERE n.line_id = k.line_id
"""
# for how long the organization's own documents trail their goods; a guess may not look further back
MAKE_LAGS = """
    CREATE TEMPORARY TABLE chain_lag ON COMMIT DROP AS
    SELECT k.source_type, k.line_type,
        greatest(interval '1 day', make_interval(secs =>
            percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM f.recorded_at - s.happened_at)))) AS reach
    FROM chain_link k JOIN chain_line f ON f.id = k.line_id JOIN chain_line s ON s.id = k.source_id
    WHERE f.stands GROUP BY 1, 2 HAVING count(*) >= 20
"""
MAKE_OPEN = f"""
    CREATE TEMPORARY TABLE chain_open ON COMMIT DROP AS
    WITH follows (source_type, line_type, rank) AS ({GUESSED})
    SELECT s.id, f.line_type, s.doc_type, s.item_id, s.base_quantity, s.happened_at,
        CASE s.doc_type WHEN 'transfer_out' THEN s.to_warehouse_id ELSE s.warehouse_id END AS warehouse_id,
        s.counterparty, f.rank
    FROM chain_line s JOIN follows f ON f.source_type = s.doc_type
    WHERE s.stands AND NOT EXISTS (SELECT FROM chain_link k WHERE k.source_id = s.id);
    CREATE INDEX ON chain_open (line_type, item_id, base_quantity, warehouse_id, happened_at);
    ANALYZE chain_open
"""
GUESS = """
    WITH alone AS (
        SELECT f.* FROM chain_line f
        WHERE f.doc_type = ANY(%(expect_source)s) AND f.base_quantity > 0
          AND NOT EXISTS (SELECT FROM chain_link k WHERE k.line_id = f.id)
    ),
    nearest AS (
        SELECT f.id AS line_id, o.id AS source_id, o.doc_type AS source_type, f.doc_type AS line_type, o.apart
        FROM alone f
        CROSS JOIN LATERAL (
            SELECT o.id, o.doc_type, abs(extract(epoch FROM f.happened_at - o.happened_at)) AS apart
            FROM chain_open o
            LEFT JOIN chain_lag g ON g.source_type = o.doc_type AND g.line_type = o.line_type
            WHERE o.line_type = f.doc_type AND o.item_id = f.item_id AND o.base_quantity = f.base_quantity
              AND o.warehouse_id = f.warehouse_id
              AND o.happened_at BETWEEN f.happened_at - coalesce(g.reach, interval '7 days')
                  AND f.happened_at + interval '1 hour'
              AND (o.counterparty = f.counterparty OR '' IN (o.counterparty, f.counterparty))
            ORDER BY o.rank, apart, o.id LIMIT 1
        ) o
    ),
    chosen AS (
        INSERT INTO chain_link (line_id, source_id, source_type, line_type, guess)
        SELECT DISTINCT ON (source_id) line_id, source_id, source_type, line_type, true
        FROM nearest ORDER BY source_id, apart, line_id
        RETURNING source_id
    )
    DELETE FROM chain_open o USING chosen c WHERE o.id = c.source_id
"""
MAKE_STATES = f"""
    CREATE TEMPORARY TABLE chain_state ON COMMIT DROP AS
    WITH follows (source_type, line_type, way) AS ({FOLLOWS}),
    corrected AS (
        SELECT k.source_id AS line_id, sum(a.base_quantity) AS quantity
        FROM chain_link k JOIN chain_line a ON a.id = k.line_id
        WHERE k.line_type = 'adjustment' AND a.stands GROUP BY 1
    ),
    after AS (
        SELECT k.source_id, k.guess, f.id, f.item_id, f.quantity, f.unit, f.stands, f.pending, f.posted_at, w.way,
            f.recorded_at, f.base_quantity + t.effect * coalesce(c.quantity, 0) AS base_quantity
        FROM chain_link k
        JOIN follows w ON w.source_type = k.source_type AND w.line_type = k.line_type
        JOIN chain_line f ON f.id = k.line_id
        JOIN chain_type t ON t.doc_type = f.doc_type
        LEFT JOIN corrected c ON c.line_id = f.id
    ),
    repeated AS (
        SELECT source_id, max(quantity) AS quantity, max(times) AS times
        FROM (SELECT source_id, base_quantity AS quantity, count(*) AS times FROM after
              WHERE stands AND way > 0 GROUP BY 1, 2 HAVING count(*) > 1) same
        GROUP BY 1
    ),
    summed AS (
        SELECT a.source_id,
            coalesce(sum(a.base_quantity) FILTER (WHERE a.stands AND a.way > 0), 0) AS done,
            coalesce(sum(a.base_quantity) FILTER (WHERE a.pending AND a.way > 0), 0) AS waiting,
            coalesce(sum(a.base_quantity) FILTER (WHERE a.stands AND a.way < 0), 0) AS against,
            count(*) FILTER (WHERE a.way > 0) AS followers,
            max(a.posted_at) FILTER (WHERE a.stands AND a.way > 0) AS closed_at,
            bool_or(a.guess) AS guess,
            bool_or(a.stands AND a.way > 0 AND a.item_id <> s.item_id) AS other_item,
            bool_or(a.stands AND a.way > 0 AND a.quantity = s.quantity AND a.unit <> s.unit) AS other_unit,
            (array_agg(a.id ORDER BY a.stands DESC, a.recorded_at DESC, a.id DESC))[1] AS last_id
        FROM after a JOIN chain_line s ON s.id = a.source_id GROUP BY 1
    )
    SELECT s.id, s.doc_type, s.happened_at, s.stands, s.cost, s.base_quantity AS due, t.direction, t.moves_stock,
        t.patience, coalesce(a.done, 0) AS done, coalesce(a.waiting, 0) AS waiting, coalesce(a.against, 0) AS against,
        coalesce(a.guess, false) AS guess, coalesce(a.other_item, false) AS other_item,
        coalesce(a.other_unit, false) AS other_unit, a.last_id, a.closed_at,
        coalesce(r.quantity > 0 AND a.done > s.base_quantity AND mod(a.done - s.base_quantity, r.quantity) = 0
            AND a.done - s.base_quantity < r.quantity * r.times, false) AS twice
    FROM chain_line s
    JOIN chain_type t ON t.doc_type = s.doc_type AND t.goes_on
    LEFT JOIN summed a ON a.source_id = s.id
    LEFT JOIN repeated r ON r.source_id = s.id
    WHERE s.stands OR a.followers > 0
"""
FINDINGS = """
    CREATE TEMPORARY TABLE chain_finding ON COMMIT DROP AS
    SELECT line_id, kind, doc_type, other_id, happened_at, due, done, waiting, quantity, cost, moves_stock, guess
    FROM (
        SELECT id AS line_id, doc_type, last_id AS other_id, happened_at, due, done - against AS done, waiting, cost,
            moves_stock, guess, direction * (CASE WHEN other_item AND done = due THEN due
                                                  ELSE due - done + against END) AS quantity,
            CASE
                WHEN against > 0 AND done = 0 THEN 'reversed'
                WHEN other_item THEN 'wrong_item'
                WHEN done <> due AND other_unit THEN 'wrong_unit'
                WHEN done > due AND twice THEN 'duplicated'
                WHEN done > due THEN 'excess'
                WHEN done = due AND closed_at > happened_at + patience THEN 'late'
                WHEN done = due THEN NULL
                WHEN happened_at > %(as_of)s - patience THEN 'open'
                WHEN done = 0 THEN 'missing'
                ELSE 'partial'
            END AS kind
        FROM chain_state
    ) judged
    WHERE kind IS NOT NULL
"""
UNPOSTED = """
    INSERT INTO chain_finding
    SELECT l.id, CASE WHEN l.recorded_at > %(as_of)s - t.patience THEN 'open' ELSE 'unposted' END, l.doc_type,
        NULL, l.happened_at, l.base_quantity, 0, l.base_quantity,
        coalesce(nullif(t.effect, 0), t.direction) * l.base_quantity, l.cost, t.effect <> 0, false
    FROM chain_line l JOIN chain_type t ON t.doc_type = l.doc_type
    WHERE l.pending AND NOT EXISTS (SELECT FROM chain_link k WHERE k.line_id = l.id)
      AND NOT EXISTS (SELECT FROM chain_finding x WHERE x.line_id = l.id)
"""
LATE = """
    INSERT INTO chain_finding
    SELECT l.id, 'late', l.doc_type, NULL, l.happened_at, l.base_quantity, l.base_quantity, 0, 0, l.cost, true, false
    FROM chain_line l JOIN chain_type t ON t.doc_type = l.doc_type AND t.effect <> 0
    WHERE l.stands AND l.doc_type <> 'adjustment' AND l.posted_at > l.occurred_at + t.patience
      AND NOT EXISTS (SELECT FROM chain_link k WHERE k.line_id = l.id)
      AND NOT EXISTS (SELECT FROM chain_finding x WHERE x.line_id = l.id)
"""
NO_SOURCE = """
    INSERT INTO chain_finding
    SELECT l.id, 'no_source', l.doc_type, NULL, l.happened_at, 0, l.base_quantity, 0,
        -coalesce(nullif(t.effect, 0), t.direction) * l.base_quantity, l.cost, t.effect <> 0, false
    FROM chain_line l
    JOIN chain_type t ON t.doc_type = l.doc_type
    JOIN (SELECT f.doc_type FROM chain_line f LEFT JOIN chain_link k ON k.line_id = f.id AND NOT k.guess
          WHERE f.stands AND f.doc_type = ANY(%(expect_source)s)
          GROUP BY 1 HAVING count(k.line_id) >= %(habit)s * count(*)) usual ON usual.doc_type = l.doc_type
    WHERE l.stands AND NOT EXISTS (SELECT FROM chain_link k WHERE k.line_id = l.id)
      AND NOT EXISTS (SELECT FROM chain_finding x WHERE x.line_id = l.id)
"""
# one order of a shop may have a waybill and an issue of its number; two orders of it are one too many
DUPLICATED = """
    INSERT INTO chain_finding
    SELECT id, 'duplicated', doc_type, first_id, happened_at, 0, base_quantity, 0,
        -coalesce(nullif(effect, 0), direction) * base_quantity, cost, moves_stock AND effect <> 0, source_id IS NULL
    FROM (
        SELECT l.*, t.effect, t.direction, t.moves_stock, k.source_id,
            first_value(l.id) OVER same AS first_id, first_value(l.document_id) OVER same AS first_document
        FROM chain_line l
        JOIN chain_type t ON t.doc_type = l.doc_type
        LEFT JOIN chain_link k ON k.line_id = l.id
        WHERE l.external_id <> '' AND l.stands
        WINDOW same AS (PARTITION BY l.doc_type, l.external_id, l.item_id, l.base_quantity
                        ORDER BY l.recorded_at, l.document_id, l.line_no)
    ) sold
    WHERE document_id <> first_document AND source_id IS NULL
      AND NOT EXISTS (SELECT FROM chain_finding x WHERE x.line_id = sold.id AND x.kind = 'duplicated')
"""

KEEP_LINKS = (
    """
    DELETE FROM movements_chainlink o WHERE o.organization_id = %(organization)s AND NOT EXISTS (
        SELECT FROM chain_link k JOIN chain_line f ON f.id = k.line_id JOIN chain_line s ON s.id = k.source_id
        WHERE k.line_id = o.line_id AND k.source_id = o.source_id AND k.guess = o.guess
          AND s.warehouse_id = o.warehouse_id AND s.department_id IS NOT DISTINCT FROM o.department_id
          AND s.happened_at = o.happened_at AND (f.posted_at - s.happened_at) IS NOT DISTINCT FROM o.lag)
    """,
    """
    INSERT INTO movements_chainlink (id, organization_id, line_id, source_id, source_type, line_type, guess,
        warehouse_id, department_id, happened_at, lag)
    SELECT stockcheck_uuid7(), %(organization)s, k.line_id, k.source_id, k.source_type, k.line_type, k.guess,
        s.warehouse_id, s.department_id, s.happened_at, f.posted_at - s.happened_at
    FROM chain_link k JOIN chain_line f ON f.id = k.line_id JOIN chain_line s ON s.id = k.source_id
    WHERE NOT EXISTS (SELECT FROM movements_chainlink o
                      WHERE o.organization_id = %(organization)s AND o.line_id = k.line_id)
    """,
)
KEEP_FINDINGS = (
    """
    DELETE FROM movements_chainfinding o WHERE o.organization_id = %(organization)s AND NOT EXISTS (
        SELECT FROM chain_finding n
        WHERE n.line_id = o.line_id AND n.kind = o.kind AND n.other_id IS NOT DISTINCT FROM o.other_id
          AND (n.due, n.done, n.waiting, n.quantity, round(n.quantity * n.cost, 4), n.happened_at, n.guess)
              = (o.due, o.done, o.waiting, o.quantity, o.value, o.happened_at, o.guess))
    """,
    """
    INSERT INTO movements_chainfinding (id, organization_id, line_id, kind, doc_type, other_id, happened_at, due, done,
        waiting, quantity, value, moves_stock, guess)
    SELECT stockcheck_uuid7(), %(organization)s, n.line_id, n.kind, n.doc_type, n.other_id, n.happened_at, n.due,
        n.done, n.waiting, n.quantity, round(n.quantity * n.cost, 4), n.moves_stock, n.guess
    FROM chain_finding n
    WHERE NOT EXISTS (SELECT FROM movements_chainfinding o WHERE o.organization_id = %(organization)s
                      AND o.line_id = n.line_id AND o.kind = n.kind)
    """,
)
KEEP_NODES = """
    WITH lagged AS (
        SELECT s.doc_type, extract(epoch FROM f.posted_at - s.happened_at) AS lag
        FROM chain_link k JOIN chain_line f ON f.id = k.line_id AND f.stands JOIN chain_line s ON s.id = k.source_id
        JOIN chain_type t ON t.doc_type = s.doc_type AND t.goes_on
        WHERE NOT k.guess AND k.line_type <> 'adjustment'
        UNION ALL
        SELECT l.doc_type, extract(epoch FROM l.posted_at - l.occurred_at)
        FROM chain_line l JOIN chain_type t ON t.doc_type = l.doc_type AND NOT t.goes_on
        WHERE l.stands AND l.occurred_at IS NOT NULL
    ),
    measured AS (
        SELECT doc_type, count(*) AS lines, percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY lag) AS lag
        FROM lagged GROUP BY 1
    )
    INSERT INTO movements_chainnode (id, organization_id, doc_type, lines, median, ninth, last, as_of, refreshed_at)
    SELECT stockcheck_uuid7(), %(organization)s, t.doc_type, coalesce(m.lines, 0), make_interval(secs => m.lag[1]),
        make_interval(secs => m.lag[2]), make_interval(secs => m.lag[3]), %(as_of)s, %(now)s
    FROM chain_type t LEFT JOIN measured m ON m.doc_type = t.doc_type
    ON CONFLICT (organization_id, doc_type) DO UPDATE
    SET lines = excluded.lines, median = excluded.median, ninth = excluded.ninth, last = excluded.last,
        as_of = excluded.as_of, refreshed_at = excluded.refreshed_at
"""
DATA_END = """
    SELECT max(greatest(coalesce(recorded_at, created_at), posted_at)), max(created_at)
    FROM movements_document WHERE organization_id = %(organization)s
"""
SUMMARY = """
    SELECT (SELECT count(*) FROM chain_link), (SELECT count(*) FROM chain_link WHERE guess),
        (SELECT count(*) FROM chain_finding WHERE kind <> ALL(%(harmless)s))
"""
HARMLESS_KINDS = [str(kind) for kind in HARMLESS]
