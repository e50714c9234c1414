"""An item's stock card: its whole story in time, by place, on screen and as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.catalog.models import Item
from apps.core.edges import page
from apps.core.permissions import may
from apps.core.sheets import sheet_kind, sheet_response
from apps.movements.enums import DocumentType, EntryKind
from apps.movements.forms import CardForm
from apps.movements.selectors import hidden_location_ids, visible_stock_lines
from apps.movements.selectors.story import Told, story, story_entries, whole_story

SIZE = 50


@page("movements.stock.view")
def card(request: Any, pk: UUID) -> HttpResponse:
    """Movements with the running balance of the chosen places, and what was counted there in between."""
    item = get_object_or_404(Item, pk=pk)
    form = CardForm(request.GET or None)
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    hidden = hidden_location_ids(request.member)
    places = visible_stock_lines(request.member, hidden=hidden).filter(item=item)
    if chosen.get("warehouse"):
        places = places.filter(warehouse=chosen["warehouse"])
    if chosen.get("location"):
        places = places.filter(location__code__istartswith=chosen["location"].strip())
    if chosen.get("lot"):
        places = places.filter(lot=chosen["lot"].strip())
    since, until = _start(chosen.get("since")), _start(chosen.get("until"), days=1)
    people = may(request.member, "movements.operator.view")
    if kind := sheet_kind(request):
        told = whole_story(item, places, member=request.member, since=since, until=until)
        columns = [column for column in _columns() if people or column[0] != "operator"]
        return sheet_response(_("stock card %(sku)s") % {"sku": item.sku}, columns, _cells(told), kind)
    shown = Paginator(story_entries(places, since, until), SIZE).get_page(request.GET.get("page"))
    rows = story(
        item,
        places,
        member=request.member,
        since=since,
        until=until,
        offset=(shown.number - 1) * SIZE,
        limit=SIZE,
    )
    return render(
        request,
        "movements/card.html",
        {
            "item": item,
            "filter": {"form": form},
            "page": shown,
            "rows": rows,
            "hidden": bool(hidden),
            "people": people,
            "total": places.aggregate(total=Sum("quantity"))["total"],
        },
    )


def _start(day: date | None, *, days: int = 0) -> datetime | None:
    if day is None or day == date.max:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time()))


def _columns() -> list[tuple[str, str]]:
    return [
        ("posted", _("posted")),
        ("occurred", _("occurred")),
        ("what", _("what")),
        ("number", _("number")),
        ("warehouse", _("warehouse")),
        ("location", _("location")),
        ("lot", _("lot")),
        ("moved", _("moved")),
        ("balance", _("balance")),
        ("book", _("book")),
        ("counted", _("counted")),
        ("difference", _("variance")),
        ("counterparty", _("counterparty")),
        ("operator", _("operator")),
    ]


def _cells(told: Iterable[Told]) -> Iterator[dict[str, Any]]:
    blank: dict[str, Any] = dict.fromkeys((key for key, _label in _columns()))
    for one in told:
        if one.count is not None:
            yield {
                **blank,
                "posted": one.moment,
                "what": _("count"),
                "number": one.count.number,
                "location": str(one.count.location),
                "lot": one.count.lot,
                "book": one.count.book,
                "counted": one.count.counted,
                "difference": one.count.difference,
            }
        elif one.entry is not None:
            document = one.entry.line.document if one.entry.line else None
            kind = DocumentType(document.doc_type).label if document else EntryKind(one.entry.kind).label
            yield {
                **blank,
                "posted": one.moment,
                "occurred": one.entry.occurred_at,
                "what": str(kind),
                "number": document.doc_no if document else None,
                "warehouse": one.entry.stock_line.warehouse.code,
                "location": str(one.entry.stock_line.location),
                "lot": one.entry.stock_line.lot,
                "moved": one.entry.quantity,
                "balance": one.balance,
                "counterparty": document.counterparty if document else None,
                "operator": document.operator.name if document and document.operator else None,
            }
