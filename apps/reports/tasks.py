from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.organizations.models import Job, Member, Organization
from apps.organizations.selectors import system_member
from apps.organizations.services import Progress, handles
from apps.reports.models import Report
from apps.reports.selectors.reports import reports
from apps.reports.selectors.selfcheck import self_check_figures
from apps.reports.services import deliver_report, prepare_month, render_report, start_month
from apps.reports.services.mailing import SEND
from apps.reports.services.reports import RENDER
from apps.reports.services.schedules import MONTH, month_before
from apps.reports.services.selfcheck import SELFCHECK, request_self_check, tell_self_check


@shared_task
def send_monthly(organization_id: str) -> None:
    """Sent by the scheduler on the day and hour of an organization's schedule."""
    organization = Organization.objects.filter(pk=UUID(organization_id)).first()
    if organization is None:
        return
    with organization_scope(organization), origin("job"):
        start_month(month_before(timezone.now(), organization), actor=system_member())


@shared_task
def start_self_checks() -> None:
    """Sent by the scheduler every Monday: the self-check of every organization."""
    for organization in Organization.objects.order_by("pk"):
        with organization_scope(organization), origin("job"):
            request_self_check(actor=system_member())


@handles(SELFCHECK)
def self_check(job: Job, progress: Progress) -> dict[str, Any]:
    progress(0, 1)
    figures = self_check_figures(system_member())
    tell_self_check(figures, actor=job.requested_by)
    return {"figures": figures, "before": job.arguments.get("before"), "url": "self-check/"}


@handles(RENDER)
def render(job: Job, progress: Progress) -> dict[str, Any]:
    report = Report.objects.get(pk=job.arguments["report"])
    progress(0, 1, report.count.count_no)
    report = render_report(report, actor=job.requested_by)
    return {"url": f"reports/{report.pk}/"}


@handles(SEND)
def send(job: Job, progress: Progress) -> dict[str, Any]:
    member = Member.objects.select_related("organization", "user").get(pk=job.arguments["member"])
    wanted = list(reports().filter(pk__in=job.arguments["reports"]).order_by("count__closed_at"))
    progress(0, 1, member.name)
    deliver_report(wanted, member)
    return {"reports": len(wanted)}


@handles(MONTH)
def month(job: Job, progress: Progress) -> dict[str, Any]:
    ready = prepare_month(job.arguments["period"], progress=progress, actor=job.requested_by)
    return {"reports": len(ready)}
