"""What rectification answers to the floors below."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.movements.signals import before_reversal
from apps.rectification.models import Adjustment


@receiver(before_reversal, dispatch_uid="rectification.own_document")
def keep_own_document(sender: Any, document: Any, **kwargs: Any) -> None:
    """The document of an adjustment is reversed with it, or its variances would still count as adjusted."""
    adjustment = Adjustment.objects.filter(document=document).first()
    if adjustment is not None:
        raise RuleViolation(
            "owned_by_adjustment",
            _("This document belongs to adjustment %(number)s. Reverse the adjustment instead.")
            % {"number": adjustment},
        )
