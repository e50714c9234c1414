"""Bringing data in by hand: choose files, see what they are understood as, correct it, check, load, mend."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.core.edges import attempt, page, paginate
from apps.core.sheets import CONTENT_TYPES
from apps.integrations.blanks import sheet_name, write_blank
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.forms import PullForm, ReadingForm, ReworkForm, UploadForm
from apps.integrations.layouts.catalogue import FILE_TITLES, LAYOUTS
from apps.integrations.models import Pull, Upload
from apps.integrations.preview import previews
from apps.integrations.selectors import imports, uploads
from apps.integrations.services import (
    correct_rows,
    map_columns,
    request_load,
    request_pull,
    save_pull,
    upload_files,
)


@page("integrations.bundle.load", methods=("GET", "HEAD", "POST"))
def import_bundle(request: Any) -> HttpResponse:
    """Where files are dropped, and the imports before."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST":
        upload = attempt(form, lambda data: upload_files(data["file"], actor=request.member))
        if upload is not None:
            return redirect("integrations:upload", upload.pk)
    return render(
        request,
        "integrations/import.html",
        {
            "form": form,
            "page": paginate(request, imports(), size=20),
            "formats": [(each, FILE_TITLES[each.name]) for each in FORMATS.values()],
            "layouts": [layout for layout in LAYOUTS.values() if not layout.is_own],
        },
        status=422 if form.is_bound else 200,
    )


@page("integrations.bundle.load")
def blank(request: Any, name: str = "") -> FileResponse:
    """An empty workbook to fill in: of one file, or of all; ?language=en for plain column names."""
    if name and name not in FORMATS:
        raise Http404
    language = "en" if request.GET.get("language") == "en" else "zh-hans"
    file = io.BytesIO()
    write_blank(file, [name] if name else list(FORMATS), language=language)
    file.seek(0)
    title = sheet_name(name, chinese=language != "en") if name else "stockcheck"
    return FileResponse(file, as_attachment=True, filename=f"{title}.xlsx", content_type=CONTENT_TYPES["xlsx"])


@page("integrations.bundle.load")
def upload(request: Any, pk: UUID) -> HttpResponse:
    """What an upload is understood as: its tables, what their headings mean, first rows and first errors."""
    found = get_object_or_404(uploads(), pk=pk)
    tables = previews(found, zone=request.organization.zone)
    cards = [(table, ReadingForm(initial=_reading(table), prefix=str(table.index))) for table in tables]
    return render(
        request,
        "integrations/upload.html",
        {
            "upload": found,
            "cards": cards,
            "is_ready": all(table.is_ready for table in tables if not table.error) and any(t.is_ready for t in tables),
        },
    )


def _reading(table: Any) -> dict[str, Any]:
    if table.reading is None:
        return {"left_out": table.left_out}
    return {
        "layout": table.reading.layout,
        "header": table.reading.header,
        "height": table.reading.height,
        "left_out": table.left_out,
    }


@page("integrations.bundle.load", methods=("POST",))
def upload_table(request: Any, pk: UUID, index: int) -> HttpResponse:
    """How one table is read: its layout and the place of its headings, or what each of them means."""
    found = get_object_or_404(uploads(), pk=pk)
    if not 0 <= index < len(found.tables):
        raise Http404
    table = found.tables[index]
    if "columns" in request.POST and table["reading"]:
        said = table["reading"]
        headings = [heading for heading in said["headings"] if heading]
        map_columns(
            found,
            table["label"],
            layout=said["layout"],
            columns=dict(zip(headings, request.POST.getlist("field"), strict=False)),
            constants={
                name.removeprefix("constant-"): text
                for name, text in request.POST.items()
                if name.startswith("constant-")
            },
            actor=request.member,
        )
        messages.success(request, _("Kept. The next file with these headings is read alike."))
    else:
        form = ReadingForm(request.POST, prefix=str(index))
        if attempt(form, lambda data: map_columns(found, table["label"], actor=request.member, **data)) is None:
            for text in [text for texts in form.errors.values() for text in texts]:
                messages.error(request, text)
    return redirect(f"{reverse('integrations:upload', args=[pk])}#table-{index}")


