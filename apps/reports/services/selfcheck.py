"""Running the self-check, every week and when somebody asks, and telling who can mend what it found."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from apps.audit.services import audited, record
from apps.core.permissions import require
from apps.core.tenancy import require_organization_id
from apps.notifications.services import notify
from apps.organizations.enums import JobState, Role
from apps.organizations.models import Job, Member, Organization
from apps.organizations.selectors import with_role
from apps.organizations.services import request_job

SELFCHECK = "reports.selfcheck"
WEEKLY = "reports.selfchecks"


@audited("reports.selfcheck.requested")
def request_self_check(*, actor: Member) -> Job:
    """Want a self-check; one that waits or runs is that one. It remembers what the last one found."""
    require(actor, "reports.selfcheck.run")
    last = Job.objects.filter(kind=SELFCHECK, state=JobState.DONE).first()
    figures = last.result.get("figures") if last is not None else None
    return request_job(SELFCHECK, key="all", before=sum(figures.values()) if figures else None, actor=actor)


@audited("reports.selfcheck.done")
def tell_self_check(figures: dict[str, int], *, actor: Member) -> Organization:
    """Tell owner and managers what the checks found, once a week at most; a check without trouble tells nobody."""
    require(actor, "reports.selfcheck.run")
    record(**figures)
    total = sum(figures.values())
    year, week, _day = timezone.localdate().isocalendar()
    if total:
        notify(
            with_role(Role.OWNER, Role.MANAGER),
            key=f"selfcheck-{year}-{week}",
            text=lambda: _("The self-check found %(count)d things to mend.") % {"count": total},
            path="self-check/",
            actor=actor,
        )
    return Organization.objects.get(pk=require_organization_id())


def ensure_weekly_check() -> None:
    """The scheduler's entry for Monday morning. Safe to repeat."""
    crontab, _new = CrontabSchedule.objects.get_or_create(
        minute="30", hour="6", day_of_week="1", day_of_month="*", month_of_year="*", timezone="Asia/Shanghai"
    )
    PeriodicTask.objects.update_or_create(
        name=WEEKLY,
        defaults={"task": "apps.reports.tasks.start_self_checks", "crontab": crontab, "interval": None},
    )
