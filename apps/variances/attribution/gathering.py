"""Reading a count's window into plain rows: the same few queries for ten lines or ten thousand.

The window reaches back to the last closed count of each line, not to a number of days; a margin before it holds the
papers and originals that what lies inside refers to.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from apps.catalog.models import Item as CatalogItem
from apps.catalog.models import Unit, Warehouse
from apps.core.tenancy import require_organization_id
from apps.counts.enums import CountState
from apps.counts.models import Count
from apps.counts.selectors.lines import five_numbers
from apps.organizations.enums import MemberKind
from apps.organizations.models import Member
from apps.variances.attribution.evidence import DocumentLine, Dossier, Earlier, Entry, Item, Line

MARGIN = timedelta(days=14)
TOGETHER = timedelta(days=3)
"""Counts released within so much of each other show both sides of a move or a swap."""

MOST_TOGETHER = 8
NEVER_COUNTED = datetime(1, 1, 2, tzinfo=UTC)
MACHINE_WORDS = ("api", "sync", "bot", "edi.", "system", "接口", "同步", "系统", "自动", "机器人")


def gather(count: Count, *, everything: bool = False) -> Dossier:
    """All that is known of a count. Documents are read for items with a variance; of all with `everything`."""
    counts = [count, *_beside(count)]
    lines: list[Line] = []
    items: dict[UUID, str] = {}
    for each in counts:
        for line, item in _lines(each, own=each.pk == count.pk):
            lines.append(line)
            items[item] = line.sku
    _add_entries(lines, [each.pk for each in counts])
    differing = {line.sku for line in lines if line.variance}
    wanted = {pk: sku for pk, sku in items.items() if everything or sku in differing}
    documents = list(_documents(wanted, lines)) if wanted else []
    catalogue, units = _catalogue(list(wanted))
    return Dossier(
        lines=lines,
        documents=documents,
        items={
            sku: Item(sku, name, category or "", Decimal(rate), units.get(sku, {}))
            for sku, name, category, rate in catalogue
        },
        machines=frozenset(_machines()),
        departments=dict(Warehouse.objects.values_list("code", "department__code")),
    )


def _beside(count: Count) -> list[Count]:
    """Other counts of about the same time, nearest first."""
    if count.snapshot_at is None:
        return []
    near = Count.objects.filter(
        Q(state=CountState.COUNTING) | Q(state=CountState.CLOSED),
        snapshot_at__gte=count.snapshot_at - TOGETHER,
        snapshot_at__lte=count.snapshot_at + TOGETHER,
    ).exclude(pk=count.pk)
    start = count.snapshot_at
    return sorted(near, key=lambda row: (abs((row.snapshot_at or start) - start), row.count_no))[:MOST_TOGETHER]


_LINES = """
    SELECT l.id::text, l.stock_line_id, s.item_id, w.code, p.code, i.sku, s.lot, {book}, n.counted,
        CASE WHEN c.mode = 'static' THEN c.snapshot_at ELSE n.counted_at END AS cut,
        before.count_no, before.cut, before.variance
    FROM counts_countline l
    JOIN counts_count c ON c.organization_id = l.organization_id AND c.id = l.count_id
    {numbers}
    JOIN movements_stockline s ON s.organization_id = l.organization_id AND s.id = l.stock_line_id
    JOIN catalog_item i ON i.organization_id = l.organization_id AND i.id = s.item_id
    JOIN catalog_location p ON p.organization_id = l.organization_id AND p.id = s.location_id
    JOIN catalog_warehouse w ON w.organization_id = l.organization_id AND w.id = s.warehouse_id
    LEFT JOIN LATERAL (
        SELECT pc.count_no, pl.variance, CASE WHEN pc.mode = 'static' THEN pc.snapshot_at ELSE pl.counted_at END AS cut
        FROM counts_countline pl
        JOIN counts_count pc ON pc.organization_id = pl.organization_id AND pc.id = pl.count_id
        WHERE pl.organization_id = l.organization_id AND pl.stock_line_id = l.stock_line_id AND pc.state = 'closed'
          AND pl.counted IS NOT NULL AND pc.id <> l.count_id AND pc.snapshot_at < c.snapshot_at
        ORDER BY pc.snapshot_at DESC LIMIT 1) before ON true
    WHERE l.organization_id = %(organization)s AND l.count_id = %(count)s AND n.counted IS NOT NULL
    ORDER BY w.code, p.code, i.sku, s.lot
"""


def _lines(count: Count, *, own: bool) -> Iterator[tuple[Line, UUID]]:
    if count.is_open:
        numbers, parameters = five_numbers(count)
        book = "(n.snapshot + n.moved_in - n.moved_out)"
    else:
        parameters = {"organization": require_organization_id(), "count": count.pk}
        book = "n.expected"
        numbers = "CROSS JOIN LATERAL (SELECT l.expected, l.counted, l.counted_at) n"
    with connection.cursor() as cursor:
        cursor.execute(_LINES.format(numbers=numbers, book=book), parameters)
        for row in cursor.fetchall():
            earlier = Earlier(row[10], row[11], row[12]) if row[10] else None
            yield Line(row[0], count.count_no, *row[3:10], own=own, earlier=earlier), row[2]


_ENTRIES = """
    SELECT e.line_id::text, e.entry_no, e.round, e.quantity, e.unit, e.base_quantity, m.username, e.device, e.method,
        e.counted_at
    FROM counts_countentry e
    JOIN organizations_member m ON m.organization_id = e.organization_id AND m.id = e.counter_id
    WHERE e.organization_id = %(organization)s AND e.count_id = ANY(%(counts)s) AND e.voids_id IS NULL
      AND NOT EXISTS (SELECT FROM counts_countentry v
                      WHERE v.organization_id = e.organization_id AND v.voids_id = e.id)
    ORDER BY e.counted_at, e.entry_no
