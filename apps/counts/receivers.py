"""What counts answer to movements: frozen locations, and stock that a counter must not see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, QuerySet, When
from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.core.errors import Conflict
from apps.counts import selectors
from apps.counts.enums import CountMode, CountState
from apps.counts.models import CountLine, CountLocation
from apps.movements.models import StockLine
from apps.movements.selectors.story import Counted
from apps.movements.signals import before_posting, hidden_locations, story_wanted
from apps.organizations.models import Member


@receiver(before_posting, dispatch_uid="counts.freeze")
def freeze(sender: Any, *, stock_line_ids: Iterable[UUID], **kwargs: Any) -> None:
    """Nothing is posted to the locations of an open static count: what is being counted must not move in the book."""
    places = StockLine.objects.filter(pk__in=list(stock_line_ids)).values("location")
    frozen = (
        CountLocation.objects.filter(
            location__in=places, is_open=True, count__state=CountState.COUNTING, count__mode=CountMode.STATIC
        )
        .select_related("count", "location")
        .order_by("location__walk_order", "location__code")
        .first()
    )
    if frozen is None:
        return
    raise Conflict(
        "location_frozen",
        _(
            "Location %(location)s is being counted in %(count)s and is frozen. Keep the document as it is and post"
            " it when the count is closed, or ask the warehouse manager to close the count."
        )
        % {"location": frozen.location, "count": frozen.count.count_no},
    )


@receiver(hidden_locations, dispatch_uid="counts.hidden")
def hide(sender: Any, *, member: Member, **kwargs: Any) -> set[UUID]:
    return selectors.hidden_locations(member)


@receiver(story_wanted, dispatch_uid="counts.story")
def tell_counts(
    sender: Any, *, places: QuerySet[StockLine], since: datetime | None, until: datetime | None, **kwargs: Any
) -> list[Counted]:
    """What closed counts found at these places, at the moment for which the book was cut."""
    moment = Case(When(count__mode=CountMode.STATIC, then=F("count__snapshot_at")), default=F("counted_at"))
    lines = (
        CountLine.objects.filter(stock_line__in=places, count__state=CountState.CLOSED, counted__isnull=False)
        .annotate(moment=moment)
        .select_related("count", "stock_line__location")
    )
    if since is not None:
        lines = lines.filter(moment__gte=since)
    if until is not None:
        lines = lines.filter(moment__lt=until)
    return [
        Counted(
            moment=line.moment,
            number=line.count.count_no,
            pk=line.count_id,
            location=line.stock_line.location,
            lot=line.stock_line.lot,
            book=line.expected,
            counted=line.counted,
        )
        for line in lines
    ]
