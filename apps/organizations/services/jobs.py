"""Jobs: long work that can be left, cancelled, and survives a kill.

`request_job` writes the row and, when the transaction commits, sends a hint to the queue. `run_job`
leases the row, runs the handler registered for its kind in one transaction of the organization, and
settles it. A handler must be idempotent: after a kill it runs again. Progress is written on a connection
of its own, so that it is seen at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.audit.services import audited
from apps.core.errors import Conflict, RuleViolation
from apps.core.origin import origin
from apps.core.permissions import require
from apps.core.states import move
from apps.core.tenancy import all_organizations, organization_scope
from apps.organizations.enums import JOB_TRANSITIONS, JobState
from apps.organizations.models import Job, Member
from apps.organizations.signals import job_wanted

LEASE = timedelta(minutes=5)
ATTEMPTS = 3

log = structlog.get_logger(__name__)

Handler = Callable[[Job, "Progress"], dict[str, Any] | None]
HANDLERS: dict[str, Handler] = {}


class JobCancelled(Exception):
    """Raised by Progress when somebody asked to stop; everything the job did is rolled back."""


class Progress:
    """What a handler says while it works. Each call also renews the lease and notices a wish to cancel."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._connection: psycopg.Connection[Any] | None = None

    def __call__(self, done: int, total: int, message: str = "") -> None:
        if self._connection is None:
            parameters = connection.get_connection_params()
            keep = ("host", "port", "dbname", "user", "password", "sslmode")
            self._connection = psycopg.connect(
                **{name: parameters[name] for name in keep if name in parameters}, autocommit=True
            )
        with self._connection.transaction():
            self._connection.execute(
                "SELECT set_config('stockcheck.organization', %s, true)", [str(self.job.organization_id)]
            )
            row = self._connection.execute(
                "UPDATE organizations_job SET done = %s, total = %s, message = %s, leased_until = %s"
                " WHERE organization_id = %s AND id = %s RETURNING cancel_requested",
                [done, total, message[:300], timezone.now() + LEASE, self.job.organization_id, self.job.pk],
            ).fetchone()
        if row is not None and row[0]:
            raise JobCancelled

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Register a handler in an app's tasks.py: (job, progress) → result as JSON."""

    def register(handler: Handler) -> Handler:
        if kind in HANDLERS:
            raise ValueError(f"job kind {kind} has two handlers")
        HANDLERS[kind] = handler
        return handler

    return register


@audited("organizations.job.requested")
def request_job(kind: str, *, key: str, actor: Member, **arguments: Any) -> Job:
    """Want a job. The same kind and key while one waits or runs is that one; a finished one starts anew."""
    wish = Job(kind=kind, key=key, arguments=arguments, requested_by=actor)
    Job.objects.bulk_create([wish], ignore_conflicts=True)
    job = Job.objects.select_for_update().get(kind=kind, key=key)
    if job.pk != wish.pk:
        if not job.is_finished:
            return job
        move(job, JobState.QUEUED, JOB_TRANSITIONS)
        job.arguments, job.requested_by, job.created_at = arguments, actor, timezone.now()
        job.attempts = job.done = job.total = 0
        job.message, job.result, job.finished_at, job.cancel_requested = "", {}, None, False
        job.save()
    organization_id, job_id = job.organization_id, job.pk
    transaction.on_commit(lambda: job_wanted.send(sender=Job, organization_id=organization_id, job_id=job_id))
    return job


@audited("organizations.job.cancelled")
def cancel_job(job: Job, *, actor: Member) -> Job:
    """Ask a job to stop: at once if it still waits, at its next step if it runs."""
    require(actor, "organizations.job.cancel", job)
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.is_finished:
        raise Conflict("job_finished", _("This job has already finished."))
    if job.state == JobState.QUEUED:
        move(job, JobState.CANCELLED, JOB_TRANSITIONS)
        job.finished_at = timezone.now()
    job.cancel_requested = True
    job.save()
    return job


def run_job(organization_id: UUID, job_id: UUID) -> None:
    """Run a waiting job, or one whose worker died. Called by a worker; doing nothing is a fine answer.

    After three lost workers a job has failed: what kills workers must not do so for ever.
    """
    with organization_scope(organization_id):
        job = _lease(job_id)
        if job is None:
            return
        user, organization = job.requested_by.user, job.organization
        language = user.language if user is not None and user.language else organization.language
    progress = Progress(job)
    state, message, result = JobState.DONE, "", {}
    try:
        with (
            organization_scope(organization_id),
            origin("job"),
            translation.override(language),
            timezone.override(organization.zone),
        ):
            result = HANDLERS[job.kind](job, progress) or {}
    except JobCancelled:
        state = JobState.CANCELLED
    except RuleViolation as error:
        state, message = JobState.FAILED, str(error)
    except Exception:
        log.exception("job failed", kind=job.kind, job=str(job.pk), attempt=job.attempts)
        state, message = JobState.QUEUED, _broken(job, language)
    finally:
        progress.close()
    if state == JobState.QUEUED and job.attempts >= ATTEMPTS:
        state = JobState.FAILED
    with organization_scope(organization_id):
        _settle(job, state, message=message, result=result)


def _lease(job_id: UUID) -> Job | None:
    """Take a job that waits or was left behind, unless another worker holds it."""
    job = (
        Job.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, leased_until__lt=timezone.now()))
        .filter(pk=job_id)
        .first()
    )
    if job is None:
        return None
    if job.attempts >= ATTEMPTS:
        _settle(job, JobState.FAILED, message=_broken(job, job.organization.language), result={})
        return None
    if job.state == JobState.QUEUED:
        move(job, JobState.RUNNING, JOB_TRANSITIONS)
    job.attempts += 1
    job.leased_until = timezone.now() + LEASE
    job.save()
    return job


def _settle(leased: Job, state: JobState, *, message: str, result: dict[str, Any]) -> None:
    """Write how a job ended, unless its lease ran out meanwhile and it is another worker's now."""
    job = Job.objects.select_for_update().get(pk=leased.pk)
    if job.attempts != leased.attempts or job.is_finished:
        return
    if job.state == JobState.QUEUED:
        move(job, JobState.RUNNING, JOB_TRANSITIONS)
    move(job, state, JOB_TRANSITIONS)
    job.message, job.result = message[:300], result
    job.leased_until = None
    job.finished_at = None if state == JobState.QUEUED else timezone.now()
    if state == JobState.DONE:
        job.done = job.total = max(job.done, job.total, 1)
    job.save()


def _broken(job: Job, language: str) -> str:
    with translation.override(language):
        return _("Something went wrong on our side. Quote this number: %(number)s") % {"number": job.pk}


def sweep_jobs() -> int:
    """Send again what waits without a message or lost its worker; returns how many. Runs twice a minute."""
    with all_organizations(reason="find waiting jobs of every organization"):
        lost = list(
            Job.objects.filter(
                Q(state=JobState.QUEUED, created_at__lt=timezone.now() - timedelta(seconds=20))
                | Q(state=JobState.RUNNING, leased_until__lt=timezone.now())
            ).values_list("organization_id", "id")
        )
    for organization_id, job_id in lost:
        job_wanted.send(sender=Job, organization_id=organization_id, job_id=job_id)
    return len(lost)
