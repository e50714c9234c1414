"""The end of a count: the five numbers are settled and its stock is free again."""

from __future__ import annotations

from datetime import datetime

from django.db import DataError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import Conflict, RuleViolation
from apps.core.permissions import require
from apps.core.states import move
from apps.core.tenancy import require_organization_id
from apps.counts.enums import COUNT_TRANSITIONS, CountState, TaskState
from apps.counts.models import Count, CountLine, CountLocation, CountTask
from apps.counts.selectors.lines import five_numbers
from apps.counts.signals import count_closed
from apps.organizations.models import Member

SETTLE = """
UPDATE counts_countline AS l SET
  (round, snapshot, moved_in, moved_out, expected, counted, counted_at) = (
    SELECT coalesce(n.round, l.round), n.snapshot, n.moved_in, n.moved_out, n.snapshot + n.moved_in - n.moved_out,
      n.counted, n.counted_at
    FROM (SELECT) AS own {numbers}),
  is_open = l.is_open AND NOT %(final)s
WHERE l.organization_id = %(organization)s AND l.count_id = %(count)s
"""


def settle_lines(count: Count, *, final: bool = False) -> int:
    """Store the five numbers of every line as `five_numbers` defines them; returns the number of lines.

    `final` also lets go of the stock lines. Of an open count what is stored is provisional. Part of a service of
    the caller, who holds the count.
    """
    numbers, parameters = five_numbers(count)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(SETTLE.format(numbers=numbers), {**parameters, "final": final})
            return cursor.rowcount
    except DataError as error:
        raise RuleViolation(
            "number_range",
            _("The entries of a line add up to more than 14 digits. Undo the wrong one, then close the count."),
        ) from error


@audited("counts.count.closed")
def close_count(
    count: Count,
    *,
    uncounted: str = "keep",
    reason: str = "",
    abandon_recounts: bool = False,
    at: datetime | None = None,
    actor: Member,
) -> Count:
    """Close a count: settle its lines, unfreeze its locations, tell the upper floors.

    Lines that nobody counted stay "not counted" (`uncounted="keep"`) and have no variance; `uncounted="zero"`
    declares them empty, with a reason, by zero entries in the actor's name. Recounts that are asked for and not
    finished stop it, unless `abandon_recounts`: then what was counted before stands. `at` is for imports.

    Raises Conflict: "wrong_state" (closed or cancelled meanwhile), "open_recounts"; RuleViolation: "uncounted",
    "reason_missing".
    """
    require(actor, "counts.count.close", count)
    if uncounted not in ("keep", "zero"):
        raise RuleViolation("uncounted", _("Say what happens to lines that nobody counted: keep or zero."))
    count = Count.objects.select_for_update().get(pk=count.pk)
    move(count, CountState.CLOSED, COUNT_TRANSITIONS)
    waiting = list(CountTask.objects.filter(count=count, round__gt=1, state=TaskState.OPEN).select_related("assignee"))
    if waiting and not abandon_recounts:
        raise Conflict(
            "open_recounts",
            _("Recounts are still open. Wait for them, or close without them: then the counts before them stand."),
            rows=[_recount_row(task) for task in waiting],
        )
    if uncounted == "zero":
        if not reason.strip():
            raise RuleViolation("reason_missing", _("Say why lines that nobody counted are empty."))
        record(zeros=_write_zeros(count, reason.strip(), actor), reason=reason.strip())
    lines = settle_lines(count, final=True)
    CountLocation.objects.filter(count=count, is_open=True).update(is_open=False)
    count.closed_at = at or timezone.now()
    count.closed_by = actor
    count.save()
    not_counted = CountLine.objects.filter(count=count, counted__isnull=True).count()
    differing = CountLine.objects.filter(count=count, variance__isnull=False).exclude(variance=0).count()
    record(lines=lines, not_counted=not_counted, differing=differing, abandoned=len(waiting))
    count_closed.send(sender=Count, count=count, actor=actor)
    return count


def _recount_row(task: CountTask) -> str:
    return _("Recount by %(name)s, round %(round)s") % {"name": task.assignee or "—", "round": task.round}


ZEROS = """
INSERT INTO counts_countentry (id, organization_id, count_id, line_id, task_id, entry_no, round, quantity, unit,
  base_quantity, counter_id, counted_at, received_at, method, device, note)
SELECT stockcheck_uuid7(), l.organization_id, l.count_id, l.id, NULL, 'zero-' || l.id, l.round, 0, '', 0, %(actor)s,
  %(now)s, %(now)s, 'keyed', '', %(reason)s
FROM counts_countline l
WHERE l.organization_id = %(organization)s AND l.count_id = %(count)s AND NOT l.is_found AND NOT EXISTS (
  SELECT FROM counts_countentry e
  WHERE e.organization_id = l.organization_id AND e.line_id = l.id AND e.voids_id IS NULL AND NOT EXISTS (
    SELECT FROM counts_countentry v WHERE v.organization_id = e.organization_id AND v.voids_id = e.id))
"""


def _write_zeros(count: Count, reason: str, actor: Member) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            ZEROS,
            {
                "organization": require_organization_id(),
                "count": count.pk,
                "actor": actor.pk,
                "now": timezone.now(),
                "reason": reason[:200],
            },
        )
        return cursor.rowcount


@audited("counts.count.cancelled")
def cancel_count(count: Count, *, reason: str, actor: Member) -> Count:
    """Give up a count. What was counted stays readable, no variance comes of it, its stock is free again."""
    require(actor, "counts.count.cancel", count)
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why this count is cancelled."))
    count = Count.objects.select_for_update().get(pk=count.pk)
    move(count, CountState.CANCELLED, COUNT_TRANSITIONS)
    count.note = " · ".join(part for part in (count.note, reason.strip()) if part)[:500]
    count.save()
    CountLocation.objects.filter(count=count, is_open=True).update(is_open=False)
    CountLine.objects.filter(count=count, is_open=True).update(is_open=False)
    record(reason=reason.strip())
    return count
