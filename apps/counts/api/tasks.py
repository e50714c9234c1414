"""Tasks: what a counter's device asks for. Nothing here reads a book figure."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from apps.core.api import ReadViewSet, ReferenceField
from apps.core.permissions import may
from apps.counts.enums import CountState, TaskState
from apps.counts.filters import TaskFilter
from apps.counts.models import CountTask
from apps.counts.selectors import lines_for_counter, progress
from apps.counts.services import assign_task, claim_task, reopen_task, submit_task
from apps.organizations.models import Member


class CountTaskSerializer(serializers.ModelSerializer):
    count_no = serializers.CharField(source="count.count_no", read_only=True)
    warehouse = serializers.CharField(source="count.warehouse.code", read_only=True)
    assignee: Any = serializers.SlugRelatedField("username", read_only=True)
    lines = serializers.IntegerField(source="progress.lines", read_only=True)
    entered = serializers.IntegerField(
        source="progress.entered", read_only=True, help_text=_("Lines with an entry that stands.")
    )

    class Meta:
        model = CountTask
        fields = [
            "id",
            "count",
            "count_no",
            "warehouse",
            "round",
            "zone",
            "assignee",
            "state",
            "reason",
            "lines",
            "entered",
            "submitted_at",
            "created_at",
        ]


def with_progress(tasks: Any) -> list[CountTask]:
    """The tasks, each carrying its `progress`, for `CountTaskSerializer`."""
    rows = progress(tasks)
    for row in rows:
        row.task.progress = row  # type: ignore[attr-defined]
    return [row.task for row in rows]


def task_rows() -> QuerySet[CountTask]:
    return CountTask.objects.select_related("count__warehouse", "assignee")


class TaskLineSerializer(serializers.Serializer):
    """A line to count, in walking order. `is_entered`: something stands for it in this round."""

    id = serializers.UUIDField()
    location = serializers.CharField()
    location_name = serializers.CharField()
    sku = serializers.CharField()
    name = serializers.CharField()
    spec = serializers.CharField()
    lot = serializers.CharField()
    unit = serializers.CharField(help_text=_("The base unit."))
    is_found = serializers.BooleanField()
    is_entered = serializers.BooleanField()


class AssignTaskSerializer(serializers.Serializer):
    assignee = ReferenceField(Member, "username", allow_null=True, help_text=_("Null: for whoever claims it."))


class TaskReasonSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=200)


class CountTaskFilter(TaskFilter):
    """As on the page; the count by its number, `mine` leaves out what belongs to nobody yet."""

    count_no = django_filters.CharFilter(field_name="count__count_no", label=_("count number"))
    mine = django_filters.BooleanFilter(method="own", label=_("mine"))

    def own(self, rows: QuerySet[CountTask], name: str, value: bool) -> QuerySet[CountTask]:
        member = self.request._request.member
        return rows.filter(assignee=member) if value else rows.exclude(assignee=member)


class CountTaskViewSet(ReadViewSet):
    """Counting that is to be done. The list holds the open counts' tasks that are yours or nobody's; whoever deals
    tasks sees everybody's."""

    model = CountTask
    filterset_class = CountTaskFilter
    action_serializers: dict[str, Any] = {
        "lines": TaskLineSerializer,
        "assign": AssignTaskSerializer,
        "reopen": TaskReasonSerializer,
    }
    permissions = {
        "list": "counts.task.view",
        "retrieve": "counts.task.view",
        "lines": "counts.task.view",
        "claim": "counts.task.claim",
        "submit": "counts.task.submit",
        "assign": "counts.task.assign",
        "reopen": "counts.task.reopen",
    }

    def get_serializer_class(self) -> Any:
        return self.action_serializers.get(self.action, CountTaskSerializer)

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        rows = task_rows()
        if self.action != "list":
            return rows
        rows = rows.filter(count__state=CountState.COUNTING)
        if not may(self.member, "counts.task.assign"):
            rows = rows.filter(Q(assignee=self.member) | Q(assignee__isnull=True, state=TaskState.OPEN))
        return rows.order_by("state", "count__due_on", "count__count_no", "round", "zone", "pk")

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        return with_progress(page) if self.action == "list" else page

    def _answer(self, task: CountTask) -> Response:
        (found,) = with_progress([task_rows().get(pk=task.pk)])
        return Response(CountTaskSerializer(found, context=self.get_serializer_context()).data)

    def _sent(self) -> Any:
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._answer(self.get_object())

    @extend_schema(responses=TaskLineSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def lines(self, request: Any, pk: Any) -> Response:
        """What is to be counted, page by page."""
        page = self.paginate_queryset(lines_for_counter(self.get_object()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=None, responses=CountTaskSerializer)
    @action(detail=True, methods=["post"])
    def claim(self, request: Any, pk: Any) -> Response:
        """Take a task that nobody has."""
        return self._answer(claim_task(self.get_object(), actor=self.member))

    @extend_schema(request=None, responses=CountTaskSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Any, pk: Any) -> Response:
        """Hand it over; lines without an entry stay not counted."""
        return self._answer(submit_task(self.get_object(), actor=self.member))

    @extend_schema(responses=CountTaskSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Any, pk: Any) -> Response:
        """Give it to somebody else."""
        task, sent = self.get_object(), self._sent()
        return self._answer(assign_task(task, assignee=sent["assignee"], actor=self.member))

    @extend_schema(responses=CountTaskSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Any, pk: Any) -> Response:
        """Let its counter enter more."""
        task, sent = self.get_object(), self._sent()
        return self._answer(reopen_task(task, reason=sent["reason"], actor=self.member))
