"""From what was measured and learned to a list: what to count, in which order, and why."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import numpy as np
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.counts.enums import CountState
from apps.counts.models import Count, CountLine
from apps.counts.planning.exposure import SOURCES, Exposure, Line, measure
from apps.counts.planning.hazard import Array, Law, foresee, learn

MOST_COUNTS_LEARNED = 12
"""Older counts say little about how the organization works today."""

RANDOM_SHARE = 0.15
"""Of a risk plan; drawn in proportion to value, so that the model also sees what it does not rank."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One line to count: `risk` is the probability that it is wrong, `expected_abs_value` the money a look finds.

    `inclusion`: how probable it was that this line came into the plan, where it was drawn; None where it was chosen.
    """

    rank: int
    line: Line
    risk: float
    expected_abs_value: Decimal
    reason: str
    inclusion: float | None = None


def plan_lines(budget: int, *, policy: str = "risk", as_of: datetime, seed: int = 0) -> list[Planned]:
    """The `budget` lines to count next, best first, as known at `as_of`.

    "risk": by the money that a look is expected to find; the last 15 % of the plan are drawn at random in proportion
    to value. "abc": by turnover value. "random": drawn with equal chances. Draws depend on `seed` alone, so that
    an auditor can repeat them. Raises RuleViolation: "budget_not_positive".
    """
    if budget < 1:
        raise RuleViolation("budget_not_positive", _("Give a number of lines to count, at least 1."))
    here = measure(as_of)
    if not here.lines:
        return []
    law = learn_law(as_of)
    risk, difference = foresee(law, here.amount, here.scale)
    cost = np.array([line.cost for line in here.lines])
    value = difference * cost[:, None]
    order = POLICIES[policy](here, value.sum(axis=1), min(budget, len(here.lines)), random.Random(seed))
    return [
        Planned(
            rank=rank,
            line=here.lines[number],
            risk=round(float(risk[number]), 4),
            expected_abs_value=Decimal(f"{value[number].sum():.4f}"),
            reason=_reason(here, value[number], difference[number], number, policy, inclusion),
            inclusion=inclusion,
        )
        for rank, (number, inclusion) in enumerate(order, start=1)
    ]


def learn_law(moment: datetime) -> Law:
    """What the closed counts before `moment` teach: each with what had been known when it began."""
    counts = Count.objects.filter(state=CountState.CLOSED, snapshot_at__lt=moment)
    moments = sorted(set(counts.values_list("snapshot_at", flat=True)))[-MOST_COUNTS_LEARNED:]
    amounts, scales, differences = [], [], []
    for began in moments:
        found = _found(began)
        then = measure(began)
        seen = [number for number, line in enumerate(then.lines) if line.pk in found]
        amounts.append(then.amount[seen])
        scales.append(then.scale[seen])
        differences.append([found[then.lines[number].pk] for number in seen])
    return learn(
        [source.prior for source in SOURCES],
        np.concatenate(amounts) if amounts else np.zeros((0, len(SOURCES))),
        np.concatenate(scales) if scales else np.ones((0, len(SOURCES))),
        np.concatenate(differences) if differences else np.zeros(0),
    )


def _found(began: datetime) -> dict[UUID, float]:
    """{stock line: |counted − book|} of the closed counts that began at `began`."""
    counted = CountLine.objects.filter(
        count__state=CountState.CLOSED, count__snapshot_at=began, counted__isnull=False
    ).order_by()
    return {line: abs(float(variance)) for line, variance in counted.values_list("stock_line", "variance")}


Order = list[tuple[int, float | None]]


def _by_risk(here: Exposure, value: Array, budget: int, draw: random.Random) -> Order:
    best = _descending(value)
    chosen = best[: budget - int(budget * RANDOM_SHARE)]
    rest = best[len(chosen) :]
    worth = np.array([max(abs(here.lines[number].book * here.lines[number].cost), 0.01) for number in rest])
    return [(number, None) for number in chosen] + _drawn(rest, worth, budget - len(chosen), draw)


def _by_turnover(here: Exposure, value: Array, budget: int, draw: random.Random) -> Order:
    turnover = np.array([line.turnover * line.cost for line in here.lines])
    return [(number, None) for number in _descending(turnover)[:budget]]


def _at_random(here: Exposure, value: Array, budget: int, draw: random.Random) -> Order:
    everything = list(range(len(here.lines)))
    return [(number, budget / len(everything)) for number in draw.sample(everything, budget)]


POLICIES: dict[str, Callable[[Exposure, Array, int, random.Random], Order]] = {
    "risk": _by_risk,
    "abc": _by_turnover,
    "random": _at_random,
}


def _drawn(numbers: list[int], worth: Array, size: int, draw: random.Random) -> Order:
    """A systematic sample with probability proportional to size, in the given order; each line at most once."""
    if not size:
        return []
    certain: list[int] = []
    left, sizes = list(numbers), worth
    while len(left) > size - len(certain) > 0:
        step = sizes.sum() / (size - len(certain))
        sure = sizes >= step
        if not sure.any():
            break
        certain += [number for number, is_sure in zip(left, sure, strict=True) if is_sure]
        left, sizes = [number for number, is_sure in zip(left, sure, strict=True) if not is_sure], sizes[~sure]
    wanted = size - len(certain)
    if wanted <= 0 or not left:
        return [(number, 1.0) for number in certain[:size]]
    step = sizes.sum() / wanted
    reached = np.cumsum(sizes)
    marks = (draw.random() + np.arange(wanted)) * step
    at = np.minimum(np.searchsorted(reached, marks), len(left) - 1)
    return [(number, 1.0) for number in certain] + [(left[k], float(sizes[k] / step)) for k in at]


def _descending(score: Array) -> list[int]:
    return [int(number) for number in np.argsort(-score, kind="stable")]


def _reason(here: Exposure, value: Array, difference: Array, number: int, policy: str, inclusion: float | None) -> str:
    """The two sources that the line owes most of its place to, in words."""
    if policy == "abc":
        return _("turnover value")
    if inclusion is not None:
        return _("drawn at random")
    weight = value if value.sum() else difference
    strongest = [int(column) for column in np.argsort(-weight, kind="stable")[:2] if weight[column] > 0]
    return _("; ").join(
        _("%(source)s: %(times)s") % {"source": SOURCES[column].reason, "times": f"{here.amount[number, column]:.3g}"}
        for column in strongest
    )
