"""Who may do what in a count.

Counting is open to whoever was given a task, and to counters; judging the outcome is not. Duties: nobody recounts a
line that they counted, and a counter undoes only what they entered themselves.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.core.permissions import declare

EVERYBODY = "owner manager counter controller finance assignee auditor"
WORKERS = "owner manager counter controller finance assignee"


def _given_to(actor: Any, count: Any) -> str | None:
    """Counters help in every count, others where they were given a task."""
    if actor.role_set & {"manager", "counter"} or count.tasks.filter(assignee=actor).exists():
        return None
    return _("You have no task in this count. Ask the warehouse manager for one.")


def _own_task(actor: Any, task: Any) -> str | None:
    if "manager" in actor.role_set or task.assignee_id == actor.pk:
        return None
    if task.assignee_id is None and "counter" in actor.role_set:
        return None
    return _("This task belongs to somebody else. Ask the warehouse manager to give it to you.")


def _own_entry(actor: Any, entry: Any) -> str | None:
    if "manager" in actor.role_set or entry.counter_id == actor.pk:
        return None
    return _("You can undo only what you entered yourself.")


declare(
    {
        "counts.count.view": EVERYBODY,
        "counts.count.create": "manager",
        "counts.count.release": "manager",
        "counts.count.close": "manager",
        "counts.count.cancel": "manager",
        "counts.count.export": "owner manager controller finance auditor",
        "counts.task.view": WORKERS,
        "counts.task.assign": "manager",
        "counts.task.claim": "manager counter",
        "counts.task.submit": WORKERS,
        "counts.task.reopen": "manager",
        "counts.line.view": EVERYBODY,
        "counts.line.recount": "manager",
        "counts.entry.view": EVERYBODY,
        "counts.entry.record": WORKERS,
        "counts.entry.void": WORKERS,
        "counts.tolerance.view": EVERYBODY,
        "counts.tolerance.change": "owner finance",
    },
    duties={
        "counts.task.submit": _own_task,
        "counts.entry.record": _given_to,
        "counts.entry.void": _own_entry,
    },
)
