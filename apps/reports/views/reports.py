"""Reports of an organization: the list, the page beside the PDF, signing, sending, the schedule."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any
from uuid import UUID

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from apps.core.edges import attempt, page, paginate
from apps.core.errors import Conflict
from apps.core.permissions import may, refusal, require
from apps.core.sheets import Kind, sheet_kind, sheet_response
from apps.counts.models import Count
from apps.organizations.models import Job
from apps.organizations.models.organizations import Organization
from apps.reports.enums import ReportState
from apps.reports.filters import ReportFilter
from apps.reports.forms import CommentForm, ScheduleForm, SendForm, SignForm, UploadForm
from apps.reports.models import Report
from apps.reports.rendering.wording import cause_name, conclusion, documents_of, equation
from apps.reports.selectors.reports import (
    report_file,
    reports,
    reports_of,
    seal_of,
    unreported_counts,
)
from apps.reports.selectors.reports import schedule as current_schedule
from apps.reports.services import comment_report, prepare_report, save_schedule, send_report, sign_report
from apps.reports.services.reports import RENDER
from apps.reports.signing import check

SORTS = {
    "count": "count__count_no",
    "closed": "count__closed_at",
    "version": "version",
    "state": "state",
    "created": "created_at",
    "signed": "signed_at",
}
LARGEST_UPLOAD = 60 * 1024 * 1024


@page("reports.report.view")
def report_list(request: Any) -> HttpResponseBase:
    rows = ReportFilter(request.GET, queryset=reports(), request=request)
    sort = request.GET.get("sort", "-created")
    found = rows.qs
    if sort.lstrip("-") in SORTS:
        found = found.order_by(f"{'-' * sort.startswith('-')}{SORTS[sort.lstrip('-')]}", "-id")
    if kind := sheet_kind(request):
        return _export(found, kind)
    return render(
        request,
        "reports/list.html",
        {
            "filter": rows,
            "page": paginate(request, found),
            "sort": sort,
            "unreported": unreported_counts()[:10],
            "may_prepare": may(request.member, "reports.report.prepare"),
            "languages": settings.LANGUAGES,
        },
    )


def _export(found: Any, kind: Kind) -> FileResponse:
    columns = [
        ("count", _("Count number")),
        ("name", _("name")),
        ("warehouse", _("Warehouse")),
        ("closed", _("Closed")),
        ("version", _("Version")),
        ("language", _("Language")),
        ("state", _("State")),
        ("net", _("Net variance")),
        ("signer", _("signer")),
        ("signed", _("signed")),
        ("sha256", "SHA-256"),
    ]
    rows = (
        {
            "count": row.count.count_no,
            "name": row.count.name,
            "warehouse": row.count.warehouse.name,
            "closed": row.count.closed_at,
            "version": row.version,
            "language": row.language,
            "state": row.get_state_display(),
            "net": Decimal(row.content["summary"]["net"]["value"]) if row.content else None,
            "signer": row.signer_name,
            "signed": row.signed_at,
            "sha256": row.sha256,
        }
        for row in found.iterator(chunk_size=500)
    )
    return sheet_response(_("reports"), columns, rows, kind)


@page("reports.report.prepare", methods=("POST",))
def prepare(request: Any) -> HttpResponse:
    count = get_object_or_404(Count, count_no=request.POST.get("count", ""))
    report = prepare_report(count, language=request.POST.get("language", "zh-hans"), actor=request.member)
    return redirect("reports:detail", pk=report.pk)


@page("reports.report.view")
def detail(request: Any, pk: UUID) -> HttpResponse:
    return _detail(request, pk)


def _detail(request: Any, pk: UUID, **forms: Any) -> HttpResponse:
    report = get_object_or_404(reports(), pk=pk)
    versions = list(reports_of(report.count).filter(language=report.language))
    newest = versions[0]
    context = {
        "report": report,
        "count": report.count,
        "versions": versions,
        "newest": newest if newest.pk != report.pk else None,
        "comments": report.comments.select_related("member"),
        "job": _job(report),
        "progress_url": reverse("reports:progress", args=[report.pk]),
        "may_prepare": may(request.member, "reports.report.prepare"),
        "may_send": bool(report.file) and may(request.member, "reports.report.send"),
        "may_comment": report.state == ReportState.REVIEW and may(request.member, "reports.report.comment"),
        **_signing(request, report),
        **_figures(report),
        "comment_form": CommentForm(auto_id="comment_%s"),
        "send_form": SendForm(auto_id="send_%s"),
        **forms,
    }
    return render(request, "reports/detail.html", context, status=422 if forms else 200)


def _job(report: Report) -> Job | None:
    if report.state != ReportState.DRAFT:
        return None
    return Job.objects.filter(kind=RENDER, key=str(report.pk)).first()


def _signing(request: Any, report: Report) -> dict[str, Any]:
    """The form for those who may sign this, the reason for finance who may not, nothing for others."""
    if report.state != ReportState.REVIEW or not may(request.member, "reports.report.sign"):
        return {}
    reason = refusal(request.member, "reports.report.sign", report)
    return {"sign_refusal": reason} if reason else {"sign_form": SignForm(auto_id="sign_%s")}


def _figures(report: Report) -> dict[str, Any]:
    content = report.content
    if not content:
        return {}
    lines = [
        {
            **line,
            "causes": [
                {**part, "label": cause_name(part["code"], part["name"]), "documents": documents_of(part)}
                for part in line["parts"]
                if part["code"]
            ],
            "unexplained": sum((Decimal(part["quantity"]) for part in line["parts"] if not part["code"]), Decimal(0)),
            "equation": equation(line),
        }
        for line in content["lines"]
    ]
    return {
        "summary": content["summary"],
        "currency": content["organization"]["currency"],
        "conclusion": conclusion(content),
        "causes": [{**row, "label": cause_name(row["code"], row["name"])} for row in content["by_cause"]],
        "largest": content["by_cause"][0]["absolute"] if content["by_cause"] else "0",
        "lines": lines,
        "adjustments": content["adjustments"],
        "trail": content["approvals"],
        "late": content["late_documents"],
    }


@page("reports.report.view")
def progress(request: Any, pk: UUID) -> HttpResponse:
    """The job's progress as a fragment; when it is over, the page loads again."""
    report = get_object_or_404(reports(), pk=pk)
    job = Job.objects.filter(kind=RENDER, key=str(report.pk)).first()
    if job is None or report.state != ReportState.DRAFT:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return render(
        request,
        "components/progress.html",
        {"job": job, "url": request.path, "done_url": reverse("reports:detail", args=[report.pk])},
    )


