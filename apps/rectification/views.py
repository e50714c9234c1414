"""Pages of adjustments: what would be touched, what is approved, what was posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from apps.core.edges import page, paginate
from apps.core.errors import RuleViolation
from apps.core.numbers import ZERO
from apps.core.sheets import Kind, sheet_kind, sheet_response
from apps.core.templatetags.figures import signed
from apps.counts.models import Count
from apps.movements.forms import ReasonForm
from apps.rectification.filters import AdjustmentFilter
from apps.rectification.models import Adjustment
from apps.rectification.selectors import (
    Totals,
    adjustable_variances,
    adjustment_lines,
    adjustment_list,
    adjustment_totals,
    approval_trail,
    checks,
    proposal,
    refusals,
    visible_adjustments,
)
from apps.rectification.services import (
    approve_adjustment,
    post_adjustment,
    propose_adjustment,
    reject_adjustment,
    reverse_adjustment,
    withdraw_adjustment,
)
from apps.variances.models import Variance
from apps.variances.selectors import DIMENSIONS, SummaryRow, summary, variance_list, visible_variances

LOOKS = ("cause", "zone", "category", "department", "lines")


@page("rectification.adjustment.view")
def adjustments(request: Any) -> HttpResponse | FileResponse:
    """All adjustments; the same list as a file with ?export=."""
    rows = AdjustmentFilter(request.GET, queryset=adjustment_list(visible_adjustments(request.member)), request=request)
    if kind := sheet_kind(request):
        return _export_list(rows.qs, kind)
    return render(request, "rectification/list.html", {"filter": rows, "page": paginate(request, rows.qs)})


def _export_list(rows: Any, kind: Kind) -> FileResponse:
    columns = [
        ("adjustment_no", _("number")),
        ("count", _("count")),
        ("state", _("state")),
        ("lines", _("lines")),
        ("loss", _("shortages")),
        ("gain", _("overages")),
        ("total", _("net value")),
        ("reason", _("reason")),
        ("proposed_by", _("proposed by")),
        ("proposed_at", _("proposed")),
        ("posted_by", _("posted by")),
        ("posted_at", _("posted")),
    ]
    found = (
        (
            row.adjustment_no,
            row.count.count_no,
            row.get_state_display(),
            row.line_count,
            row.loss,
            row.gain,
            row.total_value,
            row.reason,
            str(row.proposed_by),
            row.proposed_at,
            str(row.posted_by or ""),
            row.posted_at,
        )
        for row in rows.iterator(chunk_size=2000)
    )
    return sheet_response(_("adjustments"), columns, found, kind)


@page("rectification.adjustment.propose", methods=("GET", "POST"))
def preview(request: Any) -> HttpResponse:
    """Every line that an adjustment would touch, and every one that it would not, before it is proposed.

    GET with ?count= looks at the whole count, POST with `ids` at the chosen variances.
    """
    rows = _wanted(request)
    first = rows.select_related("count").first()
    if first is None:
        raise RuleViolation("nothing_chosen", _("Choose the variances to adjust, or open the list of one count."))
    if rows.exclude(count=first.count_id).exists():
        raise RuleViolation("other_count", _("An adjustment holds variances of one count only."))
    content = proposal(rows.values_list("pk", flat=True))
    shown = paginate(request, content.lines, size=200)
    left_out = content.untouched[:200]
    named = {
        variance.pk: variance
        for variance in variance_list(
            rows=rows.filter(pk__in=[*(line.variance_id for line in shown), *(key for key, _reason in left_out)])
        )
    }
    return render(
        request,
        "rectification/preview.html",
        {
            "count": first.count,
            "content": content,
            "page": shown,
            "lines": [(line, named[line.variance_id]) for line in shown],
            "left_out": [(named[key], reason) for key, reason in left_out],
            "chosen": [line.variance_id for line in content.lines] if request.method == "POST" else [],
            "form": ReasonForm(),
        },
    )


def _wanted(request: Any) -> QuerySet[Variance]:
    visible = visible_variances(request.member)
    if request.method == "POST":
        return visible.filter(pk__in=_ids(request))
    count = get_object_or_404(Count, pk=_id(request.GET.get("count", "")))
    return adjustable_variances(count) & visible


def _ids(request: Any) -> list[UUID]:
    found = (_id(text) for text in request.POST.getlist("ids"))
    return [key for key in found if key is not None]


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@page("rectification.adjustment.propose", methods=("POST",))
def propose(request: Any) -> HttpResponse:
    count = get_object_or_404(Count, pk=_id(request.POST.get("count", "")))
    ids = _ids(request)
    chosen = list(visible_variances(request.member).filter(pk__in=ids)) if ids else None
    adjustment = propose_adjustment(
        count, variances=chosen, reason=request.POST.get("reason", ""), actor=request.member
    )
    messages.success(
        request, _("Adjustment %(number)s was proposed. Somebody else approves it.") % {"number": adjustment}
    )
    return redirect("rectification:detail", pk=adjustment.pk)


@page("rectification.adjustment.view")
def adjustment(request: Any, pk: UUID) -> HttpResponse | FileResponse:
    """One adjustment: what exactly is signed and posted, by whom, and what stands against it."""
    found = get_object_or_404(
        adjustment_list(visible_adjustments(request.member)).select_related("document", "reversal__operator"), pk=pk
    )
    if kind := sheet_kind(request):
        return _export_lines(found, kind)
    totals = adjustment_totals(found)
    look = request.GET.get("look", "cause")
    look = look if look in LOOKS else "cause"
    possible = refusals(found, request.member)
    return render(
        request,
        "rectification/detail.html",
        {
            "adjustment": found,
            "totals": totals,
            "look": look,
            "looks": [(name, DIMENSIONS.get(name, _("lines"))) for name in LOOKS],
            "page": paginate(request, adjustment_lines(found), size=100) if look == "lines" else None,
            "groups": _groups(found, look, totals) if look != "lines" else [],
            "checks": checks(found, request.member, totals),
            "trail": approval_trail(found),
            "refusals": possible,
            "hash": " ".join(found.content_hash[start : start + 4] for start in range(0, 16, 4)),
            "reject_form": ReasonForm(auto_id="id_reject_%s"),
            "withdraw_form": ReasonForm(auto_id="id_withdraw_%s"),
            "reverse_form": ReasonForm(auto_id="id_reverse_%s"),
        },
    )


def _groups(found: Adjustment, look: str, totals: Totals) -> list[SummaryRow]:
    """The lines by a dimension, adding up to the adjustment; what late documents took out of it stands apart."""
    groups = summary(Variance.objects.filter(adjustment_lines__adjustment=found), look)
    late = SummaryRow("late", _("already corrected by late documents"))
    corrected = found.lines.exclude(value=F("variance__value"))
    for variance, value in corrected.values_list("variance__value", "value"):
        late.lines += 1
        late.add(ZERO, value - variance)
    return [*groups, late] if late.lines else groups


def _export_lines(found: Adjustment, kind: Kind) -> FileResponse:
    columns = [
        ("sku", _("item code")),
        ("name", _("item")),
        ("warehouse", _("warehouse")),
        ("location", _("location")),
        ("lot", _("lot")),
        ("book", _("book")),
        ("counted", _("counted")),
        ("variance", _("variance")),
        ("quantity", _("adjustment")),
        ("unit", _("unit")),
        ("unit_cost", _("unit cost")),
        ("value", _("value")),
        ("causes", _("causes")),
        ("unexplained", _("unexplained")),
    ]
    return sheet_response(found.adjustment_no, columns, _line_rows(found), kind)


def _line_rows(found: Adjustment) -> Iterator[tuple[Any, ...]]:
    for line in adjustment_lines(found).iterator(chunk_size=2000):
        variance = line.variance
        stock = variance.stock_line
        yield (
            stock.item.sku,
            stock.item.name,
            stock.warehouse.code,
            stock.location.code,
            stock.lot,
            variance.book,
            variance.counted,
            variance.quantity,
            line.quantity,
            stock.item.base_unit,
            line.unit_cost,
            line.value,
            "; ".join(f"{cause.cause_type} {signed(cause.quantity)}" for cause in variance.causes.all()),
            variance.unexplained,
        )


def _found(request: Any, pk: UUID) -> Adjustment:
    return get_object_or_404(visible_adjustments(request.member), pk=pk)


@page("rectification.adjustment.approve", methods=("POST",))
def approve(request: Any, pk: UUID) -> HttpResponse:
    found = approve_adjustment(
        _found(request, pk),
        content_hash=request.POST.get("content_hash", ""),
        reason=request.POST.get("reason", ""),
        actor=request.member,
    )
    messages.success(request, _("Adjustment %(number)s is approved and can be posted.") % {"number": found})
    return redirect("rectification:detail", pk=pk)


@page("rectification.adjustment.reject", methods=("POST",))
def reject(request: Any, pk: UUID) -> HttpResponse:
    reject_adjustment(_found(request, pk), reason=request.POST.get("reason", ""), actor=request.member)
    messages.success(request, _("Rejected. No stock was changed."))
    return redirect("rectification:detail", pk=pk)


@page("rectification.adjustment.withdraw", methods=("POST",))
def withdraw(request: Any, pk: UUID) -> HttpResponse:
    withdraw_adjustment(_found(request, pk), reason=request.POST.get("reason", ""), actor=request.member)
    messages.success(request, _("Withdrawn. Its variances can be worked on again."))
    return redirect("rectification:detail", pk=pk)


@page("rectification.adjustment.post", methods=("POST",))
def post(request: Any, pk: UUID) -> HttpResponse:
    found = post_adjustment(_found(request, pk), actor=request.member)
    messages.success(request, _("Posted as document %(number)s.") % {"number": found.document})
    return redirect("rectification:detail", pk=pk)


@page("rectification.adjustment.reverse", methods=("POST",))
def reverse(request: Any, pk: UUID) -> HttpResponse:
    found = reverse_adjustment(_found(request, pk), reason=request.POST.get("reason", ""), actor=request.member)
    messages.success(request, _("Reversed by document %(number)s.") % {"number": found.reversal})
    return redirect("rectification:detail", pk=pk)
