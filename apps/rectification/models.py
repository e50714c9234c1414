from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.models import OrganizationOwned
from apps.core.numbers import QuantityField
from apps.core.tenancy import TenantForeignKey
from apps.counts.models import Count
from apps.movements.models import Document
from apps.organizations.models import Member
from apps.rectification.enums import AdjustmentState
from apps.variances.models import Variance


class Adjustment(OrganizationOwned):
    """A proposal to correct stock by the variances of one count. `content_hash` covers its lines."""

    adjustment_no = models.CharField(_("number"), max_length=60)
    count = TenantForeignKey(Count, models.PROTECT, related_name="adjustments", verbose_name=_("count"))
    state = models.CharField(
        _("state"), max_length=10, choices=AdjustmentState.choices, default=AdjustmentState.PROPOSED
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    content_hash = models.CharField(_("content"), max_length=64)
    total_value = QuantityField(_("net value"))
    proposed_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("proposed by"))
    proposed_at = models.DateTimeField(_("proposed"), default=timezone.now)
    posted_by = TenantForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("posted by")
    )
    posted_at = models.DateTimeField(_("posted"), null=True, blank=True)
    document = TenantForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("document")
    )
    reversal = TenantForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reversal")
    )

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        ordering = ["-proposed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "adjustment_no"], name="adjustment_no_once"),
            models.CheckConstraint(
                condition=~Q(state__in=[AdjustmentState.POSTED, AdjustmentState.REVERSED])
                | Q(document__isnull=False, posted_at__isnull=False),
                name="adjustment_posted_has_document",
            ),
            models.UniqueConstraint(
                fields=["organization", "document"],
                condition=Q(document__isnull=False),
                name="adjustment_document_once",
            ),
        ]

    def __str__(self) -> str:
        return self.adjustment_no


class AdjustmentLine(OrganizationOwned):
    """One variance of an adjustment. `is_live` while the adjustment holds it."""

    adjustment = TenantForeignKey(Adjustment, models.PROTECT, related_name="lines", verbose_name=_("adjustment"))
    variance = TenantForeignKey(Variance, models.PROTECT, related_name="adjustment_lines", verbose_name=_("variance"))
    quantity = QuantityField(_("quantity"))
    unit_cost = QuantityField(_("unit cost"))
    value = QuantityField(_("value"))
    is_live = models.BooleanField(default=True, editable=False)

    class Meta:
        verbose_name = _("adjustment line")
        verbose_name_plural = _("adjustment lines")
        ordering = ["adjustment", "variance"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "variance"], condition=Q(is_live=True), name="variance_adjusted_once"
            ),
            models.CheckConstraint(condition=~Q(quantity=0), name="adjustment_line_moves"),
        ]

    def __str__(self) -> str:
        return f"{self.variance_id} {self.quantity}"
