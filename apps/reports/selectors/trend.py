"""How exact the last counts were. Settled numbers never change, so what was added up once is kept in the cache."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count as Number
from django.db.models import F, Q, QuerySet, Sum

from apps.core.tenancy import require_organization_id
from apps.counts.enums import CountState
from apps.counts.models import Count, CountLine
from apps.reports.selectors.content import ratio
from apps.reports.selectors.lines import ZERO, cents
from apps.variances.models import Variance

KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Figures:
    """Of one closed count, by the report's definitions."""

    counted: int
    matching: int
    book_value: Decimal
    loss: Decimal
    gain: Decimal

    @property
    def net(self) -> Decimal:
        return self.loss + self.gain

    @property
    def absolute(self) -> Decimal:
        return self.gain - self.loss

    @property
    def line_accuracy(self) -> Decimal | None:
        return ratio(Decimal(self.matching), Decimal(self.counted))

    @property
    def value_accuracy(self) -> Decimal | None:
        if self.book_value <= 0:
            return None
        return max(1 - self.absolute / self.book_value, ZERO)


def closed_counts() -> QuerySet[Count]:
    return Count.objects.filter(state=CountState.CLOSED).select_related("warehouse").order_by("-closed_at", "-id")


def recent_figures(most: int = 8) -> list[tuple[Count, Figures]]:
    """The last closed counts that counted something, oldest first, in as many queries for any number of lines."""
    counts = list(closed_counts()[:most])
    figures = figures_of(count.pk for count in counts)
    return [(count, figures[count.pk]) for count in reversed(counts) if figures[count.pk].counted]


def figures_of(count_ids: Iterable[UUID]) -> dict[UUID, Figures]:
    """Figures by count, from the cache or added up by the database. Only for closed counts."""
    keys = {key: f"{require_organization_id()}:figures:{key}" for key in count_ids}
    kept = cache.get_many(keys.values())
    found = {key: kept[name] for key, name in keys.items() if name in kept}
    missing = [key for key in keys if key not in found]
    if missing:
        added = _add_up(missing)
        cache.set_many({keys[key]: figures for key, figures in added.items()}, KEPT_SECONDS)
        found |= added
    return found


def _add_up(count_ids: list[UUID]) -> dict[UUID, Figures]:
    lines = (
        CountLine.objects.filter(count__in=count_ids, counted__isnull=False)
        .order_by()
        .values("count")
        .annotate(
            lines=Number("id"),
            matching=Number("id", filter=Q(variance=0)),
            book=Sum(F("expected") * F("unit_cost")),
        )
    )
    values = (
        Variance.objects.filter(count__in=count_ids)
        .order_by()
        .values("count")
        .annotate(loss=Sum("value", filter=Q(quantity__lt=0)), gain=Sum("value", filter=Q(quantity__gt=0)))
    )
    by_count = {row["count"]: row for row in values}
    added = {key: Figures(0, 0, ZERO, ZERO, ZERO) for key in count_ids}
    for row in lines:
        sides = by_count.get(row["count"], {})
        added[row["count"]] = Figures(
            row["lines"],
            row["matching"],
            cents(row["book"] or ZERO),
            sides.get("loss") or ZERO,
            sides.get("gain") or ZERO,
        )
    return added
