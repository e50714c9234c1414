"""The same movement booked twice: by a person, or by a job (then the synchronization failed)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

from apps.variances.attribution.candidates import Option
from apps.variances.attribution.evidence import DocumentLine, Dossier, in_time_order
from apps.variances.attribution.passages import booked_wrongly, passages

NAME = "duplicates"
CLOSE = timedelta(days=3)


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """Repeats of a gate paper or source line, then look-alikes without any source."""
    for passage in passages(dossier):
        repeats = passage.repeats
        for row in repeats:
            yield from _twice(dossier, row, passage.booked[0], 0.95 / len(repeats), "paper booked twice")
    sourced: dict[Any, list[DocumentLine]] = defaultdict(list)
    alike: dict[Any, list[DocumentLine]] = defaultdict(list)
    for row in dossier.documents:
        if not row.is_posted or not row.effect or row.doc_type == "adjustment":
            continue
        source = dossier.source(row)
        if source is not None and source.doc_type in ("sales_order", "purchase_order", "transfer_out"):
            sourced[row.doc_type, source.id, row.sku].append(row)
        elif not row.source_no:
            alike[row.doc_type, row.warehouse, row.sku, row.lot, row.quantity, row.party, row.department].append(row)
    for rows in sourced.values():
        source, ordered = dossier.source(rows[0]), list(in_time_order(rows))
        excess = sum(row.quantity for row in rows) - (source.quantity if source else 0)
        later = [row for row in ordered[1:] if row.quantity == excess]
        for row in later:
            yield from _twice(dossier, row, ordered[0], 0.9 / len(later), "order booked twice")
    for rows in alike.values():
        ordered = list(in_time_order(rows))
        for first, row in pairwise(ordered):
            if first.when and row.when and abs(row.when - first.when) <= CLOSE and row.doc_no != first.doc_no:
                same_moment = first.occurred is not None and first.occurred == row.occurred
                yield from _twice(
                    dossier,
                    row,
                    first,
                    0.6 if same_moment else 0.1 / len(rows),
                    f"look-alike{' same moment' if same_moment else ''}",
                )


def _twice(
    dossier: Dossier, row: DocumentLine, first: DocumentLine, probability: float, signal: str
) -> Iterator[tuple[str, Option]]:
    by_job = not dossier.is_person(row.operator) and bool(row.operator)
    yield from booked_wrongly(
        dossier,
        row,
        first,
        -row.moved,
        cause="sync_failure" if by_job else "duplicate_posting",
        probability=probability,
        signal=f"{signal}{' by a job' if by_job else ''}",
        named=not by_job,
    )
