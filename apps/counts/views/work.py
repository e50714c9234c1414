"""The counter's pages, made for a phone: my tasks, entering, undoing, handing over. Blind all the way."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.catalog.models import Item, Location
from apps.catalog.selectors import find_by_code
from apps.core.edges import page
from apps.core.errors import RuleViolation
from apps.core.permissions import may, refusal, require
from apps.counts.enums import CountState, EntryMethod, TaskState
from apps.counts.models import CountEntry, CountLine, CountTask
from apps.counts.selectors import lines_for_counter, my_tasks
from apps.counts.selectors import progress as progress_of
from apps.counts.selectors.entering import (
    Target,
    handover,
    last_entries,
    line_of,
    lines_with,
    next_line,
    places_of,
    target,
)
from apps.counts.services import EntryDraft, claim_task, record_entry, submit_task, void_entry

SHOWN = 60
"""Lines on a phone's page at once; the rest is a scan or a search away."""


@page("counts.task.view")
def tasks(request: Any) -> HttpResponse:
    rows = my_tasks(request.member)
    return render(
        request,
        "counts/tasks.html",
        {
            "mine": [row for row in rows if row.task.assignee_id == request.member.pk],
            "free": [row for row in rows if row.task.assignee_id is None and row.lines]
            if may(request.member, "counts.task.claim")
            else [],
            "today": timezone.localdate(),
        },
    )


def _task(request: Any, pk: UUID) -> CountTask:
    """A task that the member may work on; others are refused with the reason."""
    task = get_object_or_404(CountTask.objects.select_related("count__warehouse", "assignee"), pk=pk)
    require(request.member, "counts.task.submit", task)
    return task


@page("counts.task.view")
def enter(request: Any, pk: UUID) -> HttpResponse:
    """Where a counter enters: the list in walking order, a box for scans, quantity and unit for one line at a time.

    ?line= chooses a line, ?code= is a scan or a search, ?place= the location of a find.
    """
    task = _task(request, pk)
    look = _look(request, task)
    is_open = task.count.state == CountState.COUNTING and task.state == TaskState.OPEN
    (figures,) = progress_of([task])
    lines = list(lines_for_counter(task))
    return render(
        request,
        "counts/enter.html",
        {
            "task": task,
            "count": task.count,
            "figures": figures,
            "is_open": is_open,
            "lines": _window(lines, look),
            "all_lines": len(lines),
            "entries": last_entries(task),
            "entry_no": str(uuid4()),
            "places": places_of(task) if look["find"] else (),
            **look,
        },
    )


def _window(lines: list[dict[str, Any]], look: dict[str, Any]) -> list[dict[str, Any]]:
    """What a search found, else the walk from a little before the chosen line."""
    if look["hits"]:
        return [row for row in lines if row["id"] in look["hits"]][:SHOWN]
    chosen = look["target"].line.pk if look["target"] and look["target"].line else None
    at = next((number for number, row in enumerate(lines) if row["id"] == chosen), 0)
    return lines[max(0, at - 5) : max(0, at - 5) + SHOWN]


def _look(request: Any, task: CountTask) -> dict[str, Any]:
    """What the address asks for: {target, hits, find, code, scanned, unknown}."""
    answer: dict[str, Any] = {"target": None, "hits": [], "find": None, "code": "", "scanned": False, "unknown": ""}
    code = request.GET.get("code", "").replace("\0", "").strip()[:60]
    line = _chosen_line(request, task)
    if not code:
        line = line or next_line(task)
        if line is not None:
            answer["target"] = _target(task, line)
        return answer
    answer["code"] = code
    try:
        item, unit = find_by_code(code)
    except RuleViolation:
        answer["hits"] = _search(task, code)
        answer["unknown"] = "" if answer["hits"] else code
        return answer
    lines = lines_with(task, item)
    here = request.GET.get("place", "")
    at_place = [found for found in lines if str(found.stock_line.location_id) == here]
    if request.GET.get("find") == "1" or not lines:
        answer["find"] = item
        place = places_of(task).filter(pk=here).first() if _uuid(here) else None
        if place is not None:
            answer["target"] = target(task, item, place, unit=unit.name if unit else "")
        answer["unit"] = unit.name if unit else ""
    elif len(at_place or lines) == 1:
        answer["target"] = _target(task, (at_place or lines)[0], unit.name if unit else "")
        answer["scanned"] = True
    else:
        answer["hits"] = [found.pk for found in at_place or lines]
    return answer


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _chosen_line(request: Any, task: CountTask) -> CountLine | None:
    wanted = _uuid(request.GET.get("line", ""))
    return line_of(task, wanted) if wanted else None


