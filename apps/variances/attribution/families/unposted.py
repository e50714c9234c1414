"""Goods moved, and the document that books it is missing, a draft, or waiting."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from apps.variances.attribution.candidates import Evidence, Option, cited
from apps.variances.attribution.evidence import SUCCESSOR, DocumentLine, Dossier, within
from apps.variances.attribution.notes import read
from apps.variances.attribution.passages import Passage, has_papers, keyed_by, passages, shares
from apps.variances.attribution.slips import same_number_other_unit, slipped

NAME = "unposted"

CAUSE = {
    "receipt": "receipt_not_posted",
    "sales_issue": "issue_not_posted",
    "sales_return": "return_not_restocked",
    "purchase_return": "purchase_return_not_posted",
    "gift_issue": "gift_unrecorded",
    "scrap": "scrap_unrecorded",
    "material_issue": "issue_not_posted",
    "material_return": "receipt_not_posted",
    "assembly_out": "issue_not_posted",
    "assembly_in": "receipt_not_posted",
}
ALONE = {
    ("draft", True): 0.5,
    ("submitted", True): 0.7,
    ("approved", True): 0.75,
    ("draft", False): 0.0003,
    ("submitted", False): 0.004,
    ("approved", False): 0.01,
}
"""Chance that the goods of an unposted document had moved, by its status and whether it says when they did."""
TYPED = 0.5
"""Less where "when" is but the moment of typing."""
UNPAPERED = 0.05
"""Less where goods normally pass the gate with a paper, and there is none."""
GATE = {"posted": 0.95, "approved": 0.75, "submitted": 0.6, "draft": 0.3}
"""The same for what a gate paper says, by how far the paper itself came."""
NOT_HAPPENED = 0.0001
"""A document that says so itself: only its own organization's cases may teach otherwise."""


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """Gate papers without a booking, and live documents without a gate paper."""
    claimed: set[str] = set()
    for passage in passages(dossier):
        claimed.update(row.id for row in passage.live)
        yield from _passed(dossier, passage)
    for row in dossier.documents:
        if row.is_live and row.id not in claimed and row.doc_type in CAUSE:
            yield from _standing(dossier, row)


def _passed(dossier: Dossier, passage: Passage) -> Iterator[tuple[str, Option]]:
    paper, missing = passage.paper, passage.missing
    if missing <= 0 or passage.opposite:
        return
    kind = SUCCESSOR[paper.doc_type]
    said = read(" ".join([paper.text, *(row.text for row in passage.live)])).happened
    dated = paper.occurred is not None
    signal = f"{kind} {paper.status} paper{'' if dated else ' undated'}"
    probability = GATE[paper.status] * (1.0 if dated or paper.is_posted else 0.2)
    if passage.booked:
        probability, signal = _of_the_rest(passage, kind)
    if said is False:
        probability, signal = NOT_HAPPENED, f"{kind} said not"
    left = missing
    group = f"line {passage.booked[0].id}" if passage.booked else ""
    for row in passage.live:
        if left <= 0:
            break
        quantity = min(row.quantity, left)
        left -= quantity
        yield from _at(
            dossier,
            row,
            paper,
            passage.sign * quantity,
            CAUSE[kind],
            probability,
            f"{signal} {row.status}",
            group=group,
            evidence=(cited(row), cited(paper)),
            person=keyed_by(dossier, row) if row.status == "draft" else "",
        )
    if left > 0:
        lost_order = kind == "sales_issue" and bool(paper.external) and not _ordered(dossier, paper)
        yield from _at(
            dossier,
            paper,
            paper,
            passage.sign * left,
            "sync_failure" if lost_order else CAUSE[kind],
            probability,
            f"{signal} {'no order' if lost_order else 'alone'}",
            group=group,
            evidence=(cited(paper), Evidence("missing_document", kind)),
        )


def _of_the_rest(passage: Passage, kind: str) -> tuple[float, str]:
    """Part of the paper is booked: the rest may still wait, or what is booked may be keyed wrongly."""
    if passage.live and passage.live[0].quantity == passage.missing:
        return 0.93, f"{kind} rest of paper waits"
    booked = passage.booked[0]
    if len(passage.booked) > 1:
        return 0.4, f"{kind} rest of several"
    if same_number_other_unit(booked, passage.paper):
        return 0.005, f"{kind} rest in other unit"
    if slipped(booked, passage.missing):
        return 0.03, f"{kind} rest of a slip"
    return 0.3, f"{kind} rest of paper"


def _ordered(dossier: Dossier, paper: DocumentLine) -> bool:
    """Whether the order of a paper is in the system, by its number or by the number of the outside system."""
    if dossier.source_key(paper):
        return True
    known = dossier.__dict__.setdefault(
        "orders", {row.external for row in dossier.documents if row.doc_type == "sales_order" and row.external}
    )
    return bool(paper.source_no) or paper.external in known


def _standing(dossier: Dossier, row: DocumentLine) -> Iterator[tuple[str, Option]]:
    said = read(row.text).happened
    dated = row.occurred is not None
    probability = ALONE[row.status, dated]
    signal = f"{row.doc_type} {row.status}{'' if dated else ' undated'}"
    if row.status == "draft" and dated and row.occurred == row.recorded:
        probability, signal = probability * TYPED, f"{signal} typed"
    if has_papers(dossier, row.doc_type):
        probability, signal = probability * UNPAPERED, f"{signal} without paper"
    if said is False:
        probability, signal = NOT_HAPPENED, f"{row.doc_type} said not"
    elif said is True and not dated:
        probability, signal = 0.5, f"{row.doc_type} {row.status} said so"
    yield from _at(
        dossier,
        row,
        row,
        row.moved,
        CAUSE[row.doc_type],
        probability,
        signal,
        evidence=(cited(row),),
        person=keyed_by(dossier, row) if row.status == "draft" else "",
    )


def _at(
    dossier: Dossier,
    row: DocumentLine,
    paper: DocumentLine,
    quantity: Decimal,
    cause: str,
    probability: float,
    signal: str,
    *,
    evidence: tuple[Evidence, ...],
    group: str = "",
    person: str = "",
) -> Iterator[tuple[str, Option]]:
    """One option a line that the document may mean; together they are as likely as the document is."""
    lines = [line for line in dossier.placed(row) if within(line, paper.occurred or row.when)]
    for line, share in shares(dossier, lines, 1 if quantity > 0 else -1):
        yield (
            group or f"line {row.id}",
            Option(
                cause,
                ((line.id, quantity),),
                probability * share,
                signal,
                evidence,
                department=row.department,
                person=person,
            ),
        )
