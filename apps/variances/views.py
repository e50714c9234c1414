"""Pages of variances: the list, one variance, and what can be done on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from apps.core.edges import attempt, page, paginate
from apps.core.permissions import PERMISSIONS, may, refusal
from apps.core.sheets import Kind, sheet_kind, sheet_response
from apps.core.templatetags.figures import signed
from apps.movements.forms import ReasonForm
from apps.movements.models import DocumentLine
from apps.movements.selectors import visible_document_lines
from apps.variances.enums import EvidenceKind
from apps.variances.filters import VarianceFilter
from apps.variances.forms import AssignForm, CauseForm, EvidenceForm
from apps.variances.models import Cause, Evidence, ProposedExplanation, Variance
from apps.variances.selectors import (
    DIMENSIONS,
    VIEWS,
    accuracy,
    candidate_lines,
    evidence_of,
    history,
    late_documents,
    look_pending,
    proposal_of,
    shown_proposals,
    staircase,
    summary,
    timeline,
    totals,
    variance_list,
    view_counts,
    visible_variances,
)
from apps.variances.services import (
    accept_explanation,
    add_evidence,
    assign_variance,
    confirm_cause,
    remove_cause,
    request_explanations,
)

SUMMED = 20_000
"""Up to so many rows a summary is made while the page is; beyond, a count must be chosen."""


@page("variances.variance.view")
def variances(request: Any) -> HttpResponse | FileResponse:
    """Variances of one count or of all, ready-made views with their numbers; as a file with ?export=."""
    rows = VarianceFilter(request.GET, queryset=variance_list(rows=visible_variances(request.member)), request=request)
    counts = view_counts(rows.qs)
    view = request.GET.get("view", "all")
    view = view if view in VIEWS else "all"
    shown = rows.qs.filter(VIEWS[view])
    if kind := sheet_kind(request):
        return _export(shown, kind)
    count = rows.form.cleaned_data.get("count") if rows.form.is_valid() else None
    by = request.GET.get("by", "cause")
    by = by if by in DIMENSIONS else "cause"
    groups = summary(shown, by) if 0 < counts[view] <= SUMMED else []
    return render(
        request,
        "variances/list.html",
        {
            "filter": rows,
            "page": paginate(request, shown),
            "views": [(name, _view_label(name), counts[name]) for name in VIEWS],
            "view": view,
            "totals": totals(shown),
            "count": count,
            "accuracy": accuracy(count) if count else None,
            "dimensions": DIMENSIONS,
            "by": by,
            "groups": groups,
            "largest": max((group.gross for group in groups), default=0),
            "may_propose": _may_propose(request.member),
        },
    )


def _may_propose(member: Any) -> bool:
    """Proposing belongs to an upper floor; its name is asked only where that floor is there."""
    action = "rectification.adjustment.propose"
    return action in PERMISSIONS and may(member, action)


def _view_label(name: str) -> str:
    return {
        "all": _("All"),
        "beyond": _("Beyond tolerance"),
        "unexplained": _("Not fully explained"),
        "loss": _("Shortages"),
        "gain": _("Overages"),
    }[name]


def _export(rows: Any, kind: Kind) -> FileResponse:
    columns = [
        ("count", _("count")),
        ("warehouse", _("warehouse")),
        ("location", _("location")),
        ("zone", _("zone")),
        ("sku", _("item code")),
        ("name", _("item")),
        ("lot", _("lot")),
        ("unit", _("unit")),
        ("book", _("book")),
        ("counted", _("counted")),
        ("quantity", _("variance")),
        ("percent", _("per cent of the book")),
        ("unit_cost", _("unit cost")),
        ("value", _("value")),
        ("verdict", _("verdict")),
        ("causes", _("causes")),
        ("unexplained", _("unexplained")),
        ("late", _("late documents")),
        ("state", _("state")),
    ]
    return sheet_response(_("variances"), columns, _export_rows(rows), kind)


def _export_rows(rows: Any) -> Iterator[tuple[Any, ...]]:
    for variance in rows.iterator(chunk_size=2000):
        stock = variance.stock_line
        yield (
            variance.count.count_no,
            stock.warehouse.code,
            stock.location.code,
            stock.location.zone,
            stock.item.sku,
            stock.item.name,
            stock.lot,
            stock.item.base_unit,
            variance.book,
            variance.counted,
            variance.quantity,
            variance.percent,
            variance.unit_cost,
            variance.value,
            variance.get_verdict_display(),
            "; ".join(f"{cause.cause_type} {signed(cause.quantity)}" for cause in variance.causes.all()),
            variance.unexplained,
            variance.late,
            variance.get_state_display(),
        )


def _found(request: Any, pk: UUID) -> Variance:
    return get_object_or_404(variance_list(rows=visible_variances(request.member)), pk=pk)


@page("variances.variance.view")
def variance(request: Any, pk: UUID) -> HttpResponse:
    """One variance: why. Staircase, causes with their evidence, timeline, late documents, history."""
    return _detail(request, _found(request, pk))


def _detail(
    request: Any, found: Variance, *, cause_form: CauseForm | None = None, status: int = 200, **forms: Any
) -> HttpResponse:
    causes = list(
        Cause.objects.filter(variance=found)
        .select_related("cause_type", "department", "person", "confirmed_by__department")
        .order_by("confirmed_at", "pk")
    )
    evidence = list(evidence_of(found))
    stairs = staircase(found, causes)
    refused = refusal(request.member, "variances.cause.confirm", found)
    before, after = _neighbours(request, found)
    proposal = proposal_of(found.pk)
    return render(
        request,
        "variances/detail.html",
        {
            "variance": found,
            "item": found.stock_line.item,
            "stairs": stairs,
            "steps": [
                (
                    step,
                    [piece for piece in evidence if step.cause and piece.cause_id == step.cause.pk],
                    ReasonForm(auto_id=f"id_{step.cause.pk}_%s") if step.cause else None,
                )
                for step in stairs.steps
            ],
            "loose": [piece for piece in evidence if piece.cause_id is None],
            "timeline": timeline(found, request.member),
            "late": list(late_documents(found)),
            "history": history(found),
            "cause_form": cause_form or CauseForm(variance=found),
            "documents": _documents(request, found),
            "search": request.GET.get("search", ""),
            "refused": refused,
            "proposal": proposal,
            "proposed": shown_proposals(found, proposal) if proposal else [],
            "looking": look_pending(found.count_id),
            "may_accept": not refused and found.is_editable and not found.explained,
            "may_look": may(request.member, "variances.explanation.make", found.count),
            "may_remove": may(request.member, "variances.cause.remove", found),
            "may_add": may(request.member, "variances.evidence.add", found),
            "may_assign": may(request.member, "variances.variance.assign", found),
            "evidence_form": forms.get("evidence_form") or EvidenceForm(variance=found, auto_id="id_e_%s"),
            "assign_form": AssignForm(
                initial={"assignee": found.assignee_id, "due_on": found.due_on}, auto_id="id_a_%s"
            ),
            "before": before,
            "after": after,
        },
        status=status,
    )


def _neighbours(request: Any, found: Any) -> tuple[Any, Any]:
    """The variances of the same count that are next larger and next smaller in value."""
    rows = variance_list(found.count, rows=visible_variances(request.member)).select_related(None)
    rows = rows.prefetch_related(None).only("pk")
    larger = rows.filter(Q(size__gt=found.size) | Q(size=found.size, pk__lt=found.pk)).order_by("size", "-pk")
    smaller = rows.filter(Q(size__lt=found.size) | Q(size=found.size, pk__gt=found.pk))
    return larger.first(), smaller.first()


def _documents(request: Any, found: Variance) -> list[tuple[DocumentLine, bool]]:
    """Lines to choose from, those already chosen first and ticked."""
    data = request.POST if request.method == "POST" else request.GET
    wanted = {text for text in data.getlist("document_lines") if _is_id(text)}
    chosen = visible_document_lines(request.member).filter(pk__in=wanted).select_related("document__operator")
    lines = candidate_lines(found, request.member, search=request.GET.get("search", ""))
    return [(line, True) for line in chosen] + [(line, False) for line in lines if str(line.pk) not in wanted]


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@page("variances.variance.view")
def documents(request: Any, pk: UUID) -> HttpResponse:
    """The part of the page that lists documents to choose from, for ?search=."""
    found = _found(request, pk)
    return render(
        request,
        "variances/documents.html",
        {
            "variance": found,
            "documents": _documents(request, found),
            "search": request.GET.get("search", ""),
        },
    )


@page("variances.cause.confirm", methods=("POST",))
def cause_confirm(request: Any, pk: UUID) -> HttpResponse:
    found = _found(request, pk)
    form = CauseForm(request.POST, variance=found)
    cause = attempt(
        form,
        lambda data: confirm_cause(
            found,
            data["cause_type"],
            data["quantity"],
            department=data["department"],
            person=data["person"],
            note=data["note"],
            document_lines=data["document_lines"],
            actor=request.member,
        ),
    )
    if cause is None:
        return _detail(request, _found(request, pk), cause_form=form, status=422)
    rest = cause.variance.unexplained
    messages.success(
        request,
        _("Confirmed: %(cause)s %(quantity)s. %(rest)s is left unexplained.")
        % {"cause": cause.cause_type, "quantity": signed(cause.quantity), "rest": signed(rest)},
    )
    return redirect("variances:detail", pk=pk)


@page("variances.cause.confirm", methods=("POST",))
def accept(request: Any, pk: UUID, explanation: UUID, rank: int) -> HttpResponse:
    """Confirm all causes of one proposed explanation."""
    found = _found(request, pk)
    proposal = get_object_or_404(ProposedExplanation.objects.filter(variance=found), pk=explanation)
    rest = accept_explanation(proposal, rank, actor=request.member).unexplained
    messages.success(request, _("The causes are confirmed. %(rest)s is left unexplained.") % {"rest": signed(rest)})
    return redirect("variances:detail", pk=pk)


@page("variances.explanation.make", methods=("POST",))
def look(request: Any, pk: UUID) -> HttpResponse:
    """Have the count explained anew, with what the documents say now."""
    found = _found(request, pk)
    request_explanations(found.count, actor=request.member)
    messages.success(request, _("The documents are being searched again. This may take some minutes."))
    return redirect("variances:detail", pk=pk)


@page("variances.cause.remove", methods=("POST",))
def cause_remove(request: Any, pk: UUID, cause: UUID) -> HttpResponse:
    found = _found(request, pk)
    removed = Cause.objects.filter(variance=found).select_related("cause_type").filter(pk=cause).first()
    if removed is None:
        messages.info(request, _("This cause was already taken back."))
        return redirect("variances:detail", pk=pk)
    remove_cause(removed, reason=request.POST.get("reason", ""), actor=request.member)
    messages.success(request, _("Taken back. Its quantity is unexplained again."))
    return redirect("variances:detail", pk=pk)


@page("variances.evidence.add", methods=("POST",))
def evidence_add(request: Any, pk: UUID) -> HttpResponse:
    found = _found(request, pk)
    form = EvidenceForm(request.POST, request.FILES, variance=found, auto_id="id_e_%s")
    added = attempt(
        form,
        lambda data: add_evidence(
            found,
            kind=EvidenceKind.FILE if data["file"] else EvidenceKind.NOTE,
            cause=data["cause"],
            file=data["file"],
            note=data["note"],
            actor=request.member,
        ),
    )
    if added is None:
        return _detail(request, found, evidence_form=form, status=422)
    messages.success(request, _("Kept with this variance."))
    return redirect("variances:detail", pk=pk)


@page("variances.variance.view")
def evidence_file(request: Any, pk: UUID) -> FileResponse:
    """A file that was put to a variance, always as a download: nothing uploaded is shown as a page."""
    evidence = get_object_or_404(
        Evidence.objects.filter(variance__in=visible_variances(request.member)).exclude(file=""), pk=pk
    )
    return FileResponse(evidence.file.open("rb"), as_attachment=True, filename=evidence.file_name)


@page("variances.variance.assign", methods=("POST",))
def assign(request: Any, pk: UUID) -> HttpResponse:
    found = _found(request, pk)
    form = AssignForm(request.POST, auto_id="id_a_%s")
    assigned = attempt(
        form,
        lambda data: assign_variance(found, data["assignee"], due_on=data["due_on"], actor=request.member),
    )
    if assigned is None:
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
    elif assigned.assignee:
        messages.success(request, _("%(name)s was told.") % {"name": assigned.assignee})
    else:
        messages.success(request, _("Nobody is assigned now."))
    return redirect("variances:detail", pk=pk)
