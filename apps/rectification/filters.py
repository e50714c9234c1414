"""What the list of adjustments can be narrowed and ordered by."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.filters import SortedFilterSet, all_warehouses
from apps.rectification.enums import AdjustmentState
from apps.rectification.models import Adjustment, AdjustmentLine
from apps.variances.filters import closed_counts
from apps.variances.models import Variance
from apps.variances.selectors import visible_variances


def seen_variances(request: Any) -> QuerySet[Variance]:
    return visible_variances(request.member)


class AdjustmentFilter(SortedFilterSet):
    """Adjustments by number or reason, count, warehouse, state, and by a variance that they hold or held."""

    q = django_filters.CharFilter(method="find", label=_("Find"))
    count = django_filters.ModelChoiceFilter(queryset=closed_counts, label=_("count"), empty_label=_("all"))
    warehouse = django_filters.ModelChoiceFilter(
        field_name="count__warehouse", queryset=all_warehouses, label=_("warehouse"), empty_label=_("all")
    )
    state = django_filters.ChoiceFilter(choices=AdjustmentState.choices, label=_("state"), empty_label=_("all"))
    variance = django_filters.ModelChoiceFilter(
        queryset=seen_variances, method="holds", label=_("variance"), widget=forms.HiddenInput
    )

    sorts: ClassVar = {
        "proposed": ("proposed_at",),
        "value": ("total_value",),
        "number": ("adjustment_no",),
        "count": ("count__count_no",),
    }
    order = "-proposed"

    class Meta:
        model = Adjustment
        fields = ["q", "count", "warehouse", "state", "variance"]

    def find(self, rows: QuerySet[Adjustment], name: str, value: str) -> QuerySet[Adjustment]:
        return rows.filter(
            Q(adjustment_no__icontains=value) | Q(reason__icontains=value) | Q(count__count_no__icontains=value)
        )

    def holds(self, rows: QuerySet[Adjustment], name: str, value: Variance) -> QuerySet[Adjustment]:
        return rows.filter(pk__in=AdjustmentLine.objects.filter(variance=value).values("adjustment"))
