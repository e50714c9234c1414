"""Swaps and moves that left no document: two lines whose unexplained rests answer each other.

The chance of a pair is the organization's rate of such errors shared among all partners a line could have, times how
likely that quantity is: so equal and opposite rests count for the more, the rarer they are by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import exp, log

import numpy as np

from apps.variances.attribution.candidates import Evidence, Option
from apps.variances.attribution.evidence import Dossier, Line
from apps.variances.attribution.inference import RestLaw

NEAREST = 25
"""The true partner is among so many nearest when name and code are compared together."""

Rests = Mapping[str, list[tuple[Decimal, float]]]
"""Of each line what its likelier explanations leave, and how likely each is; 0 among them."""

ALONE = 0.4
"""Likeness of the partner that is not in the catalogue: what keeps unlike items apart."""

WORTH = 0.004
"""A pair is coupled if, judged by these rests alone, it is at least so likely."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a counted line took part in each, and how large it was."""

    moved: float
    swapped: float
    size: RestLaw
    rest: RestLaw
    elsewhere: float
    """Moves without a document between warehouses, against those within one."""


def moves(dossier: Dossier, rests: Rests, rates: Rates) -> Iterator[tuple[str, Option]]:
    """The same item and lot, opposite rests in two places; lots of one item in one place are confused instead."""
    by_item: dict[str, list[Line]] = defaultdict(list)
    for line in dossier.lines:
        by_item[line.sku].append(line)
    for _sku, lines in sorted(by_item.items()):
        for number, first in enumerate(lines):
            for second in lines[number + 1 :]:
                here = (first.warehouse, first.location) == (second.warehouse, second.location)
                if here == (first.lot == second.lot) or not _opposite(rests, first, second):
                    continue
                rate = (
                    rates.swapped
                    if here
                    else rates.moved * (1 if first.warehouse == second.warehouse else rates.elsewhere)
                )
                yield from _pair(
                    rests,
                    rates,
                    first,
                    second,
                    rate / max(1, len(lines) - 1),
                    "wrong_item" if here else "transfer_unrecorded",
                    "lots swapped" if here else "moved",
                )


def swaps(dossier: Dossier, rests: Rests, rates: Rates) -> Iterator[tuple[str, Option]]:
    """Two items that are easily taken for each other, opposite rests in one warehouse."""
    open_lines: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in dossier.lines:
        if line.id in rests:
            open_lines[line.warehouse, line.sku].append(line)
    skus = sorted({sku for _warehouse, sku in open_lines})
    likeness = nearest({sku: dossier.items[sku].name for sku in dossier.items}, skus)
    warehouses = sorted({warehouse for warehouse, _sku in open_lines})
    for number, one in enumerate(skus):
        for other in skus[number + 1 :]:
            likely = rates.swapped * max(likeness[one].get(other, 0.0), likeness[other].get(one, 0.0))
            if not likely:
                continue
            for warehouse in warehouses:
                for first in open_lines.get((warehouse, one), ()):
                    for second in open_lines.get((warehouse, other), ()):
                        if not _opposite(rests, first, second):
                            continue
                        near = 1.0 if first.location == second.location else 0.4
                        yield from _pair(rests, rates, first, second, likely * near, "wrong_item", "items swapped")


def _opposite(rests: Rests, first: Line, second: Line) -> bool:
    return any(a * b < 0 for a, _likely in rests.get(first.id, ()) for b, _also in rests.get(second.id, ()))


def _pair(
    rests: Rests, rates: Rates, first: Line, second: Line, rate: float, cause: str, signal: str
) -> Iterator[tuple[str, Option]]:
    """Every quantity that would settle either of the two, where that is worth the coupling."""
    quantities = {rest for rest, _likely in rests[first.id]} | {-rest for rest, _likely in rests[second.id]}
    for quantity in sorted(quantities):
        if not quantity:
            continue
        probability = rate * exp(float(rates.size.tail(np.array([max(1, round(abs(quantity)))]))[0]))
        gain = _gain(rests[first.id], quantity, rates.rest) * _gain(rests[second.id], -quantity, rates.rest)
        if probability * gain < WORTH:
            continue
        yield (
            f"pair {min(first.id, second.id)} {max(first.id, second.id)}",
            Option(
                cause,
                tuple(sorted(((first.id, quantity), (second.id, -quantity)))),
                probability,
                signal,
                (Evidence("movement_pair"),),
                node="transfer" if cause == "transfer_unrecorded" else "internal",
            ),
        )


def _gain(rests: list[tuple[Decimal, float]], quantity: Decimal, law: RestLaw) -> float:
    """How many times likelier the line's rests become if so much of them is explained."""
    before = np.array([round(rest) for rest, _likely in rests])
    after = np.array([round(rest - quantity) for rest, _likely in rests])
    likely = np.array([likely for _rest, likely in rests])
    return float((likely * np.exp(law.log_probability(after) - law.log_probability(before))).sum())


def nearest(names: Mapping[str, str], wanted: list[str]) -> dict[str, dict[str, float]]:
    """The items that each wanted one is most easily taken for, and with what chance: sharply more the more alike.

    Alike is what shares rare beginnings and ends of the code and rare groups of letters in the name. An item that
    nothing resembles is hardly ever confused, so its chances sum to less than 1.
    """
    grams = {sku: _grams(sku, name) for sku, name in names.items()}
    posting: dict[str, list[str]] = defaultdict(list)
    for sku, found in grams.items():
        for gram in found:
            posting[gram].append(sku)
    weight = {gram: log(1 + len(names) / len(skus)) for gram, skus in posting.items()}
    norm = {sku: sum(weight[gram] for gram in sorted(found)) or 1.0 for sku, found in grams.items()}
    usual = max(50, len(names) // 5)
    likeness: dict[str, dict[str, float]] = {}
    for sku in wanted:
        common: dict[str, float] = defaultdict(float)
        for gram in sorted(grams.get(sku, ())):
            if len(posting[gram]) <= usual:
                for other in posting[gram]:
                    common[other] += weight[gram]
        common.pop(sku, None)
        alike = {other: shared / (norm[sku] + norm[other] - shared) for other, shared in common.items()}
        near = sorted(alike, key=lambda other: (-alike[other], other))[:NEAREST]
        cubes = {other: alike[other] ** 3 for other in near}
        total = sum(cubes.values()) + ALONE**3
        likeness[sku] = {other: cube / total for other, cube in cubes.items()}
    return likeness


def _grams(sku: str, name: str) -> frozenset[str]:
    code, words = sku.lower(), name.lower().split()
    near = {f"#{code[:size]}" for size in range(2, len(code) + 1)} | {f"#{code[at:]}$" for at in range(1, len(code))}
    parts = {word[at : at + 3] for word in words for at in range(max(1, len(word) - 2))}
    pairs = {name[at : at + 2] for at in range(len(name) - 1) if not name.isascii()}
    return frozenset(near | parts | pairs | {f"={word}" for word in words})
