"""The live monitor of a running count, and what the manager does from it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.edges import attempt, page
from apps.core.permissions import may
from apps.counts.enums import TaskState
from apps.counts.forms import AssignForm, RecountForm
from apps.counts.models import Count, CountLine, CountTask
from apps.counts.selectors import count_progress, overview
from apps.counts.services import assign_task, reopen_task, request_recount
from apps.movements.forms import ReasonForm


def watch_context(request: Any, count: Count) -> dict[str, Any]:
    tasks = count_progress(count)
    return {
        "figures": overview(count),
        "tasks": tasks,
        "handed_over": sum(row.task.state == TaskState.SUBMITTED for row in tasks),
        "waiting": [row for row in tasks if row.task.assignee is None and row.lines],
        "counters": list(AssignForm().fields["assignee"].choices),  # type: ignore[attr-defined]
        "may_assign": may(request.member, "counts.task.assign"),
        "may_recount_lines": may(request.member, "counts.line.recount"),
    }


@page("counts.count.view")
def progress(request: Any, pk: UUID) -> HttpResponse:
    """The figures and tasks alone, as the open page asks for them every few seconds."""
    count = get_object_or_404(Count.objects.select_related("warehouse"), pk=pk)
    return render(request, "counts/progress.html", {"count": count, **watch_context(request, count)})


@page("counts.task.assign", methods=("POST",))
def assign(request: Any, pk: UUID) -> HttpResponse:
    task = get_object_or_404(CountTask, pk=pk)
    form = AssignForm(request.POST)
    wish = attempt(form, lambda data: assign_task(task, assignee=data["assignee"], actor=request.member))
    _say(request, form, wish, _("The task is given on."))
    return redirect("counts:detail", task.count_id)


@page("counts.task.reopen", methods=("POST",))
def reopen(request: Any, pk: UUID) -> HttpResponse:
    task = get_object_or_404(CountTask, pk=pk)
    form = ReasonForm(request.POST)
    wish = attempt(form, lambda data: reopen_task(task, reason=data["reason"], actor=request.member))
    _say(request, form, wish, _("The task is open again."))
    return redirect("counts:detail", task.count_id)


@page("counts.line.recount", methods=("POST",))
def recount(request: Any, pk: UUID) -> HttpResponse:
    """Ask somebody to recount the lines that were ticked."""
    count = get_object_or_404(Count, pk=pk)
    ids = [value for value in request.POST.getlist("ids") if _is_uuid(value)]
    lines = list(CountLine.objects.filter(count=count, pk__in=ids))
    form = RecountForm(request.POST)
    wish = attempt(form, lambda data: request_recount(lines, **data, actor=request.member))
    said = ngettext("%(number)s line is with %(name)s.", "%(number)s lines are with %(name)s.", len(lines))
    name = form.cleaned_data["assignee"] if wish else ""
    _say(request, form, wish, said % {"number": len(lines), "name": name})
    return redirect("counts:detail", count.pk)


def _say(request: Any, form: Any, wish: Any, success: str) -> None:
    if wish is not None:
        messages.success(request, success)
        return
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, error)


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
