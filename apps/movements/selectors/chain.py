"""Reads of the document chain: breaks, links, and one document with what stands before and after it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Abs

from apps.core.numbers import QuantityField
from apps.movements.enums import EFFECT, HARMLESS, NEXT, SOURCES, DocumentStatus, FindingKind
from apps.movements.models import ChainFinding, ChainLink, ChainNode, Document, DocumentLine
from apps.movements.selectors.stock import hidden_location_ids
from apps.organizations.models import Member

SHOWN = (
    "line__item",
    "line__document__warehouse",
    "line__document__department",
    "line__document__operator",
    "other__document",
)
HOPS = 4
NEIGHBOURS = 40


def chain_links(lines: QuerySet[DocumentLine] | list[UUID], *, guesses: bool = True) -> QuerySet[ChainLink]:
    """Links on which any of these lines stands, at either end, for whole sets at once (one query).

    Derived when the chain was last refreshed; `guesses` False leaves out what no document says itself.
    """
    links = ChainLink.objects.filter(Q(line__in=lines) | Q(source__in=lines))
    return links if guesses else links.filter(guess=False)


def findings(member: Member) -> QuerySet[ChainFinding]:
    """What is not closed in the chain, as far as the member may see its places now, with `size` = |value|."""
    return _visible(hidden_location_ids(member))


def _visible(hidden: set[UUID]) -> QuerySet[ChainFinding]:
    rows = ChainFinding.objects.select_related(*SHOWN).annotate(size=Abs(F("value"), output_field=QuantityField()))
    if not hidden:
        return rows
    return rows.exclude(Q(line__location__in=hidden) | Q(line__to_location__in=hidden)).exclude(
        other__location__in=hidden
    )


def with_documents(rows: QuerySet[ChainFinding]) -> list[ChainFinding]:
    """These few rows (a slice is fine) with their documents, in two steps: first which, then what they show. Joining
    before cutting would read every document of the organization."""
    ids = list(rows.select_related(None).values_list("pk", flat=True))
    found = ChainFinding.objects.select_related(*SHOWN).annotate(size=Abs(F("value"), output_field=QuantityField()))
    by_id = found.in_bulk(ids)
    return [by_id[pk] for pk in ids]


def breaks(rows: QuerySet[ChainFinding]) -> QuerySet[ChainFinding]:
    """Without what is merely open or came late."""
    return rows.exclude(kind__in=HARMLESS)


def finding_counts(rows: QuerySet[ChainFinding]) -> dict[str, dict[str, Any]]:
    """{kind: {"count", "value", "moved"}} of these rows, for every kind. `value` adds sizes, so that nothing cancels
    out; `moved` counts those whose goods have moved, which the next count will find."""
    moved = Count("pk", filter=Q(moves_stock=True))
    found = rows.order_by().values("kind").annotate(count=Count("pk"), worth=Sum("size"), moved=moved)
    counts: dict[str, dict[str, Any]] = {
        kind: {"count": 0, "value": Decimal(0), "moved": 0} for kind in FindingKind.values
    }
    for row in found:
        counts[row["kind"]] = {"count": row["count"], "value": row["worth"], "moved": row["moved"]}
    return counts


def chain_nodes() -> dict[str, ChainNode]:
    return {node.doc_type: node for node in ChainNode.objects.all()}


def chain_state() -> dict[str, Any]:
    """`as_of`, up to which ages count, and `refreshed_at`; both None before the first refresh. `newest`: when a
    document last came or was posted; `stale`: that was after the refresh."""
    state = ChainNode.objects.aggregate(as_of=Max("as_of"), refreshed_at=Max("refreshed_at"))
    moments = Document.objects.aggregate(created=Max("created_at"), posted=Max("posted_at"))
    newest = max(filter(None, moments.values()), default=None)
    refreshed = state["refreshed_at"]
    return {**state, "newest": newest, "stale": newest is not None and (refreshed is None or newest > refreshed)}


# One document


@dataclass
class Station:
    """A document in a chain; `column` by its stage: what is wanted, what passed the gate, what is booked."""

    document: Document
    column: int
    broken: bool = False
    row: int = 0


@dataclass(frozen=True)
class Step:
    """From one document to the next: quantities of the linked lines, in base units, summed over `lines`."""

    source: UUID
    target: UUID
    lines: int
    wanted: Decimal
    followed: Decimal
    guess: bool

    @property
    def difference(self) -> Decimal:
        return self.followed - self.wanted


@dataclass
class Chain:
    """The documents that hang together with one, up to four steps in either direction."""

    stations: list[Station] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    cut: bool = False


def stage(doc_type: str) -> int:
    """0 what is wanted (orders, notices) · 1 what passed the gate · 2 what is booked · 3 what corrects it."""
    if doc_type == "adjustment":
        return 3
    if doc_type in ("delivery_note", "waybill"):
        return 1
    if doc_type in EFFECT and doc_type not in ("transfer_out", "assembly_out", "material_issue"):
        return 2
    return 0


def document_chain(document: Document, *, hidden: set[UUID]) -> Chain:
    """The chain around a document: what led to it, and what came of it; links at `hidden` places are left out.

    One query a hop and two for the documents, whatever they hold.
    """
    found: dict[tuple[UUID, UUID], Step] = {}
    known, cut = {document.pk}, False
    back, on = {document.pk}, {document.pk}
    for _hop in range(HOPS):
        steps = _steps(Q(line__document__in=back) | Q(source__document__in=on), hidden)
        found.update({(step.source, step.target): step for step in steps})
        back = {step.source for step in steps if step.target in back} - known
        on = {step.target for step in steps if step.source in on} - known
        cut = len(known) + len(back | on) > NEIGHBOURS
        if cut or not back | on:
            break
        known |= back | on
    chain = Chain(cut=cut)
    if len(known) == 1:
        return chain
    documents = Document.objects.filter(pk__in=known).select_related("warehouse").order_by("recorded_at", "doc_no")
    broken = set(breaks(ChainFinding.objects.filter(line__document__in=known)).values_list("line__document", flat=True))
    rows_used: dict[int, int] = defaultdict(int)
    for entry in documents:
        column = stage(entry.doc_type)
        chain.stations.append(Station(entry, column, entry.pk in broken, rows_used[column]))
        rows_used[column] += 1
    chain.steps = [step for step in found.values() if step.source in known and step.target in known]
    return chain


def _steps(wanted: Q, hidden: set[UUID]) -> list[Step]:
    """Steps from document to document of the links wanted; a source line that several lines share counts once."""
    links = ChainLink.objects.filter(wanted).exclude(line__document__status=DocumentStatus.CANCELLED)
    if hidden:
        links = links.exclude(Q(line__location__in=hidden) | Q(source__location__in=hidden))
    rows = (
        links.order_by()
        .values_list("source__document", "line__document", "source_id", "source__base_quantity")
        .annotate(lines=Count("pk"), followed=Sum("line__base_quantity"), guessed=Count("pk", filter=Q(guess=True)))
    )
    sums: dict[tuple[UUID, UUID], list[Any]] = {}
    for source, target, _line, due, lines, followed, guessed in rows:
        summed = sums.setdefault((source, target), [0, Decimal(0), Decimal(0), False])
        summed[0] += lines
        summed[1] += due
        summed[2] += followed
        summed[3] = summed[3] or guessed > 0
    return [Step(source, target, *summed) for (source, target), summed in sums.items()]


def line_findings(lines: list[DocumentLine], *, hidden: set[UUID]) -> dict[UUID, list[ChainFinding]]:
    """{line id: what may be seen said of it}: its own findings and those in which it is the other line."""
    ids = [line.pk for line in lines]
    found: dict[UUID, list[ChainFinding]] = {pk: [] for pk in ids}
    for row in _visible(hidden).filter(Q(line__in=ids) | Q(other__in=ids)):
        for pk in found.keys() & {row.line_id, row.other_id}:
            found[pk].append(row)
    return found


def with_link(lines: QuerySet[DocumentLine]) -> QuerySet[DocumentLine]:
    """Lines with `linked`: whether they follow another line."""
    return lines.annotate(linked=Exists(ChainLink.objects.filter(line=OuterRef("pk"))))


def line_status(line: Any, told: list[ChainFinding]) -> str:
    """The status of a line (of `with_link`) in its chain: a finding's kind, "matched", or "" where no chain asks."""
    if told:
        return str(told[0].kind)
    document = line.document
    if document.status != DocumentStatus.POSTED:
        return ""
    if document.doc_type in NEXT:
        return "matched"
    return "matched" if document.doc_type in SOURCES and line.linked else ""
