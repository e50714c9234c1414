"""Goods passing the gate against what the ledger learned of it: one passage a line of a gate paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from apps.variances.attribution.candidates import Option, cited
from apps.variances.attribution.evidence import (
    EFFECT,
    PAPERS,
    SUCCESSOR,
    ZERO,
    DocumentLine,
    Dossier,
    Line,
    in_time_order,
)


@dataclass(slots=True)
class Passage:
    """A line of a waybill, delivery note or return note, and the lines that were made from it.

    `booked`: posted, same item, right direction, first posted first; `other`: posted as another item or lot;
    `opposite`: posted the wrong way round; `live`: neither posted nor cancelled.
    """

    paper: DocumentLine
    sign: int
    booked: list[DocumentLine]
    other: list[DocumentLine]
    opposite: list[DocumentLine]
    live: list[DocumentLine]

    @property
    def total(self) -> Decimal:
        return sum((row.quantity for row in self.booked), ZERO)

    @property
    def missing(self) -> Decimal:
        """What the ledger never learned of (negative: learned too much)."""
        return self.paper.quantity - self.total - sum((row.quantity for row in self.other), ZERO)

    @property
    def repeats(self) -> list[DocumentLine]:
        """Later bookings that are, to the piece, what is booked too much."""
        return [row for row in self.booked[1:] if row.quantity == -self.missing] if self.missing < 0 else []


def passages(dossier: Dossier) -> list[Passage]:
    """Of every gate paper that is not cancelled, in a stable order."""
    if "passages" not in dossier.__dict__:
        dossier.__dict__["passages"] = list(_passages(dossier))
    found: list[Passage] = dossier.__dict__["passages"]
    return found


def _passages(dossier: Dossier) -> Iterator[Passage]:
    for (doc_type, doc_no), lines in sorted(dossier.by_number.items()):
        if doc_type not in PAPERS:
            continue
        followers = dossier.followers.get((doc_type, doc_no), [])
        alone = {sku for sku in {line.sku for line in lines} if sum(1 for line in lines if line.sku == sku) == 1}
        for paper in lines:
            if paper.status == "cancelled":
                continue
            mine = [
                row
                for row in in_time_order(followers)
                if row.effect
                and (
                    row.source_line == paper.line_no
                    if row.source_line is not None
                    else row.sku == paper.sku and paper.sku in alone
                )
            ]
            sign = PAPERS[doc_type]
            posted = [row for row in mine if row.is_posted and row.doc_type != "adjustment"]
            forward = [row for row in posted if row.effect == sign]
            right = [row for row in forward if _same(row, paper)]
            yield Passage(
                paper,
                sign,
                booked=right,
                other=[row for row in forward if not _same(row, paper)],
                opposite=[row for row in posted if row.effect == -sign and row.sku == paper.sku],
                live=[row for row in mine if row.is_live and EFFECT.get(row.doc_type) == sign],
            )


def _same(row: DocumentLine, paper: DocumentLine) -> bool:
    return row.sku == paper.sku and (not row.lot or not paper.lot or row.lot == paper.lot)


def has_papers(dossier: Dossier, doc_type: str) -> bool:
    """Whether the organization's documents of a type normally come from a gate paper."""
    known = dossier.__dict__.setdefault("papered", {})
    if doc_type not in known:
        known[doc_type] = _has_papers(dossier, doc_type)
    return bool(known[doc_type])


def _has_papers(dossier: Dossier, doc_type: str) -> bool:
    paper = {successor: paper for paper, successor in SUCCESSOR.items()}.get(doc_type)
    rows = [row for row in dossier.documents if row.doc_type == doc_type]
    sourced = sum(1 for row in rows if (key := dossier.source_key(row)) and key[0] == paper)
    return bool(rows) and sourced * 2 > len(rows)


def shares(dossier: Dossier, lines: list[Line], sign: int) -> list[tuple[Line, float]]:
    """How likely a movement that names no place hit each of the lines: by where such movements were booked."""
    weights = []
    for line in lines:
        rows = dossier.posted_at.get((line.warehouse, line.location, line.sku, line.lot), [])
        weights.append(0.5 + sum(1 for row in rows if row.effect == sign))
    total = sum(weights)
    return [(line, weight / total) for line, weight in zip(lines, weights, strict=True)]


def exact(dossier: Dossier, row: DocumentLine) -> Line | None:
    """The counted line that a posted document line moved."""
    return next(
        (
            line
            for line in dossier.by_place.get((row.warehouse, row.sku), [])
            if line.location == row.location and line.lot == row.lot
        ),
        None,
    )


def keyed_by(dossier: Dossier, row: DocumentLine) -> str:
    """The operator as a fact of the document; machines are nobody."""
    return row.operator if dossier.is_person(row.operator) else ""


def corrected(dossier: Dossier, row: DocumentLine, quantity: Decimal, line: Line) -> bool:
    """Whether an adjustment before the count already booked this correction."""
    key = (row.doc_type, row.doc_no)
    for other in dossier.followers.get(key, []):
        named = other.doc_type == "adjustment" and other.source_line in (None, row.line_no)
        if named and other.is_posted and other.quantity == quantity and other.posted and other.posted <= line.cut:
            return True
    return any(
        other.doc_type == "adjustment"
        and other.quantity == quantity
        and not other.source_no
        and other.posted is not None
        and row.posted is not None
        and row.posted < other.posted <= line.cut
        for other in dossier.posted_at.get((line.warehouse, line.location, line.sku, line.lot), [])
    )


def booked_wrongly(
    dossier: Dossier,
    row: DocumentLine,
    paper: DocumentLine,
    quantity: Decimal,
    *,
    cause: str,
    probability: float,
    signal: str,
    named: bool = True,
) -> Iterator[tuple[str, Option]]:
    """An option for a posted line that did not say what happened: the shelf has `quantity` more than the book."""
    line = exact(dossier, row)
    if line is None or row.posted is None or row.posted > line.cut or (line.since and row.posted <= line.since):
        return
    if corrected(dossier, row, quantity, line):
        return
    yield (
        f"line {row.id}",
        Option(
            cause,
            ((line.id, quantity),),
            probability,
            signal,
            (cited(row), cited(paper)) if paper is not row else (cited(row),),
            department=row.department,
            person=keyed_by(dossier, row) if named else "",
        ),
    )
