"""The self-check on screen: a figure per check from its last run, and the rows of the one that is open."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.core.edges import page, paginate
from apps.core.permissions import may
from apps.core.sheets import sheet_kind, sheet_response
from apps.organizations.enums import JobState
from apps.organizations.models import Job
from apps.reports.selectors.selfcheck import CHECKS
from apps.reports.services.selfcheck import SELFCHECK, request_self_check


@page("reports.selfcheck.view")
def self_check(request: Any) -> HttpResponse:
    """All checks with what the last run found; ?check= opens one, as it stands now, and ?export= saves it."""
    chosen = CHECKS.get(request.GET.get("check", ""))
    if chosen is not None and (kind := sheet_kind(request)):
        columns = [
            ("subject", _("subject")),
            ("name", _("name")),
            ("problem", _("problem")),
            ("quantity", _("quantity")),
            ("since", _("since")),
        ]
        rows = ({key: getattr(row, key) for key, _label in columns} for row in chosen.rows(request.member))
        return sheet_response(str(chosen.label), columns, rows, kind)
    job = Job.objects.filter(kind=SELFCHECK).first()
    done = job is not None and job.state == JobState.DONE
    figures = job.result.get("figures", {}) if done else {}
    return render(
        request,
        "reports/selfcheck.html",
        {
            "checks": [{"check": check, "count": figures.get(key)} for key, check in CHECKS.items()],
            "total": sum(figures.values()) if figures else None,
            "before": job.result.get("before") if done else None,
            "ran_at": job.finished_at if done else None,
            "job": job if job is not None and not job.is_finished else None,
            "chosen": chosen,
            "page": paginate(request, chosen.rows(request.member)) if chosen else None,
            "may_run": may(request.member, "reports.selfcheck.run"),
        },
    )


@page("reports.selfcheck.run", methods=("POST",))
def self_check_run(request: Any) -> HttpResponse:
    """Check now, in the background; a second press joins the first."""
    request_self_check(actor=request.member)
    messages.success(request, _("The self-check has begun. This page shows it when it is done."))
    return redirect("reports:self_check")
