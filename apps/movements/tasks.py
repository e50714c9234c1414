from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.movements.selectors import chain_state
from apps.movements.services import refresh_chain
from apps.movements.services.chain import KIND
from apps.organizations.models import Job, Organization
from apps.organizations.selectors import system_member
from apps.organizations.services import Progress, handles, request_job

LONGEST_REST = timedelta(hours=6)
"""Time alone turns open into missing."""


@shared_task
def refresh_chains() -> None:
    """Sent by the scheduler: every chain behind which documents have come, or time has passed."""
    for organization in Organization.objects.order_by("pk"):
        with organization_scope(organization), origin("job"):
            state = chain_state()
            rested = state["refreshed_at"] is None or state["refreshed_at"] < timezone.now() - LONGEST_REST
            if state["newest"] is not None and (state["stale"] or rested):
                request_job(KIND, key="chain", actor=system_member())


@handles(KIND)
def refresh(job: Job, progress: Progress) -> dict[str, Any]:
    progress(0, 1)
    refresh_chain(actor=job.requested_by)
    return {"url": "breaks/"}
