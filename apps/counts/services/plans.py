"""Planning and releasing a count, and the tolerance that it takes along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from math import ceil
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.catalog.models import Location, Warehouse
from apps.core.errors import Conflict, RuleViolation
from apps.core.numbers import parse_decimal
from apps.core.permissions import refusal, require
from apps.core.states import move
from apps.core.tenancy import require_organization_id
from apps.counts.enums import COUNT_TRANSITIONS, CountMode, CountState
from apps.counts.models import Count, CountLocation, CountTask, ToleranceRule
from apps.counts.signals import count_released
from apps.movements.models import StockLine
from apps.movements.services import lock_stock
from apps.notifications.services import notify
from apps.organizations.models import Member, Organization


@audited("counts.count.created")
def create_count(
    warehouse: Warehouse,
    *,
    locations: Iterable[Location] | None = None,
    name: str = "",
    count_no: str = "",
    mode: str = CountMode.STATIC,
    blind: bool = True,
    due_on: date | None = None,
    note: str = "",
    actor: Member,
) -> Count:
    """Plan a count of a warehouse's locations (None: all of them); nothing is frozen or copied yet.

    Without a number it gets PD-YYYYMMDD-NN, the day being the organization's own. Raises RuleViolation
    ("no_locations", "other_warehouse", "invalid") and Conflict("count_no_taken").
    """
    require(actor, "counts.count.create")
    places = list(Location.objects.filter(warehouse=warehouse) if locations is None else locations)
    if not places:
        raise RuleViolation("no_locations", _("Choose at least one location to count."))
    if any(place.warehouse_id != warehouse.pk for place in places):
        raise RuleViolation("other_warehouse", _("A count stays inside one warehouse. Leave the other locations out."))
    count = Count(
        count_no=count_no.strip() or _next_number(),
        name=name.strip(),
        warehouse=warehouse,
        mode=mode,
        blind=blind,
        due_on=due_on,
        note=note.strip(),
        created_by=actor,
    )
    if Count.objects.filter(count_no=count.count_no).exists():
        raise _number_taken(count.count_no)
    try:
        count.full_clean()
    except ValidationError as error:
        raise RuleViolation("invalid", " ".join(error.messages)) from error
    try:
        with transaction.atomic():
            count.save()
    except IntegrityError as error:
        raise _number_taken(count.count_no) from error
    CountLocation.objects.bulk_create(
        [CountLocation(count=count, location=place) for place in {place.pk: place for place in places}.values()]
    )
    record(locations=len(places))
    return count


def _number_taken(count_no: str) -> Conflict:
    return Conflict(
        "count_no_taken",
        _("There is already a count with the number %(no)s. Choose another one.") % {"no": count_no},
    )


def _next_number() -> str:
    """The next number of the organization's day. Planners of one organization take turns until they commit."""
    organization = Organization.objects.get(pk=require_organization_id())
    prefix = f"PD-{timezone.localtime(timezone=organization.zone):%Y%m%d}-"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"counts.count_no {organization.pk}"])
    used = Count.objects.filter(count_no__startswith=prefix).values_list("count_no", flat=True)
    numbers = [int(no.removeprefix(prefix)) for no in used if no.removeprefix(prefix).isdecimal()]
    return f"{prefix}{max(numbers, default=0) + 1:02d}"


@audited("counts.count.released")
def release_count(
    count: Count,
    *,
    counters: Sequence[Member] = (),
    at: datetime | None = None,
    exclusive: bool = True,
    actor: Member,
) -> Count:
    """Start a count: copy the book of every stock line of its locations, deal tasks, freeze (static counts).

    Tasks are zones, cut along the walking order where there are more counters than zones, dealt in turn to
    `counters`; without counters anybody who counts may claim them. The book is copied by one statement, at a moment
    that is read when the stock lines are locked: a posting under way is in it, every other comes after it.

    `at` is for history that an import brings: the book is then what the ledger says of that moment, for the stock
    lines that it knows by then. An import of counts that were closed long ago passes `exclusive=False`: they hold
    no stock against today's counts.

    Raises Conflict: "wrong_state", "location_in_open_count" (names the other count), RuleViolation "not_a_counter".
    """
    require(actor, "counts.count.release", count)
    count = Count.objects.select_for_update().get(pk=count.pk)
    move(count, CountState.COUNTING, COUNT_TRANSITIONS)
    for counter in counters:
        check_may_count(counter)
    places = _lock_places(count, exclusive=exclusive)
    if at is None:
        lock_stock(StockLine.objects.filter(location__in=[place.pk for place in places]).values("pk"))
    count.snapshot_at = at or timezone.now()
    count.released_by = actor
    count.tolerance = ToleranceRule.objects.order_by("-version").first()
    count.save()
    tasks = _deal(count, _to_walk(places), counters)
    lines = _copy_book(count, tasks, history=at is not None, exclusive=exclusive)
    record(lines=lines, tasks=len({task.pk for task in tasks.values()}), counters=[c.username for c in counters])
    count_released.send(sender=Count, count=count, actor=actor)
    if counters:
        notify(
            counters,
            key=f"counts.released.{count.pk}",
            text=lambda: _("%(no)s: you have counting to do.") % {"no": count.count_no},
            path="counts/tasks/",
            actor=actor,
        )
    return count


def check_may_count(member: Member) -> None:
    """Raises RuleViolation("not_a_counter") for members who cannot be given a task."""
    if member.is_system or not member.is_active or refusal(member, "counts.entry.record"):
        raise RuleViolation(
            "not_a_counter",
            _("%(name)s cannot count: the roles do not include it. Choose somebody else.") % {"name": member},
        )


