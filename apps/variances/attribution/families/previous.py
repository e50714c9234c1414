"""An earlier count's variance that nobody adjusted: it is still there."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from apps.variances.attribution.candidates import Evidence, Option
from apps.variances.attribution.evidence import ZERO, Dossier, Line

NAME = "previous"


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """What is left of the last count's variance after its adjustments and what was booked late for it."""
    for line in dossier.lines:
        before = line.earlier
        if before is None or not before.variance:
            continue
        left = before.variance - _settled(dossier, line)
        if not left:
            continue
        whole = left == before.variance
        yield (
            f"previous {line.id}",
            Option(
                "prior_variance",
                ((line.id, left),),
                0.5 if whole else 0.03,
                f"earlier variance {'untouched' if whole else 'partly adjusted'}",
                (Evidence("previous_count", count=before.count_no),),
                node="count",
            ),
        )


def _settled(dossier: Dossier, line: Line) -> Decimal:
    """Adjustments since, and goods that had moved before the earlier count and were booked after it, or the reverse."""
    total = ZERO
    for row in dossier.posted_at.get((line.warehouse, line.location, line.sku, line.lot), []):
        if row.posted is None or line.since is None or row.posted > line.cut:
            continue
        after = row.posted > line.since
        if row.doc_type == "adjustment":
            total += row.quantity if after else ZERO
        elif row.occurred is not None and after and row.occurred <= line.since:
            total += row.moved
        elif row.occurred is not None and not after and row.occurred > line.since:
            total -= row.moved
    return total
