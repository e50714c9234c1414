from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReportState(models.TextChoices):
    DRAFT = "draft", _("being prepared")
    REVIEW = "review", _("in review")
    SIGNED = "signed", _("signed")
    REPLACED = "replaced", _("replaced")


REPORT_TRANSITIONS = {
    ReportState.DRAFT: frozenset({ReportState.REVIEW, ReportState.REPLACED}),
    ReportState.REVIEW: frozenset({ReportState.SIGNED, ReportState.REPLACED}),
    ReportState.SIGNED: frozenset[str](),
    ReportState.REPLACED: frozenset[str](),
}
