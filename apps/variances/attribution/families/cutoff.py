"""Moved before the line's own count time and booked after it, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from apps.variances.attribution.candidates import Option, cited
from apps.variances.attribution.evidence import Dossier, within
from apps.variances.attribution.passages import passages

NAME = "cutoff"
NEAR = timedelta(minutes=10)
"""So close to the count, which came first is a matter of a clock."""


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """Posted lines whose two moments lie on both sides of the count; repeats of a booking moved nothing."""
    repeats = {row.id for passage in passages(dossier) for row in passage.repeats}
    for line in dossier.lines:
        for row in dossier.posted_at.get((line.warehouse, line.location, line.sku, line.lot), []):
            if row.occurred is None or row.posted is None or row.id in repeats or row.doc_type == "adjustment":
                continue
            late = row.occurred <= line.cut < row.posted
            early = row.posted <= line.cut < row.occurred
            if not (late and within(line, row.occurred)) and not (early and within(line, row.posted)):
                continue
            near = abs(line.cut - row.occurred) < NEAR
            yield (
                f"line {row.id}",
                Option(
                    "cutoff",
                    ((line.id, row.moved if late else -row.moved),),
                    0.6 if near else 0.95,
                    f"cutoff {'near' if near else 'late' if late else 'early'}",
                    (cited(row),),
                    department=row.department,
                ),
            )
