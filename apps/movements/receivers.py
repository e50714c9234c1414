"""What movements answer to the catalog."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.catalog.models import Item
from apps.catalog.signals import measure_changing
from apps.core.errors import RuleViolation
from apps.movements.models import DocumentLine, StockLine


@receiver(measure_changing, sender=Item)
def keep_measure(sender: Any, item: Item, **kwargs: Any) -> None:
    """Stock and documents were written in the old unit and tracking: they would silently mean something else."""
    if StockLine.objects.filter(item=item).exists() or DocumentLine.objects.filter(item=item).exists():
        raise RuleViolation(
            "item_in_use",
            _(
                "%(sku)s already has stock or documents, so its base unit and tracking stay. "
                "Make a new item and move the stock."
            )
            % {"sku": item.sku},
        )
