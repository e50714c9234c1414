"""Gifts and samples that left with an order, noted on it and booked nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from apps.variances.attribution.candidates import Option, cited
from apps.variances.attribution.evidence import Dossier, within
from apps.variances.attribution.families.unposted import NOT_HAPPENED
from apps.variances.attribution.notes import read
from apps.variances.attribution.passages import shares

NAME = "gifts"


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """Order lines that a note calls a gift, of orders that were shipped, with nothing booked for them."""
    for (doc_type, doc_no), lines in sorted(dossier.by_number.items()):
        if doc_type != "sales_order":
            continue
        for row in lines:
            if not row.note or row.status == "cancelled":
                continue
            said = read(row.note)
            followers = dossier.followers.get((doc_type, doc_no), [])
            if said.cause != "gift_unrecorded" or any(other.source_line == row.line_no for other in followers):
                continue
            shipped = [other for other in followers if other.doc_type in ("waybill", "sales_issue") and other.is_posted]
            moment = max((other.when for other in shipped if other.when), default=row.when)
            probability = NOT_HAPPENED if said.happened is False else 0.9 if shipped else 0.6
            places = [line for line in dossier.placed(row) if within(line, moment)]
            for line, share in shares(dossier, places, -1):
                yield (
                    f"line {row.id}",
                    Option(
                        "gift_unrecorded",
                        ((line.id, -row.quantity),),
                        probability * share,
                        f"gift on order{'' if shipped else ' unshipped'}",
                        (cited(row),),
                        department=row.department,
                    ),
                )
