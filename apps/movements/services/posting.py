"""Posting and reversing, in a few statements whatever the size of the document.

Locks are taken in one order: the document, its places by id, new stock lines by key, stock lines by id. The ledger's
time is read when the locks are held, so that nobody who holds them later sees an earlier moment.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.catalog.enums import Tracking
from apps.core.errors import Conflict, RuleViolation
from apps.core.permissions import require
from apps.core.states import move
from apps.core.tenancy import require_organization_id
from apps.movements.enums import DOCUMENT_TRANSITIONS, DocumentStatus
from apps.movements.models import Document, LedgerEntry
from apps.movements.services.documents import lock
from apps.movements.signals import before_posting, before_reversal, posted
from apps.organizations.models import Member


@audited("movements.document.posted")
def post_document(
    document: Document, *, actor: Member, posted_at: datetime | None = None, ignore_freeze: bool = False
) -> Document:
    """Post a document: its lines reach the ledger, now (imports name the moment it had elsewhere).

    Stock may fall below zero, because postings lag behind goods; the audit entry and `negative_stock` say where.
    `ignore_freeze` is for the adjustment of a closed count, which carries its own approval: frozen locations and the
    four-eyes rule of manual adjustments are not asked.

    Raises Conflict("wrong_state") if it is no longer open, RuleViolation("lot_missing") for tracked items without
    a lot, and whatever a receiver of `before_posting` objects to.
    """
    document = lock(document)
    require(actor, "movements.document.post", None if ignore_freeze else document)
    move(document, DocumentStatus.POSTED, DOCUMENT_TRANSITIONS, field="status")
    if posted_at is not None and posted_at > timezone.now():
        raise RuleViolation("posted_later", _("A document cannot be posted in the future."))
    stock_line_ids = _lock_stock(document) if document.effect else []
    if document.effect:
        _require_lots(document)
        if not ignore_freeze:
            before_posting.send(sender=Document, stock_line_ids=stock_line_ids, document=document, actor=actor)
    document.posted_at = posted_at or timezone.now()
    document.save()
    written = _write_entries(document) if document.effect else 0
    record(lines=written)
    _tell_negative(document)
    entries = LedgerEntry.objects.filter(line__document=document)
    posted.send(sender=Document, document=document, entries=entries, actor=actor)
    return document


@audited("movements.document.reversed")
def reverse_document(document: Document, *, reason: str, actor: Member, ignore_freeze: bool = False) -> Document:
    """Undo a posted document by another of the same type with opposite quantities (红字), posted now.

    Its entries name those they reverse and carry their `occurred_at`: seen from today the goods never moved.
    Once only, and never a reversal itself: enter the document again. Returns the reversing document. `ignore_freeze`
    is for the floor that owns the document (the adjustment of a count).
    """
    require(actor, "movements.document.reverse", document)
    original = lock(document)
    if original.status != DocumentStatus.POSTED:
        raise Conflict(
            "not_posted",
            _("%(doc_no)s is %(status)s: only a posted document is reversed. Cancel it instead.")
            % {"doc_no": original, "status": original.get_status_display()},
        )
    if original.reverses_id is not None:
        raise Conflict(
            "is_reversal",
            _("%(doc_no)s is itself a reversal. Enter the document again.") % {"doc_no": original},
        )
    if Document.objects.filter(reverses=original).exists():
        raise Conflict("already_reversed", _("%(doc_no)s was already reversed.") % {"doc_no": original})
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why this document is reversed."))
    if not ignore_freeze:
        before_reversal.send(sender=Document, document=original, actor=actor)
    opposite = _opposite_document(original, reason=reason.strip(), actor=actor)
    stock_line_ids = _lock_stock(original) if original.effect else []
    if original.effect and not ignore_freeze:
        before_posting.send(sender=Document, stock_line_ids=stock_line_ids, document=opposite, actor=actor)
    now = timezone.now()
    opposite.recorded_at = opposite.posted_at = now
    opposite.status = DocumentStatus.POSTED
    opposite.save()
    with connection.cursor() as cursor:
        cursor.execute(_COPY_LINES, [opposite.pk, require_organization_id(), original.pk])
        cursor.execute(_REVERSE_ENTRIES, [now, now, opposite.pk, require_organization_id(), original.pk])
        written = cursor.rowcount
    if original.effect and written < opposite.lines.count():
        raise RuleViolation(
            "before_opening",
            _("%(doc_no)s lies before the opening stock, which contains it. Post an adjustment instead.")
            % {"doc_no": original},
        )
    _tell_negative(original)
    record(reverses=original.doc_no, reason=reason.strip(), lines=written)
    posted.send(
        sender=Document,
        document=opposite,
        entries=LedgerEntry.objects.filter(line__document=opposite),
        actor=actor,
    )
    return opposite


def _opposite_document(original: Document, *, reason: str, actor: Member) -> Document:
    taken = Document.objects.filter(doc_type=original.doc_type)
    stem = original.doc_no[:56]
    doc_no, number = f"{stem}-R", 2
    while taken.filter(doc_no=doc_no).exists():
        doc_no, number = f"{stem}-R{number}", number + 1
    return Document(
        doc_type=original.doc_type,
        doc_no=doc_no,
        warehouse=original.warehouse,
        to_warehouse_id=original.to_warehouse_id,
        occurred_at=original.occurred_at,
        operator=None if actor.is_system else actor,
        department_id=original.department_id,
        counterparty=original.counterparty,
        reason=reason[:200],
        reverses=original,
    )


def _require_lots(document: Document) -> None:
    without = document.lines.filter(lot="").exclude(item__tracking=Tracking.NONE)
    lines = list(without.order_by("line_no").values_list("line_no", "item__sku"))
    if lines:
        rows = [_("Line %(number)d: %(sku)s needs its lot.") % {"number": n, "sku": sku} for n, sku in lines]
        raise RuleViolation("lot_missing", " ".join([_("Enter the lots before posting."), *rows[:5]]), rows=rows)


def _tell_negative(document: Document) -> None:
    """Postings lag, so a negative book is no error; but nobody shall have to search for it."""
    if not document.effect:
        return
    organization = require_organization_id()
    with connection.cursor() as cursor:
        cursor.execute(_BELOW_ZERO, [organization, document.pk, organization])
        below = cursor.fetchone()[0]
    if below:
        record(negative_stock_lines=below)


def _lock_stock(document: Document) -> list[UUID]:
    """Make the stock lines that the document's lines name, lock all of them, and return their ids."""
    organization = require_organization_id()
    named = (organization, document.pk)
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_PLACES, [*named, organization])
        cursor.execute(_MAKE_STOCK_LINES, [*named, organization, document.warehouse_id, organization])
        cursor.execute(_LOCK_STOCK_LINES, [*named, organization])
        return [row[0] for row in cursor.fetchall()]


