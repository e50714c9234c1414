from __future__ import annotations

import django_filters
from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.reports.enums import ReportState
from apps.reports.models import Report


class ReportFilter(django_filters.FilterSet):
    """Reports by count, by when the count was closed, by state and language."""

    q = django_filters.CharFilter(
        method="find",
        label=_("Find"),
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Count, warehouse")}),
    )
    count = django_filters.CharFilter(field_name="count__count_no", label=_("Count number"), widget=forms.HiddenInput)
    closed_from = django_filters.DateFilter(
        field_name="count__closed_at__date",
        lookup_expr="gte",
        label=_("Closed from"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    closed_to = django_filters.DateFilter(
        field_name="count__closed_at__date",
        lookup_expr="lte",
        label=_("to"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    state = django_filters.ChoiceFilter(choices=ReportState.choices, label=_("State"), empty_label=_("any state"))
    language = django_filters.ChoiceFilter(
        choices=settings.LANGUAGES, label=_("Language"), empty_label=_("any language")
    )

    class Meta:
        model = Report
        fields = ["q", "count", "closed_from", "closed_to", "state", "language"]

    def find(self, rows: QuerySet[Report], name: str, value: str) -> QuerySet[Report]:
        return rows.filter(
            Q(count__count_no__icontains=value)
            | Q(count__name__icontains=value)
            | Q(count__warehouse__name__icontains=value)
        )
