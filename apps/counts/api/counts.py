"""Counts: planned, released, watched, recounted, closed."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.utils import translate_validation
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from apps.catalog.models import Location, Warehouse
from apps.core.api import ReadViewSet, ReferenceField
from apps.counts.api.entries import (
    CountEntrySerializer,
    EntryAnswersSerializer,
    EntryDraftSerializer,
    entry_rows,
    take_in,
)
from apps.counts.api.tasks import CountTaskSerializer, TaskReasonSerializer, task_rows, with_progress
from apps.counts.enums import CountMode
from apps.counts.filters import CountFilter, LineFilter
from apps.counts.models import Count, CountEntry, CountLine
from apps.counts.selectors import live_lines, overviews, sees_book
from apps.counts.selectors.sight import visible_lines
from apps.counts.services import cancel_count, close_count, create_count, release_count, request_recount
from apps.organizations.models import Member


class CountSerializer(serializers.ModelSerializer):
    """A count and how far it is. No quantity is in it, so everybody may see it."""

    warehouse: Any = serializers.SlugRelatedField("code", read_only=True)
    tolerance: Any = serializers.SlugRelatedField("version", read_only=True)
    created_by: Any = serializers.SlugRelatedField("username", read_only=True)
    released_by: Any = serializers.SlugRelatedField("username", read_only=True)
    closed_by: Any = serializers.SlugRelatedField("username", read_only=True)
    lines = serializers.IntegerField(source="overview.lines", read_only=True)
    counted = serializers.IntegerField(source="overview.counted", read_only=True)
    found = serializers.IntegerField(source="overview.found", read_only=True)

    class Meta:
        model = Count
        fields = [
            "id",
            "count_no",
            "name",
            "warehouse",
            "mode",
            "blind",
            "state",
            "due_on",
            "note",
            "tolerance",
            "lines",
            "counted",
            "found",
            "created_by",
            "created_at",
            "released_by",
            "snapshot_at",
            "closed_by",
            "closed_at",
        ]


class CountPlanSerializer(serializers.Serializer):
    warehouse = ReferenceField(Warehouse, "code")
    locations = serializers.ListField(
        child=serializers.CharField(allow_blank=True, max_length=40),
        required=False,
        allow_null=True,
        help_text=_("Codes of locations of the warehouse; left out: all of them."),
    )
    name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    count_no = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text=_("Empty: the next number of the day.")
    )
    mode = serializers.ChoiceField(CountMode.choices, required=False)
    blind = serializers.BooleanField(required=False, default=True)
    due_on = serializers.DateField(required=False, allow_null=True)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)


class ReleaseSerializer(serializers.Serializer):
    counters = ReferenceField(
        Member,
        "username",
        many=True,
        required=False,
        help_text=_("Tasks are dealt to them in turn. Nobody chosen: any counter may claim a task."),
    )


class CloseSerializer(serializers.Serializer):
    uncounted = serializers.ChoiceField(
        [
            ("keep", _("stay not counted: no variance, no adjustment")),
            ("zero", _("are empty: count them as zero in my name")),
        ],
        required=False,
        help_text=_("Lines that nobody counted"),
    )
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)
    abandon_recounts = serializers.BooleanField(required=False, default=False)


class RecountSerializer(serializers.Serializer):
    lines = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=1000)
    assignee = ReferenceField(Member, "username")
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class BlindLineSerializer(serializers.Serializer):
    """A line as whoever counts may see it."""

    id = serializers.UUIDField()
    location = serializers.CharField()
    sku = serializers.CharField()
    name = serializers.CharField()
    lot = serializers.CharField()
    unit = serializers.CharField(help_text=_("The base unit."))
    is_found = serializers.BooleanField()


class CountLineSerializer(BlindLineSerializer):
    """A line with its five numbers as they stand. `snapshot` and all that follows are absent to whoever may not see
    the book now."""

    snapshot = serializers.DecimalField(18, 4, required=False)
    moved_in = serializers.DecimalField(18, 4, required=False)
    moved_out = serializers.DecimalField(18, 4, required=False)
    expected = serializers.DecimalField(18, 4, required=False)
    counted = serializers.DecimalField(18, 4, required=False, allow_null=True)
    counted_at = serializers.DateTimeField(required=False, allow_null=True)
    variance = serializers.DecimalField(18, 4, required=False, allow_null=True)
    unit_cost = serializers.DecimalField(18, 4, required=False)
    value = serializers.DecimalField(36, 4, required=False, allow_null=True)
    round = serializers.IntegerField(required=False)
    is_waiting = serializers.BooleanField(
        required=False, help_text=_("A recount was asked for and nothing of it is in yet.")
    )


class CountApiFilter(CountFilter):
    """As on the page; also by number and by the warehouse's code."""

    count_no = django_filters.CharFilter(label=_("count number"))
    warehouse_code = django_filters.CharFilter(field_name="warehouse__code", label=_("warehouse code"))


