"""How far a count is: per task, in all, and which lines deserve a second look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q

from apps.core.tenancy import require_organization_id
from apps.counts.enums import CountState, TaskState
from apps.counts.models import Count, CountTask
from apps.counts.selectors.lines import LiveLine, live_lines
from apps.organizations.models import Member


@dataclass(frozen=True, slots=True)
class Progress:
    """Lines of a task and how many of them have an entry that stands. No quantities: it may be shown to anybody."""

    task: CountTask
    lines: int
    entered: int
    entries: int
    last_at: datetime | None

    @property
    def left(self) -> int:
        return self.lines - self.entered


PROGRESS = """
SELECT t.id,
  (SELECT count(*) FROM counts_countline l WHERE l.organization_id = t.organization_id AND l.task_id = t.id)
  + (SELECT count(DISTINCT e.line_id) FROM counts_countentry e
     JOIN counts_countline l ON l.organization_id = e.organization_id AND l.id = e.line_id
     WHERE e.organization_id = t.organization_id AND e.task_id = t.id AND l.task_id IS DISTINCT FROM t.id),
  n.entered, n.entries, n.last_at
FROM counts_counttask t
CROSS JOIN LATERAL (
  SELECT count(DISTINCT e.line_id) AS entered, count(*) AS entries, max(e.received_at) AS last_at
  FROM counts_countentry e
  WHERE e.organization_id = t.organization_id AND e.task_id = t.id AND e.voids_id IS NULL AND NOT EXISTS (
    SELECT FROM counts_countentry v WHERE v.organization_id = e.organization_id AND v.voids_id = e.id)
) AS n
WHERE t.organization_id = %s AND t.id = ANY(%s)
"""


def progress(tasks: Iterable[CountTask]) -> list[Progress]:
    """The progress of each task, in the order given, by one query.

    A line that was entered here and is recounted elsewhere still belongs to what was done here.
    """
    tasks = list(tasks)
    with connection.cursor() as cursor:
        cursor.execute(PROGRESS, [require_organization_id(), [task.pk for task in tasks]])
        rows: dict[UUID, tuple[int, int, int, datetime | None]] = {row[0]: row[1:] for row in cursor}
    return [Progress(task, *rows[task.pk]) for task in tasks]


def count_progress(count: Count) -> list[Progress]:
    """Every task of a count."""
    return progress(count.tasks.select_related("assignee").order_by("round", "zone", "id"))


def my_tasks(member: Member) -> list[Progress]:
    """Tasks of open counts that are the member's, or nobody's: late ones first, handed over ones last."""
    tasks = (
        CountTask.objects.filter(Q(assignee=member) | Q(assignee__isnull=True, state=TaskState.OPEN))
        .filter(count__state=CountState.COUNTING)
        .select_related("count__warehouse", "assignee")
        .order_by("state", "count__due_on", "count__count_no", "round", "zone", "id")
    )
    return progress(tasks)


def beyond_tolerance(count: Count) -> Iterator[LiveLine]:
    """Counted lines beyond the tolerance that the count started with, not being recounted yet, by value."""
    rule = count.tolerance
    for line in live_lines(count, differing=True, sort="value"):
        assert line.variance is not None
        assert line.value is not None
        passes = rule is not None and rule.passes(book=line.expected, variance=line.variance, value=line.value)
        if not line.is_waiting and not passes:
            yield line
