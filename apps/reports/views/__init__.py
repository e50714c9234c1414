from apps.reports.views.reconciliation import reconcile
from apps.reports.views.reports import (
    comment,
    detail,
    file,
    prepare,
    progress,
    report_list,
    schedule,
    seal,
    send,
    sign,
    verify,
)
from apps.reports.views.selfcheck import self_check, self_check_run
from apps.reports.views.work import work

__all__ = [
    "comment",
    "detail",
    "file",
    "prepare",
    "progress",
    "reconcile",
    "report_list",
    "schedule",
    "seal",
    "self_check",
    "self_check_run",
    "send",
    "sign",
    "verify",
    "work",
]
