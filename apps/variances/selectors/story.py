"""The story of one variance: from book to counted, what happened in the window, what may explain it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.numbers import ZERO
from apps.core.templatetags.figures import quantity as written
from apps.counts.enums import CountMode, CountState
from apps.counts.models import CountEntry, CountLine
from apps.movements.enums import EFFECT, DocumentStatus, DocumentType, EntryKind
from apps.movements.models import DocumentLine, LedgerEntry
from apps.movements.selectors import visible_document_lines
from apps.organizations.models import Member
from apps.variances.models import Cause, LateDocument, Variance

CANDIDATES = 40
EVENTS = 300
TICKS = 5


def cut_off(line: CountLine) -> datetime | None:
    """When the book of a count line was cut: at the snapshot, or (dynamic) when the line itself was counted."""
    if line.count.mode == CountMode.DYNAMIC and line.counted_at is not None:
        return line.counted_at
    return line.count.snapshot_at


def previous_line(variance: Variance) -> CountLine | None:
    """The same stock in the closed count before: up to there the book was confirmed."""
    earlier = (
        CountLine.objects.filter(
            stock_line=variance.stock_line_id,
            count__state=CountState.CLOSED,
            counted__isnull=False,
            count__snapshot_at__lt=variance.count.snapshot_at,
        )
        .exclude(count=variance.count_id)
        .select_related("count")
    )
    return earlier.order_by("-count__snapshot_at").first()


def window_start(variance: Variance) -> datetime | None:
    """From when on movements can explain the variance: the cut-off of the count before, None if there was none."""
    line = previous_line(variance)
    return cut_off(line) if line else None


# From book to counted


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the staircase, in per cent of the axis."""

    start: float
    width: float
    before: float
    after: float
    tone: str
    quantity: Decimal
    cause: Any = None

    @property
    def dialog(self) -> str:
        """The page's name for the question whether this cause is taken back."""
        return f"remove-{self.cause.pk}" if self.cause else ""


@dataclass(frozen=True, slots=True)
class Staircase:
    """Book on top, one bar a cause starting where the last ended, the rest (also at 0), counted at the bottom."""

    book: float
    counted: float
    steps: list[Step]
    rest: Step
    ticks: list[tuple[float, Decimal]]


def staircase(variance: Variance, causes: Iterable[Cause]) -> Staircase:
    """Places of all bars. The axis is broken: it shows the stretch between the extremes, with some air."""
    return stairs_of(variance, list(causes), variance.unexplained)


def stairs_of(variance: Variance, causes: list[Any], rest: Decimal) -> Staircase:
    """The same for anything with a `quantity`: proposals are drawn like confirmed causes."""
    stops = [variance.book]
    for cause in causes:
        stops.append(stops[-1] + cause.quantity)
    stops.append(stops[-1] + rest)
    low, high = min(stops), max(stops)
    span = (high - low) or Decimal(1)
    origin, width = low - span / 5, span * Decimal("1.3")

    def place(value: Decimal) -> float:
        return round(float((value - origin) / width * 100), 2)

    def step(before: Decimal, quantity: Decimal, tone: str, cause: Any = None) -> Step:
        after = before + quantity
        return Step(
            start=place(min(before, after)),
            width=round(float(abs(quantity) / width * 100), 2),
            before=place(before),
            after=place(after),
            tone=tone,
            quantity=quantity,
            cause=cause,
        )

    steps = [
        step(before, cause.quantity, "loss" if cause.quantity < 0 else "gain", cause)
        for before, cause in zip(stops, causes, strict=False)
    ]
    return Staircase(
        book=place(variance.book),
        counted=place(variance.counted),
        steps=steps,
        rest=step(stops[-2], rest, "rest"),
        ticks=[(place(value), value) for value in _round_values(low, high)],
    )


def _round_values(low: Decimal, high: Decimal) -> list[Decimal]:
    """At most five round numbers from low to high."""
    span = high - low
    if not span:
        return [low]
    unit = Decimal(10) ** (span / TICKS).adjusted()
    width = next((unit * factor for factor in (1, 2, 5, 10) if span / (unit * factor) <= TICKS), unit * 10)
    first = (low / width).to_integral_value(rounding="ROUND_CEILING") * width
    values = []
    while first <= high:
        values.append(first)
        first += width
    return values


# What happened in the window


