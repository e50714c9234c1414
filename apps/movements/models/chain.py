from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Warehouse
from apps.core.models import OrganizationOwned
from apps.core.numbers import QuantityField
from apps.core.tenancy import TenantForeignKey
from apps.movements.enums import LIMIT, LIMITS, DocumentType, FindingKind
from apps.movements.models.documents import DocumentLine
from apps.organizations.models import Department


class ChainNode(OrganizationOwned):
    """One type of document in the organization's chain: how long the next step may take, and how long it takes.

    `limit` is the organization's own, null for the shipped default. The lags are quantiles of its own history, from
    when the goods moved until the next document (or, where none follows, the document itself) was posted.
    """

    doc_type = models.CharField(_("type"), max_length=20, choices=DocumentType.choices)
    limit = models.DurationField(_("limit"), null=True, blank=True)
    lines = models.PositiveIntegerField(_("lines"), default=0, editable=False)
    median = models.DurationField(_("median"), null=True, editable=False)
    ninth = models.DurationField(_("nine in ten within"), null=True, editable=False)
    last = models.DurationField(_("ninety-nine in a hundred within"), null=True, editable=False)
    as_of = models.DateTimeField(_("as of"), null=True, editable=False)
    refreshed_at = models.DateTimeField(_("refreshed"), null=True, editable=False)

    class Meta:
        verbose_name = _("chain node")
        verbose_name_plural = _("chain nodes")
        ordering = ["doc_type"]
        constraints = [models.UniqueConstraint(fields=["organization", "doc_type"], name="chain_node_once")]

    def __str__(self) -> str:
        return str(self.get_doc_type_display())

    @property
    def limit_in_force(self) -> object:
        return self.limit if self.limit is not None else LIMITS.get(self.doc_type, LIMIT)


class ChainLink(OrganizationOwned):
    """`line` follows `source`: its document names it, or (`guess`) item, quantity, party and time say so.

    Derived from the documents, for portraits, pages and attribution; `refresh_chain` keeps it.
    """

    line = TenantForeignKey(
        DocumentLine, models.CASCADE, related_name="links_back", db_index=False, verbose_name=_("document line")
    )
    source = TenantForeignKey(
        DocumentLine, models.CASCADE, related_name="links_on", db_index=False, verbose_name=_("source line")
    )
    source_type = models.CharField(_("source type"), max_length=20, choices=DocumentType.choices)
    line_type = models.CharField(_("type"), max_length=20, choices=DocumentType.choices)
    guess = models.BooleanField(_("guess"), default=False)
    warehouse = TenantForeignKey(
        Warehouse, models.CASCADE, related_name="+", db_index=False, verbose_name=_("warehouse")
    )
    department = TenantForeignKey(
        Department, models.CASCADE, null=True, related_name="+", db_index=False, verbose_name=_("department")
    )
    happened_at = models.DateTimeField(_("goods moved"))
    lag = models.DurationField(_("lag"), null=True)

    class Meta:
        verbose_name = _("chain link")
        verbose_name_plural = _("chain links")
        constraints = [models.UniqueConstraint(fields=["organization", "line"], name="chain_link_once")]
        indexes = [
            models.Index(fields=["organization", "source"], name="chain_link_by_source"),
            models.Index(fields=["organization", "happened_at"], name="chain_link_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.source_type} → {self.line_type}"


class ChainFinding(OrganizationOwned):
    """A document line whose chain is not closed: open still, late, or broken. Derived; `refresh_chain` keeps it.

    `due` is the quantity that should follow, `done` what is posted after it, `waiting` what lies there unposted.
    `quantity` is what stock lacks (signed base units, as the next count will show it), `value` at standard cost.
    `other` is the line that followed, waits, or is the first of two. `moves_stock`: the goods have moved.
    """

    line = TenantForeignKey(
        DocumentLine, models.CASCADE, related_name="findings", db_index=False, verbose_name=_("document line")
    )
    kind = models.CharField(_("finding"), max_length=12, choices=FindingKind.choices)
    doc_type = models.CharField(_("type"), max_length=20, choices=DocumentType.choices)
    other = TenantForeignKey(
        DocumentLine, models.CASCADE, null=True, related_name="+", db_index=False, verbose_name=_("other line")
    )
    happened_at = models.DateTimeField(_("goods moved"))
    due = QuantityField(_("due"))
    done = QuantityField(_("posted"), default=Decimal(0))
    waiting = QuantityField(_("waiting"), default=Decimal(0))
    quantity = QuantityField(_("quantity"))
    value = QuantityField(_("value"))
    moves_stock = models.BooleanField(_("goods have moved"), default=True)
    guess = models.BooleanField(_("guess"), default=False)

    class Meta:
        verbose_name = _("break of the chain")
        verbose_name_plural = _("breaks of the chain")
        constraints = [models.UniqueConstraint(fields=["organization", "line", "kind"], name="chain_finding_once")]
        indexes = [
            models.Index(fields=["organization", "kind", "doc_type"], name="chain_finding_by_kind"),
            models.Index(fields=["organization", "other"], name="chain_finding_by_other"),
        ]

    def __str__(self) -> str:
        return f"{self.doc_type} {self.kind}"
