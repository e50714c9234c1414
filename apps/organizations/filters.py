from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.organizations.enums import Role
from apps.organizations.models import Department, Job, Member


def departments(request: Any) -> QuerySet[Department]:
    return Department.objects.all()


class MemberFilter(django_filters.FilterSet):
    """People by what is known of them; `q` looks in staff code, name and e-mail."""

    q = django_filters.CharFilter(method="find", label=_("Find"))
    role = django_filters.ChoiceFilter(
        field_name="roles", lookup_expr="contains", method="with_role", choices=Role.choices, label=_("role")
    )
    department = django_filters.ModelChoiceFilter(queryset=departments, label=_("department"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    class Meta:
        model = Member
        fields = ["q", "role", "department", "is_active"]

    def find(self, rows: QuerySet[Member], name: str, value: str) -> QuerySet[Member]:
        return rows.filter(Q(username__icontains=value) | Q(name__icontains=value) | Q(email__icontains=value))

    def with_role(self, rows: QuerySet[Member], name: str, value: str) -> QuerySet[Member]:
        return rows.filter(roles__contains=[value])


class JobFilter(django_filters.FilterSet):
    class Meta:
        model = Job
        fields = ["kind", "state"]
