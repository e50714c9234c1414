"""A quantity keyed other than its paper says."""

from __future__ import annotations

from collections.abc import Iterator

from apps.variances.attribution.candidates import Option
from apps.variances.attribution.evidence import DocumentLine, Dossier
from apps.variances.attribution.passages import booked_wrongly, passages
from apps.variances.attribution.slips import one_slip, same_number_other_unit, slipped

NAME = "keying"


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """Bookings that differ from their gate paper, and issues of more than was ordered where there is no paper."""
    for passage in passages(dossier):
        missing, booked = passage.missing, passage.booked
        if not missing or not booked or passage.repeats:
            continue
        paper = passage.paper
        order = dossier.source(paper) if paper.doc_type == "delivery_note" else None
        for row in booked:
            if same_number_other_unit(row, paper) or (order and len(booked) == 1 and row.quantity == order.quantity):
                continue
            slip = slipped(row, missing)
            if passage.opposite or (missing > 0 and passage.live and passage.live[0].quantity == missing):
                continue
            sure = 0.93 if slip or missing < 0 else 0.55
            yield from booked_wrongly(
                dossier,
                row,
                paper,
                passage.sign * missing,
                cause="keying_error",
                probability=sure / len(booked),
                signal=f"keyed other than paper{'' if slip else ' no slip'}{'' if len(booked) == 1 else ' several'}",
            )
    for row in dossier.documents:
        order = _order(dossier, row)
        if order is None or row.quantity == order.quantity or same_number_other_unit(row, order):
            continue
        slip = row.unit == order.unit and one_slip(row.keyed, order.keyed) is not None
        if row.quantity > order.quantity or slip:
            yield from booked_wrongly(
                dossier,
                row,
                order,
                row.effect * (order.quantity - row.quantity),
                cause="keying_error",
                probability=(0.5 if slip else 0.25) if row.quantity > order.quantity else 0.05,
                signal=f"keyed other than order{'' if slip else ' no slip'}",
            )


def _order(dossier: Dossier, row: DocumentLine) -> DocumentLine | None:
    """The order or transfer that a posted line was made from without a gate paper, where it is its only booking."""
    if not row.is_posted or row.doc_type not in ("sales_issue", "receipt", "sales_return", "transfer_in"):
        return None
    source = dossier.source(row)
    if (
        source is None
        or source.doc_type not in ("sales_order", "purchase_order", "transfer_out")
        or source.sku != row.sku
    ):
        return None
    beside = [
        other
        for other in dossier.followers.get((source.doc_type, source.doc_no), [])
        if other.effect
        and other.doc_type != "adjustment"
        and other.status != "cancelled"
        and dossier.source(other) is source
    ]
    return source if len(beside) == 1 else None
