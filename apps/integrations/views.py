"""Bringing data in by hand: choose a file, see what became of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from apps.core.edges import attempt, page, paginate
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.forms import BundleForm
from apps.integrations.selectors import imports
from apps.integrations.services import request_import


@page("integrations.bundle.load", methods=("GET", "HEAD", "POST"))
def import_bundle(request: Any) -> HttpResponse:
    """The form, the files that it takes, and the imports before."""
    form = BundleForm(request.POST, request.FILES) if request.method == "POST" else BundleForm()
    if request.method == "POST":
        job = attempt(form, lambda data: request_import(**data, actor=request.member))
        if job is not None:
            return redirect("integrations:imported", job.pk)
    return render(
        request,
        "integrations/import.html",
        {"form": form, "page": paginate(request, imports(), size=20), "formats": FORMATS.values()},
        status=422 if form.is_bound else 200,
    )


@page("integrations.bundle.load")
def imported(request: Any, pk: UUID) -> HttpResponse:
    """How an import goes on, then what it did or what was wrong."""
    job = get_object_or_404(imports(), pk=pk)
    return render(
        request,
        "integrations/imported.html",
        {"job": job, "url": reverse("organizations:job", args=[job.pk]), "done_url": request.path},
    )


@page("integrations.bundle.load")
def import_errors(request: Any, pk: UUID) -> FileResponse:
    """All findings as CSV."""
    name = get_object_or_404(imports(), pk=pk).result.get("errors")
    if not name or not default_storage.exists(name):
        raise Http404
    return FileResponse(default_storage.open(name), as_attachment=True, filename="errors.csv", content_type="text/csv")
