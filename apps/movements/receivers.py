"""What movements answer to the catalog, and to the tables when they stand."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.utils.translation import gettext as _
from django_celery_beat.models import PeriodicTask

from apps.catalog.models import Item
from apps.catalog.signals import measure_changing
from apps.core.errors import RuleViolation
from apps.movements.models import DocumentLine, StockLine
from apps.movements.services.chain import ensure_schedule


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


@receiver(post_migrate, dispatch_uid="movements.ensure_schedule")
def enter_schedule(app_config: Any, using: str, **kwargs: Any) -> None:
    if app_config.name != "apps.movements":
        return
    if PeriodicTask._meta.db_table in connections[using].introspection.table_names():
        ensure_schedule()
