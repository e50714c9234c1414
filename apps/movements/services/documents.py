"""Documents before they are posted: make, change, submit, approve, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.catalog.models import Warehouse
from apps.core.errors import Conflict, RuleViolation
from apps.core.permissions import require
from apps.core.states import move
from apps.movements.enums import DOCUMENT_TRANSITIONS, DocumentStatus, DocumentType
from apps.movements.models import Document
from apps.movements.services.lines import LineDraft, StockMoves, checked_lines, insert_lines, insert_moves
from apps.movements.services.numbering import next_number
from apps.organizations.models import Department, Member

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


@audited("movements.document.created")
def create_document(
    doc_type: str,
    *,
    warehouse: Warehouse,
    lines: Sequence[LineDraft] | StockMoves,
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
    rows = lines if isinstance(lines, StockMoves) else checked_lines(document, lines)
    document.doc_no = document.doc_no or next_number(document)
    _save_head(document)
    record(lines=insert_moves(document, rows) if isinstance(rows, StockMoves) else insert_lines(document, rows))
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
        rows = checked_lines(document, lines)
        document.lines.all().delete()
        record(lines=insert_lines(document, rows))
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
