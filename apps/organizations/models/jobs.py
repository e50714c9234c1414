from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.models import OrganizationOwned
from apps.core.tenancy import TenantForeignKey
from apps.organizations.enums import JobState
from apps.organizations.models.organizations import Member


class Job(OrganizationOwned):
    """Long work, and its outbox: written in the transaction that wants it, sent to the queue when that
    commits.

    Unique per kind and key, so that the same wish twice is one job. A worker leases it; when the lease
    runs out the sweeper sends it again, and the work must be idempotent.
    """

    platform_readable = True

    kind = models.CharField(_("kind"), max_length=80)
    key = models.CharField(_("key"), max_length=120)
    arguments = models.JSONField(_("arguments"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    requested_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("requested by"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    leased_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    cancel_requested = models.BooleanField(_("cancel requested"), default=False)
    done = models.PositiveIntegerField(_("steps done"), default=0)
    total = models.PositiveIntegerField(_("steps in all"), default=0)
    message = models.CharField(_("message"), max_length=300, blank=True)
    result = models.JSONField(_("result"), default=dict)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["organization", "kind", "key"], name="job_once")]
        indexes = [models.Index(fields=["state", "leased_until"], name="job_waiting")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def is_finished(self) -> bool:
        return self.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