def _target(task: CountTask, line: CountLine, unit: str = "") -> Target:
    stock = line.stock_line
    return target(task, stock.item, stock.location, stock.lot, unit=unit, line=line)


def _search(task: CountTask, text: str) -> list[UUID]:
    """Lines of the task whose place, item or lot contains the text."""
    wanted = text.lower()
    return [
        row["id"]
        for row in lines_for_counter(task)
        if any(wanted in str(row[key]).lower() for key in ("sku", "name", "location", "lot"))
    ]


@page("counts.entry.record", methods=("POST",))
def record(request: Any, pk: UUID) -> HttpResponse:
    """Take in one entry, then show the next line; the same form sent twice is one entry."""
    task = _task(request, pk)
    data = request.POST
    item = get_object_or_404(Item, pk=_uuid(data.get("item", "")))
    location = get_object_or_404(Location, pk=_uuid(data.get("location", "")))
    draft = EntryDraft(
        data.get("entry_no", "") or str(uuid4()),
        data.get("quantity", ""),
        sku=item.sku,
        location=location.code,
        lot=data.get("lot", ""),
        unit=data.get("unit", ""),
        task=task,
        method=EntryMethod.SCAN if data.get("method") == EntryMethod.SCAN else EntryMethod.KEYED,
        device=data.get("device", "")[:60],
        note=data.get("note", ""),
    )
    with transaction.atomic():
        entry = record_entry(task.count, draft, actor=request.member)
    back = reverse("counts:enter", args=[task.pk])
    if data.get("then") == "submit":
        return redirect("counts:submit", task.pk)
    if following := data.get("next_code", "").strip():
        return HttpResponseRedirect(f"{back}?{urlencode({'code': following, 'place': location.pk})}")
    onward = next_line(task, after=entry.line)
    return HttpResponseRedirect(f"{back}?line={onward.pk}" if onward else back)


@page("counts.entry.void", methods=("POST",))
def undo(request: Any, pk: UUID) -> HttpResponse:
    entry = get_object_or_404(CountEntry.objects.select_related("count", "task"), pk=pk)
    void_entry(entry, entry_no=request.POST.get("entry_no", "") or f"undo-{entry.pk}", actor=request.member)
    messages.success(request, _("Undone. Enter the right quantity."))
    if entry.task_id is None:
        return redirect("counts:detail", entry.count_id)
    return HttpResponseRedirect(f"{reverse('counts:enter', args=[entry.task_id])}?line={entry.line_id}")


@page("counts.task.submit", methods=("GET", "POST"))
def submit(request: Any, pk: UUID) -> HttpResponse:
    """The check before handing over, and handing over."""
    task = _task(request, pk)
    if request.method == "POST":
        submit_task(task, actor=request.member)
        messages.success(request, _("Handed over. Thank you: if something is missing, the manager can reopen it."))
        return redirect("counts:tasks")
    rows = handover(task)
    return render(
        request,
        "counts/submit.html",
        {
            "task": task,
            "count": task.count,
            "check": rows,
            "numbers": [(row, f"zero-{task.round}-{row['id']}") for row in rows.missing[:200]],
            "is_open": task.count.state == CountState.COUNTING and task.state == TaskState.OPEN,
        },
    )


@page("counts.task.claim", methods=("POST",))
def claim(request: Any, pk: UUID) -> HttpResponse:
    task = get_object_or_404(CountTask, pk=pk)
    reason = refusal(request.member, "counts.task.submit", task)
    if reason is not None and task.assignee_id is None:
        raise RuleViolation("not_yours", reason)
    claim_task(task, actor=request.member)
    return redirect("counts:enter", task.pk)
