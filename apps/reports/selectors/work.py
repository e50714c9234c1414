"""What a member has to do now: one list over all parts, late first. The number of queries does not grow with rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count as Number
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, Sum
from django.db.models.functions import Abs
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.approvals.models import Decision
from apps.core.numbers import QuantityField
from apps.core.permissions import may
from apps.counts.enums import CountState, TaskState
from apps.counts.models import Count, CountEntry, CountTask
from apps.organizations.models import Member
from apps.rectification.enums import AdjustmentState
from apps.rectification.models import Adjustment
from apps.reports.enums import ReportState
from apps.reports.models import Report
from apps.reports.selectors.lines import ZERO
from apps.variances.enums import VarianceState
from apps.variances.models import Variance

MOST = 20
"""Rows of one kind; the lists behind the links hold all."""


@dataclass(frozen=True)
class Work:
    """One thing to do: what, about what, where to go. `late` days past `due` make it red and first.

    `url` belongs to a page of the organization: only there it can be asked.
    """

    icon: str
    tone: str
    title: str
    detail: str
    view: str
    target: UUID | None = None
    query: str = ""
    place: str = ""
    value: Decimal | None = None
    due: date | None = None
    late: int = 0

    @property
    def url(self) -> str:
        address = reverse(self.view, args=[self.target] if self.target else [])
        return f"{address}?{self.query}" if self.query else address


def work_of(member: Member) -> list[Work]:
    """Everything that waits for this member's roles, late first, then by due date, in the order of the loop."""
    found = [
        *_tasks(member),
        *_counts(member),
        *_variances(member),
        *_adjustments(member),
        *_reports(member),
    ]
    return sorted(found, key=lambda work: (-work.late, work.due is None, work.due or date.max))


def _late(due: date | None) -> int:
    return max((timezone.localdate() - due).days, 0) if due else 0


def _tasks(member: Member) -> Iterator[Work]:
    if not may(member, "counts.task.view"):
        return
    tasks = (
        CountTask.objects.filter(state=TaskState.OPEN, count__state=CountState.COUNTING, assignee=member)
        .select_related("count__warehouse")
        .annotate(lines_to_count=Number("lines"))
        .order_by("count__due_on", "round", "id")[:MOST]
    )
    for task in tasks:
        again = task.round > 1
        yield Work(
            "repeat" if again else "scan",
            "warn" if again else "info",
            (_("Recount: %(count)s") if again else _("Count: %(count)s"))
            % {"count": task.count.name or task.count.count_no},
            _("%(place)s, lines: %(lines)s")
            % {"place": task.zone or task.count.warehouse.name, "lines": task.lines_to_count},
            "counts:tasks",
            place=task.count.count_no,
            due=task.count.due_on,
            late=_late(task.count.due_on),
        )


def _counts(member: Member) -> Iterator[Work]:
    """Counts to release, to chase when they are late, to close when everything is handed over."""
    if not may(member, "counts.count.release"):
        return
    open_tasks = CountTask.objects.filter(count=OuterRef("pk"), state=TaskState.OPEN)
    counts = (
        Count.objects.filter(state__in=[CountState.DRAFT, CountState.COUNTING])
        .select_related("warehouse")
        .annotate(works=Exists(open_tasks), has_tasks=Exists(CountTask.objects.filter(count=OuterRef("pk"))))
        .order_by("due_on", "created_at")[:MOST]
    )
    for count in counts:
        due = {"due": count.due_on, "late": _late(count.due_on)}
        name = count.name or count.count_no
        if count.state == CountState.DRAFT:
            yield Work(
                "plan",
                "info",
                _("Release: %(count)s") % {"count": name},
                _("Count · planned, not released yet"),
                "counts:detail",
                count.pk,
                place=count.count_no,
                **due,
            )
        elif count.has_tasks and not count.works:
            yield Work(
                "check",
                "ok",
                _("Close: %(count)s") % {"count": name},
                _("Count · all tasks are handed over"),
                "counts:detail",
                count.pk,
                place=count.count_no,
                **due,
            )
        elif due["late"]:
            yield Work(
                "warn",
                "danger",
                _("Finish: %(count)s") % {"count": name},
                _("Count · still being counted"),
                "counts:detail",
                count.pk,
                place=count.count_no,
                **due,
            )