@csp(
    {
        "default-src": [NONE],
        "object-src": [SELF],
        "style-src": [UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [SELF],
    }
)
@xframe_options_sameorigin
@page("reports.report.view")
def file(request: Any, pk: UUID) -> HttpResponse:
    """The PDF, to look at or (?download) to keep. A signed one that is not as it was signed is not handed out."""
    report = get_object_or_404(reports(), pk=pk)
    content = report_file(report)
    response = HttpResponse(content, content_type="application/pdf")
    name = _("Variance report %(count)s version %(version)s") % {
        "count": report.count.count_no,
        "version": report.version,
    }
    disposition = content_disposition_header("download" in request.GET, f"{name}.pdf")
    response["Content-Disposition"] = disposition or "inline"
    response["Cache-Control"] = "private, no-store"
    return response


@page("reports.report.view")
def seal(request: Any, pk: UUID) -> HttpResponse:
    """A fragment: whether the stored file is the signed one and its signature holds."""
    report = get_object_or_404(reports().filter(state=ReportState.SIGNED), pk=pk)
    return render(request, "reports/_seal.html", {"seal": seal_of(report), "report": report})


@page("reports.report.comment", methods=("POST",))
def comment(request: Any, pk: UUID) -> HttpResponse:
    report = get_object_or_404(reports(), pk=pk)
    form = CommentForm(request.POST, auto_id="comment_%s")
    if attempt(form, lambda data: comment_report(report, **data, actor=request.member)):
        return redirect("reports:detail", pk=pk)
    return _detail(request, pk, comment_form=form)


@page("reports.report.sign", methods=("POST",))
def sign(request: Any, pk: UUID) -> HttpResponse:
    report = get_object_or_404(reports(), pk=pk)
    require(request.member, "reports.report.sign", report)
    if report.state != ReportState.REVIEW:
        raise Conflict(
            "not_to_sign", _("This report is not for you to sign now. Reload the page to see where it stands.")
        )
    form = SignForm(request.POST, auto_id="sign_%s")
    if attempt(form, lambda data: sign_report(report, **data, actor=request.member)):
        messages.success(request, _("The report is signed and sealed."))
        return redirect("reports:detail", pk=pk)
    return _detail(request, pk, sign_form=form)


@page("reports.report.send", methods=("POST",))
def send(request: Any, pk: UUID) -> HttpResponse:
    report = get_object_or_404(reports(), pk=pk)
    form = SendForm(request.POST, auto_id="send_%s")
    if attempt(form, lambda data: send_report(report, members=data["members"], actor=request.member)):
        messages.success(request, _("The report is on its way."))
        return redirect("reports:detail", pk=pk)
    return _detail(request, pk, send_form=form)


@page("reports.schedule.view", methods=("GET", "POST"))
def schedule(request: Any) -> HttpResponse:
    stored = current_schedule()
    form = ScheduleForm(request.POST or None, schedule=stored)
    if request.method == "POST" and attempt(form, lambda data: save_schedule(**data, actor=request.member)):
        messages.success(request, _("The schedule is saved."))
        return redirect("reports:schedule")
    return render(
        request,
        "reports/schedule.html",
        {
            "form": form,
            "schedule": stored,
            "may_change": may(request.member, "reports.schedule.change"),
            "zone": request.organization.time_zone,
        },
        status=422 if form.errors else 200,
    )


@page("reports.report.view", methods=("GET", "POST"))
def verify(request: Any) -> HttpResponse:
    """Which of this organization's reports a file is, and whether it is as it was signed."""
    form = UploadForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        if upload.size > LARGEST_UPLOAD:
            form.add_error("file", _("The file is too large to be a report."))
        else:
            context |= _verified(upload.read(), request.organization)
    return render(request, "reports/verify.html", context, status=422 if form.errors else 200)


def _verified(content: bytes, organization: Organization) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    report = reports().filter(sha256=digest).first()
    return {"digest": digest, "report": report, "seal": check(content), "checked": True}