@dataclass(frozen=True, slots=True)
class Event:
    """A moment of the timeline. `mark` is "" or hit (nothing in the ledger yet, or late), up, ok (a fixed point)."""

    moment: datetime
    title: str
    text: str = ""
    quantity: Decimal | None = None
    mark: str = ""
    documents: list[Any] = field(default_factory=list)
    until: datetime | None = None


def timeline(variance: Variance, member: Member) -> list[Event]:
    """Everything about this stock line since the count before, oldest first; six queries whatever its length.

    Postings of one kind in a row are told as one. Documents that moved nothing in the ledger (drafts, orders, delivery
    notes) are told when they say they happened. People appear as facts of documents.
    """
    since = window_start(variance)
    late = set(LateDocument.objects.filter(count_line=variance.count_line_id).values_list("document_line", flat=True))
    events = [
        *_start_events(variance),
        *_ledger_events(variance, since, late),
        *_paper_events(variance, since, member),
        *_count_events(variance),
    ]
    return sorted(events, key=lambda event: event.moment)[-EVENTS:]


def _start_events(variance: Variance) -> list[Event]:
    line = previous_line(variance)
    if line is None or line.count.closed_at is None:
        return []
    moment = cut_off(line) or line.count.closed_at
    difference = line.variance or ZERO
    title = (
        _("Count %(count)s agreed with the book") if not difference else _("Count %(count)s differed from the book")
    ) % {"count": line.count.count_no}
    return [Event(moment, title, _("Starting point: what happened before was counted then"), difference or None, "ok")]


def _ledger_events(variance: Variance, since: datetime | None, late: set[Any]) -> list[Event]:
    entries = LedgerEntry.objects.filter(stock_line=variance.stock_line_id).select_related("line__document")
    if since is not None:
        entries = entries.filter(posted_at__gt=since)
    rows = list(entries.order_by("-posted_at", "-pk")[: EVENTS * 4])[::-1]

    def kind(entry: LedgerEntry) -> tuple[Any, ...]:
        if entry.line is None or entry.line_id in late or entry.kind != EntryKind.POSTING:
            return (entry.pk,)
        return (entry.line.document.doc_type,)

    events = []
    for _key, group in groupby(rows, key=kind):
        found = list(group)
        first = found[0]
        if len(found) < 3:
            events += [_entry_event(entry, late) for entry in found]
            continue
        label = first.line.document.get_doc_type_display() if first.line else ""
        events.append(
            Event(
                first.posted_at,
                ngettext("%(type)s, %(number)d posting", "%(type)s, %(number)d postings", len(found))
                % {"type": label, "number": len(found)},
                quantity=sum((entry.quantity for entry in found), ZERO),
                documents=[entry.line.document for entry in found[:5] if entry.line],
                until=found[-1].posted_at,
            )
        )
    return events


def _entry_event(entry: LedgerEntry, late: set[Any]) -> Event:
    if entry.line is None:
        return Event(entry.posted_at, _("Opening stock"), quantity=entry.quantity, mark="ok")
    document = entry.line.document
    title = str(document.get_doc_type_display())
    if entry.kind == EntryKind.REVERSAL:
        title = _("Reversal of %(type)s") % {"type": title}
    text = ""
    if entry.line_id in late:
        text = _("Came late: the goods moved before the count")
    return Event(entry.posted_at, title, text, entry.quantity, "hit" if entry.line_id in late else "", [document])


def _moment() -> Coalesce:
    return Coalesce("document__occurred_at", "document__recorded_at", "document__created_at")


def _of_this_stock(variance: Variance) -> Q:
    stock = variance.stock_line
    here = Q(location=stock.location_id) | Q(to_location=stock.location_id)
    warehouse = Q(document__warehouse=stock.warehouse_id) | Q(document__to_warehouse=stock.warehouse_id)
    return Q(item=stock.item_id) & (here | (warehouse & Q(location__code="")))


def _paper_events(variance: Variance, since: datetime | None, member: Member) -> list[Event]:
    lines = (
        visible_document_lines(member)
        .filter(_of_this_stock(variance))
        .exclude(document__status=DocumentStatus.CANCELLED)
        .exclude(document__status=DocumentStatus.POSTED, document__doc_type__in=list(EFFECT))
        .select_related("document__operator")
        .annotate(moment=_moment())
    )
    if since is not None:
        lines = lines.filter(moment__gt=since)
    events = []
    for line in lines.order_by("-moment")[:EVENTS]:
        document = line.document
        moves = bool(document.effect)
        said = [str(document.get_status_display())] if document.status != DocumentStatus.POSTED else []
        if document.operator:
            said.append(str(document.operator))
        events.append(
            Event(
                line.moment,
                f"{document.get_doc_type_display()} {written(line.base_quantity)}",
                " · ".join(said),
                line.moved if moves else None,
                "hit" if moves else "",
                [document],
            )
        )
    return events


