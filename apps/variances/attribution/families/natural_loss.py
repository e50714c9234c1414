"""What vanishes by nature: at most the item's rate of the quantity issued since the last count."""

from __future__ import annotations

from collections.abc import Iterator

from apps.variances.attribution.candidates import Evidence, Option
from apps.variances.attribution.evidence import ZERO, Dossier, within

NAME = "natural_loss"
MOST = 60
"""Steps into which a range is cut at most."""


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """Every whole quantity of the range is an alternative of one group."""
    for line in dossier.lines:
        item = dossier.items.get(line.sku)
        if not line.variance or item is None or not item.loss_rate:
            continue
        rows = dossier.posted_at.get((line.warehouse, line.location, line.sku, line.lot), [])
        issued = sum((row.quantity for row in rows if row.doc_type == "sales_issue" and within(line, row.posted)), ZERO)
        most = int(issued * item.loss_rate)
        step = max(1, -(-most // MOST))
        sizes = range(step, most + 1, step)
        for size in sizes:
            yield (
                f"loss {line.id}",
                Option(
                    "natural_loss",
                    ((line.id, -ZERO - size),),
                    0.15 / len(sizes),
                    "within the rate",
                    (Evidence("master_data"),),
                    node="internal",
                    department=dossier.departments.get(line.warehouse) or "",
                ),
            )
