"""What the lists of counts can be narrowed and ordered by. Nothing of it depends on a book figure."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.filters import SortedFilterSet, all_warehouses
from apps.counts.enums import CountMode, CountState, TaskState
from apps.counts.models import Count, CountEntry, CountLine, CountTask
from apps.counts.selectors.overview import search_counts


def all_counts(request: Any) -> QuerySet[Count]:
    return Count.objects.order_by("-created_at")


class CountFilter(SortedFilterSet):
    q = django_filters.CharFilter(method="find", label=_("Find"))
    state = django_filters.ChoiceFilter(choices=CountState.choices, label=_("state"))
    warehouse = django_filters.ModelChoiceFilter(queryset=all_warehouses, label=_("warehouse"))
    mode = django_filters.ChoiceFilter(choices=CountMode.choices, label=_("mode"))
    order = "-created"
    sorts = {
        "created": ("created_at",),
        "no": ("count_no",),
        "warehouse": ("warehouse__code", "count_no"),
        "due": ("due_on",),
        "snapshot": ("snapshot_at",),
        "closed": ("closed_at",),
    }

    class Meta:
        model = Count
        fields: list[str] = []

    def find(self, rows: QuerySet[Count], name: str, value: str) -> QuerySet[Count]:
        return search_counts(rows, value)


class LineFilter(django_filters.FilterSet):
    """Lines by text (item, location, lot), and whether they are on the list."""

    q = django_filters.CharFilter(method="find", label=_("Find"))
    zone = django_filters.CharFilter(field_name="stock_line__location__zone", label=_("zone"))
    found = django_filters.BooleanFilter(field_name="is_found", label=_("not on the list"))

    class Meta:
        model = CountLine
        fields: list[str] = []

    def find(self, rows: QuerySet[CountLine], name: str, value: str) -> QuerySet[CountLine]:
        value = value.replace("\0", "").strip()
        return rows.filter(
            Q(stock_line__item__sku__icontains=value)
            | Q(stock_line__item__name__icontains=value)
            | Q(stock_line__location__code__icontains=value)
            | Q(stock_line__lot__icontains=value)
        )


class TaskFilter(django_filters.FilterSet):
    count = django_filters.ModelChoiceFilter(queryset=all_counts, label=_("count"))
    state = django_filters.ChoiceFilter(choices=TaskState.choices, label=_("state"))
    round = django_filters.NumberFilter(label=_("round"))

    class Meta:
        model = CountTask
        fields: list[str] = []


class EntryFilter(django_filters.FilterSet):
    task = django_filters.UUIDFilter(field_name="task_id", label=_("task"))
    line = django_filters.UUIDFilter(field_name="line_id", label=_("count line"))
    round = django_filters.NumberFilter(label=_("round"))
    entry_no = django_filters.CharFilter(label=_("entry number"))

    class Meta:
        model = CountEntry
        fields: list[str] = []