def _lock_places(count: Count, *, exclusive: bool) -> list[Location]:
    """The count's locations, locked so that no stock line is made there and no other count takes them meanwhile."""
    places = list(
        Location.objects.select_for_update()
        .filter(pk__in=CountLocation.objects.filter(count=count).values("location"))
        .order_by("pk")
    )
    if exclusive:
        other = (
            CountLocation.objects.filter(location__in=places, is_open=True)
            .select_related("count", "location")
            .order_by("location__walk_order", "location__code")
            .first()
        )
        if other is not None:
            raise Conflict(
                "location_in_open_count",
                _(
                    "Location %(location)s is being counted in %(other)s. The same stock is never in two open"
                    " counts: close or cancel %(other)s first, or leave this location out."
                )
                % {"location": other.location, "other": other.count.count_no},
            )
        CountLocation.objects.filter(count=count).update(is_open=True)
    return places


def _to_walk(places: list[Location]) -> list[Location]:
    """Without the warehouse's unnamed place where it holds nothing: no shelf says where to go. It stays in the count,
    for what may be found there, and is a task where it is all there is.
    """
    unnamed = {place.pk for place in places if not place.code}
    held = set(StockLine.objects.filter(location__in=unnamed).values_list("location", flat=True))
    return [place for place in places if place.code or place.pk in held] or places


def _deal(count: Count, places: list[Location], counters: Sequence[Member]) -> dict[UUID, CountTask]:
    """{location id: task}. One task a zone, or as many parts of it as it takes to give every counter one."""
    ordered = sorted(places, key=lambda place: (place.zone, place.walk_order, place.code))
    zones = [(zone, list(rows)) for zone, rows in groupby(ordered, key=lambda place: place.zone)]
    parts = max(1, ceil(len(counters) / len(zones)))
    tasks: list[CountTask] = []
    dealt: dict[UUID, CountTask] = {}
    for zone, rows in zones:
        size = ceil(len(rows) / min(parts, len(rows)))
        for start in range(0, len(rows), size):
            task = CountTask(
                count=count, zone=zone, assignee=counters[len(tasks) % len(counters)] if counters else None
            )
            tasks.append(task)
            dealt.update({place.pk: task for place in rows[start : start + size]})
    CountTask.objects.bulk_create(tasks)
    return dealt


COPY_BOOK = """
INSERT INTO counts_countline (id, organization_id, count_id, stock_line_id, task_id, round, is_found, is_open,
  snapshot, moved_in, moved_out, expected, unit_cost)
SELECT stockcheck_uuid7(), s.organization_id, %(count)s, s.id, t.task_id, 1, false, %(open)s,
  {book}, 0, 0, {book},
  CASE WHEN i.standard_cost > 0 THEN i.standard_cost ELSE coalesce((
    SELECT g.unit_cost FROM movements_ledgerentry g
    WHERE g.organization_id = s.organization_id AND g.stock_line_id = s.id AND g.unit_cost > 0
      AND g.posted_at <= %(at)s ORDER BY g.posted_at DESC LIMIT 1), 0) END
FROM unnest(%(locations)s::uuid[], %(tasks)s::uuid[]) AS t(location_id, task_id)
JOIN movements_stockline s ON s.organization_id = %(organization)s AND s.location_id = t.location_id
JOIN catalog_item i ON i.organization_id = s.organization_id AND i.id = s.item_id
{history}
"""

HISTORY = """
JOIN (
  SELECT g.stock_line_id, sum(g.quantity) AS quantity FROM movements_ledgerentry g
  JOIN movements_stockline l ON l.organization_id = g.organization_id AND l.id = g.stock_line_id
  WHERE g.organization_id = %(organization)s AND g.posted_at <= %(at)s AND l.location_id = ANY(%(locations)s)
  GROUP BY g.stock_line_id
) AS h ON h.stock_line_id = s.id
"""


def _copy_book(count: Count, tasks: dict[UUID, CountTask], *, history: bool, exclusive: bool) -> int:
    sql = (
        COPY_BOOK.format(book="h.quantity", history=HISTORY)
        if history
        else COPY_BOOK.format(book="s.quantity", history="")
    )
    parameters = {
        "organization": require_organization_id(),
        "count": count.pk,
        "at": count.snapshot_at,
        "open": exclusive,
        "locations": list(tasks),
        "tasks": [task.pk for task in tasks.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


@audited("counts.tolerance.set")
def set_tolerance(
    *,
    percent: Decimal | str | None = None,
    quantity: Decimal | str | None = None,
    value: Decimal | str | None = None,
    actor: Member,
) -> ToleranceRule:
    """A new version of what difference passes: within every limit that is given. Counts keep the one they started with.

    `percent` of the book (5 is 5 %), `quantity` in base units, `value` in the organization's money. No limit at
    all: only zero passes. Raises RuleViolation("negative_limit").
    """
    require(actor, "counts.tolerance.change")
    limits = {
        name: None if limit is None else parse_decimal(limit)
        for name, limit in (("percent", percent), ("quantity", quantity), ("value", value))
    }
    if any(limit is not None and limit < 0 for limit in limits.values()):
        raise RuleViolation("negative_limit", _("A limit is zero or more."))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"counts.tolerance {require_organization_id()}"],
        )
    last = ToleranceRule.objects.aggregate(last=Max("version"))["last"] or 0
    return ToleranceRule.objects.create(version=last + 1, created_by=actor, **limits)
