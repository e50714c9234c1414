"""Numbers of documents made here: a prefix of the type, the local day, and a running number: DC-20231230-0007."""

from __future__ import annotations

from itertools import count

from django.db import connection
from django.db.models import IntegerField, Max
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from apps.core.tenancy import require_organization_id
from apps.movements.enums import DocumentType
from apps.movements.models import Document
from apps.organizations.models import Organization

PREFIX: dict[str, str] = {
    DocumentType.PURCHASE_ORDER: "CG",
    DocumentType.DELIVERY_NOTE: "SH",
    DocumentType.RECEIPT: "RK",
    DocumentType.PURCHASE_RETURN: "TG",
    DocumentType.SALES_ORDER: "XS",
    DocumentType.WAYBILL: "YD",
    DocumentType.SALES_ISSUE: "CK",
    DocumentType.RETURN_NOTE: "TH",
    DocumentType.SALES_RETURN: "XT",
    DocumentType.TRANSFER_OUT: "DC",
    DocumentType.TRANSFER_IN: "DR",
    DocumentType.GIFT_ISSUE: "ZP",
    DocumentType.SCRAP: "BF",
    DocumentType.MATERIAL_ISSUE: "LL",
    DocumentType.MATERIAL_RETURN: "TL",
    DocumentType.ASSEMBLY_IN: "ZZ",
    DocumentType.ASSEMBLY_OUT: "CX",
    DocumentType.ADJUSTMENT: "TZ",
}
"""Initials of the Chinese names, as companies' own numbers have them."""


def next_number(document: Document) -> str:
    """The next free number of the document's type on the organization's day.

    Two that ask at once never wait for each other: whoever finds a number claimed takes the one after it. So a
    number may be left out when a document is given up, and none is given twice.
    """
    zone = Organization.objects.get(pk=require_organization_id()).zone
    prefix = f"{PREFIX[document.doc_type]}-{timezone.localtime(timezone=zone):%Y%m%d}-"
    same_type = Document.objects.filter(doc_type=document.doc_type)
    last = same_type.filter(
        doc_no__gte=f"{prefix}0", doc_no__lte=f"{prefix}99999999", doc_no__regex=rf"^{prefix}\d{{4,8}}$"
    ).aggregate(last=Max(Cast(Substr("doc_no", len(prefix) + 1), IntegerField())))["last"]
    for number in count((last or 0) + 1):
        doc_no = f"{prefix}{number:04d}"
        if _claim(f"{document.doc_type} {doc_no}") and not same_type.filter(doc_no=doc_no).exists():
            return doc_no
    raise AssertionError("numbers do not end")


def _claim(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"{require_organization_id()} {name}"],
        )
        return bool(cursor.fetchone()[0])
