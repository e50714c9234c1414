"""What counts answer to movements: frozen locations, and stock that a counter must not see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.core.errors import Conflict
from apps.counts import selectors
from apps.counts.enums import CountMode, CountState
from apps.counts.models import CountLocation
from apps.movements.models import StockLine
from apps.movements.signals import before_posting, hidden_locations
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