WALK = (
    "stock_line__location__walk_order",
    "stock_line__location__code",
    "stock_line__item__sku",
    "stock_line__lot",
    "pk",
)


class CountViewSet(ReadViewSet):
    """Counts. A draft is planned with POST, released, counted by `entries/`, closed; then only read."""

    model = Count
    filterset_class = CountApiFilter
    action_serializers: dict[str, Any] = {
        "create": CountPlanSerializer,
        "release": ReleaseSerializer,
        "close": CloseSerializer,
        "cancel": TaskReasonSerializer,
        "recount": RecountSerializer,
        "entries": CountEntrySerializer,
    }
    permissions = {
        "list": "counts.count.view",
        "retrieve": "counts.count.view",
        "create": "counts.count.create",
        "release": "counts.count.release",
        "close": "counts.count.close",
        "cancel": "counts.count.cancel",
        "recount": "counts.line.recount",
        "lines": "counts.line.view",
        "entries": "counts.entry.view",
        "record": "counts.entry.record",
    }

    def get_serializer_class(self) -> Any:
        return self.action_serializers.get(self.action, CountSerializer)

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows.select_related("warehouse", "tolerance", "created_by", "released_by", "closed_by")

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        return _with_overview(page) if self.action == "list" else page

    def _answer(self, count: Count, status: int = 200) -> Response:
        (found,) = _with_overview([self.get_queryset().get(pk=count.pk)])
        return Response(CountSerializer(found, context=self.get_serializer_context()).data, status)

    def _sent(self) -> dict[str, Any]:
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    @extend_schema(
        parameters=[OpenApiParameter("sort", str, description="created, no, warehouse, due, snapshot, closed")]
    )
    def list(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._answer(self.get_object())

    @extend_schema(responses={201: CountSerializer})
    def create(self, request: Any) -> Response:
        """Plan a count; nothing is frozen or copied before it is released."""
        sent = self._sent()
        warehouse, codes = sent.pop("warehouse"), sent.pop("locations", None)
        places = None if codes is None else _places(warehouse, codes)
        return self._answer(create_count(warehouse, locations=places, **sent, actor=self.member), 201)

    @extend_schema(responses=CountSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Any, pk: Any) -> Response:
        """Start it: the book is copied, tasks are dealt to `counters`; a static count freezes its locations."""
        count, sent = self.get_object(), self._sent()
        return self._answer(release_count(count, counters=sent.get("counters", ()), actor=self.member))

    @extend_schema(responses=CountSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Any, pk: Any) -> Response:
        """Settle its lines and let go of its stock."""
        count, sent = self.get_object(), self._sent()
        return self._answer(close_count(count, **sent, actor=self.member))

    @extend_schema(responses=CountSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Any, pk: Any) -> Response:
        """Give it up; no variance comes of it."""
        count, sent = self.get_object(), self._sent()
        return self._answer(cancel_count(count, reason=sent["reason"], actor=self.member))

    @extend_schema(responses={201: CountTaskSerializer})
    @action(detail=True, methods=["post"])
    def recount(self, request: Any, pk: Any) -> Response:
        """Let somebody else count lines again, by their ids; answers with the new task."""
        count, sent = self.get_object(), self._sent()
        wanted = set(sent.pop("lines"))
        lines = list(CountLine.objects.filter(count=count, pk__in=wanted))
        if missing := wanted - {line.pk for line in lines}:
            raise serializers.ValidationError(
                {"lines": [_("“{value}” does not exist.").format(value=pk) for pk in sorted(missing)]}
            )
        task = request_recount(lines, **sent, actor=self.member)
        (found,) = with_progress([task_rows().get(pk=task.pk)])
        return Response(CountTaskSerializer(found, context=self.get_serializer_context()).data, 201)

    @extend_schema(
        parameters=[
            OpenApiParameter("q", str, description=str(_("Find"))),
            OpenApiParameter("zone", str),
            OpenApiParameter("found", bool),
        ],
        responses=CountLineSerializer(many=True),
    )
    @action(detail=True, methods=["get"], filterset_class=None)
    def lines(self, request: Any, pk: Any) -> Response:
        """Its lines in walking order, page by page. Book figures, what was counted and what follows from them only
        to those who may see them now."""
        count = self.get_object()
        sees = sees_book(self.member, count)
        lines = visible_lines(self.member) if sees else CountLine.objects.all()
        page = self.paginate_queryset(_blind(_filtered(request, lines.filter(count=count))))
        if not sees:
            return self.get_paginated_response(BlindLineSerializer(page, many=True).data)
        figures = {line.id: line for line in live_lines(count, lines=[row["id"] for row in page])}
        rows = [figures[row["id"]] for row in page]
        return self.get_paginated_response(CountLineSerializer(rows, many=True).data)

    @extend_schema(responses=CountEntrySerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def entries(self, request: Any, pk: Any) -> Response:
        """What you entered in it, newest first."""
        own = CountEntry.objects.filter(count=self.get_object(), counter=self.member)
        page = self.paginate_queryset(entry_rows(own))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=EntryDraftSerializer(many=True),
        responses={200: EntryAnswersSerializer, 409: EntryAnswersSerializer},
    )
    @entries.mapping.post
    def record(self, request: Any, pk: Any) -> Response:
        """Take in what a device recorded: a list of up to 1,000 entries, sent again as often as needed.

        Each is answered by itself, in the order of the list. 409: all of them are known with another body. Any answer
        of 400 and above, here as everywhere, keeps nothing of the request.
        """
        answers, status = take_in(self.get_object(), request.data, actor=self.member)
        return Response({"entries": answers}, status)


def _with_overview(counts: Any) -> list[Count]:
    counts = list(counts)
    figures = overviews(counts)
    for count in counts:
        count.overview = figures[count.pk]
    return counts


def _places(warehouse: Warehouse, codes: list[str]) -> list[Location]:
    found = {place.code: place for place in Location.objects.filter(warehouse=warehouse, code__in=codes)}
    if missing := [code for code in codes if code not in found]:
        raise serializers.ValidationError(
            {"locations": [_("“{value}” does not exist.").format(value=code) for code in missing]}
        )
    return list(found.values())


def _filtered(request: Any, lines: QuerySet[CountLine]) -> QuerySet[CountLine]:
    rows = LineFilter(request.query_params, queryset=lines, request=request)
    if not rows.is_valid():
        raise translate_validation(rows.errors)
    return rows.qs


def _blind(lines: QuerySet[CountLine]) -> QuerySet[CountLine, Any]:
    """What is there to count, in walking order: nothing of it depends on a book figure."""
    return lines.order_by(*WALK).values(
        "id",
        "is_found",
        location=F("stock_line__location__code"),
        sku=F("stock_line__item__sku"),
        name=F("stock_line__item__name"),
        unit=F("stock_line__item__base_unit"),
        lot=F("stock_line__lot"),
    )
