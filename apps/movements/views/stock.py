"""Pages of stock, ledger and documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.edges import page, paginate
from apps.core.permissions import refusal
from apps.core.sheets import Kind, sheet_kind, sheet_response
from apps.movements.enums import DOCUMENT_TRANSITIONS, DocumentStatus, DocumentType, EntryKind
from apps.movements.filters import DocumentFilter, LedgerFilter, StockFilter
from apps.movements.forms import ReasonForm
from apps.movements.models import Document, LedgerEntry, StockLine
from apps.movements.selectors import (
    document_chain,
    hidden_location_ids,
    line_findings,
    line_status,
    negative_stock,
    neighbours,
    stock_at,
    stock_now,
    visible_document_lines,
    visible_entries,
    visible_stock_lines,
    with_link,
    with_reversal,
)
from apps.movements.selectors import (
    documents as all_documents,
)
from apps.movements.services import (
    approve_document,
    cancel_document,
    post_document,
    reverse_document,
    submit_document,
)
from apps.movements.views.drawing import draw_chain

LINES = 200


@page("movements.stock.view")
def stock(request: Any) -> HttpResponse:
    """Stock by place: now, or at the end of a past day; as a file with ?export=.

    Now it shows what is not zero, unless ?show= asks for what is negative or for everything. For a past day every
    line is shown, because what was zero then is only known line by line. With ?known_at= it is what had moved by that
    day as far as it was posted by the other: what one could know then.
    """
    hidden = hidden_location_ids(request.member)
    visible = visible_stock_lines(request.member, hidden=hidden)
    show = request.GET.get("show", "")
    known_at = _end_of_day(request, "known_at")
    as_of = _end_of_day(request, "as_of") or known_at
    queryset = stock_now(visible) if as_of is None else stock_at(as_of, known_at, lines=visible)
    rows = StockFilter(request.GET, queryset=queryset, request=request)
    shown = Q() if as_of is not None or show == "all" else Q(quantity__lt=0) if show == "negative" else ~Q(quantity=0)
    if kind := sheet_kind(request):
        return _export_stock(rows.qs.filter(shown), kind)
    sums: dict[str, Any] = {}
    if as_of is None:
        sums = rows.qs.order_by().aggregate(
            total=Sum("value", filter=shown), negative=Count("pk", filter=Q(quantity__lt=0))
        )
    return render(
        request,
        "movements/stock.html",
        {
            "filter": rows,
            "page": paginate(request, rows.qs.filter(shown)),
            "as_of": as_of,
            "known_at": known_at,
            "drill": _drill(as_of, known_at),
            "show": show,
            "hidden": bool(hidden),
            **sums,
        },
    )


def _drill(as_of: datetime | None, known_at: datetime | None) -> str:
    """The part of the ledger's query that leads to exactly the entries behind a quantity."""
    if as_of is None:
        return ""
    days = {"until": timezone.localdate(known_at or as_of)}
    if known_at is not None:
        days["moved_until"] = timezone.localdate(as_of)
    return "&" + urlencode(days)


def _end_of_day(request: Any, name: str) -> datetime | None:
    """The last moment of the day that ?name= says, None for now (also for what is no date)."""
    try:
        wanted = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
    if wanted == date.max:
        return None
    start_of_next = timezone.make_aware(datetime.combine(wanted + timedelta(days=1), time.min))
    return start_of_next - timedelta(microseconds=1)


def _export_stock(rows: QuerySet[StockLine], kind: Kind) -> HttpResponse:
    columns = [
        ("warehouse__code", _("warehouse")),
        ("location__code", _("location")),
        ("item__sku", _("item code")),
        ("item__name", _("name")),
        ("lot", _("lot")),
        ("on_hand", _("quantity")),
        ("item__base_unit", _("base unit")),
        ("item__standard_cost", _("standard cost")),
        ("value", _("value")),
    ]
    keys = [key for key, _label in columns]
    return sheet_response(_("stock"), columns, rows.values_list(*keys).iterator(chunk_size=2000), kind)


