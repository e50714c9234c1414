"""The process portrait: lanes by business, columns by stage, drawn as SVG; a chosen node opens its breaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from math import sqrt
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from apps.core.edges import page
from apps.core.sheets import Kind, sheet_kind, sheet_response
from apps.core.templatetags.figures import money, quantity
from apps.movements.enums import EFFECT, NEXT, DocumentType, FindingKind
from apps.movements.forms import PortraitForm
from apps.movements.selectors import (
    Portrait,
    Scope,
    breaks,
    chain_nodes,
    chain_state,
    finding_counts,
    findings,
    hotspots,
    with_documents,
)
from apps.movements.selectors import portrait as portrait_of
from apps.movements.templatetags.chain import span

DAYS = 90
SHOWN = 6
COLUMNS = (66, 276, 486)
BOX = (124, 58)
LANE = 84
TOP = 30
STOCK = (696, 104)
MODES = ("breaks", "lags", "value")


@dataclass
class Box:
    """A node as drawn."""

    doc_type: str
    x: int
    y: int
    label: str
    state: str
    count: int
    note: str
    broken: bool
    chosen: bool
    url: str


@dataclass
class Arrow:
    """An edge as drawn, with what is written on it."""

    x1: int
    x2: int
    y: int
    width: float
    tone: str
    text: str = ""
    title: str = ""
    url: str = ""
    chosen: bool = False
    sign: str = ""

    @property
    def middle(self) -> int:
        return (self.x1 + self.x2) // 2

    @property
    def tag_width(self) -> int:
        return 14 + 7 * sum(2 if ord(letter) > 0x2E80 else 1 for letter in self.text)

    @property
    def tag_x(self) -> int:
        return self.middle - self.tag_width // 2


@dataclass
class Drawing:
    height: int = 0
    lanes: list[tuple[str, int]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)


@page("movements.chain.view")
def portrait(request: Any) -> HttpResponse:
    """The organization's flow in a period: ?since, ?until, ?warehouse, ?department, ?node (chosen), ?show (mode)."""
    state = chain_state()
    form = PortraitForm(request.GET or None)
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    last: date = chosen.get("until") or timezone.localdate(state["as_of"] or timezone.now())
    first: date = chosen.get("since") or last - timedelta(days=DAYS - 1)
    scope = Scope(
        since=_start(first),
        until=_start(last + timedelta(days=1)),
        warehouse=getattr(chosen.get("warehouse"), "pk", None),
        department=getattr(chosen.get("department"), "pk", None),
    )
    rows = findings(request.member)
    drawn = portrait_of(scope, rows)
    if kind := sheet_kind(request):
        return _export(drawn, kind)
    limits = {
        "since": first.isoformat(),
        "until": last.isoformat(),
        **({"warehouse": scope.warehouse} if scope.warehouse else {}),
        **({"department": scope.department} if scope.department else {}),
    }
    node = request.GET.get("node", "")
    mode = request.GET.get("show", "") if request.GET.get("show") in MODES else "breaks"
    return render(
        request,
        "movements/portrait.html",
        {
            "filter": {"form": form},
            "first": first,
            "last": last,
            "portrait": drawn,
            "drawing": _draw(drawn, node=node, mode=mode, limits=limits, currency=request.organization.currency),
            "strip": _strip(finding_counts(scope.findings(rows))),
            "limits": urlencode(limits),
            "mode": mode,
            "table": _table(drawn, limits),
            "detail": _detail(node, scope, rows, limits) if node in drawn.nodes else None,
            "state": state,
        },
    )


