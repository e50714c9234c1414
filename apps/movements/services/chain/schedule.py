from __future__ import annotations

from django_celery_beat.models import IntervalSchedule, PeriodicTask

SWEEP = "movements.refresh_chains"
MINUTES = 2


def ensure_schedule() -> None:
    """The scheduler's entry that looks for chains behind their documents, every two minutes. Safe to repeat."""
    interval, _new = IntervalSchedule.objects.get_or_create(every=MINUTES, period=IntervalSchedule.MINUTES)
    PeriodicTask.objects.update_or_create(
        name=SWEEP,
        defaults={"task": "apps.movements.tasks.refresh_chains", "interval": interval, "crontab": None},
    )
