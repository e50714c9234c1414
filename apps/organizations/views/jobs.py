"""A job's page, which is also the fragment that the page's progress polls."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import get_script_prefix, reverse
from django.utils.translation import gettext as _

from apps.core.edges import page
from apps.core.permissions import may
from apps.organizations.selectors import visible_jobs
from apps.organizations.services import cancel_job


@page("organizations.job.view")
def job(request: Any, pk: UUID) -> HttpResponse:
    """A finished job's result may name what it made: `url`, a path inside the organization."""
    row = get_object_or_404(visible_jobs(request.member), pk=pk)
    made = str(row.result.get("url", ""))
    context = {
        "job": row,
        "url": reverse("organizations:job", args=[row.pk]),
        "done_url": f"{get_script_prefix()}{made.lstrip('/')}" if made else "",
        "may_cancel": not row.is_finished and may(request.member, "organizations.job.cancel", row),
    }
    fragment = request.headers.get("HX-Request") == "true"
    return render(request, "components/progress.html" if fragment else "organizations/job.html", context)


@page("organizations.job.cancel", methods=("POST",))
def job_cancel(request: Any, pk: UUID) -> HttpResponse:
    cancel_job(get_object_or_404(visible_jobs(request.member), pk=pk), actor=request.member)
    messages.success(request, _("It stops at its next step."))
    return redirect("organizations:job", pk=pk)
