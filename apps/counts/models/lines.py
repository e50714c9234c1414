from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.audit.models import APPEND_ONLY
from apps.core.models import OrganizationOwned
from apps.core.numbers import QuantityField
from apps.core.tenancy import TenantForeignKey
from apps.counts.enums import EntryMethod
from apps.counts.models.counts import Count, CountTask
from apps.movements.models import StockLine
from apps.organizations.models import Member


class CountLine(OrganizationOwned):
    """A stock line in a count, with its five numbers in base units.

    `counted` is null as long as nobody entered anything: not counted, which is not zero. While the count is open,
    the numbers but the snapshot are provisional; closing settles them. `round` is the round that counts.
    """

    count = TenantForeignKey(Count, models.CASCADE, related_name="lines", db_index=False, verbose_name=_("count"))
    stock_line = TenantForeignKey(StockLine, models.PROTECT, related_name="count_lines", verbose_name=_("stock line"))
    task = TenantForeignKey(
        CountTask, models.SET_NULL, null=True, blank=True, related_name="lines", verbose_name=_("task")
    )
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    is_found = models.BooleanField(_("not on the list"), default=False)
    is_open = models.BooleanField(default=True, editable=False)
    snapshot = QuantityField(_("snapshot"))
    moved_in = QuantityField(_("in"), default=Decimal(0))
    moved_out = QuantityField(_("out"), default=Decimal(0))
    expected = QuantityField(_("book"))
    counted = QuantityField(_("counted"), null=True, blank=True)
    counted_at = models.DateTimeField(_("counted at"), null=True, blank=True)
    unit_cost = QuantityField(_("unit cost"), default=Decimal(0))
    variance = models.GeneratedField(
        expression=F("counted") - F("expected"),
        output_field=QuantityField(null=True),
        db_persist=True,
        verbose_name=_("variance"),
    )

    class Meta:
        verbose_name = _("count line")
        verbose_name_plural = _("count lines")
        ordering = ["stock_line"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "count", "stock_line"], name="count_line_once"),
            models.UniqueConstraint(
                fields=["organization", "stock_line"],
                condition=Q(is_open=True),
                name="stock_line_in_one_open_count",
            ),
            models.CheckConstraint(
                condition=Q(expected=F("snapshot") + F("moved_in") - F("moved_out")),
                name="count_line_five_numbers",
            ),
            models.CheckConstraint(
                condition=Q(moved_in__gte=0, moved_out__gte=0), name="count_line_moves_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(counted__isnull=True, counted_at__isnull=True)
                | Q(counted__isnull=False, counted_at__isnull=False, counted__gte=0),
                name="count_line_counted_shape",
            ),
        ]

    def __str__(self) -> str:
        return str(self.stock_line)


class CountEntry(OrganizationOwned):
    """One thing that somebody counted, for ever. `entry_no` is made by the device and names the event.

    `quantity` is in `unit` (empty: the base unit), `base_quantity` = quantity × factor. An entry that `voids`
    another repeats it with the opposite sign, so that sums need no exceptions.
    """

    count = TenantForeignKey(Count, models.PROTECT, related_name="entries", db_index=False, verbose_name=_("count"))
    line = TenantForeignKey(
        CountLine, models.PROTECT, related_name="entries", db_index=False, verbose_name=_("count line")
    )
    task = TenantForeignKey(
        CountTask, models.PROTECT, null=True, blank=True, related_name="entries", verbose_name=_("task")
    )
    entry_no = models.CharField(_("entry number"), max_length=60)
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    quantity = QuantityField(_("quantity"))
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    base_quantity = QuantityField(_("quantity in base units"))
    counter = TenantForeignKey(Member, models.PROTECT, related_name="+", db_index=False, verbose_name=_("counter"))
    counted_at = models.DateTimeField(_("counted at"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    method = models.CharField(_("method"), max_length=10, choices=EntryMethod.choices, default=EntryMethod.KEYED)
    device = models.CharField(_("device"), max_length=60, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    voids = TenantForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("voids"))

    class Meta:
        verbose_name = _("count entry")
        verbose_name_plural = _("count entries")
        ordering = ["counted_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "count", "entry_no"], name="count_entry_once"),
            models.UniqueConstraint(
                fields=["organization", "voids"],
                condition=Q(voids__isnull=False),
                name="count_entry_voided_once",
            ),
            models.CheckConstraint(
                condition=Q(voids__isnull=True, base_quantity__gte=0, quantity__gte=0)
                | Q(voids__isnull=False, base_quantity__lte=0, quantity__lte=0),
                name="count_entry_sign",
            ),
            models.CheckConstraint(condition=Q(round__gte=1), name="count_entry_round_positive"),
        ]
        indexes = [
            models.Index(fields=["organization", "line", "round"], name="count_entry_by_line"),
            models.Index(fields=["organization", "counter", "count"], name="count_entry_by_counter"),
        ]
        triggers = APPEND_ONLY

    def __str__(self) -> str:
        return self.entry_no
