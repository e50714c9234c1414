"""The counters' work: who has which task, handing over, and recounts by somebody else."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import Conflict, RuleViolation
from apps.core.permissions import require
from apps.core.states import move
from apps.counts.enums import TASK_TRANSITIONS, CountState, TaskState
from apps.counts.models import Count, CountEntry, CountLine, CountTask
from apps.counts.selectors.lines import lines_for_counter
from apps.counts.services.plans import check_may_count
from apps.notifications.services import notify
from apps.organizations.models import Member


def _locked_task(task: CountTask) -> CountTask:
    """The task as it is now, with its count held: entries on their way are in, closing waits."""
    count = Count.objects.select_for_update().get(pk=task.count_id)
    if count.state != CountState.COUNTING:
        raise Conflict(
            "count_closed",
            _("The count %(no)s is %(state)s. Nothing more is counted in it.")
            % {"no": count.count_no, "state": count.get_state_display()},
        )
    task = CountTask.objects.select_related("assignee").get(pk=task.pk)
    task.count = count
    return task


@audited("counts.task.assigned")
def assign_task(task: CountTask, *, assignee: Member | None, actor: Member) -> CountTask:
    """Give a task that is not handed over to somebody (None: to whoever claims it)."""
    require(actor, "counts.task.assign")
    task = _locked_task(task)
    if task.state == TaskState.SUBMITTED:
        raise Conflict("task_submitted", _("This task was handed over already."))
    if assignee is not None:
        check_may_count(assignee)
        _check_other_person(list(task.lines.all()), task.round, assignee)
    task.assignee = assignee
    task.save()
    if assignee is not None:
        _tell(task, actor)
    return task


@audited("counts.task.claimed")
def claim_task(task: CountTask, *, actor: Member) -> CountTask:
    """Take a task that nobody has. Raises Conflict("task_taken") if somebody was faster."""
    require(actor, "counts.task.claim")
    task = _locked_task(task)
    if task.assignee_id == actor.pk:
        return task
    if task.assignee_id is not None:
        raise Conflict("task_taken", _("%(name)s has this task already. Choose another one.") % {"name": task.assignee})
    _check_other_person(list(task.lines.all()), task.round, actor)
    task.assignee = actor
    task.save()
    return task


@audited("counts.task.submitted")
def submit_task(task: CountTask, *, actor: Member) -> CountTask:
    """Hand a task over. Its lines without an entry stay "not counted"; afterwards only the manager enters more."""
    task = _locked_task(task)
    require(actor, "counts.task.submit", task)
    move(task, TaskState.SUBMITTED, TASK_TRANSITIONS)
    task.submitted_at = timezone.now()
    task.assignee = task.assignee or actor
    task.save()
    lines = lines_for_counter(task)
    record(count=task.count.count_no, lines=lines.count(), not_counted=lines.filter(is_entered=False).count())
    return task


@audited("counts.task.reopened")
def reopen_task(task: CountTask, *, reason: str, actor: Member) -> CountTask:
    """Let the counter enter more after handing over."""
    require(actor, "counts.task.reopen")
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why this task is reopened."))
    task = _locked_task(task)
    move(task, TaskState.OPEN, TASK_TRANSITIONS)
    task.submitted_at = None
    task.save()
    record(reason=reason.strip())
    return task


@audited("counts.recount.requested")
def request_recount(lines: Iterable[CountLine], *, assignee: Member, reason: str = "", actor: Member) -> CountTask:
    """Let somebody else count these lines again. What was counted before is kept; the last round counts.

    Raises RuleViolation: "no_lines", "two_counts", "not_counted" (nothing to recount yet), "own_recount" (`rows`
    lists the lines that the assignee counted before); Conflict: "count_closed", "recount_open".
    """
    require(actor, "counts.line.recount")
    wanted = [line.pk for line in lines]
    if not wanted:
        raise RuleViolation("no_lines", _("Choose at least one line to recount."))
    check_may_count(assignee)
    counts = set(CountLine.objects.filter(pk__in=wanted).values_list("count", flat=True))
    if len(counts) != 1:
        raise RuleViolation("two_counts", _("A recount covers lines of one count."))
    count = Count.objects.select_for_update().get(pk=counts.pop())
    if count.state != CountState.COUNTING:
        raise Conflict(
            "count_closed",
            _("The count %(no)s is %(state)s. Nothing more is counted in it.")
            % {"no": count.count_no, "state": count.get_state_display()},
        )
    rows = list(
        CountLine.objects.filter(pk__in=wanted)
        .select_related("stock_line__item", "stock_line__location", "task")
        .annotate(
            is_entered=Exists(CountEntry.objects.filter(line=OuterRef("pk"), voids__isnull=True)),
        )
    )
    waiting = [line for line in rows if line.task and line.task.round > 1 and line.task.state == TaskState.OPEN]
    if waiting:
        raise Conflict(
            "recount_open",
            _("A recount of these lines is already under way. Leave them out."),
            rows=[str(line.stock_line) for line in waiting],
        )
    missing = [line for line in rows if not line.is_entered]
    if missing:
        raise RuleViolation(
            "not_counted",
            _("These lines were not counted yet, so there is nothing to recount. Leave them out."),
            rows=[str(line.stock_line) for line in missing],
        )
    following = max(line.round for line in rows) + 1
    _check_other_person(rows, following, assignee)
    zones = {line.stock_line.location.zone for line in rows}
    task = CountTask.objects.create(
        count=count,
        round=following,
        zone=zones.pop() if len(zones) == 1 else "",
        assignee=assignee,
        reason=reason.strip()[:200],
    )
    CountLine.objects.filter(pk__in=wanted).update(round=following, task=task)
    record(count=count.count_no, lines=len(rows), round=following, assignee=assignee.username)
    _tell(task, actor)
    return task


def _check_other_person(lines: list[CountLine], following: int, member: Member) -> None:
    """Nobody recounts a line that they counted in an earlier round."""
    own = set(
        CountEntry.objects.filter(line__in=lines, counter=member, round__lt=following).values_list("line", flat=True)
    )
    if not own:
        return
    clashing = CountLine.objects.filter(pk__in=own).select_related("stock_line__item", "stock_line__location")
    raise RuleViolation(
        "own_recount",
        _("%(name)s counted some of these lines before. Choose somebody else, or leave them out.") % {"name": member},
        rows=[str(line.stock_line) for line in clashing],
    )


def _tell(task: CountTask, actor: Member) -> None:
    if task.assignee is not None:
        notify(
            [task.assignee],
            key=f"counts.task.{task.pk}.{task.assignee_id}",
            text=lambda: _("%(no)s: you have counting to do.") % {"no": task.count.count_no},
            path=f"counts/tasks/{task.pk}/",
            actor=actor,
        )
