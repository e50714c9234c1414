"""What the list of variances can be narrowed and ordered by."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.filters import SortedFilterSet, all_categories, all_warehouses
from apps.catalog.models import Category, Item
from apps.catalog.selectors import below, search_items
from apps.counts.enums import CountState
from apps.counts.models import Count
from apps.variances.enums import VarianceState, Verdict
from apps.variances.models import Cause, CauseType, Evidence, Variance
from apps.variances.selectors.lists import with_late_documents


def closed_counts(request: Any) -> QuerySet[Count]:
    return Count.objects.filter(state=CountState.CLOSED)


def all_cause_types(request: Any) -> QuerySet[CauseType]:
    return CauseType.objects.all()


class VarianceFilter(SortedFilterSet):
    """Variances by text (item, location, count), count, place, category, confirmed cause, state and verdict."""

    q = django_filters.CharFilter(method="find", label=_("Find"))
    count = django_filters.ModelChoiceFilter(queryset=closed_counts, label=_("count"), empty_label=_("all"))
    warehouse = django_filters.ModelChoiceFilter(
        field_name="stock_line__warehouse", queryset=all_warehouses, label=_("warehouse"), empty_label=_("all")
    )
    zone = django_filters.CharFilter(field_name="stock_line__location__zone", label=_("zone"))
    category = django_filters.ModelChoiceFilter(
        queryset=all_categories, method="within", label=_("category"), empty_label=_("all")
    )
    cause = django_filters.ModelChoiceFilter(
        queryset=all_cause_types, to_field_name="code", method="caused", label=_("cause"), empty_label=_("all")
    )
    state = django_filters.ChoiceFilter(choices=VarianceState.choices, label=_("state"), empty_label=_("all"))
    verdict = django_filters.ChoiceFilter(choices=Verdict.choices, label=_("verdict"), empty_label=_("all"))
    late = django_filters.ChoiceFilter(
        choices=[("1", _("with late documents"))], method="came_late", label=_("late"), empty_label=_("all")
    )
    mine = django_filters.ChoiceFilter(
        choices=[("1", _("assigned to me"))], method="assigned", label=_("mine"), empty_label=_("all")
    )

    sorts: ClassVar = {
        "value": ("size",),
        "quantity": ("quantity",),
        "percent": ("percent",),
        "unexplained": ("unexplained",),
        "item": ("stock_line__item__sku",),
        "place": ("stock_line__warehouse__code", "stock_line__location__walk_order", "stock_line__location__code"),
        "count": ("count__closed_at",),
    }
    order = "-value"

    class Meta:
        model = Variance
        fields = ["q", "count", "warehouse", "zone", "category", "cause", "state", "verdict", "late", "mine"]

    def find(self, rows: QuerySet[Variance], name: str, value: str) -> QuerySet[Variance]:
        items = search_items(Item.objects.all(), value).values("pk")
        return rows.filter(
            Q(stock_line__item__in=items)
            | Q(stock_line__location__code__icontains=value)
            | Q(stock_line__lot__iexact=value)
            | Q(count__count_no__icontains=value)
        )

    def within(self, rows: QuerySet[Variance], name: str, value: Category) -> QuerySet[Variance]:
        return rows.filter(stock_line__item__in=Item.objects.filter(below(value.path)).values("pk"))

    def caused(self, rows: QuerySet[Variance], name: str, value: CauseType) -> QuerySet[Variance]:
        causes = Cause.objects.filter(Q(cause_type=value) | Q(cause_type__parent=value))
        return rows.filter(pk__in=causes.values("variance"))

    def came_late(self, rows: QuerySet[Variance], name: str, value: str) -> QuerySet[Variance]:
        return with_late_documents(rows)

    def assigned(self, rows: QuerySet[Variance], name: str, value: str) -> QuerySet[Variance]:
        return rows.filter(assignee=self.request.member)


class CauseFilter(django_filters.FilterSet):
    """Confirmed causes by variance, count number and type."""

    count = django_filters.CharFilter(field_name="variance__count__count_no")
    cause = django_filters.CharFilter(field_name="cause_type__code")

    class Meta:
        model = Cause
        fields = ["variance", "count", "cause"]


class EvidenceFilter(django_filters.FilterSet):
    class Meta:
        model = Evidence
        fields = ["variance", "cause", "kind"]
