"""Booked as another item or lot than the paper names; both sides show."""

from __future__ import annotations

from collections.abc import Iterator

from apps.variances.attribution.candidates import Effects, Option, cited
from apps.variances.attribution.evidence import Dossier, within
from apps.variances.attribution.passages import exact, keyed_by, passages, shares

NAME = "wrong_item"


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """What is booked too much of one item is missing from the book of the other, wherever that lies."""
    for passage in passages(dossier):
        paper = passage.paper
        for row in passage.other:
            booked = exact(dossier, row)
            here = booked is not None and within(booked, row.posted)
            sides = [line for line in dossier.placed(paper) if within(line, row.posted) and line is not booked]
            near = [line for line in sides if line.location == row.location] if row.sku == paper.sku else []
            own = ((booked.id, -row.moved),) if booked is not None and here else ()
            others: list[tuple[Effects, float]] = [
                (((side.id, row.moved),), share) for side, share in shares(dossier, near or sides, passage.sign)
            ]
            for effects, share in others or [((), 1.0)]:
                yield (
                    f"line {row.id}",
                    Option(
                        "wrong_item",
                        own + effects,
                        0.94 * share,
                        "booked as another",
                        (cited(row), cited(paper)),
                        department=row.department,
                        person=keyed_by(dossier, row),
                    ),
                )
