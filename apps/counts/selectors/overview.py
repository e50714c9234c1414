"""What lists and the monitor say of a count without any quantity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count as Number
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from apps.catalog.models import Location, Warehouse
from apps.core.errors import RuleViolation
from apps.core.tenancy import require_organization_id
from apps.counts.models import Count
from apps.organizations.enums import Role
from apps.organizations.models import Member
from apps.organizations.selectors import with_role


def released_count(count_no: str) -> Count:
    """As commands name it. Raises RuleViolation: "unknown_count", "not_released"."""
    count = Count.objects.filter(count_no=count_no).first()
    if count is None:
        raise RuleViolation("unknown_count", _("There is no count “%(no)s”.") % {"no": count_no})
    if count.snapshot_at is None:
        raise RuleViolation(
            "not_released", _("The count %(no)s is not released, so nothing was counted.") % {"no": count_no}
        )
    return count


@dataclass(frozen=True, slots=True)
class Overview:
    """How many lines a count has, how many were counted in any round, found and recounted, and when it last moved."""

    lines: int = 0
    counted: int = 0
    found: int = 0
    recounted: int = 0
    last_at: datetime | None = None

    @property
    def left(self) -> int:
        return self.lines - self.counted


OVERVIEW = """
SELECT c.id, l.lines, CASE WHEN c.state = 'closed' THEN l.settled ELSE e.counted END, l.found, l.recounted, e.last_at
FROM counts_count c
CROSS JOIN LATERAL (
  SELECT count(*) AS lines, count(l.counted) AS settled, count(*) FILTER (WHERE l.is_found) AS found,
    count(*) FILTER (WHERE l.round > 1) AS recounted
  FROM counts_countline l WHERE l.organization_id = c.organization_id AND l.count_id = c.id
) AS l
CROSS JOIN LATERAL (
  SELECT count(DISTINCT e.line_id) FILTER (WHERE NOT EXISTS (
      SELECT FROM counts_countentry v WHERE v.organization_id = e.organization_id AND v.voids_id = e.id)) AS counted,
    max(e.received_at) AS last_at
  FROM counts_countentry e
  WHERE e.organization_id = c.organization_id AND e.count_id = c.id AND e.voids_id IS NULL AND c.state <> 'closed'
) AS e
WHERE c.organization_id = %s AND c.id = ANY(%s)
"""


def overviews(counts: Iterable[Count]) -> dict[UUID, Overview]:
    """{count id: its overview}, by one query."""
    with connection.cursor() as cursor:
        cursor.execute(OVERVIEW, [require_organization_id(), [count.pk for count in counts]])
        return {row[0]: Overview(*row[1:]) for row in cursor}


def overview(count: Count) -> Overview:
    return overviews([count]).get(count.pk, Overview())


def zones(warehouse: Warehouse) -> list[tuple[str, list[Location]]]:
    """[(zone, its locations in walking order)]: what a planner chooses from."""
    grouped: dict[str, list[Location]] = {}
    for place in Location.objects.filter(warehouse=warehouse).order_by("zone", "walk_order", "code"):
        grouped.setdefault(place.zone, []).append(place)
    return list(grouped.items())


def zones_of(count: Count) -> QuerySet[Location, dict[str, object]]:
    """The zones of a count with their number of locations."""
    return (
        Location.objects.filter(pk__in=count.locations.values("location"))
        .values("zone")
        .annotate(places=Number("pk"))
        .order_by("zone")
    )


def who_may_count() -> QuerySet[Member]:
    """People who can be given a task: counters first in mind, then everybody who may enter."""
    return with_role(Role.COUNTER, Role.MANAGER, Role.CONTROLLER, Role.FINANCE, Role.ASSIGNEE, Role.OWNER).order_by(
        "username"
    )


def search_counts(counts: QuerySet[Count], text: str) -> QuerySet[Count]:
    """Counts whose number, name or warehouse contains `text`."""
    text = text.strip()
    if not text:
        return counts
    return counts.filter(
        Q(count_no__icontains=text)
        | Q(name__icontains=text)
        | Q(warehouse__name__icontains=text)
        | Q(warehouse__code__icontains=text)
    )
