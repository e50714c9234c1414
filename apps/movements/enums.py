from __future__ import annotations

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
