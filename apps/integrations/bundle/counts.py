"""Counts and what was counted. The services of counts write them; here rows become their drafts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext as _

from apps.catalog.models import Warehouse
from apps.counts.enums import CountMode, CountState
from apps.counts.models import Count, CountEntry
from apps.counts.services import EntryDraft, close_count, create_count, record_entries, release_count, settle_lines
from apps.integrations.bundle.staging import Load, refer
from apps.integrations.bundle.stock import refer_item, refer_warehouse
from apps.movements.enums import DocumentStatus
from apps.movements.models import Document
from apps.organizations.models import Member
from apps.organizations.selectors import system_member
from apps.variances.services import notice_late_documents

DEFAULTS = (
    f"coalesce(s.mode, '{CountMode.STATIC}') AS mode, coalesce(s.blind, true) AS blind,"
    f" coalesce(s.status, '{CountState.COUNTING}') AS status"
)


def check_counts(load: Load) -> None:
    if "counts" in load.given:
        refer_warehouse(load, "counts")
        _check_against_existing(load)
        _check_overlaps(load)
    if "count_entries" in load.given:
        _check_entries(load)


def _check_against_existing(load: Load) -> None:
    """A count that is there keeps what it was released with; the only step is from counting to closed."""
    for row, no, columns in load.rows(
        "SELECT s.row, s.count_no, CASE WHEN w.code <> s.warehouse THEN 'warehouse ' ELSE '' END"
        " || CASE WHEN c.snapshot_at IS DISTINCT FROM s.snapshot_at THEN 'snapshot_at ' ELSE '' END"
        " || CASE WHEN c.mode <> s.mode THEN 'mode ' ELSE '' END"
        " || CASE WHEN c.blind <> s.blind THEN 'blind ' ELSE '' END"
        f" || CASE WHEN c.state = s.status OR (c.state = '{CountState.COUNTING}' AND s.status = '{CountState.CLOSED}')"
        "  OR s.status IS NULL THEN '' ELSE 'status ' END"
        " FROM bundle_counts s JOIN counts_count c ON c.organization_id = %(org)s AND c.count_no = s.count_no"
        " JOIN catalog_warehouse w ON w.organization_id = %(org)s AND w.id = c.warehouse_id"
    ):
        if columns:
            load.findings.add(
                "counts",
                row,
                columns.split()[0],
                "count_differs",
                _("The count %(no)s is already there and differs in: %(columns)s. A count is not changed by a file.")
                % {"no": no, "columns": ", ".join(columns.split())},
                no,
            )


def _check_overlaps(load: Load) -> None:
    """Two open counts never hold the same stock; a bundle's count is of a whole warehouse."""
    load.make_table(
        "bundle_count",
        f"AS SELECT s.row, s.count_no, s.warehouse, s.snapshot_at, {DEFAULTS}"
        " FROM bundle_counts s WHERE s.count_no IS NOT NULL",
    )
    open_here = f"s.status = '{CountState.COUNTING}'"
    overlapping = load.rows(
        f"SELECT s.row, s.count_no, o.count_no FROM bundle_count s JOIN bundle_count o ON o.warehouse = s.warehouse"
        f" AND o.row < s.row AND o.status = s.status WHERE {open_here}"
        " UNION SELECT s.row, s.count_no, c.count_no FROM bundle_count s JOIN catalog_warehouse w"
        "  ON w.organization_id = %(org)s AND w.code = s.warehouse JOIN catalog_location p"
        "  ON p.organization_id = %(org)s AND p.warehouse_id = w.id JOIN counts_countlocation l"
        "  ON l.organization_id = %(org)s AND l.location_id = p.id AND l.is_open JOIN counts_count c"
        f"  ON c.organization_id = %(org)s AND c.id = l.count_id WHERE {open_here} AND c.count_no <> s.count_no"
        "  AND NOT EXISTS (SELECT 1 FROM bundle_count x WHERE x.count_no = c.count_no AND x.status <> s.status)"
        " ORDER BY 1, 3"
    )
    for row, no, other in overlapping:
        load.findings.add(
            "counts",
            row,
            "warehouse",
            "count_overlaps",
            _("%(no)s would hold the same stock as %(other)s, which is still open. Close one of them first.")
            % {"no": no, "other": other},
            no,
        )


def _check_entries(load: Load) -> None:
    refer_item(load, "count_entries")
    refer(
        load,
        "count_entries",
        "counter",
        table="organizations_member",
        by="username",
        code="unknown_member",
        message=_("There is no member “%(value)s”."),
    )
    known = "SELECT count_no, warehouse FROM bundle_counts UNION " if "counts" in load.given else ""
    load.make_table(
        "bundle_counted",
        f"AS SELECT s.row, s.count_no, k.count_no IS NOT NULL AS known, w.id AS warehouse_id"
        f" FROM bundle_count_entries s LEFT JOIN ({known}SELECT c.count_no, w.code"
        "  FROM counts_count c JOIN catalog_warehouse w ON w.organization_id = %(org)s AND w.id = c.warehouse_id"
        "  WHERE c.organization_id = %(org)s) AS k (count_no, warehouse) ON k.count_no = s.count_no"
        " LEFT JOIN catalog_warehouse w ON w.organization_id = %(org)s AND w.code = k.warehouse",
    )
    load.find(
        "count_entries",
        "unknown_count",
        "count_no",
        _("There is no count “%(value)s”."),
        "SELECT row, count_no FROM bundle_counted WHERE NOT known AND count_no IS NOT NULL",
    )
    load.find(
        "count_entries",
        "unknown_location",
        "location",
        _("There is no location “%(value)s” in the warehouse of this count."),
        "SELECT s.row, s.location FROM bundle_count_entries s JOIN bundle_counted k USING (row)"
        " WHERE k.warehouse_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM catalog_location p"
        "  WHERE p.organization_id = %(org)s AND p.warehouse_id = k.warehouse_id"
        "  AND p.code = coalesce(s.location, ''))",
    )
    load.find(
        "count_entries",
        "unknown_unit",
        "unit",
        _("The item has no unit “%(value)s”."),
        "SELECT s.row, s.unit FROM bundle_count_entries s JOIN catalog_item i ON i.organization_id = %(org)s"
        " AND i.sku = s.sku LEFT JOIN catalog_unit u ON u.organization_id = %(org)s AND u.item_id = i.id"
        " AND u.name = s.unit WHERE s.unit IS NOT NULL AND s.unit <> i.base_unit AND u.id IS NULL",
    )


