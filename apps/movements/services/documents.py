"""Documents before they are posted: make, change, submit, approve, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.audit.services import audited, record
from apps.catalog.enums import Tracking
from apps.catalog.models import Item, Location, Unit, Warehouse
from apps.catalog.selectors import default_location, unknown_unit
from apps.core.errors import Conflict, RuleViolation
from apps.core.ids import new_id
from apps.core.numbers import LIMIT, parse_decimal
from apps.core.permissions import require
from apps.core.states import move
from apps.core.tenancy import require_organization_id
from apps.movements.enums import DOCUMENT_TRANSITIONS, DocumentStatus, DocumentType
from apps.movements.models import Document
from apps.movements.services.numbering import next_number
from apps.organizations.models import Department, Member

MAX_LINES = 200_000
COPY_FROM = 500
SMALLEST = Decimal("0.0001")
EDITABLE = (DocumentStatus.DRAFT, DocumentStatus.SUBMITTED)
HEAD = (
    "to_warehouse",
    "occurred_at",
    "operator",
    "approver",
    "department",
    "counterparty",
    "external_id",
    "reason",
)
TRANSFERS = (DocumentType.TRANSFER_OUT, DocumentType.TRANSFER_IN)


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


@audited("movements.document.created")
def create_document(
    doc_type: str,
    *,
    warehouse: Warehouse,
    lines: Sequence[LineDraft],
    doc_no: str = "",
    status: str = DocumentStatus.DRAFT,
    to_warehouse: Warehouse | None = None,
    occurred_at: datetime | None = None,
    operator: Member | None = None,
    approver: Member | None = None,
    department: Department | None = None,
    counterparty: str = "",
    external_id: str = "",
    reason: str = "",
    actor: Member,
) -> Document:
    """A document with its lines, not yet posted. Without `doc_no` it gets the next number of its type and day.

    The operator is whoever acts unless somebody is named. Raises RuleViolation: "doc_type", "status", "no_lines",
    "invalid" (the head), "invalid_lines" (`rows` lists each line and why), "doc_no_taken" (a Conflict).
    """
    require(actor, "movements.document.create")
    if doc_type not in DocumentType.values:
        raise RuleViolation("doc_type", _("“%(type)s” is not a type of document.") % {"type": doc_type})
    if status not in (DocumentStatus.DRAFT, DocumentStatus.SUBMITTED, DocumentStatus.APPROVED):
        raise RuleViolation("status", _("A new document is a draft, submitted or approved; post it afterwards."))
    document = Document(
        doc_type=doc_type,
        doc_no=doc_no.strip(),
        status=status,
        warehouse=warehouse,
        to_warehouse=to_warehouse,
        occurred_at=occurred_at,
        recorded_at=timezone.now(),
        operator=operator if operator is not None or actor.is_system else actor,
        approver=approver,
        department=department,
        counterparty=counterparty.strip(),
        external_id=external_id.strip(),
        reason=reason.strip(),
    )
    rows = _checked_lines(document, lines)
    document.doc_no = document.doc_no or next_number(document)
    _save_head(document)
    _insert_lines(document, rows)
    record(lines=len(rows))
    return document


@audited("movements.document.changed")
def change_document(
    document: Document, *, actor: Member, lines: Sequence[LineDraft] | None = None, **head: Any
) -> Document:
    """Change the head or replace all lines, while the document is a draft or submitted.

    Type, number and warehouse stay: cancel and enter it again.
    """
    require(actor, "movements.document.create")
    document = lock(document)
    if document.status not in EDITABLE:
        raise Conflict(
            "not_editable",
            _("%(doc_no)s is %(status)s and is no longer edited. A posted document is corrected by reversing it.")
            % {"doc_no": document, "status": document.get_status_display()},
        )
    unknown = set(head) - set(HEAD)
    if unknown:
        raise TypeError(f"not part of a document's head: {sorted(unknown)}")
    for field, value in head.items():
        setattr(document, field, value)
    if lines is not None:
        rows = _checked_lines(document, lines)
        document.lines.all().delete()
        _insert_lines(document, rows)
        record(lines=len(rows))
    _save_head(document)
    return document


@audited("movements.document.submitted")
def submit_document(document: Document, *, actor: Member) -> Document:
    """Hand a draft over to whoever approves."""
    require(actor, "movements.document.submit", document)
    document = lock(document)
    move(document, DocumentStatus.SUBMITTED, DOCUMENT_TRANSITIONS, field="status")
    document.save()
    return document


@audited("movements.document.approved")
def approve_document(document: Document, *, actor: Member) -> Document:
    """Approve a draft or submitted document that somebody else entered."""
    document = lock(document)
    require(actor, "movements.document.approve", document)
    move(document, DocumentStatus.APPROVED, DOCUMENT_TRANSITIONS, field="status")
    document.approver = actor
    document.save()
    return document


@audited("movements.document.cancelled")
def cancel_document(document: Document, *, reason: str, actor: Member) -> Document:
    """Give up a document that was not posted. It stays readable; the reason is in the audit log."""
    require(actor, "movements.document.cancel", document)
    document = lock(document)
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why this document is cancelled."))
    move(document, DocumentStatus.CANCELLED, DOCUMENT_TRANSITIONS, field="status")
    document.save()
    record(reason=reason.strip())
    return document


def lock(document: Document) -> Document:
    """The document as it stands now, locked until the transaction ends."""
    return Document.objects.select_for_update(of=("self",), no_key=True).select_related("warehouse").get(pk=document.pk)


def _save_head(document: Document) -> None:
    if document.doc_type == DocumentType.TRANSFER_OUT and document.to_warehouse is None:
        raise RuleViolation("to_warehouse_missing", _("A transfer out names the warehouse that it goes to."))
    if document.to_warehouse is not None and document.doc_type not in TRANSFERS:
        raise RuleViolation("to_warehouse_unexpected", _("Only a transfer names a second warehouse."))
    same_number = Document.objects.filter(doc_type=document.doc_type, doc_no=document.doc_no)
    taken = Conflict(
        "doc_no_taken",
        _("There is already a document of this type with the number %(doc_no)s.") % {"doc_no": document.doc_no},
    )
    if document._state.adding and same_number.exists():
        raise taken
    try:
        document.full_clean()
    except ValidationError as error:
        raise RuleViolation("invalid", _spoken(error)) from error
    try:
        with transaction.atomic():
            document.save()
    except IntegrityError as error:
        raise taken from error


def _spoken(error: ValidationError) -> str:
    parts = []
    for field, messages in error.message_dict.items():
        label = (
            "" if field == NON_FIELD_ERRORS else f"{getattr(Document._meta.get_field(field), 'verbose_name', field)}: "
        )
        parts.append(label + " ".join(messages))
    return " ".join(parts)


Row = tuple[Any, ...]


def _checked_lines(document: Document, lines: Sequence[LineDraft]) -> list[Row]:
    """The lines as table rows, or one RuleViolation that lists every line that is wrong."""
    if not lines:
        raise RuleViolation("no_lines", _("A document needs at least one line."))
    if len(lines) > MAX_LINES:
        raise RuleViolation(
            "too_many_lines", _("A document has at most %(limit)d lines. Split it.") % {"limit": MAX_LINES}
        )
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


def _insert_lines(document: Document, rows: list[Row]) -> None:
    """All lines in one statement. COPY is closed to tables with row-level security, so many lines are copied to a
    temporary table first, which is faster than sending them as parameters."""
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
