"""A report's life: prepared, rendered, commented on, signed, sealed."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import Conflict, Forbidden, RuleViolation
from apps.core.pdf.process import PAGE_SECONDS, render_pdf
from apps.core.permissions import require
from apps.core.states import move
from apps.counts.enums import CountState
from apps.counts.models import Count
from apps.notifications.services import notify
from apps.organizations.enums import Role
from apps.organizations.models import Member
from apps.organizations.selectors import with_role
from apps.organizations.services import request_job
from apps.rectification.enums import AdjustmentState
from apps.rectification.models import Adjustment
from apps.reports.enums import REPORT_TRANSITIONS, ReportState
from apps.reports.models import Report, ReportComment
from apps.reports.rendering.attachments import extract_attachments, write_attachments
from apps.reports.rendering.document import Cover, Signature, build_html
from apps.reports.selectors import content_hash, kept_content, report_content
from apps.reports.selectors.reports import report_file
from apps.reports.signing import sign

RENDER = "reports.render"
MOST_ATTEMPTS, WAIT_SECONDS = 5, 15 * 60


@audited("reports.report.prepared")
def prepare_report(count: Count, *, language: str = "zh-hans", actor: Member) -> Report:
    """Begin the next version of a closed count's report; a job renders it.

    While one is being rendered this is that one. A version under review is replaced; a signed one stays signed, and
    the new version says that it replaces it. Raises RuleViolation: "count_not_closed", "unknown_language".
    """
    require(actor, "reports.report.prepare")
    count = Count.objects.select_for_update().get(pk=count.pk)
    if count.state != CountState.CLOSED:
        raise RuleViolation(
            "count_not_closed",
            _("Count %(count)s is not closed yet. Close it first: a report shows settled numbers only.")
            % {"count": count.count_no},
        )
    if language not in dict(settings.LANGUAGES):
        raise RuleViolation("unknown_language", _("There are no reports in “%(language)s”.") % {"language": language})
    versions = Report.objects.filter(count=count, language=language).order_by("-version")
    latest = versions.first()
    if latest is not None and latest.state == ReportState.DRAFT:
        report = latest
    else:
        if latest is not None and latest.state == ReportState.REVIEW:
            latest = Report.objects.select_for_update().get(pk=latest.pk)
            move(latest, ReportState.REPLACED, REPORT_TRANSITIONS)
            latest.save()
        report = Report.objects.create(
            count=count,
            language=language,
            version=latest.version + 1 if latest else 1,
            replaces=versions.filter(state=ReportState.SIGNED).first() or latest,
            created_by=actor,
        )
    request_job(RENDER, key=str(report.pk), report=str(report.pk), actor=actor)
    return report


@audited("reports.report.rendered")
def render_report(report: Report, *, actor: Member) -> Report:
    """Make the PDF of a version that was prepared, and put it up for review. Done before, this changes nothing."""
    report = _locked(report)
    if report.state != ReportState.DRAFT:
        return report
    content = report_content(report.count)
    report.content = kept_content(content)
    report.content_hash = content_hash(content, **_identity(report))
    move(report, ReportState.REVIEW, REPORT_TRANSITIONS)
    pdf = _pdf(report.count, content, _cover(report))
    _store(report, pdf)
    report.save()
    record(sha256=report.sha256, content_hash=report.content_hash)
    number = report.count.count_no
    notify(
        [member for member in with_role(Role.FINANCE) if member.pk != actor.pk],
        key=f"report-{report.pk}",
        text=lambda: _("The report of count %(count)s is ready for review.") % {"count": number},
        path=f"reports/{report.pk}/",
        actor=actor,
    )
    return report


@audited("reports.report.commented")
def comment_report(report: Report, *, text: str, actor: Member) -> ReportComment:
    """Say something about a report under review; whoever prepared it is told."""
    require(actor, "reports.report.comment", report)
    words = text.strip()[:1000]
    if not words:
        raise RuleViolation("comment_empty", _("Please write what you want to say."))
    comment = ReportComment.objects.create(report=report, member=actor, text=words)
    number = report.count.count_no
    notify(
        [report.created_by] if report.created_by_id != actor.pk else [],
        key=f"comment-{comment.pk}",
        text=lambda: _("There is a comment on the report of count %(count)s.") % {"count": number},
        path=f"reports/{report.pk}/",
        actor=actor,
    )
    return comment


@audited("reports.report.signed")
def sign_report(report: Report, *, password: str, comment: str = "", actor: Member) -> Report:
    """Sign a report under review as finance, with the password again; from then on it is sealed.

    Only someone who neither counted nor proposed nor approved in the count may sign. Raises
    RuleViolation("wrong_password"), Conflict("adjustments_open") while adjustments wait to be approved or posted
    (signed = posted = reported), Conflict("content_changed") if the figures are others than when it was rendered,
    Conflict("wrong_state") if it is signed or replaced already.
    """
    require(actor, "reports.report.sign", report)
    _authenticate(actor, password)
    report = _locked(report)
    move(report, ReportState.SIGNED, REPORT_TRANSITIONS)
    _refuse_open_adjustments(report.count)
    content = report_content(report.count)
    if content_hash(content, **_identity(report)) != report.content_hash:
        raise Conflict(
            "content_changed",
            _("Something has changed since this report was rendered. Prepare a new version and review that one."),
        )
    report.signed_by, report.signed_at, report.signer_name = actor, timezone.now(), actor.name
    report.comment = comment.strip()[:500]
    with translation.override(report.language):
        reason = _("Variance report %(count)s, version %(version)s: reviewed and signed off") % {
            "count": report.count.count_no,
            "version": report.version,
        }
    pdf = sign(
        _signed_pdf(report, content),
        organization=report.organization.name,
        signer=actor.name,
        reason=reason,
    )
    storage, unsigned = report.file.storage, report.file.name or ""
    _store(report, pdf)
    report.save()
    record(sha256=report.sha256, content_hash=report.content_hash, comment=report.comment)
    transaction.on_commit(lambda: _forget(storage, unsigned))
    return report


def draft_pdf(count: Count, *, language: str, actor: Member) -> bytes:
    """The report as it would be, as a PDF that says draft; nothing is kept. For the command line."""
    content = report_content(count)
    digest = content_hash(content, version=0, language=language, replaces=None)
    cover = Cover(
        version=0,
        language=language,
        created_at=timezone.now(),
        created_by=actor.name,
        content_hash=digest,
        verify_url=verify_url(digest),
    )
    return _pdf(count, content, cover)


def verify_url(digest: str) -> str:
    return f"{settings.PUBLIC_URL}/verify/{digest}/"


def _locked(report: Report) -> Report:
    return (
        Report.objects.select_for_update(of=("self",))
        .select_related("count__warehouse", "created_by", "replaces", "organization")
        .get(pk=report.pk)
    )


def _authenticate(actor: Member, password: str) -> None:
    """The login's password, at most five wrong ones in a quarter of an hour.

    Wrong ones are counted in the cache, because what a refused request writes to the database is undone.
    """
    user = actor.user
    if user is None or not user.has_usable_password():
        raise Forbidden("no_password", _("Set a password for your login first: signing asks for it."))
    key = f"{actor.organization_id}:signing:{actor.pk}"
    cache.add(key, 0, WAIT_SECONDS)
    if cache.get(key, 0) >= MOST_ATTEMPTS:
        raise Forbidden(
            "too_many_attempts", _("Too many wrong passwords. Nothing was signed; try again in 15 minutes.")
        )
    if not user.check_password(password):
        cache.incr(key)
        raise RuleViolation("wrong_password", _("The password is not right. Nothing was signed."))
    cache.delete(key)


def _refuse_open_adjustments(count: Count) -> None:
    waiting = Adjustment.objects.filter(count=count, state__in=[AdjustmentState.PROPOSED, AdjustmentState.APPROVED])
    numbers = list(waiting.order_by("adjustment_no").values_list("adjustment_no", flat=True)[:5])
    if numbers:
        raise Conflict(
            "adjustments_open",
            _("Adjustment %(numbers)s is not posted yet. What is signed must be what is posted: decide on it first.")
            % {"numbers": ", ".join(numbers)},
        )


def _identity(report: Report) -> dict[str, Any]:
    return {
        "version": report.version,
        "language": report.language,
        "replaces": report.replaces.version if report.replaces else None,
    }


def _cover(report: Report) -> Cover:
    signature = None
    with (
        translation.override(report.language),
        timezone.override(ZoneInfo(report.organization.time_zone)),
    ):
        if report.signed_by is not None and report.signed_at is not None:
            roles = str(Role.FINANCE.label)
            signature = Signature(report.signer_name, roles, report.signed_at, report.comment)
        replaces = _replaces(report)
    return Cover(
        version=report.version,
        language=report.language,
        created_at=report.created_at,
        created_by=report.created_by.name,
        content_hash=report.content_hash,
        verify_url=verify_url(report.content_hash),
        replaces=replaces,
        signature=signature,
    )


def _replaces(report: Report) -> str:
    before = report.replaces
    if before is None:
        return ""
    values = {"version": report.version, "before": before.version}
    if before.signed_at is None:
        return _("Version %(version)s replaces version %(before)s, which was not signed.") % values
    return _("Version %(version)s replaces version %(before)s, signed by %(signer)s on %(day)s.") % {
        **values,
        "signer": before.signer_name,
        "day": timezone.localtime(before.signed_at).strftime("%Y-%m-%d"),
    }


def _pdf(count: Count, content: dict[str, Any], cover: Cover) -> bytes:
    with _room(count, cover) as folder:
        return render_pdf(build_html(content, cover), write_attachments(count, folder))


def _signed_pdf(report: Report, content: dict[str, Any]) -> bytes:
    """The reviewed report with the signature block, its attachments as they were reviewed."""
    cover = _cover(report)
    with _room(report.count, cover) as folder:
        attachments = extract_attachments(report_file(report), folder)
        return render_pdf(build_html(content, cover), attachments, seconds=PAGE_SECONDS)


@contextmanager
def _room(count: Count, cover: Cover) -> Iterator[Path]:
    """A folder for attachments, in the report's language and the organization's time."""
    with (
        tempfile.TemporaryDirectory(prefix="stockcheck-report-") as folder,
        translation.override(cover.language),
        timezone.override(ZoneInfo(count.organization.time_zone)),
    ):
        yield Path(folder)


def _store(report: Report, pdf: bytes) -> None:
    """Keep the bytes under the organization's id; a file that is there is never written over."""
    report.sha256 = hashlib.sha256(pdf).hexdigest()
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", report.count.count_no).strip("-") or "count"
    name = f"{plain}-v{report.version}-{report.language}-{report.sha256[:12]}.pdf"
    report.file.save(f"{report.organization_id}/reports/{report.pk}/{name}", ContentFile(pdf), save=False)


def _forget(storage: Storage, name: str) -> None:
    if name:
        storage.delete(name)