@page("integrations.bundle.load", methods=("POST",))
def upload_load(request: Any, pk: UUID) -> HttpResponse:
    """Load an upload, or only check it (`dry_run`)."""
    found = get_object_or_404(uploads(), pk=pk)
    job = request_load(found, dry_run="dry_run" in request.POST, actor=request.member)
    return redirect("integrations:imported", job.pk)


@page("integrations.bundle.load")
def imported(request: Any, pk: UUID) -> HttpResponse:
    """How an import goes on, then what it did or what was wrong."""
    job = get_object_or_404(imports(), pk=pk)
    return render(
        request,
        "integrations/imported.html",
        {
            "job": job,
            "url": reverse("organizations:job", args=[job.pk]),
            "done_url": request.path,
            "upload": Upload.objects.filter(pk=job.arguments.get("upload")).first(),
            "rework_form": ReworkForm(),
        },
    )


@page("integrations.bundle.load")
def import_errors(request: Any, pk: UUID) -> FileResponse:
    """All findings as CSV."""
    return _stored(pk, "errors", "errors.csv", "text/csv")


@page("integrations.bundle.load", methods=("GET", "HEAD", "POST"))
def import_rework(request: Any, pk: UUID) -> HttpResponse:
    """The bad rows as a workbook; and back, mended, for another try."""
    if request.method != "POST":
        return _stored(pk, "rework", _("rows to mend") + ".xlsx", CONTENT_TYPES["xlsx"])
    job = get_object_or_404(imports(), pk=pk)
    found = get_object_or_404(uploads(), pk=job.arguments.get("upload"))
    form = ReworkForm(request.POST, request.FILES)

    def try_again(data: dict[str, Any]) -> Any:
        correct_rows(found, data["file"], actor=request.member)
        return request_load(found, dry_run=job.arguments["dry_run"], actor=request.member)

    again = attempt(form, try_again)
    if again is None:
        for text in form.errors.get("file", []) + form.non_field_errors():
            messages.error(request, text)
    return redirect("integrations:imported", pk)


def _stored(pk: UUID, key: str, file_name: str, content_type: str) -> FileResponse:
    name = get_object_or_404(imports(), pk=pk).result.get(key)
    if not name or not default_storage.exists(name):
        raise Http404
    return FileResponse(default_storage.open(name), as_attachment=True, filename=file_name, content_type=content_type)


@page("integrations.pull.change", methods=("GET", "POST"))
def pulls(request: Any) -> HttpResponse:
    """Scheduled imports, and a new one."""
    form = PullForm(request.POST or None)
    if request.method == "POST":
        made = attempt(form, lambda data: save_pull(None, actor=request.member, **data))
        if made is not None:
            return redirect("integrations:pull", made.pk)
    rows = Pull.objects.select_related("set_up_by")
    return render(
        request,
        "integrations/pulls.html",
        {"form": form, "page": paginate(request, rows)},
        status=422 if form.is_bound else 200,
    )


@page("integrations.pull.change", methods=("GET", "POST"))
def pull(request: Any, pk: UUID) -> HttpResponse:
    """One scheduled import: its settings and the log of its deliveries."""
    found = get_object_or_404(Pull, pk=pk)
    names = ("name", "kind", "address", "pattern", "username", "host_key", "hour", "is_active")
    form = PullForm(request.POST or None, initial={name: getattr(found, name) for name in names})
    if request.method == "POST":
        saved = attempt(form, lambda data: save_pull(found, actor=request.member, **data))
        if saved is not None:
            messages.success(request, _("Saved."))
            return redirect("integrations:pull", pk)
    return render(
        request,
        "integrations/pulls.html",
        {"form": form, "pull": found, "page": paginate(request, found.deliveries.all())},
        status=422 if form.is_bound else 200,
    )


@page("integrations.pull.change", methods=("POST",))
def pull_now(request: Any, pk: UUID) -> HttpResponse:
    """Visit it now."""
    found = get_object_or_404(Pull.objects.select_related("organization"), pk=pk)
    request_pull(found, now=True, actor=request.member)
    messages.success(request, _("It is being fetched; the log below shows it in a moment."))
    return redirect("integrations:pull", pk)
