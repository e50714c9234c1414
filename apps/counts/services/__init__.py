from apps.counts.services.closing import cancel_count, close_count, settle_lines
from apps.counts.services.entries import (
    EntryDraft,
    EntryResult,
    Refusal,
    record_entries,
    record_entry,
    void_entry,
)
from apps.counts.services.plans import create_count, release_count, set_tolerance
from apps.counts.services.sheets import record_sheet
from apps.counts.services.work import assign_task, claim_task, reopen_task, request_recount, submit_task

__all__ = [
    "EntryDraft",
    "EntryResult",
    "Refusal",
    "assign_task",
    "cancel_count",
    "claim_task",
    "close_count",
    "create_count",
    "record_entries",
    "record_entry",
    "record_sheet",
    "release_count",
    "reopen_task",
    "request_recount",
    "set_tolerance",
    "settle_lines",
    "submit_task",
    "void_entry",
]
