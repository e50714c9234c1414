from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Item, Location, Warehouse
from apps.core.models import OrganizationOwned
from apps.core.numbers import QuantityField
from apps.core.tenancy import TenantForeignKey
from apps.movements.enums import EFFECT, NODE, DocumentStatus, DocumentType
from apps.organizations.models import Department, Member


class Document(OrganizationOwned):
    """The head of a document; what it says is true for all its lines. Reversed when posted wrongly, never edited."""

    doc_type = models.CharField(_("type"), max_length=20, choices=DocumentType.choices)
    doc_no = models.CharField(_("number"), max_length=60)
    status = models.CharField(_("status"), max_length=10, choices=DocumentStatus.choices, default=DocumentStatus.DRAFT)
    warehouse = TenantForeignKey(Warehouse, models.PROTECT, related_name="+", verbose_name=_("warehouse"))
    to_warehouse = TenantForeignKey(
        Warehouse, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("to warehouse")
    )
    occurred_at = models.DateTimeField(_("occurred"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded"), null=True, blank=True)
    posted_at = models.DateTimeField(_("posted"), null=True, blank=True)
    operator = TenantForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("operator")
    )
    approver = TenantForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approver")
    )
    department = TenantForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    counterparty = models.CharField(_("counterparty"), max_length=100, blank=True)
    external_id = models.CharField(_("external number"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    reverses = TenantForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversals", verbose_name=_("reverses")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "doc_type", "doc_no"], name="document_once"),
            models.UniqueConstraint(
                fields=["organization", "reverses"],
                condition=Q(reverses__isnull=False),
                name="document_reversed_once",
            ),
            models.CheckConstraint(
                condition=~Q(status=DocumentStatus.POSTED) | Q(posted_at__isnull=False),
                name="document_posted_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "status", "doc_type"], name="document_by_status"),
            models.Index(
                F("organization"),
                Coalesce("occurred_at", "recorded_at", "created_at").desc(),
                F("id").desc(),
                name="document_by_time",
            ),
        ]

    def __str__(self) -> str:
        return self.doc_no

    @property
    def node(self) -> str:
        return NODE[self.doc_type]

    @property
    def effect(self) -> int:
        """+1, −1, or 0 for a type that moves no stock."""
        return EFFECT.get(self.doc_type, 0)


class DocumentLine(OrganizationOwned):
    """`quantity` is in `unit` (empty: the base unit), positive but on adjustments; `base_quantity` = × factor."""

    document = TenantForeignKey(
        Document, models.CASCADE, related_name="lines", db_index=False, verbose_name=_("document")
    )
    line_no = models.PositiveIntegerField(_("line"))
    item = TenantForeignKey(Item, models.PROTECT, related_name="+", db_index=False, verbose_name=_("item"))
    location = TenantForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    to_location = TenantForeignKey(
        Location,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("to location"),
    )
    lot = models.CharField(_("lot"), max_length=60, blank=True)
    quantity = QuantityField(_("quantity"))
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    base_quantity = QuantityField(_("quantity in base units"))
    unit_cost = QuantityField(_("unit cost"), null=True, blank=True, help_text=_("Of one base unit."))
    source_doc_no = models.CharField(_("source document"), max_length=60, blank=True)
    source_line_no = models.PositiveIntegerField(_("source line"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("document line")
        verbose_name_plural = _("document lines")
        ordering = ["document", "line_no"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "document", "line_no"], name="document_line_once")
        ]
        indexes = [
            models.Index(fields=["organization", "item", "location"], name="document_line_by_item"),
            models.Index(
                fields=["organization", "to_location"],
                condition=Q(to_location__isnull=False),
                name="document_line_by_target",
            ),
            models.Index(
                fields=["organization", "source_doc_no"],
                condition=~Q(source_doc_no=""),
                name="document_line_by_source",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id}/{self.line_no}"

    @property
    def moved(self) -> Decimal:
        """Signed base quantity that this line moves at its warehouse once it is posted."""
        return self.document.effect * self.base_quantity
