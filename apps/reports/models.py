from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.audit.models import APPEND_ONLY
from apps.core.models import OrganizationOwned
from apps.core.tenancy import TenantForeignKey
from apps.counts.models import Count
from apps.organizations.models import Member
from apps.reports.enums import ReportState

SEALED = pgtrigger.Trigger(
    name="sealed",
    when=pgtrigger.Before,
    operation=pgtrigger.Update | pgtrigger.Delete,
    condition=pgtrigger.Condition("OLD.signed_at IS NOT NULL"),
    func="RAISE EXCEPTION 'a signed report is sealed' USING errcode = '23514';",
)


class Report(OrganizationOwned):
    """One version of a count's variance report in one language. Once signed, the row and its bytes are sealed.

    `content` holds the figures that were rendered (without names of languages, so that one hash fits every reader);
    `content_hash` covers them, every line, the version and the language. `replaces` names the last signed version
    before this one, or else the version before.
    """

    platform_readable = True

    count = TenantForeignKey(Count, models.PROTECT, related_name="reports", verbose_name=_("count"))
    version = models.PositiveIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    state = models.CharField(_("state"), max_length=10, choices=ReportState.choices, default=ReportState.DRAFT)
    replaces = TenantForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("replaces")
    )
    file = models.FileField(_("file"), max_length=200, blank=True)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    content_hash = models.CharField(_("content"), max_length=64, blank=True)
    content = models.JSONField(_("figures"), default=dict, blank=True)
    created_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("created by"))
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    signed_by = TenantForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("signed by")
    )
    signed_at = models.DateTimeField(_("signed"), null=True, blank=True)
    signer_name = models.CharField(_("signer"), max_length=100, blank=True)
    comment = models.CharField(_("comment"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "count", "language", "version"], name="report_version_once"
            ),
            models.CheckConstraint(
                condition=Q(state=ReportState.SIGNED, signed_at__isnull=False, signed_by__isnull=False) & ~Q(sha256="")
                | ~Q(state=ReportState.SIGNED) & Q(signed_at__isnull=True),
                name="report_signed_shape",
            ),
        ]
        indexes = [models.Index(fields=["sha256"], name="report_by_hash")]
        triggers = [SEALED]

    def __str__(self) -> str:
        return f"{self.count} v{self.version}"

    @property
    def is_signed(self) -> bool:
        return self.state == ReportState.SIGNED


class ReportComment(OrganizationOwned):
    """What a reader of a report under review had to say, for ever."""

    report = TenantForeignKey(Report, models.PROTECT, related_name="comments", verbose_name=_("report"))
    member = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    text = models.CharField(_("comment"), max_length=1000)
    created_at = models.DateTimeField(_("written"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("report comment")
        verbose_name_plural = _("report comments")
        ordering = ["created_at", "id"]
        triggers = APPEND_ONLY

    def __str__(self) -> str:
        return self.text[:60]


class ReportSchedule(OrganizationOwned):
    """Once a month, at an hour of the organization's time zone: the reports of the month before, by mail."""

    day = models.PositiveSmallIntegerField(_("day of the month"), default=1)
    hour = models.PositiveSmallIntegerField(_("hour"), default=8)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    recipients = models.ManyToManyField(
        Member, through="reports.ReportRecipient", related_name="+", verbose_name=_("recipients")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("report schedule")
        verbose_name_plural = _("report schedules")
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="report_schedule_once"),
            models.CheckConstraint(condition=Q(day__gte=1, day__lte=28, hour__lte=23), name="report_schedule_possible"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.hour}:00"


class ReportRecipient(OrganizationOwned):
    schedule = TenantForeignKey(ReportSchedule, models.CASCADE, related_name="recipient_rows")
    member = TenantForeignKey(Member, models.CASCADE, related_name="+", verbose_name=_("member"))

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        constraints = [
            models.UniqueConstraint(fields=["organization", "schedule", "member"], name="report_recipient_once")
        ]

    def __str__(self) -> str:
        return str(self.member_id)
