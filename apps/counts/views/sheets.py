"""Excel round trip: take the blind sheet along, bring it back filled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext

from apps.core.edges import attempt, page
from apps.core.permissions import require
from apps.core.sheets import sheet_response
from apps.core.sheets_reading import read_table
from apps.counts.forms import SheetForm
from apps.counts.models import Count, CountTask
from apps.counts.selectors.sheets import COLUMNS, sheet_rows
from apps.counts.services import record_sheet


@page("counts.entry.record", methods=("GET", "POST"))
def task_sheet(request: Any, pk: UUID) -> HttpResponse | FileResponse:
    """A task's sheet: download with ?export=xlsx, else the form that takes it back."""
    task = get_object_or_404(CountTask.objects.select_related("count"), pk=pk)
    require(request.member, "counts.task.submit", task)
    return _sheet(request, task.count, task)


@page("counts.entry.record", methods=("GET", "POST"))
def count_sheet(request: Any, pk: UUID) -> HttpResponse | FileResponse:
    """The sheet of a whole count, for whoever keys in what came back on paper."""
    count = get_object_or_404(Count, pk=pk)
    require(request.member, "counts.task.assign")
    return _sheet(request, count, None)


def _sheet(request: Any, count: Count, task: CountTask | None) -> HttpResponse | FileResponse:
    if request.method == "GET" and request.GET.get("export"):
        name = count.count_no + (f"-{task.zone}" if task and task.zone else "")
        return sheet_response(name, COLUMNS, sheet_rows(count, task), "xlsx")
    form = SheetForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        result = attempt(
            form,
            lambda data: record_sheet(
                count, read_table(data["file"], file_name=data["file"].name), task=task, actor=request.member
            ),
        )
        if result is not None:
            number = len(result.accepted)
            messages.success(
                request,
                ngettext("%(number)s row was taken in.", "%(number)s rows were taken in.", number) % {"number": number},
            )
            return redirect("counts:enter", task.pk) if task else redirect("counts:detail", count.pk)
    return render(
        request,
        "counts/sheet.html",
        {"form": form, "count": count, "task": task},
        status=422 if form.is_bound else 200,
    )
