from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CountMode(models.TextChoices):
    STATIC = "static", _("static: locations are frozen")
    DYNAMIC = "dynamic", _("dynamic: work goes on")


class CountState(models.TextChoices):
    DRAFT = "draft", _("draft")
    COUNTING = "counting", _("being counted")
    CLOSED = "closed", pgettext_lazy("count", "closed")
    CANCELLED = "cancelled", _("cancelled")


COUNT_TRANSITIONS = {
    CountState.DRAFT: frozenset({CountState.COUNTING, CountState.CANCELLED}),
    CountState.COUNTING: frozenset({CountState.CLOSED, CountState.CANCELLED}),
    CountState.CLOSED: frozenset[str](),
    CountState.CANCELLED: frozenset[str](),
}


class TaskState(models.TextChoices):
    OPEN = "open", _("to count")
    SUBMITTED = "submitted", _("handed over")


TASK_TRANSITIONS = {
    TaskState.OPEN: frozenset({TaskState.SUBMITTED}),
    TaskState.SUBMITTED: frozenset({TaskState.OPEN}),
}


class EntryMethod(models.TextChoices):
    SCAN = "scan", _("scanned")
    KEYED = "keyed", _("keyed")
    IMPORT = "import", _("imported")
