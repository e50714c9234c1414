"""Short or over delivery: booked as ordered, while the delivery note says otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from apps.variances.attribution.candidates import Option
from apps.variances.attribution.evidence import Dossier
from apps.variances.attribution.passages import booked_wrongly, passages
from apps.variances.attribution.slips import same_number_other_unit

NAME = "delivery"


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    for passage in passages(dossier):
        paper = passage.paper
        if paper.doc_type != "delivery_note" or len(passage.booked) != 1 or not passage.missing:
            continue
        row, order = passage.booked[0], dossier.source(paper)
        if order is None or row.quantity != order.quantity or same_number_other_unit(row, paper):
            continue
        yield from booked_wrongly(
            dossier,
            row,
            paper,
            passage.missing,
            cause="short_delivery",
            probability=0.94,
            signal="receipt as ordered",
            named=False,
        )
