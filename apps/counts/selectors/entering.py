"""What a counter's page shows: blind, by construction. Nothing here reads a book figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Sum

from apps.catalog.models import Item, Location, Unit
from apps.counts.models import CountEntry, CountLine, CountTask
from apps.counts.selectors.lines import lines_for_counter

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Target:
    """What is about to be entered: an item at a place, with the units that it can be counted in.

    `line` is None for a find; `total` is what was entered here in this round.
    """

    item: Item
    location: Location
    lot: str
    line: CountLine | None
    units: Sequence[tuple[str, Decimal]]
    unit: str
    total: Decimal | None


def target(
    task: CountTask, item: Item, location: Location, lot: str = "", *, unit: str = "", line: CountLine | None = None
) -> Target:
    if line is None:
        line = CountLine.objects.filter(
            count=task.count, stock_line__location=location, stock_line__item=item, stock_line__lot=lot
        ).first()
    units = [(item.base_unit, ONE), *Unit.objects.filter(item=item).order_by("factor").values_list("name", "factor")]
    total = (
        CountEntry.objects.filter(line=line, round=task.round).aggregate(total=Sum("base_quantity"))["total"]
        if line is not None
        else None
    )
    return Target(item, location, lot, line, units, unit or item.base_unit, total)


def next_line(task: CountTask, *, after: CountLine | None = None) -> CountLine | None:
    """The next line in walking order that is not entered in this round; behind the last one the walk starts again."""
    rows = list(lines_for_counter(task).values_list("id", "is_entered"))
    start = next((number + 1 for number, (pk, _done) in enumerate(rows) if after and pk == after.pk), 0)
    following = next((pk for pk, done in rows[start:] + rows[:start] if not done), None)
    return line_of(task, following) if following else None


def line_of(task: CountTask, pk: Any) -> CountLine | None:
    """A line of this task, None for any other."""
    return (
        CountLine.objects.filter(pk=pk, task=task)
        .select_related("stock_line__item", "stock_line__location")
        .defer("snapshot", "moved_in", "moved_out", "expected", "counted", "variance", "unit_cost")
        .first()
    )


def lines_with(task: CountTask, item: Item) -> list[CountLine]:
    """Where this task expects the item, in walking order."""
    return list(
        CountLine.objects.filter(task=task, stock_line__item=item)
        .select_related("stock_line__item", "stock_line__location")
        .order_by("stock_line__location__walk_order", "stock_line__location__code", "stock_line__lot")
    )


def places_of(task: CountTask) -> QuerySet[Location]:
    """Locations where the task's counter may find something: those of its lines, else of its zone."""
    own = Location.objects.filter(pk__in=CountLine.objects.filter(task=task).values("stock_line__location"))
    if own.exists():
        return own.order_by("walk_order", "code")
    return Location.objects.filter(pk__in=task.count.locations.values("location"), zone=task.zone).order_by(
        "walk_order", "code"
    )


def last_entries(task: CountTask, number: int = 20) -> QuerySet[CountEntry]:
    """The task's latest entries with what they are about; undone ones are marked, undos left out."""
    return (
        CountEntry.objects.filter(task=task, voids__isnull=True)
        .annotate(is_undone=Exists(CountEntry.objects.filter(voids=OuterRef("pk"))))
        .select_related("line__stock_line__item", "line__stock_line__location", "counter")
        .order_by("-received_at", "-id")[:number]
    )


@dataclass(frozen=True, slots=True)
class Handover:
    """What a counter checks before handing over."""

    entries: int
    zeros: int
    found: int
    missing: list[dict[str, Any]]
    lines: int


def handover(task: CountTask) -> Handover:
    rows = list(lines_for_counter(task))
    standing = CountEntry.objects.filter(task=task, voids__isnull=True).filter(
        ~Exists(CountEntry.objects.filter(voids=OuterRef("pk")))
    )
    return Handover(
        entries=standing.count(),
        zeros=standing.filter(base_quantity=0).values("line").distinct().count(),
        found=standing.filter(line__is_found=True).values("line").distinct().count(),
        missing=[row for row in rows if not row["is_entered"]],
        lines=len(rows),
    )
