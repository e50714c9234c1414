"""Queue messages are hints: each names a job row, the row is the truth."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from apps.organizations.services import run_job as run_job_service
from apps.organizations.services import sweep_jobs as sweep_jobs_service
from apps.organizations.signals import job_wanted

log = structlog.get_logger(__name__)


@shared_task
def run_job(organization_id: str, job_id: str) -> None:
    run_job_service(UUID(organization_id), UUID(job_id))


@shared_task
def sweep_jobs() -> None:
    sweep_jobs_service()


@receiver(job_wanted, dispatch_uid="organizations.send_job")
def send_job(organization_id: Any, job_id: Any, **kwargs: Any) -> None:
    """A queue that is down delays the job until the sweeper runs; it never loses it."""
    try:
        run_job.delay(str(organization_id), str(job_id))
    except OperationalError:
        log.warning("queue unreachable, the sweeper will send the job", job=str(job_id))
