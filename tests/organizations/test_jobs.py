"""The life of a job, with real transactions: progress is written on a connection of its own."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from apps.core.errors import Conflict, RuleViolation
from apps.core.tenancy import organization_scope
from apps.organizations.enums import JobState
from apps.organizations.models import Department, Job
from apps.organizations.selectors import system_member
from apps.organizations.services import cancel_job, open_organization, request_job, run_job, sweep_jobs
from apps.organizations.services.jobs import HANDLERS
from apps.organizations.signals import job_wanted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company():
    return open_organization("alpha", name="甲公司")


@pytest.fixture
def run(company, monkeypatch):
    """run(handler) → the job after one worker has had it."""

    def once(handler, *, before=None, times=1):
        monkeypatch.setitem(HANDLERS, "tests.job", handler)
        with organization_scope(company):
            job = request_job("tests.job", key="1", actor=system_member())
            if before:
                Job.objects.update(**before)
        for _time in range(times):
            run_job(company.pk, job.pk)
        with organization_scope(company):
            return Job.objects.get()

    return once


def test_done(run):
    seen = []

    def handler(job, progress):
        progress(1, 2, "half")
        with connection.cursor() as cursor:
            cursor.execute("SELECT done, total, message FROM organizations_job")
            seen.append(cursor.fetchone())
        return {"url": "counts/"}

    job = run(handler)
    assert seen == [(1, 2, "half")]
    assert (job.state, job.result, job.done, job.total) == ("done", {"url": "counts/"}, 2, 2)


def test_a_refusal_is_told_and_not_tried_again(run, company):
    def handler(job, progress):
        Department.objects.create(code="D1", name="x")
        raise RuleViolation("x", "Not now.")

    job = run(handler, times=2)
    assert (job.state, job.message, job.attempts) == ("failed", "Not now.", 1)
    with organization_scope(company):
        assert Department.objects.count() == 0


def test_a_crash_is_tried_three_times_and_leaves_nothing(run, company):
    def handler(job, progress):
        Department.objects.create(code="D1", name="x")
        raise ZeroDivisionError

    job = run(handler, times=5)
    assert (job.state, job.attempts) == ("failed", 3)
    assert str(job.pk) in job.message
    with organization_scope(company):
        assert Department.objects.count() == 0


def elsewhere(company, sql):
    """Another session of the same organization, as another worker or the web has one."""
    parameters = connection.get_connection_params()
    keep = {k: parameters[k] for k in ("host", "port", "dbname", "user", "password") if k in parameters}
    with psycopg.connect(**keep) as other:
        other.execute("SELECT set_config('stockcheck.organization', %s, true)", [str(company.pk)])
        other.execute(sql)


def test_a_cancelled_job_stops_at_its_next_step(run, company):
    def handler(job, progress):
        Department.objects.create(code="D1", name="x")
        elsewhere(company, "UPDATE organizations_job SET cancel_requested = true")
        progress(1, 2)
        raise AssertionError("went on")

    job = run(handler)
    assert job.state == "cancelled"
    with organization_scope(company):
        assert Department.objects.count() == 0
        with pytest.raises(Conflict):
            cancel_job(job, actor=system_member())


def test_a_lost_worker_is_replaced_but_not_for_ever(run):
    ran = []
    past = {"state": JobState.RUNNING, "attempts": 1, "leased_until": timezone.now() - timedelta(minutes=1)}
    job = run(lambda job, progress: ran.append(1), before=past)
    assert (job.state, ran) == ("done", [1])


def test_what_kills_workers_fails_at_last(run):
    ran = []
    past = {"state": JobState.RUNNING, "attempts": 3, "leased_until": timezone.now() - timedelta(minutes=1)}
    job = run(lambda job, progress: ran.append(1), before=past)
    assert (job.state, ran) == ("failed", [])


def test_a_leased_job_is_left_alone(run):
    ran = []
    held = {"state": JobState.RUNNING, "attempts": 1, "leased_until": timezone.now() + timedelta(minutes=1)}
    assert run(lambda job, progress: ran.append(1), before=held).state == "running"
    assert ran == []


def test_who_lost_the_lease_does_not_settle(run, company):
    taken = "UPDATE organizations_job SET attempts = attempts + 1"
    assert run(lambda job, progress: elsewhere(company, taken)).state == "running"


def test_the_same_wish_twice_is_one_job_and_a_finished_one_starts_anew(company, monkeypatch):
    monkeypatch.setitem(HANDLERS, "tests.job", lambda job, progress: {"n": job.arguments["n"]})
    with organization_scope(company):
        actor = system_member()
        first = request_job("tests.job", key="1", actor=actor, n=1)
        assert request_job("tests.job", key="1", actor=actor, n=2).pk == first.pk
    run_job(company.pk, first.pk)
    with organization_scope(company):
        assert Job.objects.get().result == {"n": 1}
        again = request_job("tests.job", key="1", actor=actor, n=3)
        assert (again.pk, again.state, again.result, again.done) == (first.pk, "queued", {}, 0)


def test_the_sweeper_sends_what_waits_too_long(company, monkeypatch):
    sent = []

    def receive(job_id, **kwargs):
        sent.append(job_id)

    with organization_scope(company):
        job = request_job("tests.job", key="1", actor=system_member())
    job_wanted.connect(receive, weak=False)
    try:
        assert sweep_jobs() == 0
        with organization_scope(company):
            Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
        assert sweep_jobs() == 1
    finally:
        job_wanted.disconnect(receive)
    assert sent == [job.pk]
