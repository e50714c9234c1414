"""Lines that share a document, a swap, a move or a kit, solved together.

A link is a group that touches more than one line. Given the links, lines are independent and each is solved exactly,
so a component is the enumeration of its links' options over the lines' own tables. Up to twelve links that is
everything; where the assignments become too many, the likeliest are kept, in a fixed order, and the result is marked
not proven.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from apps.variances.attribution.inference import Floats, Found, Ints, Line, Options, RestLaw, log_sum

MOST = 2**12
"""Assignments of the links that are carried along."""

ENOUGH = 0.9995


@dataclass(frozen=True, slots=True)
class Link:
    """A group over several lines: for each option what it does to which line, and its log odds."""

    effects: tuple[Mapping[int, int], ...]
    log_odds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """An explanation of one line: link options that touch it, own options, and the rest."""

    links: tuple[tuple[int, int], ...]
    own: Found
    probability: float


@dataclass
class Component:
    """Lines by number with their own groups, and the links between them."""

    variances: Sequence[int]
    groups: Sequence[Sequence[Options]]
    links: Sequence[Link]
    laws: Sequence[RestLaw]
    most: int = MOST

    def __post_init__(self) -> None:
        self.lines = [Line(v, g, law) for v, g, law in zip(self.variances, self.groups, self.laws, strict=True)]
        self.proven = True
        self._known: list[dict[int, float]] = [{} for _line in self.lines]
        self._enumerate()

    def _evidence(self, number: int, sums: Ints) -> Floats:
        """Log weight of a line given what the links already explain of it."""
        values, where = np.unique(sums, return_inverse=True)
        known = self._known[number]
        missing = [value for value in values.tolist() if value not in known]
        if missing:
            wanted = self.variances[number] - np.array(missing, dtype=np.int64)
            known.update(zip(missing, self.lines[number].evidence(wanted).tolist(), strict=True))
        found: Floats = np.array([known[value] for value in values.tolist()])[where]
        return found

    def _enumerate(self) -> None:
        count = len(self.lines)
        sums = np.zeros((1, count), dtype=np.int64)
        weights = np.zeros(1)
        choices = np.zeros((1, 0), dtype=np.int16)
        told = np.array([[self._evidence(number, sums[:, number])[0] for number in range(count)]])
        for link in self.links:
            moves = np.zeros((len(link.effects) + 1, count), dtype=np.int64)
            for option, effects in enumerate(link.effects, 1):
                for line, quantity in effects.items():
                    moves[option, line] = quantity
            size = len(moves)
            sums = (sums[:, None, :] + moves[None, :, :]).reshape(-1, count)
            weights = (weights[:, None] + np.array((0.0, *link.log_odds))[None, :]).ravel()
            chosen = np.tile(np.arange(-1, size - 1, dtype=np.int16), len(choices))
            choices = np.column_stack([np.repeat(choices, size, axis=0), chosen])
            told = np.repeat(told, size, axis=0)
            for line in np.flatnonzero(moves.any(axis=0)).tolist():
                told[:, line] = self._evidence(line, sums[:, line])
            if len(weights) > self.most:
                self.proven = False
                keep = np.sort(np.argsort(-(weights + told.sum(axis=1)), kind="stable")[: self.most])
                sums, weights, choices, told = sums[keep], weights[keep], choices[keep], told[keep]
        scores = weights + told.sum(axis=1)
        self.total = log_sum(scores)
        self.sums, self.choices, self.shares = sums, choices, np.exp(scores - self.total)

    def best(self, number: int, wanted: int) -> list[Chosen]:
        """The most likely explanations of one line, the other lines summed over."""
        touching = [at for at, link in enumerate(self.links) if any(number in effects for effects in link.effects)]
        weights: dict[tuple[tuple[int, int], ...], float] = defaultdict(float)
        explained: dict[tuple[tuple[int, int], ...], int] = {}
        order = np.argsort(-self.shares, kind="stable")
        enough = int(np.searchsorted(np.cumsum(self.shares[order]), ENOUGH)) + 1
        for row in order[:enough].tolist():
            links = tuple(
                (at, int(self.choices[row, at]))
                for at in touching
                if self.choices[row, at] >= 0 and number in self.links[at].effects[self.choices[row, at]]
            )
            weights[links] += float(self.shares[row])
            explained[links] = int(self.sums[row, number])
        found: list[Chosen] = []
        covered = 0.0
        solved: dict[int, list[Found]] = {}
        for links, weight in sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])):
            if covered > ENOUGH or (len(found) >= wanted and weight < min(one.probability for one in found)):
                break
            covered += weight
            value = self.variances[number] - explained[links]
            if value not in solved:
                solved[value] = Line(value, self.groups[number], self.laws[number]).best(wanted)
            found += [Chosen(links, own, weight * own.probability) for own in solved[value]]
            found.sort(key=lambda one: (-one.probability, one.links, str(one.own.choices)))
            del found[wanted:]
        return found
