from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Location, Warehouse
from apps.core.models import OrganizationOwned
from apps.core.numbers import QuantityField
from apps.core.tenancy import TenantForeignKey
from apps.counts.enums import CountMode, CountState, TaskState
from apps.organizations.models import Member


class ToleranceRule(OrganizationOwned):
    """What difference an organization lets pass: within every limit that is set. No limit: only zero passes.

    Each change is a new version; a count keeps the version it was released with. With an empty book no percentage
    exists, so any find is beyond a percentage limit.
    """

    version = models.PositiveIntegerField(_("version"))
    percent = QuantityField(_("limit in per cent of the book"), null=True, blank=True)
    quantity = QuantityField(_("limit in base units"), null=True, blank=True)
    value = QuantityField(_("limit in money"), null=True, blank=True)
    created_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("changed by"))
    created_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("tolerance rule")
        verbose_name_plural = _("tolerance rules")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "version"], name="tolerance_version_once"),
            models.CheckConstraint(
                condition=(Q(percent__isnull=True) | Q(percent__gte=0))
                & (Q(quantity__isnull=True) | Q(quantity__gte=0))
                & (Q(value__isnull=True) | Q(value__gte=0)),
                name="tolerance_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return str(_("version %(version)s")) % {"version": self.version}

    def passes(self, *, book: Decimal, variance: Decimal, value: Decimal) -> bool:
        """Whether a difference of `variance` base units, worth `value`, on this book is within every limit."""
        limits = [
            (self.quantity, abs(variance)),
            (self.value, abs(value)),
            (self.percent, abs(variance / book) * 100 if book else Decimal("Infinity")),
        ]
        given = [(limit, actual) for limit, actual in limits if limit is not None]
        return variance == 0 or (bool(given) and all(actual <= limit for limit, actual in given))


class Count(OrganizationOwned):
    """One count of chosen locations of a warehouse."""

    count_no = models.CharField(_("count number"), max_length=60)
    name = models.CharField(_("name"), max_length=100, blank=True)
    warehouse = TenantForeignKey(Warehouse, models.PROTECT, related_name="+", verbose_name=_("warehouse"))
    mode = models.CharField(_("mode"), max_length=10, choices=CountMode.choices, default=CountMode.STATIC)
    blind = models.BooleanField(
        _("blind"),
        default=True,
        help_text=_("Counters do not see the book quantity before the count is closed."),
    )
    state = models.CharField(_("state"), max_length=10, choices=CountState.choices, default=CountState.DRAFT)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    tolerance = TenantForeignKey(
        ToleranceRule, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tolerance")
    )
    snapshot_at = models.DateTimeField(_("snapshot"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    created_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("planned by"))
    released_by = TenantForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("released by")
    )
    closed_by = TenantForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("count")
        verbose_name_plural = _("counts")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "count_no"], name="count_no_once"),
            models.CheckConstraint(
                condition=Q(state__in=[CountState.DRAFT, CountState.CANCELLED]) | Q(snapshot_at__isnull=False),
                name="count_released_has_snapshot",
            ),
            models.CheckConstraint(
                condition=~Q(state=CountState.CLOSED) | Q(closed_at__isnull=False),
                name="count_closed_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.count_no

    @property
    def is_open(self) -> bool:
        return self.state == CountState.COUNTING


class CountLocation(OrganizationOwned):
    """A location in a count. `is_open` while the count runs: a static count's locations are frozen then."""

    count = TenantForeignKey(Count, models.CASCADE, related_name="locations", verbose_name=_("count"))
    location = TenantForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    is_open = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("location of a count")
        verbose_name_plural = _("locations of a count")
        ordering = ["location"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "count", "location"], name="count_location_once"),
            models.UniqueConstraint(
                fields=["organization", "location"],
                condition=Q(is_open=True),
                name="location_in_one_open_count",
            ),
        ]

    def __str__(self) -> str:
        return str(self.location)


class CountTask(OrganizationOwned):
    """What one person counts in one round: in round 1 a zone, later the lines to be recounted."""

    count = TenantForeignKey(Count, models.CASCADE, related_name="tasks", verbose_name=_("count"))
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    zone = models.CharField(_("zone"), max_length=40, blank=True)
    assignee = TenantForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="count_tasks", verbose_name=_("counter")
    )
    state = models.CharField(_("state"), max_length=10, choices=TaskState.choices, default=TaskState.OPEN)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    submitted_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("count task")
        verbose_name_plural = _("count tasks")
        ordering = ["round", "zone", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(round__gte=1), name="count_task_round_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.count_id} {self.zone} {self.round}"
