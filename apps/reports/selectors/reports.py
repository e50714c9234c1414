"""Reads about reports: which there are, whether their bytes are what was signed, what waits for one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from apps.core.errors import Conflict
from apps.core.tenancy import all_organizations
from apps.counts.enums import CountState
from apps.counts.models import Count
from apps.organizations.models import Member, Organization
from apps.reports.enums import ReportState
from apps.reports.models import Report, ReportSchedule
from apps.reports.signing import Seal, check


def reports() -> QuerySet[Report]:
    return Report.objects.select_related("count__warehouse", "created_by", "signed_by", "replaces")


def reports_of(count: Count) -> QuerySet[Report]:
    """Every version of a count's reports, newest first."""
    return reports().filter(count=count).order_by("-created_at", "-id")


def current_report(count: Count, language: str) -> Report | None:
    """The one to hand out: the latest signed version, else the latest that is not replaced."""
    found = reports_of(count).filter(language=language)
    return (
        found.filter(state=ReportState.SIGNED).order_by("-version").first()
        or found.exclude(state=ReportState.REPLACED).order_by("-version").first()
    )


def unreported_counts() -> QuerySet[Count]:
    """Closed counts without any report, latest first."""
    return (
        Count.objects.filter(~Exists(Report.objects.filter(count=OuterRef("pk"))), state=CountState.CLOSED)
        .select_related("warehouse")
        .order_by("-closed_at")
    )


def report_file(report: Report) -> bytes:
    """The PDF to hand out, only as it was made.

    Raises Conflict: "not_rendered" while it is prepared, "file_missing", "file_changed".
    """
    if not report.file:
        raise Conflict("not_rendered", _("The report is still being prepared. Try again when it is ready."))
    try:
        content = _stored(report)
    except OSError as error:
        raise Conflict("file_missing", _("The file is missing from the store. Tell your administrator.")) from error
    if not _intact(report, content):
        raise Conflict("file_changed", _("The stored file is not the one that was made. Tell your administrator."))
    return content


def _stored(report: Report) -> bytes:
    with report.file.storage.open(report.file.name or "") as stored:
        return stored.read()


def _intact(report: Report, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == report.sha256


def seal_of(report: Report) -> Seal:
    """What a signed report's stored file says of itself: its hash first, then its signature."""
    try:
        content = _stored(report)
    except (OSError, ValueError):
        return Seal(_("The file is missing."))
    if not _intact(report, content):
        return Seal(_("The file is not the one that was signed."))
    return check(content)


def verify_reports() -> list[str]:
    """Re-check every signed report of the active organization; returns what is wrong, empty if nothing is."""
    problems = []
    for report in Report.objects.filter(state=ReportState.SIGNED).select_related("count").order_by("signed_at"):
        seal = seal_of(report)
        if not seal.is_valid:
            problems.append(f"{report}: {seal.problem}")
    return problems


def schedule() -> ReportSchedule | None:
    return ReportSchedule.objects.first()


@dataclass(frozen=True)
class Verification:
    """What the platform tells a stranger who holds a hash: nothing of whom it belongs to.

    `kind` is "file" (the bytes of a signed report), "content" (what is printed on one), or "" (unknown).
    """

    kind: str
    signed_at: datetime | None = None
    superseded: bool = False
    organization_id: UUID | None = None
    report_id: UUID | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.kind)


def find_by_hash(digest: str) -> Verification:
    """Look a file's or a content's SHA-256 up among the signed reports of every organization."""
    with all_organizations(reason="anybody who holds a report may ask whether it was signed"):
        signed = Report.objects.filter(state=ReportState.SIGNED)
        kind, report = "file", signed.filter(sha256=digest).first()
        if report is None:
            kind, report = "content", signed.filter(content_hash=digest).first()
        if report is None:
            return Verification("")
        newer = signed.filter(
            organization_id=report.organization_id,
            count_id=report.count_id,
            language=report.language,
            version__gt=report.version,
        ).exists()
    return Verification(kind, report.signed_at, newer, report.organization_id, report.pk)


def reader_of(verification: Verification, memberships: Iterable[Member]) -> Organization | None:
    """The organization behind a verification, for those who belong to it."""
    return next(
        (each.organization for each in memberships if each.organization_id == verification.organization_id), None
    )