def _write_entries(document: Document) -> int:
    """The ledger of a document's lines, with its `posted_at`. Left out is what the opening of a stock line contains:
    lines posted up to its moment (imports only)."""
    moment = document.posted_at
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE_ENTRIES,
            [
                document.effect,
                document.occurred_at or moment,
                document.recorded_at or moment,
                moment,
                require_organization_id(),
                document.pk,
                moment,
            ],
        )
        return cursor.rowcount


_NAMED = """
    WITH named AS MATERIALIZED (
        SELECT DISTINCT location_id, item_id, lot FROM movements_documentline
        WHERE organization_id = %s AND document_id = %s
    )
"""
_HOLD_PLACES = f"""
    {_NAMED}
    SELECT p.id FROM catalog_location p
    WHERE p.organization_id = %s AND p.id IN (SELECT location_id FROM named) ORDER BY p.id FOR KEY SHARE
"""
_MAKE_STOCK_LINES = f"""
    {_NAMED}
    INSERT INTO movements_stockline (id, organization_id, warehouse_id, location_id, item_id, lot, quantity)
    SELECT stockcheck_uuid7(), %s, %s, n.location_id, n.item_id, n.lot, 0 FROM named n
    WHERE NOT EXISTS (
        SELECT FROM movements_stockline s
        WHERE s.organization_id = %s AND s.location_id = n.location_id AND s.item_id = n.item_id AND s.lot = n.lot)
    ORDER BY n.location_id, n.item_id, n.lot
    ON CONFLICT DO NOTHING
"""
_LOCK_STOCK_LINES = f"""
    {_NAMED}
    SELECT s.id FROM named n JOIN movements_stockline s
        ON s.organization_id = %s AND s.location_id = n.location_id AND s.item_id = n.item_id AND s.lot = n.lot
    ORDER BY s.id
    FOR NO KEY UPDATE OF s
"""
_BELOW_ZERO = f"""
    {_NAMED}
    SELECT count(*) FROM named n JOIN movements_stockline s
        ON s.organization_id = %s AND s.location_id = n.location_id AND s.item_id = n.item_id AND s.lot = n.lot
    WHERE s.quantity < 0
"""
_WRITE_ENTRIES = """
    INSERT INTO movements_ledgerentry (id, organization_id, stock_line_id, kind, quantity, unit_cost,
        occurred_at, recorded_at, posted_at, line_id)
    SELECT stockcheck_uuid7(), l.organization_id, s.id, 'posting', %s * l.base_quantity,
        coalesce(l.unit_cost, i.standard_cost), %s, %s, %s, l.id
    FROM movements_documentline l
    JOIN catalog_item i ON i.organization_id = l.organization_id AND i.id = l.item_id
    JOIN movements_stockline s
        ON s.organization_id = l.organization_id AND s.location_id = l.location_id
        AND s.item_id = l.item_id AND s.lot = l.lot
    WHERE l.organization_id = %s AND l.document_id = %s
      AND NOT EXISTS (
        SELECT FROM movements_ledgerentry o
        WHERE o.organization_id = s.organization_id AND o.stock_line_id = s.id
          AND o.kind = 'opening' AND o.posted_at >= %s)
"""
_COPY_LINES = """
    INSERT INTO movements_documentline (id, organization_id, document_id, line_no, item_id, location_id,
        to_location_id, lot, quantity, unit, base_quantity, unit_cost, source_doc_no, source_line_no, note)
    SELECT stockcheck_uuid7(), l.organization_id, %s, l.line_no, l.item_id, l.location_id,
        l.to_location_id, l.lot, -l.quantity, l.unit, -l.base_quantity, l.unit_cost,
        l.source_doc_no, l.source_line_no, l.note
    FROM movements_documentline l WHERE l.organization_id = %s AND l.document_id = %s
"""
_REVERSE_ENTRIES = """
    INSERT INTO movements_ledgerentry (id, organization_id, stock_line_id, kind, quantity, unit_cost,
        occurred_at, recorded_at, posted_at, line_id, reverses_id)
    SELECT stockcheck_uuid7(), e.organization_id, e.stock_line_id, 'reversal', -e.quantity, e.unit_cost,
        e.occurred_at, %s, %s, n.id, e.id
    FROM movements_documentline l
    JOIN movements_ledgerentry e
        ON e.organization_id = l.organization_id AND e.line_id = l.id AND e.kind = 'posting'
    JOIN movements_documentline n
        ON n.organization_id = l.organization_id AND n.document_id = %s AND n.line_no = l.line_no
    WHERE l.organization_id = %s AND l.document_id = %s
      AND NOT EXISTS (
        SELECT FROM movements_ledgerentry r
        WHERE r.organization_id = e.organization_id AND r.reverses_id = e.id)
"""
