from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task

from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.integrations.enums import KIND, PULL
from apps.integrations.models import Pull
from apps.integrations.services import load_stored, request_pull, visit_pull
from apps.organizations.models import Job, Organization
from apps.organizations.selectors import system_member
from apps.organizations.services import Progress, handles


@handles(KIND)
def load(job: Job, progress: Progress) -> dict[str, Any]:
    return load_stored(job, progress)


@shared_task
def pull_due(organization_id: str, pull_id: str) -> None:
    """Sent by the scheduler at the hour of a scheduled import."""
    organization = Organization.objects.filter(pk=UUID(organization_id)).first()
    if organization is None:
        return
    with organization_scope(organization), origin("job"):
        pull = Pull.objects.select_related("organization").filter(pk=UUID(pull_id), is_active=True).first()
        if pull is not None:
            request_pull(pull, actor=system_member())


@handles(PULL)
def visit(job: Job, progress: Progress) -> dict[str, Any]:
    pull = Pull.objects.get(pk=job.arguments["pull"])
    progress(0, 1, pull.name)
    delivery = visit_pull(pull, period=job.arguments["period"], actor=job.requested_by)
    return {"url": f"pulls/{pull.pk}/", "state": delivery.state}
