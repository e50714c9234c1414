from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _


class Node(models.TextChoices):
    PURCHASE = "purchase", _("purchase")
    SALES = "sales", _("sales")
    TRANSFER = "transfer", _("transfer")
    INTERNAL = "internal", _("internal")
    COUNT = "count", _("count")


class DocumentType(models.TextChoices):
    PURCHASE_ORDER = "purchase_order", _("purchase order")
    DELIVERY_NOTE = "delivery_note", _("delivery note")
    RECEIPT = "receipt", _("goods receipt")
    PURCHASE_RETURN = "purchase_return", _("return to supplier")
    SALES_ORDER = "sales_order", _("sales order")
    WAYBILL = "waybill", _("waybill")
    SALES_ISSUE = "sales_issue", _("sales issue")
    RETURN_NOTE = "return_note", _("return note")
    SALES_RETURN = "sales_return", _("sales return")
    TRANSFER_OUT = "transfer_out", _("transfer out")
    TRANSFER_IN = "transfer_in", _("transfer in")
    GIFT_ISSUE = "gift_issue", _("gift issue")
    SCRAP = "scrap", _("scrap")
    MATERIAL_ISSUE = "material_issue", _("material issue")
    MATERIAL_RETURN = "material_return", _("material return")
    ASSEMBLY_IN = "assembly_in", _("assembly in")
    ASSEMBLY_OUT = "assembly_out", _("assembly out")
    ADJUSTMENT = "adjustment", _("adjustment")


EFFECT: dict[str, int] = {
    DocumentType.RECEIPT: 1,
    DocumentType.PURCHASE_RETURN: -1,
    DocumentType.SALES_ISSUE: -1,
    DocumentType.SALES_RETURN: 1,
    DocumentType.TRANSFER_OUT: -1,
    DocumentType.TRANSFER_IN: 1,
    DocumentType.GIFT_ISSUE: -1,
    DocumentType.SCRAP: -1,
    DocumentType.MATERIAL_ISSUE: -1,
    DocumentType.MATERIAL_RETURN: 1,
    DocumentType.ASSEMBLY_IN: 1,
    DocumentType.ASSEMBLY_OUT: -1,
    DocumentType.ADJUSTMENT: 1,
}
"""Sign of what a posted line does to stock at its warehouse; types that are absent move nothing."""

NODE: dict[str, str] = {
    DocumentType.PURCHASE_ORDER: Node.PURCHASE,
    DocumentType.DELIVERY_NOTE: Node.PURCHASE,
    DocumentType.RECEIPT: Node.PURCHASE,
    DocumentType.PURCHASE_RETURN: Node.PURCHASE,
    DocumentType.SALES_ORDER: Node.SALES,
    DocumentType.WAYBILL: Node.SALES,
    DocumentType.SALES_ISSUE: Node.SALES,
    DocumentType.RETURN_NOTE: Node.SALES,
    DocumentType.SALES_RETURN: Node.SALES,
    DocumentType.TRANSFER_OUT: Node.TRANSFER,
    DocumentType.TRANSFER_IN: Node.TRANSFER,
    DocumentType.GIFT_ISSUE: Node.INTERNAL,
    DocumentType.SCRAP: Node.INTERNAL,
    DocumentType.MATERIAL_ISSUE: Node.INTERNAL,
    DocumentType.MATERIAL_RETURN: Node.INTERNAL,
    DocumentType.ASSEMBLY_IN: Node.INTERNAL,
    DocumentType.ASSEMBLY_OUT: Node.INTERNAL,
    DocumentType.ADJUSTMENT: Node.COUNT,
}


SOURCES: dict[str, tuple[str, ...]] = {
    DocumentType.DELIVERY_NOTE: (DocumentType.PURCHASE_ORDER,),
    DocumentType.RECEIPT: (DocumentType.DELIVERY_NOTE, DocumentType.PURCHASE_ORDER),
    DocumentType.PURCHASE_RETURN: (DocumentType.RECEIPT, DocumentType.DELIVERY_NOTE, DocumentType.PURCHASE_ORDER),
    DocumentType.WAYBILL: (DocumentType.SALES_ORDER,),
    DocumentType.SALES_ISSUE: (DocumentType.WAYBILL, DocumentType.SALES_ORDER),
    DocumentType.RETURN_NOTE: (DocumentType.SALES_ISSUE, DocumentType.WAYBILL, DocumentType.SALES_ORDER),
    DocumentType.SALES_RETURN: (DocumentType.RETURN_NOTE, DocumentType.SALES_ISSUE, DocumentType.SALES_ORDER),
    DocumentType.TRANSFER_IN: (DocumentType.TRANSFER_OUT,),
    DocumentType.ASSEMBLY_IN: (DocumentType.ASSEMBLY_OUT,),
    DocumentType.MATERIAL_RETURN: (DocumentType.MATERIAL_ISSUE,),
    DocumentType.ADJUSTMENT: tuple(EFFECT),
}
"""What the source number of a line may name, the nearest document first. An adjustment corrects what it names."""

