"""Locking an adjustment, and letting go of its variances."""

from __future__ import annotations

from django.db.models import Case, Value, When

from apps.rectification.models import Adjustment
from apps.variances.enums import VarianceState
from apps.variances.models import Variance


def lock(adjustment: Adjustment) -> Adjustment:
    """The adjustment as it stands now, locked until the transaction ends."""
    return (
        Adjustment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("count", "count__warehouse", "proposed_by")
        .get(pk=adjustment.pk)
    )


def variances_of(adjustment: Adjustment) -> list[Variance]:
    """Its variances, locked in one order."""
    return list(
        Variance.objects.select_for_update(of=("self",), no_key=True)
        .filter(adjustment_lines__adjustment=adjustment)
        .order_by("pk")
    )


def release(adjustment: Adjustment) -> None:
    """Give its variances back: others may explain them further and propose them again."""
    ids = [variance.pk for variance in variances_of(adjustment)]
    adjustment.lines.update(is_live=False)
    Variance.objects.filter(pk__in=ids).update(
        state=Case(When(unexplained=0, then=Value(VarianceState.EXPLAINED)), default=Value(VarianceState.OPEN))
    )
