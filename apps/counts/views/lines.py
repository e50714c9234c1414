"""The lines of a count with their five numbers, for those who may see them: a page of them, or all as a file."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.db.models.functions import Abs
from django.http import FileResponse
from django.utils.translation import gettext as _

from apps.core.edges import paginate
from apps.core.errors import Forbidden
from apps.core.permissions import require
from apps.core.sheets import Kind, sheet_response
from apps.counts.filters import LineFilter
from apps.counts.models import Count, CountLine
from apps.counts.selectors import (
    LiveLine,
    beyond_tolerance,
    hidden_locations,
    live_lines,
    sees_book,
    uncounted_lines,
)
from apps.counts.selectors.sight import visible_lines
from apps.organizations.models import Member

VIEWS = ("all", "differing", "beyond", "uncounted", "found")


def _label(view: str) -> str:
    return {
        "all": _("All lines"),
        "differing": _("Differing"),
        "beyond": _("To recount"),
        "uncounted": _("Not counted"),
        "found": _("Not on the list"),
    }[view]


def _view(request: Any, count: Count) -> str:
    wanted = request.GET.get("view", "")
    views = VIEWS if count.is_open else tuple(view for view in VIEWS if view != "beyond")
    return wanted if wanted in views else ("all" if count.is_open else "differing")


def lines_context(request: Any, count: Count) -> dict[str, Any]:
    """A page of lines. The caller has asked `sees_book`."""
    view = _view(request, count)
    views = [name for name in VIEWS if count.is_open or name != "beyond"]
    rows = LineFilter(request.GET, queryset=_chosen(count, view, request.member), request=request)
    if view == "beyond" or (view == "differing" and count.is_open):
        wanted = set(rows.qs.values_list("pk", flat=True))
        source = beyond_tolerance(count) if view == "beyond" else live_lines(count, differing=True, sort="value")
        lines = [line for line in source if line.id in wanted]
        shown = Paginator(lines, 50).get_page(request.GET.get("page"))
    else:
        shown = paginate(request, _ordered(rows.qs, view))
        ids = [line.pk for line in shown]
        found = {line.id: line for line in live_lines(count, lines=ids)}
        shown.object_list = [found[pk] for pk in ids]
    return {
        "lines": shown,
        "line_filter": rows,
        "view": view,
        "views": [(name, _label(name)) for name in views],
        "may_recount": count.is_open and view in ("beyond", "differing", "all"),
    }


def _chosen(count: Count, view: str, member: Member) -> QuerySet[CountLine]:
    rows = visible_lines(member).filter(count=count)
    if view == "uncounted" and count.is_open:
        return rows.filter(pk__in=uncounted_lines(count))
    if view == "uncounted":
        return rows.filter(counted__isnull=True)
    if view == "found":
        return rows.filter(is_found=True)
    if view == "differing" and not count.is_open:
        return rows.filter(variance__isnull=False).exclude(variance=0)
    return rows


def _ordered(rows: QuerySet[CountLine], view: str) -> QuerySet[CountLine]:
    place = ("stock_line__location__walk_order", "stock_line__location__code", "stock_line__item__sku", "pk")
    if view == "differing":
        return rows.only("pk").order_by(Abs(F("variance") * F("unit_cost")).desc(), *place)
    return rows.only("pk").order_by(*place)


def export_lines(request: Any, count: Count, kind: Kind) -> FileResponse:
    """Every line with its five numbers. Refused to whoever may not see the book now."""
    require(request.member, "counts.count.export")
    if not sees_book(request.member, count):
        raise Forbidden("blind", _("You count in this blind count: its figures are open to you when it is closed."))
    columns = [
        ("location", _("location")),
        ("sku", _("item code")),
        ("name", _("item")),
        ("lot", _("lot")),
        ("unit", _("unit")),
        ("snapshot", _("snapshot")),
        ("moved_in", _("in")),
        ("moved_out", _("out")),
        ("expected", _("book")),
        ("counted", _("counted")),
        ("variance", _("variance")),
        ("value", _("value")),
        ("round", _("round")),
        ("counted_at", _("counted at")),
        ("found", _("not on the list")),
    ]
    allowed = None
    if hidden_locations(request.member):
        allowed = list(visible_lines(request.member).filter(count=count).values_list("pk", flat=True))
    return sheet_response(count.count_no, columns, map(_cells, live_lines(count, lines=allowed)), kind)


def _cells(line: LiveLine) -> tuple[Any, ...]:
    return (
        line.location,
        line.sku,
        line.name,
        line.lot,
        line.unit,
        line.snapshot,
        line.moved_in,
        line.moved_out,
        line.expected,
        line.counted,
        line.variance,
        line.value,
        line.round,
        line.counted_at,
        line.is_found,
    )
