from apps.reports.services.mailing import deliver_month, deliver_report, send_report
from apps.reports.services.reports import (
    comment_report,
    draft_pdf,
    prepare_report,
    render_report,
    sign_report,
)
from apps.reports.services.schedules import (
    ensure_schedules,
    prepare_month,
    save_schedule,
    start_month,
)

__all__ = [
    "comment_report",
    "deliver_month",
    "deliver_report",
    "draft_pdf",
    "ensure_schedules",
    "prepare_month",
    "prepare_report",
    "render_report",
    "save_schedule",
    "send_report",
    "sign_report",
    "start_month",
]