def _strip(counts: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    hints = {
        FindingKind.MISSING: _("nothing followed, as a waybill without its issue"),
        FindingKind.UNPOSTED: _("entered, and waiting to be posted"),
        FindingKind.PARTIAL: _("less followed than the source says"),
        FindingKind.DUPLICATED: _("the same source booked twice"),
        FindingKind.LATE: _("came after the limit; no break"),
    }
    return [
        {"kind": kind, "label": kind.label, "hint": hint, "count": counts[kind]["count"]}
        for kind, hint in hints.items()
    ]


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _detail(node: str, scope: Scope, rows: Any, limits: dict[str, Any]) -> dict[str, Any]:
    """What the chosen node lacks: by finding, department, time of day, and the worst lines."""
    inside = scope.findings(rows).filter(doc_type=node)
    counts = finding_counts(inside)
    broken = breaks(inside)
    spots = hotspots(inside, timezone.get_current_timezone())
    return {
        "label": DocumentType(node).label,
        "then": " / ".join(str(DocumentType(following).label) for following in NEXT.get(node, ())[:1]),
        "kinds": [(FindingKind(name), count) for name, count in counts.items() if count["count"]],
        "departments": spots["departments"],
        "hours": spots["hours"],
        "most": max((spot["count"] for spot in (*spots["departments"], *spots["hours"])), default=0),
        "rows": with_documents(broken.order_by("-size", "pk")[:SHOWN]),
        "node": chain_nodes().get(node),
        "url": f"{reverse('movements:breaks')}?{urlencode({'doc_type': node, **limits})}",
    }


def _table(drawn: Portrait, limits: dict[str, Any]) -> list[dict[str, Any]]:
    """The same as the drawing, row by row."""
    edges: dict[str, list[Any]] = {}
    for edge in drawn.edges.values():
        edges.setdefault(edge.source_type, []).append((DocumentType(edge.line_type).label, edge))
    return [
        {
            "node": node,
            "label": DocumentType(node.doc_type).label,
            "edges": edges.get(node.doc_type, []),
            "url": f"{reverse('movements:breaks')}?{urlencode({'doc_type': node.doc_type, **limits})}",
        }
        for _name, nodes in drawn.lanes()
        for node in nodes
    ]


def _export(drawn: Portrait, kind: Kind) -> HttpResponse:
    columns = [
        ("node", _("node")),
        ("documents", _("documents")),
        ("posted", _("posted")),
        ("open", _("open")),
        ("late", _("late")),
        ("broken", _("broken")),
        ("value", _("value")),
        ("then", _("next")),
        ("lines", _("lines")),
        ("guesses", _("guess")),
        ("median", _("median, hours")),
        ("ninth", _("nine in ten within, hours")),
    ]
    rows = []
    for row in _table(drawn, {}):
        node = row["node"]
        head = (str(row["label"]), node.documents, node.posted, node.open, node.late, node.broken, node.value)
        for then, edge in row["edges"] or [("", None)]:
            lags = [_hours(edge.median), _hours(edge.ninth)] if edge else [None, None]
            rows.append((*head, str(then), edge.lines if edge else 0, edge.guesses if edge else 0, *lags))
    return sheet_response(_("process portrait"), columns, rows, kind)


def _hours(lag: timedelta | None) -> Decimal | None:
    return None if lag is None else Decimal(round(lag.total_seconds())) / 3600


def _draw(drawn: Portrait, *, node: str, mode: str, limits: dict[str, Any], currency: str) -> Drawing:
    labels = {
        "purchase": _("Purchase"),
        "purchase_return": _("To supplier"),
        "sales": _("Sales"),
        "return": _("Returns"),
        "transfer": _("Transfer"),
        "gift": _("Gifts"),
        "scrap": _("Scrap"),
        "material_issue": _("Issues"),
        "material_return": _("Put back"),
        "assembly": _("Assembly"),
        "adjustment": _("Corrections"),
    }
    most = max((edge.lines for edge in drawn.edges.values()), default=1)
    drawing = Drawing()
    for number, (name, nodes) in enumerate(drawn.lanes()):
        y = TOP + number * LANE
        drawing.lanes.append((labels[name], y))
        columns = {1: (2,), 2: (0, 2), 3: (0, 1, 2)}[len(nodes)]
        boxes = [_box(found, COLUMNS[column], y, node, limits) for found, column in zip(nodes, columns, strict=True)]
        drawing.boxes += boxes
        for left, right in pairwise(boxes):
            edge = drawn.edges.get((left.doc_type, right.doc_type))
            arrow = Arrow(left.x + BOX[0], right.x, y + 38, 1.5, "")
            arrow.width = 1.5 + 5 * sqrt((edge.lines if edge else 0) / most)
            _mark(arrow, drawn, left.doc_type, edge, mode=mode, currency=currency)
            arrow.url, arrow.chosen = left.url, left.chosen
            drawing.arrows.append(arrow)
        end = boxes[-1]
        effect = EFFECT.get(end.doc_type, 0)
        arrow = Arrow(end.x + BOX[0], STOCK[0], y + 38, 1.5, "", sign={1: "+", -1: "−"}.get(effect, ""))
        _mark(arrow, drawn, end.doc_type, None, mode=mode, currency=currency)
        arrow.url, arrow.chosen = end.url, end.chosen
        drawing.arrows.append(arrow)
    drawing.height = TOP + len(drawing.lanes) * LANE
    return drawing


def _box(found: Any, x: int, y: int, node: str, limits: dict[str, Any]) -> Box:
    label = str(DocumentType(found.doc_type).label)
    notes = [
        _("open %(count)s") % {"count": quantity(found.open)} if found.open else "",
        _("late %(count)s") % {"count": quantity(found.late)} if found.late else "",
    ]
    return Box(
        doc_type=found.doc_type,
        x=x,
        y=y + 9,
        label=label,
        state=str(_("posted")),
        count=found.posted,
        note=" · ".join(note for note in notes if note),
        broken=found.broken > 0,
        chosen=found.doc_type == node,
        url="?" + urlencode({**limits, "node": found.doc_type}),
    )


def _mark(arrow: Arrow, drawn: Portrait, doc_type: str, edge: Any, *, mode: str, currency: str) -> None:
    """What stands on an edge: breaks before lateness, or its lag, or what its breaks are worth."""
    node = drawn.nodes[doc_type]
    if node.broken:
        arrow.tone = "brk"
    elif node.late:
        arrow.tone = "warn"
    if mode == "breaks":
        if node.broken:
            arrow.text = _("break %(count)s") % {"count": quantity(node.broken)}
        elif node.late:
            arrow.text = _("late %(count)s") % {"count": quantity(node.late)}
    elif mode == "lags":
        arrow.text = span(edge.median) if edge is not None else ""
    elif node.value:
        arrow.text = money(node.value, currency).partition(".")[0]
    facts = [
        _("%(count)s breaks") % {"count": quantity(node.broken)},
        _("%(count)s late") % {"count": quantity(node.late)},
    ]
    if edge is not None:
        facts.append(_("half within %(span)s") % {"span": span(edge.median)})
        facts.append(_("nine in ten within %(span)s") % {"span": span(edge.ninth)})
    arrow.title = ", ".join(facts)
