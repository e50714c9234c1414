"""Which causes a variance has, exactly: NumPy only, no Django.

A group holds what one document, movement or physical unit may have done: at most one of its options is true. With
r = v − Σq the unexplained rest, P(z | v) ∝ exp(Σλ) · p_rest(r). Sums are whole numbers (quantities × scale). One
line is solved by forward–backward dynamic programming over the sums that can be reached; its K best sets come from
a best-first search whose bound is the backward table, so they come in order and none is missed. Lines that share a
group are solved together, see `coupling`.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WIDEST = 60_000
"""Distinct sums kept at once; beyond it the least likely are left out, and the bound of what they weigh is given."""

PATIENCE = 20_000
"""Steps of one search for the best sets; only a variance with far more ties than candidates needs them."""


@dataclass(frozen=True, slots=True)
class Options:
    """One group: signed whole quantities and the log odds of each against "none of them"."""

    quantities: tuple[int, ...]
    log_odds: tuple[float, ...]

    @property
    def moves(self) -> tuple[Ints, Floats]:
        """The same with "none of them" first."""
        return np.array((0, *self.quantities), dtype=np.int64), np.array((0.0, *self.log_odds))


@dataclass(frozen=True)
class RestLaw:
    """p(r): nothing is left with probability 1 − rho, else a two-sided geometric law.

    Its scale is not known, so it is mixed over `scales` (in units of the item) with `weights`; `grain` is the number
    of whole numbers in one unit.
    """

    rho: float
    scales: tuple[float, ...] = (8.0,)
    weights: tuple[float, ...] = (1.0,)
    grain: int = 1

    def tail(self, size: Ints) -> Floats:
        """Log probability of the sizes (at least 1) of one sign, given that something is left."""
        scales = np.asarray(self.scales, dtype=np.float64) * self.grain
        log_weights = np.log(np.asarray(self.weights)) - np.log(2.0) - np.log1p(scales)
        logs = log_weights - np.maximum(size[..., None] - 1, 0) * np.log1p(1.0 / scales)
        peak = logs.max(axis=-1)
        found: Floats = peak + np.log(np.exp(logs - peak[..., None]).sum(axis=-1))
        return found

    def log_probability(self, rest: Ints) -> Floats:
        size, where = np.unique(np.abs(np.asarray(rest, dtype=np.int64)), return_inverse=True)
        logs = np.where(size == 0, np.log1p(-self.rho), np.log(self.rho) + self.tail(size))
        found: Floats = logs[where].reshape(np.shape(rest))
        return found


@dataclass(frozen=True, slots=True)
class Found:
    """A chosen option (or None) of each group, what it leaves, and its probability."""

    choices: tuple[int | None, ...]
    rest: int
    log_weight: float
    probability: float


@dataclass(frozen=True)
class Table:
    """Log weight of every reachable sum; `lost` bounds the log weight of sums that were left out for width."""

    sums: Ints
    logs: Floats
    lost: float = -np.inf

    def extended(self, group: Options, widest: int) -> Table:
        quantities, odds = group.moves
        sums = (self.sums[:, None] + quantities[None, :]).ravel()
        logs = (self.logs[:, None] + odds[None, :]).ravel()
        order = np.argsort(sums, kind="stable")
        sums, logs = sums[order], logs[order]
        starts = np.flatnonzero(np.concatenate(([True], sums[1:] != sums[:-1])))
        logs, sums = _log_sums(logs, starts), sums[starts]
        lost = self.lost + float(np.logaddexp.reduce(odds))
        if len(sums) > widest:
            keep = np.sort(np.argsort(-logs, kind="stable")[:widest])
            dropped = np.ones(len(sums), dtype=bool)
            dropped[keep] = False
            lost = float(np.logaddexp(lost, log_sum(logs[dropped])))
            sums, logs = sums[keep], logs[keep]
        return Table(sums, logs, lost)


def log_sum(values: Floats) -> float:
    """log Σ exp, −inf of nothing."""
    if not values.size:
        return -np.inf
    peak = float(values.max())
    return peak if peak == -np.inf else peak + float(np.log(np.exp(values - peak).sum()))


def _log_sums(logs: Floats, starts: Ints) -> Floats:
    peaks = np.maximum.reduceat(logs, starts)
    widths = np.diff(np.append(starts, len(logs)))
    found: Floats = peaks + np.log(np.add.reduceat(np.exp(logs - np.repeat(peaks, widths)), starts))
    return found


@dataclass
class Line:
    """One variance and its groups, solved."""

    variance: int
    groups: Sequence[Options]
    law: RestLaw
    widest: int = WIDEST

    @cached_property
    def forward(self) -> list[Table]:
        """Tables before each group, and after the last."""
        tables = [Table(np.zeros(1, dtype=np.int64), np.zeros(1))]
        for group in self.groups:
            tables.append(tables[-1].extended(group, self.widest))
        return tables

    @cached_property
    def backward(self) -> list[Floats]:
        """For each sum of each table before: log Σ over what may still come."""
        return self._backward(best=False)

    @cached_property
    def bounds(self) -> list[Floats]:
        """The same for the best that may still come."""
        return self._backward(best=True)

    def _backward(self, *, best: bool) -> list[Floats]:
        last = self.forward[-1]
        layers = [self.law.log_probability(self.variance - last.sums)]
        for number in range(len(self.groups) - 1, -1, -1):
            quantities, odds = self.groups[number].moves
            after = self._reached(number + 1, self.forward[number].sums[:, None] + quantities[None, :])
            weights = np.where(after < 0, -np.inf, layers[-1][after]) + odds
            layers.append(weights.max(axis=1) if best else np.logaddexp.reduce(weights, axis=1))
        return layers[::-1]

    def _reached(self, number: int, sums: Ints) -> Ints:
        """Places of sums in a table; −1 where the sum was left out."""
        known = self.forward[number].sums
        place = np.minimum(np.searchsorted(known, sums), len(known) - 1)
        return np.where(known[place] == sums, place, -1)

    def evidence(self, variances: Ints) -> Floats:
        """log Σ_z exp(Σλ)·p_rest(variance − Σq), for several variances at once."""
        table = self.forward[-1]
        wanted = np.asarray(variances, dtype=np.int64)
        size = max(1, 2_000_000 // len(table.sums))
        parts = [
            np.logaddexp.reduce(table.logs + self.law.log_probability(part[:, None] - table.sums[None, :]), axis=1)
            for part in (wanted[start : start + size] for start in range(0, len(wanted), size))
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    @cached_property
    def total(self) -> float:
        """Log weight of everything."""
        return float(self.backward[0][0])

    @property
    def fully_explained(self) -> float:
        """Probability that nothing is left."""
        place = int(self._reached(len(self.groups), np.array([self.variance]))[0])
        if place < 0:
            return 0.0
        none = self.forward[-1].logs[place] + self.law.log_probability(np.array([0]))[0]
        return float(np.exp(none - self.total))

    @property
    def gap(self) -> float:
        """At most this share of the probability was left out because the sums were too wide; 0 is exact."""
        lost = self.forward[-1].lost
        if lost == -np.inf:
            return 0.0
        most = lost + float(self.law.log_probability(np.array([0, 1])).max())
        return float(np.exp(most - np.logaddexp(self.total, most)))

    @property
    def marginals(self) -> list[tuple[float, ...]]:
        """Probability of each option of each group."""
        found = []
        for number, group in enumerate(self.groups):
            quantities, odds = group.moves
            after = self._reached(number + 1, self.forward[number].sums[:, None] + quantities[None, 1:])
            weights = np.where(after < 0, -np.inf, self.backward[number + 1][after])
            weights = weights + self.forward[number].logs[:, None] + odds[None, 1:]
            found.append(tuple(float(x) for x in np.exp(np.logaddexp.reduce(weights, axis=0) - self.total)))
        return found

    def best(self, wanted: int) -> list[Found]:
        """The most likely sets, best first; alternatives exclude each other, so they sum to at most 1.

        The bound of an unfinished set is what its best completion weighs, so no better one is ever missed.
        """
        ticket = count()
        heap: list[tuple[float, int, float, int, tuple[int | None, ...]]] = [
            (-float(self.bounds[0][0]), next(ticket), 0.0, 0, ())
        ]
        moves = [group.moves for group in self.groups]
        found: list[Found] = []
        for _step in range(PATIENCE):
            if not heap or len(found) == wanted:
                break
            negative, _ticket, weight, done, choices = heapq.heappop(heap)
            number = len(choices)
            if number == len(self.groups):
                found.append(Found(choices, self.variance - done, -negative, float(np.exp(-negative - self.total))))
                continue
            quantities, odds = moves[number]
            for option, place in enumerate(self._reached(number + 1, done + quantities)):
                if place >= 0:
                    now = weight + float(odds[option])
                    bound = now + float(self.bounds[number + 1][place])
                    chosen = (*choices, option - 1 if option else None)
                    heapq.heappush(heap, (-bound, next(ticket), now, done + int(quantities[option]), chosen))
        return found
