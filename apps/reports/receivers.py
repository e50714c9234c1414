from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django_celery_beat.models import PeriodicTask

from apps.reports.services import ensure_schedules
from apps.reports.services.selfcheck import ensure_weekly_check


@receiver(post_migrate, dispatch_uid="reports.ensure_schedules")
def enter_schedules(app_config: Any, using: str, **kwargs: Any) -> None:
    """When the tables stand, the scheduler gets its entries; a half-migrated database waits for the next time."""
    if app_config.name != "apps.reports":
        return
    if PeriodicTask._meta.db_table in connections[using].introspection.table_names():
        ensure_schedules()
        ensure_weekly_check()