def _count_events(variance: Variance) -> list[Event]:
    count = variance.count
    events = []
    if count.snapshot_at:
        events.append(
            Event(
                count.snapshot_at,
                _("Book copied for count %(count)s") % {"count": count.count_no},
                _("Book %(quantity)s") % {"quantity": written(variance.count_line.snapshot)},
                mark="ok",
            )
        )
    entries = CountEntry.objects.filter(line=variance.count_line_id).select_related("counter")
    for entry in entries.order_by("counted_at", "pk")[:EVENTS]:
        title = (_("First count: %(quantity)s") if entry.round == 1 else _("Recount: %(quantity)s")) % {
            "quantity": written(entry.base_quantity)
        }
        if entry.voids_id:
            title = _("Undone: %(quantity)s") % {"quantity": written(-entry.base_quantity)}
        said = [str(entry.counter), str(entry.get_method_display()), entry.device]
        events.append(Event(entry.counted_at, title, " · ".join(part for part in said if part)))
    if count.closed_at:
        events.append(Event(count.closed_at, _("Count closed"), str(count.closed_by or ""), mark="ok"))
    return events


# What may explain it


def candidate_lines(variance: Variance, member: Member, *, search: str = "") -> QuerySet[DocumentLine]:
    """Document lines that a cause can be shown with: of this item in this warehouse since the count before.

    Drafts and documents without effect on stock are among them, those that did not reach the ledger first: what
    explains a difference is often what was never posted. `search` looks at document numbers and item codes of the
    whole company instead, for goods booked as something else. Nothing is ranked by who did it.
    """
    stock = variance.stock_line
    lines = visible_document_lines(member).exclude(document__status=DocumentStatus.CANCELLED)
    if search.strip():
        text = search.strip()
        lines = lines.filter(
            Q(document__doc_no__icontains=text) | Q(item__sku__iexact=text) | Q(document__external_id__iexact=text)
        )
    else:
        lines = lines.filter(
            Q(document__warehouse=stock.warehouse_id) | Q(document__to_warehouse=stock.warehouse_id),
            item=stock.item_id,
        ).exclude(document__doc_type=DocumentType.ADJUSTMENT)
        since = window_start(variance)
        if since is not None:
            lines = lines.filter(
                Q(document__posted_at__gt=since)
                | Q(document__posted_at__isnull=True, document__created_at__gt=since)
                | Q(document__occurred_at__gt=since)
            )
    unposted = Case(
        When(document__status=DocumentStatus.POSTED, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    return (
        lines.select_related("document__operator", "document__department", "item", "location")
        .annotate(moment=_moment(), is_posted=unposted)
        .order_by("is_posted", F("moment").desc(), "pk")[:CANDIDATES]
    )


def late_documents(variance: Variance) -> QuerySet[LateDocument]:
    return (
        LateDocument.objects.filter(count_line=variance.count_line_id)
        .select_related("document_line__document__operator")
        .order_by("noticed_at", "pk")
    )


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier (or this) count found of the same stock."""

    line: CountLine
    quantity: Decimal
    height: float
    variance: Variance | None
    is_this: bool


def history(variance: Variance, *, last: int = 6) -> list[Past]:
    """The same stock in the last closed counts, oldest first; `height` in per cent of the largest difference."""
    lines = list(
        CountLine.objects.filter(
            stock_line=variance.stock_line_id, count__state=CountState.CLOSED, counted__isnull=False
        )
        .select_related("count", "variance_row")
        .order_by("-count__snapshot_at", "-pk")[:last]
    )[::-1]
    largest = max((abs(line.variance or ZERO) for line in lines), default=ZERO) or Decimal(1)
    return [
        Past(
            line,
            line.variance or ZERO,
            round(float(abs(line.variance or ZERO) / largest * 100), 1),
            getattr(line, "variance_row", None),
            line.pk == variance.count_line_id,
        )
        for line in lines
    ]
