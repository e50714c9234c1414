"""Locking an adjustment and what it touches, and letting go of its variances. One statement for any number."""

from __future__ import annotations

from django.db import connection
from django.db.models import Case, Value, When

from apps.core.tenancy import require_organization_id
from apps.movements.services import lock_stock
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


def lock_stock_of(adjustment: Adjustment) -> None:
    lock_stock(adjustment.lines.values("variance__stock_line"))


_LOCK_VARIANCES = """
    SELECT count(*) FROM (
        SELECT v.id FROM rectification_adjustmentline a
        JOIN variances_variance v ON v.organization_id = a.organization_id AND v.id = a.variance_id
        WHERE a.organization_id = %s AND a.adjustment_id = %s ORDER BY v.id FOR NO KEY UPDATE OF v) AS locked
"""


def lock_variances(adjustment: Adjustment) -> None:
    """The variances of an adjustment, in the one order that proposers keep."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_VARIANCES, [require_organization_id(), adjustment.pk])


def set_state(adjustment: Adjustment, state: Case | Value) -> None:
    """The state of its variances."""
    Variance.objects.filter(adjustment_lines__adjustment=adjustment).update(state=state)


def release(adjustment: Adjustment) -> None:
    """Give its variances back: others may explain them further and propose them again."""
    lock_variances(adjustment)
    adjustment.lines.update(is_live=False)
    set_state(
        adjustment, Case(When(unexplained=0, then=Value(VarianceState.EXPLAINED)), default=Value(VarianceState.OPEN))
    )
