"""Lists of variances: of a closed count, of all, and of an open count as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Count as CountOf
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Abs

from apps.core.numbers import QuantityField
from apps.counts.models import Count
from apps.counts.selectors import live_lines
from apps.counts.selectors.lines import LiveLine
from apps.movements.selectors import hidden_location_ids
from apps.organizations.models import Member
from apps.variances.models import Cause, CauseType, Evidence, LateDocument, Variance

VIEWS: dict[str, Q] = {
    "all": Q(),
    "beyond": Q(verdict="beyond"),
    "unexplained": ~Q(unexplained=0),
    "loss": Q(quantity__lt=0),
    "gain": Q(quantity__gt=0),
}
"""Ready-made looks at a list of variances, by name."""


def visible_variances(member: Member) -> QuerySet[Variance]:
    """Variances that the member may see now: those at places where they count blindly are left out.

    The book of an old variance and what moved since would tell the book that they are about to check.
    """
    hidden = hidden_location_ids(member)
    rows = Variance.objects.all()
    return rows.exclude(stock_line__location__in=hidden) if hidden else rows


def variance_list(count: Count | None = None, *, rows: QuerySet[Variance] | None = None) -> QuerySet[Variance]:
    """Variances with everything a list shows, by value, largest first; four queries whatever their number.

    Each row carries `size` (|value|), `late` (net quantity that late documents brought into the stock, or None)
    and its causes with their types. `rows` narrows what a member may see; `count` to one count.
    """
    rows = Variance.objects.all() if rows is None else rows
    if count is not None:
        rows = rows.filter(count=count)
    late = (
        LateDocument.objects.filter(count_line=OuterRef("count_line"))
        .order_by()
        .values("count_line")
        .annotate(total=Sum("quantity"))
        .values("total")
    )
    return (
        rows.select_related(
            "count",
            "count_line",
            "assignee",
            "stock_line__item__category",
            "stock_line__location",
            "stock_line__warehouse",
        )
        .prefetch_related(Prefetch("causes", queryset=Cause.objects.select_related("cause_type")))
        .annotate(size=Abs("value"), late=Subquery(late, output_field=QuantityField()))
        .order_by("-size", "pk")
    )


def with_late_documents(rows: QuerySet[Variance]) -> QuerySet[Variance]:
    return rows.filter(Exists(LateDocument.objects.filter(count_line=OuterRef("count_line"))))


def view_counts(rows: QuerySet[Variance]) -> dict[str, int]:
    """How many of the rows each of `VIEWS` shows, in one query."""
    figures: dict[str, Any] = {
        name: CountOf("pk", filter=condition) if condition else CountOf("pk") for name, condition in VIEWS.items()
    }
    return rows.order_by().aggregate(**figures)


def open_variances(count: Count) -> Iterator[LiveLine]:
    """Lines of a count that differ as they stand, largest value first. The caller asks `sees_book` first."""
    return live_lines(count, differing=True, sort="value")


def cause_types(*, active: bool = True) -> QuerySet[CauseType]:
    rows = CauseType.objects.select_related("parent")
    return rows.filter(is_active=True) if active else rows


def evidence_of(variance: Variance) -> QuerySet[Evidence]:
    """Everything that was put to a variance, with the documents and entries it names."""
    return (
        Evidence.objects.filter(variance=variance)
        .select_related(
            "document_line__document__operator",
            "document_line__document__department",
            "document_line__item",
            "count_entry__counter",
            "added_by",
        )
        .order_by(F("cause").asc(nulls_last=True), "added_at", "pk")
    )
