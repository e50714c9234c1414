"""Counted wrong: entered twice, in the wrong unit, a slip of the hand, another round said otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from apps.variances.attribution.candidates import Option, entered
from apps.variances.attribution.evidence import ZERO, Dossier, Entry, Line
from apps.variances.attribution.slips import neighbours

NAME = "counting"
SLIP = 1 / 300
"""Wrong characters among those keyed, by hand."""


def propose(dossier: Dossier) -> Iterator[tuple[str, Option]]:
    """Confirm every one of these by a recount before anything upstream is blamed."""
    for line in dossier.lines:
        if not line.variance:
            continue
        entries = line.last_round
        sure = _agreed(line)
        for entry in entries:
            yield from _unit(dossier, line, entry, sure)
            yield from _slip(line, entry, sure)
        yield from _twice(line, entries, sure)
        yield from _rounds(line)


def _agreed(line: Line) -> float:
    """How much less likely a mistake is where rounds of different people said the same."""
    totals: dict[int, Decimal] = {}
    for entry in line.entries:
        totals[entry.round] = totals.get(entry.round, ZERO) + entry.base
    people = {entry.counter for entry in line.entries}
    return 0.1 if list(totals.values()).count(line.counted) > 1 and len(people) > 1 else 1.0


def _option(line: Line, entry: Entry, quantity: Decimal, probability: float, signal: str) -> tuple[str, Option]:
    return (
        f"entry {line.count_no} {entry.entry_no}",
        Option(
            "count_error",
            ((line.id, quantity),),
            probability,
            signal,
            (entered(line, entry),),
            node="count",
            person=entry.counter,
        ),
    )


def _unit(dossier: Dossier, line: Line, entry: Entry, sure: float) -> Iterator[tuple[str, Option]]:
    item = dossier.items.get(line.sku)
    for factor in sorted(set(item.units.values()) if item else ()):
        if factor <= 1 or not entry.quantity:
            continue
        if entry.base == entry.quantity * factor:
            yield _option(line, entry, entry.base - entry.quantity, 0.01 * sure, "counted unit too large")
        elif entry.base == entry.quantity:
            yield _option(line, entry, entry.base - entry.quantity * factor, 0.004 * sure, "counted unit too small")


def _slip(line: Line, entry: Entry, sure: float) -> Iterator[tuple[str, Option]]:
    """Numbers one slip away, as likely together as keying that many characters wrong."""
    if entry.quantity != entry.quantity.to_integral_value() or entry.quantity < 10 or not entry.base:
        return
    near = neighbours(int(entry.quantity))
    factor = entry.base / entry.quantity
    keyed = 1.0 if entry.method != "scan" else 0.3
    likely = SLIP * len(str(int(entry.quantity))) * keyed * sure
    share = {"transposed": 0.25, "ten times": 0.1, "missing": 0.15, "doubled": 0.15, "extra": 0.1, "substituted": 0.25}
    for meant, slip in sorted(near.items()):
        alike = sum(1 for other in near.values() if other == slip)
        yield _option(line, entry, entry.base - meant * factor, likely * share[slip] / alike, f"counted {slip}")


def _twice(line: Line, entries: list[Entry], sure: float) -> Iterator[tuple[str, Option]]:
    """Two equal entries of one round: one pile counted twice, most of all by two people."""
    for number, entry in enumerate(entries):
        for first in entries[:number]:
            if first.base == entry.base and entry.base:
                others = first.counter != entry.counter or first.device != entry.device
                likely = (0.6 if others else 0.25) if entry.base > 2 else 0.15
                yield _option(line, entry, entry.base, likely * sure, f"counted twice{' by two' if others else ''}")
                break


def _rounds(line: Line) -> Iterator[tuple[str, Option]]:
    """An earlier round that said something else; the last round counts, and may be the wrong one."""
    last = max((entry.round for entry in line.entries), default=0)
    totals: dict[int, Decimal] = {}
    for entry in line.entries:
        totals[entry.round] = totals.get(entry.round, ZERO) + entry.base
    said = {totals[number] for number in totals if number < last}
    said |= {entry.base for entry in line.entries if entry.round < last}
    shown = line.last_round
    for value in sorted(said):
        if value != line.counted and shown:
            yield _option(line, shown[-1], line.counted - value, 0.01 / len(said), "rounds differ")
