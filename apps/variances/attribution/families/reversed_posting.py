"""Booked in the wrong direction: the shelf is off by twice the quantity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from apps.variances.attribution.candidates import Option, cited
from apps.variances.attribution.evidence import EFFECT, DocumentLine, Dossier, within
from apps.variances.attribution.notes import read
from apps.variances.attribution.passages import booked_wrongly, exact, keyed_by, passages

NAME = "reversed_posting"
ENOUGH = 5


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """A gate paper booked the other way round; a reason that belongs to the opposite kind; a move told backwards."""
    for passage in passages(dossier):
        for row in passage.opposite:
            if row.quantity == passage.missing:
                yield from booked_wrongly(
                    dossier,
                    row,
                    passage.paper,
                    -2 * row.moved,
                    cause="reversed_posting",
                    probability=0.95,
                    signal="paper the other way",
                )
    usual: dict[str, Counter[str]] = {}
    for row in dossier.documents:
        if row.reason and row.effect and row.doc_type != "adjustment":
            usual.setdefault(row.reason, Counter())[row.doc_type] += 1
    for row in dossier.documents:
        if not row.is_posted or not row.effect:
            continue
        if row.reason in usual and not row.source_no:
            kinds = usual[row.reason]
            kind, number = max(kinds.items(), key=lambda pair: (pair[1], pair[0]))
            if number >= ENOUGH and number >= ENOUGH * kinds[row.doc_type] and EFFECT[kind] == -row.effect:
                yield from booked_wrongly(
                    dossier,
                    row,
                    row,
                    -2 * row.moved,
                    cause="reversed_posting",
                    probability=0.85,
                    signal="reason of the opposite",
                )
        if row.doc_type == "transfer_out":
            yield from _backwards(dossier, row)


def _backwards(dossier: Dossier, row: DocumentLine) -> Iterator[tuple[str, Option]]:
    move = read(row.text).move
    if move is None or (row.to_warehouse or row.warehouse) != row.warehouse:
        return
    if move != (row.to_location.upper(), row.location.upper()) or move[0] == move[1]:
        return
    came = [other for other in dossier.followers.get(("transfer_out", row.doc_no), []) if other.is_posted]
    target = next((line for other in came if (line := exact(dossier, other)) is not None), None)
    source = exact(dossier, row)
    effects = tuple(
        (line.id, quantity)
        for line, quantity in ((source, 2 * row.quantity), (target, -2 * row.quantity))
        if line is not None and within(line, row.posted)
    )
    yield (
        f"line {row.id}",
        Option(
            "reversed_posting",
            effects,
            0.93,
            "move told backwards",
            (cited(row),),
            department=row.department,
            person=keyed_by(dossier, row),
        ),
    )