def _variances(member: Member) -> Iterator[Work]:
    """A row a count whose variances are to be explained, and what was given to this member."""
    if not may(member, "variances.cause.confirm"):
        return
    unexplained = ExpressionWrapper(Abs(F("unexplained") * F("unit_cost")), output_field=QuantityField())
    rows = (
        Variance.objects.filter(state=VarianceState.OPEN)
        .order_by()
        .values("count", "count__count_no", "count__name", "count__closed_at")
        .annotate(lines=Number("id"), mine=Number("id", filter=Q(assignee=member)), rest=Sum(unexplained))
        .order_by("-count__closed_at")[:MOST]
    )
    for row in rows:
        detail = _("Variances to explain: %(lines)s") % {"lines": row["lines"]}
        if row["mine"]:
            detail = _("Variances to explain: %(lines)s, yours: %(mine)s") % row
        yield Work(
            "diff",
            "warn",
            _("Explain: %(count)s") % {"count": row["count__name"] or row["count__count_no"]},
            detail,
            "variances:list",
            query=f"count={row['count']}",
            place=row["count__count_no"],
            value=row["rest"],
        )
    explained = (
        Variance.objects.filter(state=VarianceState.EXPLAINED)
        .order_by()
        .values("count", "count__count_no", "count__name", "count__closed_at")
        .annotate(lines=Number("id"), net=Sum("value"))
        .filter(~Exists(Variance.objects.filter(count=OuterRef("count"), state=VarianceState.OPEN)))
        .order_by("-count__closed_at")[:MOST]
    )
    for row in explained:
        yield Work(
            "sign",
            "info",
            _("Propose an adjustment: %(count)s") % {"count": row["count__name"] or row["count__count_no"]},
            _("Every variance is explained, lines: %(lines)s") % {"lines": row["lines"]},
            "variances:list",
            query=f"count={row['count']}",
            place=row["count__count_no"],
            value=row["net"],
        )


def _adjustments(member: Member) -> Iterator[Work]:
    """Adjustments that wait for this member's yes (never their own, never of a count they counted in) or posting."""
    wanted: list[str] = []
    if may(member, "rectification.adjustment.approve"):
        wanted.append(AdjustmentState.PROPOSED)
    if may(member, "rectification.adjustment.post"):
        wanted.append(AdjustmentState.APPROVED)
    if not wanted:
        return
    counted = CountEntry.objects.filter(count=OuterRef("count"), counter=member)
    rows = (
        Adjustment.objects.filter(state__in=wanted)
        .exclude(Q(state=AdjustmentState.PROPOSED) & (Q(proposed_by=member) | Exists(counted)))
        .select_related("count", "proposed_by")
        .annotate(line_number=Number("lines"))
        .order_by("proposed_at")[:MOST]
    )
    for row in rows:
        approve = row.state == AdjustmentState.PROPOSED
        yield Work(
            "sign" if approve else "okc",
            "warn" if approve else "info",
            (_("Approve: %(number)s") if approve else _("Post: %(number)s")) % {"number": row.adjustment_no},
            _("Adjustment of %(count)s, lines: %(lines)s, proposed by %(who)s")
            % {"count": row.count.count_no, "lines": row.line_number, "who": row.proposed_by.name},
            "rectification:detail",
            row.pk,
            place=row.count.count_no,
            value=row.total_value,
        )


def _reports(member: Member) -> Iterator[Work]:
    if may(member, "reports.report.sign"):
        yield from _to_sign(member)
    if may(member, "reports.report.prepare"):
        yield from _to_prepare()


def _to_sign(member: Member) -> Iterator[Work]:
    """Reports in review, without those of counts in which this member had a hand (see permissions)."""
    adjustments = Adjustment.objects.filter(count=OuterRef(OuterRef("count")))
    decisions = Decision.objects.filter(member=member, approval__target_id__in=adjustments.values("pk"))
    rows = (
        Report.objects.filter(state=ReportState.REVIEW)
        .exclude(Exists(CountEntry.objects.filter(count=OuterRef("count"), counter=member)))
        .exclude(Exists(Adjustment.objects.filter(count=OuterRef("count"), proposed_by=member)))
        .exclude(Exists(decisions))
        .select_related("count")
        .order_by("created_at")[:MOST]
    )
    for row in rows:
        yield Work(
            "report",
            "warn",
            _("Review and sign: %(count)s") % {"count": row.count.name or row.count.count_no},
            _("Report · version %(version)s is in review") % {"version": row.version},
            "reports:detail",
            row.pk,
            place=row.count.count_no,
            value=Decimal(row.content["summary"]["net"]["value"]) if row.content else None,
        )


def _to_prepare() -> Iterator[Work]:
    """Closed lately, nothing left to adjust, and no report yet."""
    unsettled = Variance.objects.filter(count=OuterRef("pk")).exclude(state=VarianceState.ADJUSTED)
    counts = (
        Count.objects.filter(state=CountState.CLOSED, closed_at__gte=timezone.now() - timedelta(days=400))
        .filter(~Exists(Report.objects.filter(count=OuterRef("pk"))), ~Exists(unsettled))
        .order_by("-closed_at")[:MOST]
    )
    for count in counts:
        yield Work(
            "report",
            "info",
            _("Prepare the report: %(count)s") % {"count": count.name or count.count_no},
            _("Report · every variance is adjusted"),
            "reports:list",
            query=urlencode({"count": count.count_no}),
            place=count.count_no,
        )


def open_variances() -> dict[str, Any]:
    """How many variances are to be explained, and what their unexplained rest is worth."""
    unexplained = ExpressionWrapper(Abs(F("unexplained") * F("unit_cost")), output_field=QuantityField())
    found = Variance.objects.filter(state=VarianceState.OPEN).aggregate(lines=Number("id"), rest=Sum(unexplained))
    return {"lines": found["lines"], "rest": found["rest"] or ZERO}
