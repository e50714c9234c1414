"""The first page: what do I do now."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.edges import page
from apps.core.permissions import may
from apps.reports.selectors.start import causes_of, first_steps, running_counts
from apps.reports.selectors.trend import Figures, recent_figures
from apps.reports.selectors.work import open_variances, work_of

LEFT, RIGHT, TOP, FLOOR = 48, 282, 12, 110
"""The drawing's own units; it is as wide as the column it stands in, so that its text keeps its size."""


@page("organizations.work.view")
def work(request: Any) -> HttpResponse:
    context: dict[str, Any] = {"work": work_of(request.member), "greeting": _greeting()}
    context["steps"] = [] if context["work"] else first_steps(request.member)
    if may(request.member, "reports.report.view"):
        recent = recent_figures()
        causes = causes_of(recent[-1][0]) if recent else []
        context |= {
            "recent": list(reversed(recent)),
            "last": recent[-1] if recent else None,
            "change": _change([figures for _count, figures in recent]),
            "chart": _chart(recent) if len(recent) > 1 else None,
            "open": open_variances(),
            "running": running_counts(),
            "causes": causes,
            "largest": max((part.gross for part in causes), default=Decimal(0)),
            "may_plan": may(request.member, "counts.count.create"),
        }
    return render(request, "reports/work.html", context)


def _greeting() -> str:
    hour = timezone.localtime().hour
    if hour < 12:
        return _("Good morning")
    return _("Good afternoon") if hour < 18 else _("Good evening")


def _change(figures: list[Figures]) -> Decimal | None:
    """How much the value accuracy moved since the count before, in points of a ratio."""
    exact = [each.value_accuracy for each in figures[-2:] if each.value_accuracy is not None]
    return exact[1] - exact[0] if len(exact) == 2 else None


def _chart(recent: list[tuple[Any, Figures]]) -> dict[str, Any] | None:
    """Points of the value accuracy in the drawing's own units; the axis begins below the lowest and says so."""
    rows = [(count, figures.value_accuracy) for count, figures in recent if figures.value_accuracy is not None]
    if len(rows) < 2:
        return None
    lowest, highest = min(value for _count, value in rows), max(value for _count, value in rows)
    room = max((highest - lowest) / 5, Decimal("0.002"))
    floor, top = max(lowest - room, Decimal(0)), min(highest + room, Decimal(1))
    step = Decimal(RIGHT - LEFT) / (len(rows) - 1)

    def place(value: Decimal) -> float:
        return round(float(FLOOR - (value - floor) / (top - floor) * (FLOOR - TOP)), 1)

    points = [
        {"x": round(float(LEFT + step * index), 1), "y": place(value), "count": count, "value": value}
        for index, (count, value) in enumerate(rows)
    ]
    middle = (floor + top) / 2
    return {
        "points": points,
        "line": " ".join(f"{point['x']},{point['y']}" for point in points),
        "ticks": [{"y": place(value), "value": value} for value in (floor, middle, top)],
        "first": points[0],
        "latest": points[-1],
    }
