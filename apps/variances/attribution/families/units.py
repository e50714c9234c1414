"""Booked in the wrong unit: the paper's number with another unit behind it."""

from __future__ import annotations

from collections.abc import Iterator

from apps.variances.attribution.candidates import Option
from apps.variances.attribution.evidence import Dossier
from apps.variances.attribution.passages import booked_wrongly, passages
from apps.variances.attribution.slips import same_number_other_unit

NAME = "units"


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    for passage in passages(dossier):
        for row in passage.booked:
            if passage.missing and same_number_other_unit(row, passage.paper) and len(passage.booked) == 1:
                yield from booked_wrongly(
                    dossier,
                    row,
                    passage.paper,
                    passage.sign * passage.missing,
                    cause="unit_error",
                    probability=0.95,
                    signal="unit other than paper",
                )
    for row in dossier.documents:
        source = dossier.source(row) if row.is_posted and row.effect and row.doc_type != "adjustment" else None
        if source is None or source.doc_type not in ("sales_order", "purchase_order", "transfer_out"):
            continue
        if source.sku == row.sku and same_number_other_unit(row, source):
            yield from booked_wrongly(
                dossier,
                row,
                source,
                row.effect * (source.quantity - row.quantity),
                cause="unit_error",
                probability=0.9,
                signal="unit other than order",
            )
