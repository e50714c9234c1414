"""An outside order that came in twice: the second order was booked and no goods left for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from apps.variances.attribution.candidates import Option
from apps.variances.attribution.evidence import DocumentLine, Dossier, in_time_order
from apps.variances.attribution.passages import booked_wrongly

NAME = "sync"


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """Orders with the same outside number: what was booked from the later one without a gate paper of its own."""
    orders: dict[tuple[str, str], list[DocumentLine]] = defaultdict(list)
    for row in dossier.documents:
        if row.doc_type == "sales_order" and row.external and row.status != "cancelled":
            orders[row.external, row.sku].append(row)
    for rows in orders.values():
        ordered = list(in_time_order(rows))
        numbers = list(dict.fromkeys(row.doc_no for row in ordered))
        for row in ordered:
            if row.doc_no == numbers[0]:
                continue
            followers = [
                other
                for other in dossier.followers.get((row.doc_type, row.doc_no), [])
                if other.sku == row.sku and other.source_line in (None, row.line_no)
            ]
            shipped = any(other.doc_type == "waybill" and other.status != "cancelled" for other in followers)
            for other in followers:
                if other.doc_type == "sales_issue" and other.is_posted:
                    yield from booked_wrongly(
                        dossier,
                        other,
                        row,
                        -other.moved,
                        cause="sync_failure",
                        probability=0.2 if shipped else 0.95,
                        signal=f"order twice{' shipped' if shipped else ''}",
                        named=False,
                    )
