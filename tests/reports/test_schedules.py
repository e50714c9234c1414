import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django_celery_beat.models import PeriodicTask

from apps.core.errors import Forbidden, RuleViolation
from apps.core.tenancy import organization_scope
from apps.counts.models import Count
from apps.organizations.models import Job
from apps.organizations.selectors import system_member
from apps.organizations.services import open_organization, run_job
from apps.reports.models import Report, ReportRecipient, ReportSchedule
from apps.reports.services import ensure_schedules, save_schedule
from apps.reports.services.schedules import month_before, month_bounds
from apps.reports.tasks import send_monthly
from tests.reports.builders import a_company

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def reader(person):
    return person("shen", "finance", name="沈洁", email="shen@alpha.example.com")


def test_a_schedule_enters_the_scheduler(organization, reader):
    save_schedule(day=3, hour=8, recipients=[reader], actor=reader)
    entry = PeriodicTask.objects.get(name=f"reports.month.{organization.pk}")
    assert (entry.task, json.loads(entry.args), entry.enabled) == (
        "apps.reports.tasks.send_monthly",
        [str(organization.pk)],
        True,
    )
    crontab = entry.crontab
    moment = (crontab.minute, crontab.hour, crontab.day_of_month, str(crontab.timezone))
    assert moment == ("0", "8", "3", "Asia/Shanghai")


def test_saving_again_changes_the_same_entry(organization, reader, person):
    save_schedule(day=3, hour=8, recipients=[reader], actor=reader)
    other = person("gu", "finance", email="gu@alpha.example.com")
    save_schedule(day=5, hour=9, recipients=[other], is_active=False, actor=reader)
    entry = PeriodicTask.objects.get(name=f"reports.month.{organization.pk}")
    assert (entry.crontab.day_of_month, entry.enabled, ReportSchedule.objects.count()) == ("5", False, 1)
    assert [row.member for row in ReportRecipient.objects.all()] == [other]


def test_only_owner_and_finance_schedule(organization, reader, person):
    with pytest.raises(Forbidden):
        save_schedule(day=3, hour=8, recipients=[reader], actor=person("zhou", "manager"))
    for day, hour in ((0, 8), (29, 8), (1, 24)):
        with pytest.raises(RuleViolation):
            save_schedule(day=day, hour=hour, recipients=[reader], actor=reader)
    with pytest.raises(RuleViolation) as refused:
        save_schedule(day=1, hour=8, recipients=[person("zhao", "counter", email="z@example.com")], actor=reader)
    assert refused.value.code == "unfit_recipients"


def test_the_platform_sweeps_jobs(organization, reader):
    save_schedule(day=3, hour=8, recipients=[reader], actor=reader)
    PeriodicTask.objects.all().delete()
    ensure_schedules()
    ensure_schedules()
    assert sorted(PeriodicTask.objects.values_list("task", flat=True)) == [
        "apps.organizations.tasks.sweep_jobs",
        "apps.reports.tasks.send_monthly",
    ]
    sweep = PeriodicTask.objects.get(task="apps.organizations.tasks.sweep_jobs")
    assert (sweep.interval.every, sweep.interval.period, sweep.enabled) == (30, "seconds", True)


def test_the_month_is_the_organizations_month(db):
    shanghai = open_organization("east", name="东方公司")
    york = open_organization("west", name="西方公司", time_zone="America/New_York")
    first = datetime(2024, 1, 1, 0, 30, tzinfo=SHANGHAI)
    assert month_before(first, shanghai) == "2023-12"
    assert month_before(first, york) == "2023-11"
    assert month_bounds("2023-12", shanghai) == (
        datetime(2023, 12, 1, tzinfo=SHANGHAI),
        datetime(2024, 1, 1, tzinfo=SHANGHAI),
    )
    assert month_bounds("2024-02", york)[1] == datetime(2024, 3, 1, tzinfo=york.zone)


def _closed_at(count: Count, moment: datetime) -> None:
    Count.objects.filter(pk=count.pk).update(closed_at=moment)


def test_the_month_is_prepared_and_mailed_once(organization, reader):
    count = a_company()
    _closed_at(count, datetime(2023, 12, 31, 23, 59, 59, tzinfo=SHANGHAI))
    save_schedule(day=1, hour=8, recipients=[reader], actor=reader)
    with time_machine.travel(datetime(2024, 1, 1, 8, tzinfo=SHANGHAI), tick=False):
        send_monthly(str(organization.pk))
        send_monthly(str(organization.pk))
        [job] = Job.objects.filter(kind="reports.month")
        assert job.key == "2023-12"
        run_job(organization.pk, job.pk)
        send_monthly(str(organization.pk))
        run_job(organization.pk, job.pk)
        for waiting in Job.objects.filter(kind="reports.send"):
            run_job(organization.pk, waiting.pk)
            run_job(organization.pk, waiting.pk)
    job.refresh_from_db()
    report = Report.objects.get()
    assert (job.state, job.result, report.count, report.state) == ("done", {"reports": 1}, count, "review")
    [message] = mail.outbox
    assert (message.to, [name for name, _content, _kind in message.attachments]) == (
        ["shen@alpha.example.com"],
        ["PD-2023Q4-01-v1.pdf"],
    )


def test_other_months_are_left_alone(organization, reader):
    _closed_at(a_company(), datetime(2024, 1, 1, 0, 0, 0, tzinfo=SHANGHAI))
    save_schedule(day=1, hour=8, recipients=[reader], actor=reader)
    with time_machine.travel(datetime(2024, 1, 1, 8, tzinfo=SHANGHAI), tick=False):
        send_monthly(str(organization.pk))
        run_job(organization.pk, Job.objects.get(kind="reports.month").pk)
    assert (Report.objects.count(), mail.outbox) == (0, [])


def test_organizations_run_their_own_months(organization, twin, reader):
    save_schedule(day=1, hour=8, recipients=[reader], actor=reader)
    send_monthly(str(organization.pk))
    with organization_scope(twin):
        assert not Job.objects.filter(kind="reports.month").exists()
        assert system_member().organization_id == twin.pk
