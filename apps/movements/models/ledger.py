from __future__ import annotations

from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.audit.models import APPEND_ONLY
from apps.catalog.models import Item, Location, Warehouse
from apps.core.models import OrganizationOwned
from apps.core.numbers import QuantityField
from apps.core.tenancy import TenantForeignKey
from apps.movements.enums import EntryKind
from apps.movements.models.documents import DocumentLine


class StockLine(OrganizationOwned):
    """One item at one place in one lot (empty: none), and how much of it the ledger says there is.

    Every way to name stock comes down to this row. Its `quantity` belongs to the ledger's trigger; no index holds it
    and pages keep room, so that a posting rewrites the row and nothing else.
    """

    warehouse = TenantForeignKey(
        Warehouse, models.PROTECT, related_name="stock_lines", db_index=False, verbose_name=_("warehouse")
    )
    location = TenantForeignKey(
        Location, models.PROTECT, related_name="stock_lines", db_index=False, verbose_name=_("location")
    )
    item = TenantForeignKey(Item, models.PROTECT, related_name="stock_lines", db_index=False, verbose_name=_("item"))
    lot = models.CharField(_("lot"), max_length=60, blank=True)
    quantity = QuantityField(_("quantity"), default=Decimal(0), editable=False)

    class Meta:
        verbose_name = _("stock line")
        verbose_name_plural = _("stock lines")
        ordering = ["warehouse", "location", "item", "lot"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "location", "item", "lot"], name="stock_line_once")
        ]
        indexes = [
            models.Index(fields=["organization", "warehouse", "item"], name="stock_line_by_warehouse"),
            models.Index(fields=["organization", "item"], name="stock_line_by_item"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="quantity_is_ledger",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("quantity"),
                level=pgtrigger.Statement,  # a row trigger would cost more than the update
                func=(
                    "IF pg_trigger_depth() < 2 THEN RAISE EXCEPTION 'stock is written by the ledger only'"
                    " USING errcode = '23514'; END IF; RETURN NULL;"
                ),
            ),
            pgtrigger.Trigger(
                name="starts_at_zero",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.quantity <> 0"),
                func="RAISE EXCEPTION 'stock is written by the ledger only' USING errcode = '23514';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} · {self.location}"


class LedgerEntry(OrganizationOwned):
    """What a posted line, the opening stock or a reversal did to a stock line. Signed, in base units.

    `posted_at` is the ledger's time, by which the book is cut; `occurred_at` when the goods moved, where known. A stock
    line opens at most once, and an opening may be zero: that, too, is known from then on.
    """

    stock_line = TenantForeignKey(
        StockLine, models.PROTECT, related_name="entries", db_index=False, verbose_name=_("stock line")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=EntryKind.choices, default=EntryKind.POSTING)
    quantity = QuantityField(_("quantity"))
    unit_cost = QuantityField(_("unit cost"), default=Decimal(0))
    occurred_at = models.DateTimeField(_("occurred"))
    recorded_at = models.DateTimeField(_("recorded"))
    posted_at = models.DateTimeField(_("posted"))
    line = TenantForeignKey(
        DocumentLine,
        models.PROTECT,
        null=True,
        related_name="entries",
        db_index=False,
        verbose_name=_("document line"),
    )
    reverses = TenantForeignKey(
        "self", models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("reverses")
    )

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        ordering = ["posted_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0) | Q(kind=EntryKind.OPENING), name="ledger_entry_moves"),
            models.UniqueConstraint(
                fields=["organization", "stock_line"],
                condition=Q(kind=EntryKind.OPENING),
                name="ledger_line_opened_once",
            ),
            models.CheckConstraint(
                condition=Q(kind=EntryKind.OPENING, line__isnull=True, reverses__isnull=True)
                | Q(kind=EntryKind.POSTING, line__isnull=False, reverses__isnull=True)
                | Q(kind=EntryKind.REVERSAL, reverses__isnull=False),
                name="ledger_entry_kind_shape",
            ),
            models.UniqueConstraint(
                fields=["organization", "line", "kind"],
                condition=Q(line__isnull=False),
                name="ledger_line_posted_once",
            ),
            models.UniqueConstraint(
                fields=["organization", "reverses"],
                condition=Q(reverses__isnull=False),
                name="ledger_entry_reversed_once",
            ),
        ]
        indexes = [models.Index(fields=["organization", "stock_line", "posted_at"], name="ledger_by_stock_line")]
        triggers = [
            *APPEND_ONLY,
            pgtrigger.Trigger(
                name="keep_balance",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(new="entries"),
                func=(
                    "UPDATE movements_stockline AS s SET quantity = s.quantity + e.quantity FROM ("
                    " SELECT organization_id, stock_line_id, sum(quantity) AS quantity FROM entries"
                    " GROUP BY organization_id, stock_line_id) AS e"
                    " WHERE s.organization_id = e.organization_id AND s.id = e.stock_line_id; RETURN NULL;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stock_line_id} {self.quantity}"


class FinanceBalance(OrganizationOwned):
    """What the finance ledger said of an item (in a warehouse, or in all) at a moment."""

    item = TenantForeignKey(Item, models.PROTECT, related_name="+", verbose_name=_("item"))
    warehouse = TenantForeignKey(
        Warehouse, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("warehouse")
    )
    as_of = models.DateTimeField(_("as of"), default=timezone.now)
    quantity = QuantityField(_("quantity"))
    amount = QuantityField(_("amount"))

    class Meta:
        verbose_name = _("finance balance")
        verbose_name_plural = _("finance balances")
        ordering = ["-as_of", "item"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "item", "warehouse", "as_of"],
                name="finance_balance_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.amount}"