# Writing


def set_counts(load: Load) -> None:
    """Release, fill and close the counts, oldest first. Documents must stand in the ledger before."""
    _notice_late_documents(load)
    system = system_member()
    closing: list[Count] = []
    if "counts" in load.given:
        closing = _set_counts(load, system)
    if "count_entries" in load.given:
        _set_entries(load, system)
    _drop_empty_lines(load)
    for count in closing:
        last = CountEntry.objects.filter(count=count).order_by("-counted_at").values_list("counted_at", flat=True)
        close_count(count, at=last.first() or count.snapshot_at, abandon_recounts=True, actor=system)


def _drop_empty_lines(load: Load) -> None:
    """Of the counts just made: where the book said nothing and nobody counted, there was no line."""
    load.run(
        "DELETE FROM counts_countline l USING counts_count c WHERE c.organization_id = %(org)s"
        " AND c.count_no = ANY(%(made)s) AND l.organization_id = %(org)s AND l.count_id = c.id AND l.snapshot = 0"
        " AND NOT EXISTS (SELECT 1 FROM counts_countentry e WHERE e.organization_id = %(org)s AND e.line_id = l.id)",
        made=load.made_counts,
    )


def _set_counts(load: Load, system: Member) -> list[Count]:
    """Make the counts that are new; returns those to close once their entries are in."""
    tally = load.tallies["counts"]
    here = {count.count_no: count for count in Count.objects.all()}
    warehouses = {warehouse.code: warehouse for warehouse in Warehouse.objects.all()}
    closing = []
    for no, warehouse, snapshot_at, mode, blind, status in load.rows(
        "SELECT count_no, warehouse, snapshot_at, mode, blind, status FROM bundle_count ORDER BY snapshot_at, count_no"
    ):
        count = here.get(no)
        closed = status == CountState.CLOSED
        if count is None:
            count = create_count(warehouses[warehouse], count_no=no, mode=mode, blind=blind, actor=system)
            count = release_count(count, at=snapshot_at, exclusive=not closed, actor=system)
            tally.new += 1
            load.made_counts.append(no)
        elif closed and count.state == CountState.COUNTING:
            tally.changed += 1
        if closed and count.state == CountState.COUNTING:
            closing.append(count)
    return closing


def _set_entries(load: Load, system: Member) -> None:
    tally = load.tallies["count_entries"]
    counts = {count.count_no: count for count in Count.objects.all()}
    members = {member.username: member for member in Member.objects.all()}
    done = 0
    for no, rows in groupby(_entry_rows(load), key=itemgetter(0)):
        entries = list(rows)
        drafts = [_draft(entry, members) for entry in entries]
        result = record_entries(counts[no], drafts, partial=True, actor=system)
        for refusal in result.refused:
            load.findings.add(
                "count_entries",
                entries[refusal.index][1],
                "entry_no",
                refusal.code,
                refusal.message,
                refusal.entry_no,
            )
        settle_lines(counts[no])
        tally.new += len(result.accepted)
        done += len(entries)
        load.progress(done, tally.rows, _("writing count entries"))


def _entry_rows(load: Load) -> Iterator[tuple[Any, ...]]:
    yield from load.rows(
        "SELECT count_no, row, entry_no, sku, location, lot, unit, quantity, round, counter, counted_at, method, device"
        " FROM bundle_count_entries ORDER BY count_no, row"
    )


def _draft(entry: tuple[Any, ...], members: dict[str, Member]) -> EntryDraft:
    _no, _row, entry_no, sku, location, lot, unit, quantity, turn, counter, counted_at, method, device = entry
    return EntryDraft(
        entry_no=entry_no,
        quantity=quantity,
        sku=sku,
        location=location or "",
        lot=lot or "",
        unit=unit or "",
        counted_at=counted_at,
        round=turn or 1,
        counter=members[counter],
        method=method or "import",
        device=device or "",
    )


def _notice_late_documents(load: Load) -> None:
    """Documents of the bundle that tell of goods that moved before a count which was closed long ago."""
    if "documents" not in load.given:
        return
    late = load.rows(
        "SELECT DISTINCT d.id FROM bundle_document d JOIN movements_documentline e ON e.organization_id = %(org)s"
        " AND e.document_id = d.id JOIN movements_ledgerentry g ON g.organization_id = %(org)s AND g.line_id = e.id"
        " JOIN counts_countline l ON l.organization_id = %(org)s AND l.stock_line_id = g.stock_line_id"
        "  AND l.counted IS NOT NULL"
        f" JOIN counts_count c ON c.organization_id = %(org)s AND c.id = l.count_id AND c.state = '{CountState.CLOSED}'"
        f" WHERE d.status = '{DocumentStatus.POSTED}' AND d.old_status IS DISTINCT FROM d.status AND d.effect <> 0"
        " AND g.posted_at > c.snapshot_at AND g.occurred_at <= greatest(c.snapshot_at, l.counted_at)"
    )
    for document in Document.objects.filter(pk__in=[pk for (pk,) in late]):
        notice_late_documents(document)
