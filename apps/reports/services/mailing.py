"""Reports by mail: to chosen members, and every month to those whom the schedule names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import Conflict, RuleViolation
from apps.core.permissions import may, require
from apps.notifications.services import language_of
from apps.organizations.models import Member
from apps.organizations.selectors import organization_url
from apps.organizations.services import request_job
from apps.reports.enums import ReportState
from apps.reports.models import Report
from apps.reports.selectors.reports import report_file

SEND = "reports.send"
LARGEST_MAIL = 15 * 1024 * 1024
"""Bytes that a mail carries; reports beyond go as links."""


def refuse_unfit_recipients(members: Sequence[Member]) -> None:
    """Recipients may read reports and have an address. Raises RuleViolation("unfit_recipients") that names others."""
    if not members:
        raise RuleViolation("no_recipients", _("Choose at least one recipient."))
    unfit = [each.name for each in members if not each.email or not may(each, "reports.report.view")]
    if unfit:
        raise RuleViolation(
            "unfit_recipients",
            _("These members have no e-mail address or may not read reports: %(names)s.") % {"names": ", ".join(unfit)},
        )


@audited("reports.report.sent")
def send_report(report: Report, *, members: Iterable[Member], actor: Member) -> Report:
    """Mail a rendered report to members, one job a person; a link, and the PDF unless it is too large."""
    require(actor, "reports.report.send", report)
    chosen = list(members)
    refuse_unfit_recipients(chosen)
    if report.state == ReportState.DRAFT or not report.file:
        raise Conflict("not_rendered", _("The report is still being prepared. Send it when it is ready."))
    for member in chosen:
        request_job(SEND, key=f"{report.pk}:{member.pk}", reports=[str(report.pk)], member=str(member.pk), actor=actor)
    record(members=[member.username for member in chosen])
    return report


def deliver_report(reports: Sequence[Report], member: Member) -> None:
    """Hand reports to the mail server, in the language that the member reads. Called by a job."""
    organization = member.organization
    with translation.override(language_of(member, organization)):
        numbers = ", ".join(report.count.count_no for report in reports)
        context = {
            "member": member,
            "organization": organization,
            "reports": [
                {"report": report, "url": organization_url(organization, f"reports/{report.pk}/")} for report in reports
            ],
        }
        message = EmailMessage(
            subject=_("Variance report: %(counts)s") % {"counts": numbers[:120]},
            body=render_to_string("reports/mail.txt", context),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[member.email],
        )
    carried = 0
    for report in reports:
        content = report_file(report)
        carried += len(content)
        if carried <= LARGEST_MAIL:
            message.attach(f"{report.count.count_no}-v{report.version}.pdf", content, "application/pdf")
    message.send()


@audited("reports.month.delivered")
def deliver_month(reports: Sequence[Report], *, members: Iterable[Member], period: str, actor: Member) -> None:
    """Want one mail a recipient with all reports of a month."""
    chosen = [member for member in members if member.is_active and member.email and may(member, "reports.report.view")]
    for member in chosen:
        request_job(
            SEND,
            key=f"{period}:{member.pk}",
            reports=[str(report.pk) for report in reports],
            member=str(member.pk),
            actor=actor,
        )
    record(period=period, members=[member.username for member in chosen], reports=len(reports))
