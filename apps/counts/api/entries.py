"""Entries: what people counted, as devices send it, and undoing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from apps.core.api import ReadViewSet
from apps.counts.enums import EntryMethod
from apps.counts.filters import EntryFilter
from apps.counts.models import Count, CountEntry, CountTask
from apps.counts.selectors.sight import visible_entries
from apps.counts.services import EntryDraft, Refusal, record_entries, void_entry
from apps.organizations.models import Member

AT_MOST = 1000
"""Entries a call."""


class CountEntrySerializer(serializers.ModelSerializer):
    count_no = serializers.CharField(source="count.count_no", read_only=True)
    location = serializers.CharField(source="line.stock_line.location.code", read_only=True)
    sku = serializers.CharField(source="line.stock_line.item.sku", read_only=True)
    lot = serializers.CharField(source="line.stock_line.lot", read_only=True)
    counter: Any = serializers.SlugRelatedField("username", read_only=True)
    is_undone = serializers.BooleanField(read_only=True)

    class Meta:
        model = CountEntry
        fields = [
            "id",
            "entry_no",
            "count",
            "count_no",
            "line",
            "task",
            "round",
            "location",
            "sku",
            "lot",
            "quantity",
            "unit",
            "base_quantity",
            "counter",
            "counted_at",
            "received_at",
            "method",
            "device",
            "note",
            "voids",
            "is_undone",
        ]


def entry_rows(entries: QuerySet[CountEntry]) -> QuerySet[CountEntry]:
    """With what `CountEntrySerializer` shows, newest first."""
    undone = Exists(CountEntry.objects.filter(voids=OuterRef("pk")))
    return (
        entries.select_related("count", "line__stock_line__item", "line__stock_line__location", "counter")
        .annotate(is_undone=undone)
        .order_by("-received_at", "-pk")
    )


class EntryDraftSerializer(serializers.Serializer):
    """One thing that was counted. `entry_no` is made where it was counted and names the event for good.

    The item is named by `sku`, or by `code`: a barcode, whose unit then counts, or an item code.
    """

    entry_no = serializers.CharField()
    quantity = serializers.CharField(help_text=_("Zero or more, as a plain decimal, in `unit`."))
    sku = serializers.CharField(required=False, allow_blank=True)
    code = serializers.CharField(required=False, allow_blank=True)
    location = serializers.CharField(required=False, allow_blank=True, help_text=_("Empty: no place."))
    lot = serializers.CharField(required=False, allow_blank=True)
    unit = serializers.CharField(required=False, allow_blank=True, help_text=_("Empty: the base unit."))
    counted_at = serializers.DateTimeField(required=False, allow_null=True)
    round = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=100)
    task = serializers.UUIDField(required=False, allow_null=True)
    method = serializers.ChoiceField(EntryMethod.choices, required=False)
    device = serializers.CharField(required=False, allow_blank=True)
    note = serializers.CharField(required=False, allow_blank=True)


class EntryAnswerSerializer(serializers.Serializer):
    """What became of an entry: taken in now, known already (duplicate), or refused, with the reason."""

    entry_no = serializers.CharField()
    result = serializers.ChoiceField(
        [("accepted", _("taken in")), ("duplicate", _("known already")), ("refused", _("refused"))]
    )
    code = serializers.CharField()
    message = serializers.CharField()


class EntryAnswersSerializer(serializers.Serializer):
    entries = EntryAnswerSerializer(many=True)


def take_in(count: Count, sent: Any, *, actor: Member) -> tuple[list[dict[str, str]], int]:
    """Answers in the order of what was sent, and the HTTP status.

    Each entry stands for itself: a wrong one keeps none of the others out. 409: every entry is known with another
    body.
    """
    if not isinstance(sent, list) or not 0 < len(sent) <= AT_MOST:
        raise serializers.ValidationError(_("Send a list of 1 to 1,000 entries."))
    numbers = [str(entry.get("entry_no", "")) if isinstance(entry, dict) else "" for entry in sent]
    places, drafts, refusals = _read(sent, numbers)
    result = record_entries(count, drafts, partial=True, actor=actor)
    refusals |= {places[refusal.index]: refusal for refusal in result.refused}
    answers = [dict.fromkeys(("entry_no", "result", "code", "message"), "") | {"entry_no": no} for no in numbers]
    for name, indexes in (("accepted", result.accepted), ("duplicate", result.duplicates)):
        for index in indexes:
            answers[places[index]]["result"] = name
    for index, refusal in refusals.items():
        answers[index] |= {"result": "refused", "code": refusal.code, "message": refusal.message}
    return answers, 409 if {answer["code"] for answer in answers} == {"entry_differs"} else 200


def _read(sent: Sequence[Any], numbers: Sequence[str]) -> tuple[list[int], list[EntryDraft], dict[int, Refusal]]:
    """Where each readable draft stood, the drafts, and the refusals of what is no entry at all."""
    reader = EntryDraftSerializer()
    places, drafts, refusals = [], [], {}
    for index, entry in enumerate(sent):
        try:
            values = dict(reader.run_validation(entry))
        except serializers.ValidationError as error:
            refusals[index] = Refusal(index, numbers[index], "invalid", said=_said(error))
            continue
        task = values.pop("task", None)
        places.append(index)
        drafts.append(EntryDraft(**values, task=CountTask(pk=task) if task else None))
    return places, drafts, refusals


def _said(error: serializers.ValidationError) -> str:
    if isinstance(error.detail, list):
        return " ".join(map(str, error.detail))
    return " ".join(
        " ".join(map(str, messages)) if field == "non_field_errors" else f"{field}: {' '.join(map(str, messages))}"
        for field, messages in dict(error.detail).items()  # type: ignore[call-overload]
    )


class VoidSerializer(serializers.Serializer):
    """`entry_no` names the undoing, as that of an entry does: sent again it changes nothing."""

    entry_no = serializers.CharField(max_length=60)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class CountEntryFilter(EntryFilter):
    count_no = django_filters.CharFilter(field_name="count__count_no", label=_("count number"))


class CountEntryViewSet(ReadViewSet):
    """Entries of every round: yours, and those of others on lines whose figures you may see. New ones are sent to
    their count."""

    model = CountEntry
    serializer_class = CountEntrySerializer
    void_serializer = VoidSerializer
    filterset_class = CountEntryFilter
    permissions = {
        "list": "counts.entry.view",
        "retrieve": "counts.entry.view",
        "void": "counts.entry.void",
    }

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return entry_rows(visible_entries(self.member))

    @extend_schema(request=VoidSerializer, responses=CountEntrySerializer)
    @action(detail=True, methods=["post"])
    def void(self, request: Any, pk: Any) -> Response:
        """Undo it by an entry with the opposite sign, which is the answer; both stay readable."""
        entry = self.get_object()
        serializer = VoidSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        undo = void_entry(entry, **serializer.validated_data, actor=self.member)
        return Response(self.get_serializer(entry_rows(CountEntry.objects.all()).get(pk=undo.pk)).data)