"""


def _add_entries(lines: list[Line], counts: list[UUID]) -> None:
    """How the differing lines were counted."""
    known = {line.id: line for line in lines if line.variance}
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, {"organization": require_organization_id(), "counts": counts})
        for row in cursor.fetchall():
            if row[0] in known:
                known[row[0]].entries.append(Entry(*row[1:]))


_DOCUMENT_LINE = """
    SELECT l.id::text, d.id::text, d.doc_type, d.doc_no, l.line_no, d.status, w.code, p.code, coalesce(tw.code, ''),
        coalesce(tp.code, ''), i.sku, l.lot, l.base_quantity, l.quantity, l.unit, d.occurred_at, d.recorded_at,
        d.posted_at, coalesce(o.username, ''), coalesce(g.code, ''), d.counterparty, l.source_doc_no,
        l.source_line_no, d.external_id, d.reason, l.note
    FROM chosen c
    JOIN movements_documentline l ON l.organization_id = %(organization)s AND l.id = c.id
    JOIN movements_document d ON d.organization_id = l.organization_id AND d.id = l.document_id
    JOIN catalog_warehouse w ON w.organization_id = l.organization_id AND w.id = d.warehouse_id
    JOIN catalog_location p ON p.organization_id = l.organization_id AND p.id = l.location_id
    JOIN catalog_item i ON i.organization_id = l.organization_id AND i.id = l.item_id
    LEFT JOIN catalog_warehouse tw ON tw.organization_id = l.organization_id AND tw.id = d.to_warehouse_id
    LEFT JOIN catalog_location tp ON tp.organization_id = l.organization_id AND tp.id = l.to_location_id
    LEFT JOIN organizations_member o ON o.organization_id = l.organization_id AND o.id = d.operator_id
    LEFT JOIN organizations_department g ON g.organization_id = l.organization_id AND g.id = d.department_id
    WHERE d.reverses_id IS NULL
      AND NOT EXISTS (SELECT FROM movements_document r
                      WHERE r.organization_id = d.organization_id AND r.reverses_id = d.id)
    ORDER BY coalesce(d.posted_at, d.recorded_at, d.occurred_at), d.doc_type, d.doc_no, l.line_no
"""

_DOCUMENTS = f"""
    WITH inside AS MATERIALIZED (
        SELECT l.id, l.line_no, l.source_doc_no, l.source_line_no, d.doc_no
        FROM unnest(%(items)s::uuid[], %(starts)s::timestamptz[]) AS w (item_id, start)
        JOIN movements_documentline l ON l.organization_id = %(organization)s AND l.item_id = w.item_id
        JOIN movements_document d ON d.organization_id = l.organization_id AND d.id = l.document_id
        WHERE greatest(d.occurred_at, d.recorded_at, d.posted_at) >= w.start
          AND least(d.occurred_at, d.recorded_at, d.posted_at) <= %(end)s
    ), chosen AS (
        SELECT id FROM inside
        UNION
        SELECT l.id FROM inside
        JOIN movements_document d ON d.organization_id = %(organization)s AND d.doc_no = inside.source_doc_no
        JOIN movements_documentline l ON l.organization_id = d.organization_id AND l.document_id = d.id
          AND (l.line_no = inside.source_line_no OR inside.source_line_no IS NULL)
        WHERE inside.source_doc_no <> ''
        UNION
        SELECT l.id FROM inside
        JOIN movements_documentline l ON l.organization_id = %(organization)s AND l.source_doc_no = inside.doc_no
          AND l.source_line_no = inside.line_no AND l.source_doc_no <> ''
    )
    {_DOCUMENT_LINE}
"""


def _documents(items: dict[UUID, str], lines: list[Line]) -> Iterator[DocumentLine]:
    """Of each item from its oldest "last closed count" on; of one that was never counted, everything."""
    starts: dict[str, datetime] = {}
    for line in lines:
        start = line.earlier.at - MARGIN if line.earlier else NEVER_COUNTED
        starts[line.sku] = min(start, starts.get(line.sku, start))
    with connection.cursor() as cursor:
        cursor.execute(
            _DOCUMENTS,
            {
                "organization": require_organization_id(),
                "items": list(items),
                "starts": [starts[sku] for sku in items.values()],
                "end": max(line.cut for line in lines),
            },
        )
        while batch := cursor.fetchmany(5000):
            for row in batch:
                yield DocumentLine(*row)


def _catalogue(wanted: list[UUID]) -> tuple[list[tuple[str, str, str | None, Decimal]], dict[str, dict[str, Decimal]]]:
    units: dict[str, dict[str, Decimal]] = {}
    for sku, name, factor in Unit.objects.filter(item__in=wanted).values_list("item__sku", "name", "factor"):
        units.setdefault(sku, {})[name] = factor
    rows: Any = CatalogItem.objects.order_by("sku").values_list("sku", "name", "category__path", "natural_loss_rate")
    return list(rows), units


def _machines() -> Iterator[str]:
    """Accounts that are no people: by their kind, or by a name that says so."""
    for username, name, kind in Member.objects.values_list("username", "name", "kind"):
        text = f"{username} {name}".lower()
        if kind != MemberKind.PERSON or any(word in text for word in MACHINE_WORDS):
            yield username
