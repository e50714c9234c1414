from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.audit.models import AuditEntry


def _actors(request: Any) -> QuerySet:
    return AuditEntry._meta.get_field("actor").related_model.objects.all()


class EntryFilter(django_filters.FilterSet):
    """Entries by who, what, object and day; days are the organization's own."""

    q = django_filters.CharFilter(method="find", label=_("Find"))
    actor = django_filters.ModelChoiceFilter(queryset=_actors, label=_("who"))
    action = django_filters.CharFilter(lookup_expr="startswith", label=_("action"))
    target_type = django_filters.CharFilter(label=_("object type"), widget=forms.HiddenInput)
    target_id = django_filters.CharFilter(label=_("object"), widget=forms.HiddenInput)
    since = django_filters.DateFilter(
        field_name="occurred_at",
        lookup_expr="date__gte",
        label=_("from"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = django_filters.DateFilter(
        field_name="occurred_at",
        lookup_expr="date__lte",
        label=_("until"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    class Meta:
        model = AuditEntry
        fields = ["q", "actor", "action", "target_type", "target_id", "since", "until"]

    def find(self, rows: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        return rows.filter(
            Q(target_name__icontains=value) | Q(actor_name__icontains=value) | Q(action__icontains=value)
        )
