"""Half a transfer: out is posted and in is not, the reverse, or neither although the goods moved."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import timedelta

from apps.variances.attribution.candidates import Effects, Evidence, Option, cited
from apps.variances.attribution.evidence import ZERO, DocumentLine, Dossier, Line, within
from apps.variances.attribution.families.unposted import ALONE, NOT_HAPPENED
from apps.variances.attribution.notes import read
from apps.variances.attribution.passages import shares

NAME = "transfers"


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    transits = sorted(_transits(dossier))
    for (doc_type, doc_no), lines in sorted(dossier.by_number.items()):
        if doc_type != "transfer_out":
            continue
        followers = dossier.followers.get((doc_type, doc_no), [])
        for out in lines:
            ins = [
                row
                for row in followers
                if row.doc_type == "transfer_in" and row.sku == out.sku and row.source_line in (None, out.line_no)
            ]
            if out.is_posted:
                yield from _not_received(dossier, out, ins, transits)
            elif out.is_live and read(out.text).happened is not False:
                yield from _not_sent(dossier, out, ins)


def _transits(dossier: Dossier) -> Iterator[timedelta]:
    """How long goods of this organization were on the way, between warehouses."""
    for row in dossier.documents:
        out = dossier.source(row) if row.doc_type == "transfer_in" and row.is_posted else None
        if out is not None and row.occurred and out.occurred and out.warehouse != row.warehouse:
            yield max(row.occurred - out.occurred, timedelta(0))


def _arrived(out: DocumentLine, line: Line, transits: list[timedelta]) -> float:
    """Chance that goods sent then had arrived when the line was counted."""
    if out.occurred is None or (out.to_warehouse or out.warehouse) == out.warehouse:
        return 1.0
    age = line.cut - out.occurred
    slow = 1 if age > timedelta(days=2) else 0
    return (bisect_right(transits, age) + 4 * slow) / (len(transits) + 4)


def _not_received(
    dossier: Dossier, out: DocumentLine, ins: list[DocumentLine], transits: list[timedelta]
) -> Iterator[tuple[str, Option]]:
    missing = out.quantity - sum((row.quantity for row in ins if row.is_posted), ZERO)
    waiting = [row for row in ins if row.is_live]
    if missing <= 0 or (missing != out.quantity and not waiting):
        return
    shown = waiting[0] if waiting else out
    moment = shown.when if waiting else out.occurred or out.posted
    said = read(" ".join(row.text for row in (out, *waiting))).happened
    lines = dossier.placed(shown) if waiting else dossier.placed(out, target=True)
    for line, share in shares(dossier, [line for line in lines if within(line, moment)], 1):
        if not waiting and out.posted and out.posted > line.cut:
            continue
        sure = (0.95 if shown.occurred else 0.75) if waiting else 0.9 * _arrived(out, line, transits)
        yield (
            f"in of {out.id}",
            Option(
                "transfer_not_received",
                ((line.id, missing),),
                (NOT_HAPPENED if said is False else sure) * share,
                f"transfer out {'in waits' if waiting else 'alone'}",
                (cited(shown), cited(out)) if waiting else (cited(out), Evidence("missing_document", "transfer_in")),
                department=shown.department,
            ),
        )


def _not_sent(dossier: Dossier, out: DocumentLine, ins: list[DocumentLine]) -> Iterator[tuple[str, Option]]:
    """The goods left although the out was never posted; where the in is posted too little is known of no side."""
    came = any(row.is_posted for row in ins)
    probability = 0.85 if came else 0.5 * ALONE[out.status, out.occurred is not None]
    sources = [line for line in dossier.placed(out) if within(line, out.when)]
    targets = [] if came else [line for line in dossier.placed(out, target=True) if within(line, out.when)]
    for source, share in shares(dossier, sources, -1):
        arrivals: list[tuple[Effects, float]] = [
            (((target.id, out.quantity),), other) for target, other in shares(dossier, targets, 1)
        ]
        for arrived, other in arrivals or [((), 1.0)]:
            yield (
                f"out {out.id}",
                Option(
                    "transfer_unrecorded",
                    ((source.id, -out.quantity), *arrived),
                    probability * share * other,
                    f"transfer out {out.status}{' in posted' if came else '' if out.occurred else ' undated'}",
                    (cited(out),),
                    department=out.department,
                ),
            )
