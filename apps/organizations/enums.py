from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(models.TextChoices):
    OWNER = "owner", _("owner")
    MANAGER = "manager", _("warehouse manager")
    COUNTER = "counter", _("counter")
    CONTROLLER = "controller", _("stock controller")
    FINANCE = "finance", _("finance")
    ASSIGNEE = "assignee", _("assignee")
    AUDITOR = "auditor", _("auditor")


class MemberKind(models.TextChoices):
    PERSON = "person", _("person")
    SYSTEM = "system", _("system")
    SUPPORT = "support", _("platform support")


class TokenScope(models.TextChoices):
    """What narrows an API token; without one it may do what its member may."""

    READ = "read", _("read only")


class JobState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", pgettext_lazy("job", "cancelled")


JOB_TRANSITIONS = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset({JobState.QUEUED, JobState.DONE, JobState.FAILED, JobState.CANCELLED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.DONE: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}
