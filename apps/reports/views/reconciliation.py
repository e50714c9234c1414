"""Three-way reconciliation on screen and as a file: finance book, system, shelf."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from apps.core.edges import page
from apps.core.sheets import Kind, sheet_kind, sheet_response
from apps.core.templatetags.figures import moment
from apps.reports.forms import ReconciliationForm
from apps.reports.selectors.reconciliation import (
    SHOWS,
    SORTS,
    Row,
    Wanted,
    finance_moments,
    open_documents,
    reconciliation,
    reconciliation_by,
)

SIZE = 50
DOCUMENTS = 100


@page("movements.finance.view")
def reconcile(request: Any) -> HttpResponse:
    """Finance book, system and shelf per item and warehouse at ?as_of; ?by=category or warehouse sums them up."""
    moments = finance_moments()
    form = ReconciliationForm(request.GET or None, moments=moments)
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    if not moments:
        return render(request, "reports/reconciliation.html", {"filter": {"form": form}, "moments": moments})
    wanted = Wanted(
        as_of=datetime.fromisoformat(chosen.get("as_of") or moments[0].isoformat()),
        text=chosen.get("q", ""),
        warehouse=getattr(chosen.get("warehouse"), "pk", None),
        category=getattr(chosen.get("category"), "path", ""),
        show=request.GET.get("show", "") if request.GET.get("show") in SHOWS else "",
        sort=request.GET.get("sort", "") if request.GET.get("sort") in SORTS else "books",
    )
    if kind := sheet_kind(request):
        return _export(wanted, kind, request.member)
    by = request.GET.get("by", "")
    number = _number(request.GET.get("page", ""))
    rows, total, hidden = reconciliation(wanted, member=request.member, offset=(number - 1) * SIZE, limit=SIZE)
    shown = Paginator(range(total.rows), SIZE).get_page(number)
    return render(
        request,
        "reports/reconciliation.html",
        {
            "filter": {"form": form},
            "moments": moments,
            "wanted": wanted,
            "as_of": wanted.as_of,
            "page": shown,
            "rows": rows,
            "total": total,
            "hidden": hidden,
            "groups": reconciliation_by(by, wanted, member=request.member) if by in ("category", "warehouse") else None,
            "by": by,
            "show": wanted.show,
            "sort": wanted.sort,
            "opened": _opened(request, rows, wanted),
        },
    )


def _number(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1


def _opened(request: Any, rows: list[Row], wanted: Wanted) -> dict[str, Any] | None:
    """The row that ?item (and ?in) names, with the documents that explain its difference between the books."""
    try:
        item = UUID(request.GET.get("item", ""))
        place = UUID(request.GET["in"]) if request.GET.get("in") else None
    except ValueError:
        return None
    row = next((row for row in rows if (row.item_id, row.warehouse_id) == (item, place)), None)
    if row is None:
        return None
    documents = open_documents([(item, place)], wanted.as_of, member=request.member)
    return {"row": row, "lines": documents[:DOCUMENTS]}


def _export(wanted: Wanted, kind: Kind, member: Any) -> HttpResponse:
    columns = [
        ("sku", _("item code")),
        ("name", _("name")),
        ("category", _("category")),
        ("warehouse", _("warehouse")),
        ("finance", _("finance book, quantity")),
        ("finance_amount", _("finance book, amount")),
        ("system", _("system, quantity")),
        ("system_value", _("system, value")),
        ("physical", _("shelf, quantity")),
        ("physical_value", _("shelf, value")),
        ("books", _("between the books, quantity")),
        ("books_value", _("between the books, value")),
        ("shelf", _("system to shelf, quantity")),
        ("shelf_value", _("system to shelf, value")),
        ("counted_at", _("last counted")),
        ("places", _("places")),
        ("counted_places", _("of them counted")),
        ("pending", _("in open documents, quantity")),
        ("pending_documents", _("open documents")),
    ]
    rows, *_rest = reconciliation(wanted, member=member)
    return sheet_response(
        _("reconciliation %(moment)s") % {"moment": moment(wanted.as_of)[:10]}, columns, _cells(rows), kind
    )


def _cells(rows: list[Row]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield row._asdict()
