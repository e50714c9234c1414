"""Verification for anybody who holds a report: known or unknown, and nothing of whom it belongs to."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.organizations.selectors import memberships, organization_url
from apps.reports.forms import UploadForm
from apps.reports.selectors.reports import find_by_hash, reader_of

LARGEST_UPLOAD = 60 * 1024 * 1024


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: Any) -> HttpResponse:
    """The browser adds up the file itself where it can; else the file is sent here, added up and forgotten."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        if file.size <= LARGEST_UPLOAD:
            digest = hashlib.sha256()
            for chunk in file.chunks():
                digest.update(chunk)
            return redirect("seal:verify", digest=digest.hexdigest())
        form.add_error("file", _("The file is too large to be a report."))
    return render(request, "reports/seal.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD"])
def verify(request: Any, digest: str) -> HttpResponse:
    found = find_by_hash(digest.lower())
    home = ""
    if found.is_known and request.user.is_authenticated:
        organization = reader_of(found, memberships(request.user))
        home = organization_url(organization, f"reports/{found.report_id}/") if organization else ""
    return render(
        request,
        "reports/seal.html",
        {"form": UploadForm(), "digest": digest.lower(), "found": found, "home": home},
        status=200 if found.is_known else 404,
    )
