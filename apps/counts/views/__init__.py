from apps.counts.views.plans import (
    cancel,
    close,
    counts,
    create,
    detail,
    release,
    tolerance,
)
from apps.counts.views.sheets import count_sheet, task_sheet
from apps.counts.views.watch import assign, progress, recount, reopen
from apps.counts.views.work import claim, enter, record, submit, tasks, undo

__all__ = [
    "assign",
    "cancel",
    "claim",
    "close",
    "count_sheet",
    "counts",
    "create",
    "detail",
    "enter",
    "progress",
    "record",
    "recount",
    "release",
    "reopen",
    "submit",
    "task_sheet",
    "tasks",
    "tolerance",
    "undo",
]
