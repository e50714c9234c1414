"""Figures of variances: totals, by dimension, and accuracy by stated definitions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Count as CountOf
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Abs
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.numbers import ZERO
from apps.counts.models import Count, CountLine
from apps.movements.enums import NODE, Node
from apps.variances.enums import NODE_OF_CAUSE, EvidenceKind, Verdict
from apps.variances.models import Cause, CauseType, Evidence, Variance

CENT = Decimal("0.01")

DIMENSIONS: dict[str, Any] = {
    "cause": gettext_lazy("cause"),
    "node": gettext_lazy("process step"),
    "department": gettext_lazy("department"),
    "warehouse": gettext_lazy("warehouse"),
    "zone": gettext_lazy("zone"),
    "category": gettext_lazy("category"),
    "count": gettext_lazy("count"),
}
"""What a summary can be made by: the first three belong to causes, the others to lines."""

_PLACES = {
    "warehouse": ("stock_line__warehouse", "stock_line__warehouse__name"),
    "zone": ("stock_line__location__zone", "stock_line__location__zone"),
    "category": ("stock_line__item__category", "stock_line__item__category__path"),
    "count": ("count", "count__count_no"),
}


@dataclass(slots=True)
class SummaryRow:
    """One group: how many variances, what they lose and gain in money. `rest` marks what nothing explains."""

    key: str
    label: str
    lines: int = 0
    quantity: Decimal = ZERO
    loss: Decimal = ZERO
    gain: Decimal = ZERO
    rest: bool = False

    @property
    def net(self) -> Decimal:
        """Gains minus losses, signed."""
        return self.loss + self.gain

    @property
    def gross(self) -> Decimal:
        """Gains plus losses, both positive: what was wrong in all, nothing cancelling out."""
        return self.gain - self.loss

    def add(self, quantity: Decimal, value: Decimal) -> None:
        self.quantity += quantity
        if value < 0:
            self.loss += value
        else:
            self.gain += value


def totals(rows: QuerySet[Variance]) -> SummaryRow:
    """All of the rows in one: lines, loss, gain, net, gross."""
    figures = rows.order_by().aggregate(
        lines=CountOf("pk"),
        loss=Sum("value", filter=Q(value__lt=0), default=ZERO),
        gain=Sum("value", filter=Q(value__gt=0), default=ZERO),
        total=Sum("quantity", default=ZERO),
    )
    return SummaryRow("", _("total"), figures["lines"], figures["total"], figures["loss"], figures["gain"])


def summary(rows: QuerySet[Variance], by: str) -> list[SummaryRow]:
    """Variances grouped by one of `DIMENSIONS`, largest gross value first; the groups add up to `totals`.

    By cause, process step and department each confirmed cause counts with its own part of the value (its quantity ×
    the line's unit cost, to the cent), and what is left of each line's value is "unexplained". The process step is
    that of the first document shown for the cause, else where its type always arises, else unknown. The department
    is the one that was confirmed; none is inferred.
    """
    if by in _PLACES:
        return _by_place(rows, by)
    if by not in DIMENSIONS:
        raise ValueError(f"no such dimension: {by}")
    return _by_cause(rows, by)


def _by_place(rows: QuerySet[Variance], by: str) -> list[SummaryRow]:
    key, label = _PLACES[by]
    groups = (
        rows.order_by()
        .values(key=F(key), label=F(label))
        .annotate(
            lines=CountOf("pk"),
            total=Sum("quantity"),
            loss=Sum("value", filter=Q(value__lt=0), default=ZERO),
            gain=Sum("value", filter=Q(value__gt=0), default=ZERO),
        )
    )
    found = [
        SummaryRow(
            str(group["key"] or ""),
            group["label"] or _("none"),
            group["lines"],
            group["total"],
            group["loss"],
            group["gain"],
        )
        for group in groups
    ]
    return sorted(found, key=lambda row: (-row.gross, row.label))


def _by_cause(rows: QuerySet[Variance], by: str) -> list[SummaryRow]:
    caused = Exists(Cause.objects.filter(variance=OuterRef("pk")))
    explained = rows.order_by().filter(caused)
    variances = {row[0]: row[1:] for row in explained.values_list("pk", "quantity", "unit_cost", "value")}
    causes = list(
        Cause.objects.filter(variance__in=rows.order_by().values("pk"))
        .select_related("department")
        .order_by("confirmed_at", "pk")
    )
    name = _names(causes, by)
    groups: dict[str, SummaryRow] = {}
    members: dict[str, set[Any]] = defaultdict(set)
    left = {pk: (quantity, value) for pk, (quantity, _cost, value) in variances.items()}
    for cause in causes:
        if cause.variance_id not in variances:
            continue
        key, label = name(cause)
        quantity, value = left[cause.variance_id]
        part = (
            value
            if quantity == cause.quantity
            else (cause.quantity * variances[cause.variance_id][1]).quantize(CENT, ROUND_HALF_UP)
        )
        left[cause.variance_id] = (quantity - cause.quantity, value - part)
        groups.setdefault(key, SummaryRow(key, label)).add(cause.quantity, part)
        members[key].add(cause.variance_id)
    rest = totals(rows.exclude(caused))
    rest.key, rest.label, rest.rest = "unexplained", _("unexplained"), True
    without = rest.lines
    for pk, (quantity, value) in left.items():
        if quantity or value:
            rest.add(quantity, value)
            members[rest.key].add(pk)
    for key, row in groups.items():
        row.lines = len(members[key])
    rest.lines = without + len(members[rest.key])
    return [*sorted(groups.values(), key=lambda row: (-row.gross, row.label)), rest]


def _names(causes: list[Cause], by: str) -> Any:
    """A function from a cause to (key, label) of its group."""
    if by == "department":
        return lambda cause: (
            (str(cause.department_id), cause.department.name) if cause.department else ("", _("not stated"))
        )
    types = {row.pk: row for row in CauseType.objects.select_related("parent")}
    if by == "cause":
        return lambda cause: (types[cause.cause_type_id].code, str(types[cause.cause_type_id]))
    shown = _document_nodes(causes)
    labels = dict(Node.choices)

    def node(cause: Cause) -> tuple[str, str]:
        kind = types[cause.cause_type_id]
        code = kind.parent.code if kind.parent else kind.code
        found = shown.get(cause.pk) or NODE_OF_CAUSE.get(code, "")
        return found, str(labels.get(found, _("not stated")))

    return node


def _document_nodes(causes: list[Cause]) -> dict[Any, str]:
    evidence = Evidence.objects.filter(
        cause__in=[cause.pk for cause in causes], kind=EvidenceKind.DOCUMENT_LINE
    ).order_by("-added_at", "-pk")
    return {
        cause: str(NODE[doc_type])
        for cause, doc_type in evidence.values_list("cause", "document_line__document__doc_type")
    }


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How right the book of a count was. Every figure is about counted lines; those not counted are named apart.

    - line accuracy: counted lines without a variance / counted lines
    - tolerance accuracy: counted lines without a variance or within tolerance / counted lines
    - value accuracy: 1 − Σ|variance value| / Σ|book value|, book value = book × unit cost; at least 0
    - gross: Σ|variance value|; net: Σ variance value, signed

    A ratio is None where there is nothing to divide by.
    """

    lines: int
    counted: int
    not_counted: int
    found: int
    matching: int
    within: int
    beyond: int
    book_value: Decimal
    loss: Decimal
    gain: Decimal

    @property
    def net(self) -> Decimal:
        return self.loss + self.gain

    @property
    def gross(self) -> Decimal:
        return self.gain - self.loss

    @property
    def line_accuracy(self) -> Decimal | None:
        return Decimal(self.matching) / self.counted if self.counted else None

    @property
    def tolerance_accuracy(self) -> Decimal | None:
        return Decimal(self.matching + self.within) / self.counted if self.counted else None

    @property
    def value_accuracy(self) -> Decimal | None:
        return max(1 - self.gross / self.book_value, ZERO) if self.book_value else None


def accuracy(count: Count) -> Accuracy:
    """Accuracy of a closed count, as `Accuracy` defines it, in two queries."""
    was_counted = Q(counted__isnull=False)
    lines = CountLine.objects.filter(count=count).aggregate(
        number=CountOf("pk"),
        number_counted=CountOf("pk", filter=was_counted),
        number_found=CountOf("pk", filter=Q(is_found=True)),
        matching=CountOf("pk", filter=Q(variance=0)),
        book_value=Sum(Abs(F("expected") * F("unit_cost")), filter=was_counted, default=ZERO),
    )
    figures = Variance.objects.filter(count=count).aggregate(
        within=CountOf("pk", filter=Q(verdict=Verdict.WITHIN)),
        beyond=CountOf("pk", filter=Q(verdict=Verdict.BEYOND)),
        loss=Sum("value", filter=Q(value__lt=0), default=ZERO),
        gain=Sum("value", filter=Q(value__gt=0), default=ZERO),
    )
    return Accuracy(
        lines=lines["number"],
        counted=lines["number_counted"],
        not_counted=lines["number"] - lines["number_counted"],
        found=lines["number_found"],
        matching=lines["matching"],
        book_value=lines["book_value"],
        **figures,
    )