@page("movements.stock.view")
def ledger(request: Any) -> HttpResponse:
    """Every entry of the ledger that the member may see, newest first; as a file with ?export=."""
    rows = LedgerFilter(request.GET, queryset=visible_entries(request.member), request=request)
    if kind := sheet_kind(request):
        return _export_ledger(rows.qs, kind)
    return render(request, "movements/ledger.html", {"filter": rows, "page": paginate(request, rows.qs)})


def _export_ledger(rows: QuerySet[LedgerEntry], kind: Kind) -> HttpResponse:
    columns = [
        ("posted_at", _("posted")),
        ("occurred_at", _("occurred")),
        ("recorded_at", _("recorded")),
        ("kind", _("kind")),
        ("line__document__doc_type", _("type")),
        ("line__document__doc_no", _("number")),
        ("line__line_no", _("line")),
        ("stock_line__warehouse__code", _("warehouse")),
        ("stock_line__location__code", _("location")),
        ("stock_line__item__sku", _("item code")),
        ("stock_line__lot", _("lot")),
        ("quantity", _("quantity")),
        ("unit_cost", _("unit cost")),
    ]
    labels = {**dict(EntryKind.choices), **dict(DocumentType.choices)}
    entries = rows.values(*(key for key, _label in columns)).iterator(chunk_size=2000)
    named = (
        {**row, "kind": labels[row["kind"]], "line__document__doc_type": labels.get(row["line__document__doc_type"])}
        for row in entries
    )
    return sheet_response(_("ledger"), columns, named, kind)


@page("movements.document.view")
def documents(request: Any) -> HttpResponse:
    """Documents, latest first; with their lines as a file with ?export=."""
    rows = DocumentFilter(request.GET, queryset=all_documents(), request=request)
    if kind := sheet_kind(request):
        return _export_lines(request, rows.qs, kind)
    return render(request, "movements/documents.html", {"filter": rows, "page": paginate(request, rows.qs)})


def _export_lines(request: Any, rows: QuerySet[Document], kind: Kind) -> HttpResponse:
    """One row a line, with the columns and names of an import bundle's `documents` file."""
    columns = [
        ("document__doc_type", "doc_type"),
        ("document__doc_no", "doc_no"),
        ("line_no", "line_no"),
        ("document__status", "status"),
        ("document__warehouse__code", "warehouse"),
        ("location__code", "location"),
        ("document__to_warehouse__code", "to_warehouse"),
        ("to_location__code", "to_location"),
        ("item__sku", "sku"),
        ("lot", "lot"),
        ("quantity", "quantity"),
        ("unit", "unit"),
        ("unit_cost", "unit_cost"),
        ("document__occurred_at", "occurred_at"),
        ("document__recorded_at", "recorded_at"),
        ("document__posted_at", "posted_at"),
        ("document__operator__username", "operator"),
        ("document__approver__username", "approver"),
        ("document__department__code", "department"),
        ("document__counterparty", "counterparty"),
        ("source_doc_no", "source_doc_no"),
        ("source_line_no", "source_line_no"),
        ("document__external_id", "external_id"),
        ("document__reason", "reason"),
        ("note", "note"),
    ]
    lines = visible_document_lines(request.member).filter(document__in=rows.order_by().values("pk"))
    lines = lines.order_by("document__doc_type", "document__doc_no", "line_no")
    values = lines.values_list(*(key for key, _label in columns)).iterator(chunk_size=2000)
    return sheet_response(_("documents"), columns, values, kind)