OPPOSITE: dict[str, str] = {
    DocumentType.RETURN_NOTE: DocumentType.SALES_ISSUE,
    DocumentType.WAYBILL: DocumentType.SALES_RETURN,
    DocumentType.DELIVERY_NOTE: DocumentType.PURCHASE_RETURN,
}
"""What moves stock the wrong way where it alone follows a document: a return that was booked as an issue."""

NEXT: dict[str, tuple[str, ...]] = {
    DocumentType.PURCHASE_ORDER: (DocumentType.DELIVERY_NOTE, DocumentType.RECEIPT),
    DocumentType.DELIVERY_NOTE: (DocumentType.RECEIPT,),
    DocumentType.SALES_ORDER: (DocumentType.WAYBILL, DocumentType.SALES_ISSUE),
    DocumentType.WAYBILL: (DocumentType.SALES_ISSUE,),
    DocumentType.RETURN_NOTE: (DocumentType.SALES_RETURN,),
    DocumentType.TRANSFER_OUT: (DocumentType.TRANSFER_IN,),
}
"""What must follow a document, in the same quantity; all other types are complete when they are posted."""

GATE = frozenset(
    {
        DocumentType.DELIVERY_NOTE,
        DocumentType.WAYBILL,
        DocumentType.RETURN_NOTE,
        DocumentType.TRANSFER_OUT,
    }
)
"""After these the goods have moved: what does not follow shows as a variance at the next count."""

DIRECTION: dict[str, int] = {
    DocumentType.PURCHASE_ORDER: 1,
    DocumentType.DELIVERY_NOTE: 1,
    DocumentType.SALES_ORDER: -1,
    DocumentType.WAYBILL: -1,
    DocumentType.RETURN_NOTE: 1,
    **EFFECT,
    DocumentType.TRANSFER_OUT: 1,
}
"""Sign that a document's quantity gets when it reaches stock at the end of its chain; a transfer out, where it goes."""

LIMITS: dict[str, timedelta] = {
    DocumentType.PURCHASE_ORDER: timedelta(days=14),
    DocumentType.SALES_ORDER: timedelta(days=3),
    DocumentType.TRANSFER_OUT: timedelta(days=3),
}
"""How long the next document may take where the organization has set nothing; for all other types `LIMIT`."""

LIMIT = timedelta(days=1)


class FindingKind(models.TextChoices):
    """What is to be said of a document line whose chain is not closed in time and quantity."""

    MISSING = "missing", _("missing")
    PARTIAL = "partial", _("partial")
    EXCESS = "excess", _("excess")
    DUPLICATED = "duplicated", _("duplicated")
    REVERSED = "reversed", _("wrong direction")
    WRONG_UNIT = "wrong_unit", _("wrong unit")
    WRONG_ITEM = "wrong_item", _("other item")
    NO_SOURCE = "no_source", _("no source document")
    UNPOSTED = "unposted", _("not posted")
    LATE = "late", _("late")
    OPEN = "open", _("open")


HARMLESS = frozenset({FindingKind.LATE, FindingKind.OPEN})
"""Shown, but no break: what came late came, what is open is not due yet."""


class DocumentStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("submitted")
    APPROVED = "approved", _("approved")
    POSTED = "posted", _("posted")
    CANCELLED = "cancelled", _("cancelled")


DOCUMENT_TRANSITIONS = {
    DocumentStatus.DRAFT: frozenset(
        {DocumentStatus.SUBMITTED, DocumentStatus.APPROVED, DocumentStatus.POSTED, DocumentStatus.CANCELLED}
    ),
    DocumentStatus.SUBMITTED: frozenset(
        {DocumentStatus.DRAFT, DocumentStatus.APPROVED, DocumentStatus.POSTED, DocumentStatus.CANCELLED}
    ),
    DocumentStatus.APPROVED: frozenset({DocumentStatus.SUBMITTED, DocumentStatus.POSTED, DocumentStatus.CANCELLED}),
    DocumentStatus.POSTED: frozenset[str](),
    DocumentStatus.CANCELLED: frozenset[str](),
}


class EntryKind(models.TextChoices):
    OPENING = "opening", _("opening stock")
    POSTING = "posting", _("posting")
    REVERSAL = "reversal", _("reversal")
