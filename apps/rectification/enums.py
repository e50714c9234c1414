from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class AdjustmentState(models.TextChoices):
    PROPOSED = "proposed", _("waiting for approval")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")
    POSTED = "posted", _("posted")
    REVERSED = "reversed", _("reversed")


ADJUSTMENT_TRANSITIONS = {
    AdjustmentState.PROPOSED: frozenset(
        {AdjustmentState.APPROVED, AdjustmentState.REJECTED, AdjustmentState.WITHDRAWN}
    ),
    AdjustmentState.APPROVED: frozenset({AdjustmentState.POSTED, AdjustmentState.WITHDRAWN}),
    AdjustmentState.REJECTED: frozenset[str](),
    AdjustmentState.WITHDRAWN: frozenset[str](),
    AdjustmentState.POSTED: frozenset({AdjustmentState.REVERSED}),
    AdjustmentState.REVERSED: frozenset[str](),
}

LIVE_STATES = (AdjustmentState.PROPOSED, AdjustmentState.APPROVED, AdjustmentState.POSTED)
"""States in which an adjustment holds its variances: nobody else may adjust them."""
