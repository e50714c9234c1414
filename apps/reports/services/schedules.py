"""Monthly reports: the schedule, its entry in the scheduler, and what it starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from apps.audit.services import audited, record
from apps.core.errors import RuleViolation
from apps.core.permissions import require
from apps.core.tenancy import organization_scope, require_organization_id
from apps.counts.enums import CountState
from apps.counts.models import Count
from apps.organizations.enums import JobState
from apps.organizations.models import Job, Member, Organization
from apps.organizations.services import request_job
from apps.reports.models import Report, ReportRecipient, ReportSchedule
from apps.reports.selectors.reports import current_report
from apps.reports.services.mailing import deliver_month, refuse_unfit_recipients
from apps.reports.services.reports import prepare_report, render_report

MONTH = "reports.month"
SWEEP = "stockcheck.sweep_jobs"


@audited("reports.schedule.saved")
def save_schedule(
    *,
    day: int,
    hour: int,
    recipients: Iterable[Member],
    language: str = "zh-hans",
    is_active: bool = True,
    actor: Member,
) -> ReportSchedule:
    """Set when the reports of the month before are prepared and mailed: day 1–28, hour 0–23 of the company's time."""
    require(actor, "reports.schedule.change")
    if not (1 <= day <= 28 and 0 <= hour <= 23):
        raise RuleViolation("schedule_impossible", _("Choose a day from 1 to 28 and an hour from 0 to 23."))
    chosen = list(recipients)
    if is_active:
        refuse_unfit_recipients(chosen)
    schedule = ReportSchedule.objects.select_for_update().first() or ReportSchedule()
    schedule.day, schedule.hour, schedule.language, schedule.is_active = day, hour, language, is_active
    schedule.save()
    ReportRecipient.objects.filter(schedule=schedule).exclude(member__in=chosen).delete()
    ReportRecipient.objects.bulk_create(
        [ReportRecipient(schedule=schedule, member=member) for member in chosen], ignore_conflicts=True
    )
    _enter(schedule)
    record(recipients=[member.username for member in chosen])
    return schedule


def ensure_schedules() -> None:
    """The scheduler's entries: waiting jobs every 30 seconds, and each organization's month. Safe to repeat."""
    interval, _new = IntervalSchedule.objects.get_or_create(every=30, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.update_or_create(
        name=SWEEP, defaults={"task": "apps.organizations.tasks.sweep_jobs", "interval": interval, "crontab": None}
    )
    for organization in Organization.objects.order_by("pk"):
        with organization_scope(organization):
            schedule = ReportSchedule.objects.first()
            if schedule is not None:
                _enter(schedule)


def _enter(schedule: ReportSchedule) -> None:
    """Write the scheduler's entry of this organization, in its own time zone."""
    organization = Organization.objects.get(pk=require_organization_id())
    crontab, _new = CrontabSchedule.objects.get_or_create(
        minute="0",
        hour=str(schedule.hour),
        day_of_week="*",
        day_of_month=str(schedule.day),
        month_of_year="*",
        timezone=organization.time_zone,
    )
    PeriodicTask.objects.update_or_create(
        name=f"reports.month.{organization.pk}",
        defaults={
            "task": "apps.reports.tasks.send_monthly",
            "crontab": crontab,
            "interval": None,
            "args": json.dumps([str(organization.pk)]),
            "enabled": schedule.is_active,
        },
    )


def month_before(moment: datetime, organization: Organization) -> str:
    """The month before `moment` by the organization's calendar, as "2023-12"."""
    local = timezone.localtime(moment, organization.zone)
    year, month = (local.year, local.month - 1) if local.month > 1 else (local.year - 1, 12)
    return f"{year:04}-{month:02}"


def month_bounds(period: str, organization: Organization) -> tuple[datetime, datetime]:
    """[start, end) of a month "2023-12" in the organization's time zone."""
    year, month = (int(part) for part in period.split("-"))
    following = (year, month + 1) if month < 12 else (year + 1, 1)
    start, end = (datetime.combine(date(*first, 1), time(), organization.zone) for first in ((year, month), following))
    return start, end


@audited("reports.month.started")
def start_month(period: str, *, actor: Member) -> Job:
    """Want the job of a month: once, however often the scheduler or a person asks."""
    job = Job.objects.filter(kind=MONTH, key=period).first()
    if job is not None and job.state in (JobState.QUEUED, JobState.RUNNING, JobState.DONE):
        return job
    return request_job(MONTH, key=period, period=period, actor=actor)


def prepare_month(period: str, *, progress: Callable[..., Any], actor: Member) -> list[Report]:
    """Render what the counts closed in a month lack, in the schedule's language, and have all of it mailed."""
    schedule = ReportSchedule.objects.first()
    if schedule is None or not schedule.is_active:
        return []
    organization = Organization.objects.get(pk=require_organization_id())
    start, end = month_bounds(period, organization)
    counts = list(
        Count.objects.filter(state=CountState.CLOSED, closed_at__gte=start, closed_at__lt=end).order_by("closed_at")
    )
    reports = []
    for number, count in enumerate(counts):
        progress(number, len(counts), count.count_no)
        report = current_report(count, schedule.language)
        if report is None or not report.file:
            report = render_report(prepare_report(count, language=schedule.language, actor=actor), actor=actor)
        reports.append(report)
    if reports:
        deliver_month(reports, members=schedule.recipients.all(), period=period, actor=actor)
    return reports