@page("movements.document.view")
def document(request: Any, pk: UUID) -> HttpResponse:
    """One document: head, lines with what they did to stock and how they stand in their chain, the chain drawn, the
    documents that name each other, what may be done."""
    found = get_object_or_404(with_reversal(all_documents()), pk=pk)
    hidden = hidden_location_ids(request.member)
    entries = LedgerEntry.objects.filter(line=OuterRef("pk")).order_by().values("line")
    lines = visible_document_lines(request.member, hidden=hidden).filter(document=found).order_by("line_no")
    lines = with_link(lines).annotate(entered=Subquery(entries.annotate(total=Sum("quantity")).values("total")))
    paginator = Paginator(lines, LINES)
    if not hidden:
        paginator.count = found.line_count
    shown = paginator.get_page(request.GET.get("page"))
    shown.object_list = _judged(found, list(shown.object_list), hidden)
    sources, followers = neighbours(found)
    return render(
        request,
        "movements/document.html",
        {
            "document": found,
            "page": shown,
            "hidden_lines": found.line_count - shown.paginator.count,
            "sources": sources,
            "followers": followers,
            "chain": draw_chain(document_chain(found, hidden=hidden), found),
            "steps": list(_steps(request.member, found)),
            "reason_form": ReasonForm(),
        },
    )


def _judged(found: Document, lines: list[Any], hidden: set[UUID]) -> list[Any]:
    """The lines with their status in the chain, and what was found about each."""
    told = line_findings(lines, hidden=hidden)
    for line in lines:
        line.document = found
        line.told = told[line.pk]
        line.chain_status = line_status(line, line.told)
    return lines


STEPS: tuple[tuple[str, str, Any], ...] = (
    ("submit", DocumentStatus.SUBMITTED, submit_document),
    ("approve", DocumentStatus.APPROVED, approve_document),
    ("post", DocumentStatus.POSTED, post_document),
)


def _steps(member: Any, found: Any) -> Iterator[dict[str, Any]]:
    """What the member may do with the document as it stands; `reason` says why a button is closed."""
    labels = {
        "submit": _("Submit"),
        "approve": _("Approve"),
        "post": _("Post"),
        "reverse": _("Reverse"),
        "cancel": _("Cancel document"),
    }
    possible = {name for name, status, _service in STEPS if status in DOCUMENT_TRANSITIONS[found.status]}
    if DocumentStatus.CANCELLED in DOCUMENT_TRANSITIONS[found.status]:
        possible.add("cancel")
    if found.status == DocumentStatus.POSTED and found.reverses_id is None and found.reversal_id is None:
        possible.add("reverse")
    for name, label in labels.items():
        action = f"movements.document.{name}"
        if name in possible and refusal(member, action) is None:
            yield {"name": name, "label": label, "reason": refusal(member, action, found)}


@page("movements.document.view", methods=("POST",))
def document_step(request: Any, pk: UUID, step: str) -> HttpResponse:
    """Submit, approve or post; the service asks for the permission."""
    found = get_object_or_404(Document, pk=pk)
    services: dict[str, Callable[..., Document]] = {name: service for name, _status, service in STEPS}
    done = services[step](found, actor=request.member)
    messages.success(
        request,
        _("%(doc_no)s is %(status)s.") % {"doc_no": done, "status": done.get_status_display()},
    )
    if step == "post":
        _warn_negative(request, done)
    return redirect("movements:document", found.pk)


def _warn_negative(request: Any, posted: Document) -> None:
    touched = StockLine.objects.filter(entries__line__document=posted)
    below = negative_stock(touched).order_by().values("pk").distinct().count()
    if below:
        messages.warning(
            request,
            ngettext(
                "%(count)d stock line is now below zero: goods left before their receipt was posted, "
                "or a figure is wrong.",
                "%(count)d stock lines are now below zero: goods left before their receipt was posted, "
                "or a figure is wrong.",
                below,
            )
            % {"count": below},
        )


@page("movements.document.view", methods=("POST",))
def document_reverse(request: Any, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Document, pk=pk)
    opposite = reverse_document(found, reason=request.POST.get("reason", ""), actor=request.member)
    messages.success(request, _("Reversed by %(doc_no)s.") % {"doc_no": opposite})
    return redirect("movements:document", opposite.pk)


@page("movements.document.view", methods=("POST",))
def document_cancel(request: Any, pk: UUID) -> HttpResponse:
    found = get_object_or_404(Document, pk=pk)
    cancel_document(found, reason=request.POST.get("reason", ""), actor=request.member)
    messages.success(request, _("%(doc_no)s is cancelled.") % {"doc_no": found})
    return redirect("movements:document", found.pk)
