"""Pages of plans and counts: the list, planning, one count from draft to closed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.catalog.models import Warehouse
from apps.core.edges import attempt, page, paginate
from apps.core.permissions import PERMISSIONS, may
from apps.core.sheets import Kind, sheet_kind, sheet_response
from apps.counts.enums import CountState, TaskState
from apps.counts.filters import CountFilter
from apps.counts.forms import CloseForm, CountForm, RecountForm, ReleaseForm, ToleranceForm, WarehouseForm
from apps.counts.models import Count, CountTask, ToleranceRule
from apps.counts.selectors import overview, overviews, sees_book
from apps.counts.selectors.overview import zones_of
from apps.counts.services import cancel_count, close_count, create_count, release_count, set_tolerance
from apps.counts.views.lines import export_lines, lines_context
from apps.counts.views.watch import watch_context
from apps.movements.forms import ReasonForm


@page("counts.count.view")
def counts(request: Any) -> HttpResponse | FileResponse:
    """All counts; the same list as a file with ?export=."""
    rows = CountFilter(request.GET, queryset=Count.objects.select_related("warehouse"), request=request)
    if kind := sheet_kind(request):
        return _export_counts(rows.qs, kind)
    shown = paginate(request, rows.qs)
    figures = overviews(shown.object_list)
    return render(
        request,
        "counts/list.html",
        {
            "filter": rows,
            "page": shown,
            "rows": [(count, figures[count.pk]) for count in shown],
            "may_create": may(request.member, "counts.count.create"),
        },
    )


def _export_counts(rows: Any, kind: Kind) -> FileResponse:
    columns = [
        ("count_no", _("count number")),
        ("name", _("name")),
        ("warehouse", _("warehouse")),
        ("mode", _("mode")),
        ("blind", _("blind")),
        ("state", _("state")),
        ("due_on", _("due on")),
        ("snapshot_at", _("snapshot")),
        ("closed_at", _("closed")),
        ("lines", _("lines")),
        ("counted", _("counted lines")),
    ]
    found = list(rows)
    figures = overviews(found)
    lines = (
        (
            count.count_no,
            count.name,
            count.warehouse.name,
            count.get_mode_display(),
            count.blind,
            count.get_state_display(),
            count.due_on,
            count.snapshot_at,
            count.closed_at,
            figures[count.pk].lines,
            figures[count.pk].counted,
        )
        for count in found
    )
    return sheet_response(_("counts"), columns, lines, kind)


@page("counts.count.create", methods=("GET", "POST"))
def create(request: Any) -> HttpResponse:
    """First the warehouse, then what of it is counted and how."""
    chosen = WarehouseForm(request.GET if "warehouse" in request.GET else None)
    warehouse: Warehouse | None = chosen.cleaned_data["warehouse"] if chosen.is_valid() else None
    if warehouse is None:
        only = Warehouse.objects.filter(is_active=True)[:2]
        if len(only) == 1 and not chosen.is_bound:
            return redirect(f"{reverse('counts:create')}?warehouse={only[0].pk}")
        return render(request, "counts/create.html", {"chosen": chosen, "warehouses": only})
    form = CountForm(request.POST or None, warehouse=warehouse)
    if request.method == "POST":
        count = attempt(form, lambda data: _create(form, data, request.member))
        if count is not None:
            messages.success(
                request, _("%(no)s is planned. Choose who counts, then release it.") % {"no": count.count_no}
            )
            return redirect("counts:detail", count.pk)
    return render(
        request,
        "counts/create.html",
        {
            "chosen": WarehouseForm(initial={"warehouse": warehouse}),
            "form": form,
            "warehouse": warehouse,
            "chosen_places": {place.pk for place in form.chosen_places()},
        },
        status=422 if form.is_bound else 200,
    )


def _create(form: CountForm, data: dict[str, Any], member: Any) -> Count:
    return create_count(
        form.warehouse,
        locations=form.locations(),
        actor=member,
        **{field: data[field] for field in ("name", "count_no", "mode", "blind", "due_on", "note")},
    )


@page("counts.count.view")
def detail(request: Any, pk: UUID) -> HttpResponse | FileResponse:
    """One count: the plan, the live monitor, or the closed figures; lines as a file with ?export=."""
    count = get_object_or_404(
        Count.objects.select_related("warehouse", "tolerance", "created_by", "released_by", "closed_by"), pk=pk
    )
    sees = sees_book(request.member, count)
    if kind := sheet_kind(request):
        return export_lines(request, count, kind)
    context = {
        "count": count,
        "sees_book": sees,
        "figures": overview(count),
        "zones": zones_of(count),
        "may_release": may(request.member, "counts.count.release"),
        "may_close": may(request.member, "counts.count.close"),
        "may_cancel": may(request.member, "counts.count.cancel"),
        "reason_form": ReasonForm(),
    }
    if count.state == CountState.DRAFT:
        context |= {"release_form": ReleaseForm()}
    elif count.is_open:
        context |= watch_context(request, count)
        context |= {
            "close_form": CloseForm(),
            "open_tasks": CountTask.objects.filter(count=count, state=TaskState.OPEN, round=1).count(),
            "recount_form": RecountForm(),
        }
    if count.snapshot_at is not None and sees:
        context |= lines_context(request, count)
    if count.state == CountState.CLOSED:
        action = "variances.variance.view"
        context["may_variances"] = action in PERMISSIONS and may(request.member, action)
    return render(request, "counts/detail.html", context)


@page("counts.count.release", methods=("POST",))
def release(request: Any, pk: UUID) -> HttpResponse:
    count = get_object_or_404(Count, pk=pk)
    form = ReleaseForm(request.POST)
    wish = attempt(form, lambda data: release_count(count, counters=list(data["counters"]), actor=request.member))
    if wish is None:
        for error in form.non_field_errors() or [_("Choose people from the list.")]:
            messages.error(request, error)
    else:
        messages.success(request, _("%(no)s is released. Its tasks are with the counters.") % {"no": count.count_no})
    return redirect("counts:detail", count.pk)


@page("counts.count.close", methods=("POST",))
def close(request: Any, pk: UUID) -> HttpResponse:
    count = get_object_or_404(Count, pk=pk)
    form = CloseForm(request.POST)
    wish = attempt(form, lambda data: close_count(count, **data, actor=request.member))
    if wish is None:
        for error in form.non_field_errors() or [_("Say what happens to lines that nobody counted.")]:
            messages.error(request, error)
    else:
        messages.success(request, _("%(no)s is closed. Its figures are final.") % {"no": count.count_no})
    return redirect("counts:detail", count.pk)


@page("counts.count.cancel", methods=("POST",))
def cancel(request: Any, pk: UUID) -> HttpResponse:
    count = get_object_or_404(Count, pk=pk)
    form = ReasonForm(request.POST)
    wish = attempt(form, lambda data: cancel_count(count, reason=data["reason"], actor=request.member))
    if wish is None:
        for error in form.non_field_errors() or [_("Say why this count is cancelled.")]:
            messages.error(request, error)
    else:
        messages.success(request, _("%(no)s is cancelled.") % {"no": count.count_no})
    return redirect("counts:detail", count.pk)


@page("counts.tolerance.view", methods=("GET", "POST"))
def tolerance(request: Any) -> HttpResponse:
    """What difference passes, and how it was before."""
    rules = list(ToleranceRule.objects.select_related("created_by").order_by("-version")[:50])
    now = rules[0] if rules else None
    initial = {name: getattr(now, name) for name in ("percent", "quantity", "value")} if now else {}
    form = ToleranceForm(request.POST or None, initial=initial)
    if request.method == "POST":
        rule = attempt(form, lambda data: set_tolerance(**data, actor=request.member))
        if rule is not None:
            messages.success(request, _("Saved. Counts that are released from now on use it."))
            return redirect("counts:tolerance")
    return render(
        request,
        "counts/tolerance.html",
        {"form": form, "rules": rules, "may_change": may(request.member, "counts.tolerance.change")},
        status=422 if form.is_bound else 200,
    )
