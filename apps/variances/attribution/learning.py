"""Priors from an organization's own closed counts: what was confirmed, what was refuted, what stayed unknown.

Only evidence that looks the same afterwards teaches how sure a signal is. A draft that stood then is posted or
cancelled by now, so unposted documents keep the shipped odds; keying, units, repeats, counting and the like do not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from apps.variances.attribution.candidates import Group
from apps.variances.attribution.evidence import ZERO, Dossier, Line
from apps.variances.attribution.explaining import propose
from apps.variances.attribution.inference import RestLaw
from apps.variances.attribution.priors import REST_SCALES, SHIPPED, WEIGHT, Priors

LASTING = frozenset(
    {
        "keying_error",
        "unit_error",
        "duplicate_posting",
        "reversed_posting",
        "wrong_item",
        "short_delivery",
        "count_error",
        "natural_loss",
        "prior_variance",
    }
)
"""Causes whose evidence is afterwards what it was."""

UNPAPERED = frozenset({"count_error", "natural_loss", "prior_variance", "transfer_unrecorded", "wrong_item"})
"""Causes that need no document; any other one without a document was a rest to the engine, whatever people knew."""

OF_DIFFERING = frozenset({"count_error", "natural_loss", "prior_variance"})
"""Causes that are proposed for lines that differ only, though every counted line was a chance for them."""

MOST = 30.0
"""Odds are corrected by at most so much."""


@dataclass(frozen=True, slots=True)
class Case:
    """A cause that people confirmed for a counted line."""

    cause: str
    quantity: Decimal
    documents: frozenset[str] = frozenset()


Cases = Mapping[str, list[Case]]
"""Confirmed causes by counted line."""


def learn(past: Iterable[tuple[Dossier, Cases]], version: str) -> Priors:
    """Beta means and laws from the past counts, shrunk to the shipped ones by `WEIGHT` cases."""
    trials: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    counted = 0.0
    moved = swapped = 0
    near, far = 20.0, 20.0 * SHIPPED.elsewhere
    rests: list[int] = []
    sizes: list[int] = []
    for dossier, cases in past:
        known = {line.id: line for line in dossier.lines if not line.variance or line.id in cases}
        looked = {line.id for line in known.values() if line.variance}
        part = len(looked) / max(1, sum(1 for line in dossier.lines if line.variance))
        chances = len(looked) + part * (len(known) - len(looked))
        counted += chances
        for line in known.values():
            causes = cases.get(line.id, [])
            shown = [case for case in causes if case.documents or case.cause in UNPAPERED]
            named = sum((case.quantity for case in shown if case.cause != "unknown"), ZERO)
            if line.variance != named:
                rests.append(max(1, round(abs(line.variance - named))))
            for case in causes:
                if case.documents or case.cause not in ("transfer_unrecorded", "wrong_item"):
                    continue
                sizes.append(max(1, round(abs(case.quantity))))
                if case.cause == "wrong_item":
                    swapped += 1
                    continue
                moved += 1
                here, there = _answers(dossier, cases, line, case)
                near, far = near + here, far + there
        for group in propose(dossier):
            if group.touches <= known.keys():
                weight = 1.0 if group.touches & looked else part
                _judge(group, cases, trials, weight, chances / max(1, len(looked)))
    return Priors(
        version=version,
        rho=(len(rests) + WEIGHT * SHIPPED.rho) / (counted + WEIGHT),
        rest_weights=_mixed(rests, SHIPPED.rest_weights),
        moved=(moved + WEIGHT * SHIPPED.moved) / (counted + WEIGHT),
        swapped=(swapped + WEIGHT * SHIPPED.swapped) / (counted + WEIGHT),
        elsewhere=min(1.0, far / near),
        size_weights=_mixed(sizes, SHIPPED.size_weights),
        odds={signal: _factor(*found) for signal, found in sorted(trials.items()) if found[0]},
    )


def _answers(dossier: Dossier, cases: Cases, line: Line, case: Case) -> tuple[bool, bool]:
    """Whether the other side of a move was confirmed in the same warehouse, or in another."""
    sides = [
        other.warehouse
        for other in dossier.lines
        if other.sku == line.sku
        and any(one.cause == case.cause and one.quantity == -case.quantity for one in cases.get(other.id, ()))
    ]
    here = line.warehouse in sides
    return here, bool(sides) and not here


def _judge(group: Group, cases: Cases, trials: dict[str, list[float]], weight: float, chances: float) -> None:
    """Count the group once for each of its signals: expected, confirmed.

    Where only part of the differing lines was looked into, lines that match count as that part, too.
    """
    size: dict[str, float] = {}
    expected: dict[str, float] = defaultdict(float)
    confirmed: set[str] = set()
    for option in group.options:
        if option.cause not in LASTING:
            continue
        size[option.signal] = weight * (chances if option.cause in OF_DIFFERING else 1.0)
        expected[option.signal] += option.probability
        ranged = option.cause == "natural_loss"
        for line, quantity in option.effects:
            for case in cases.get(line, ()):
                if case.cause == option.cause and (ranged or case.quantity == quantity):
                    confirmed.add(option.signal)
    for signal, probability in expected.items():
        found = trials[signal]
        found[0] += size[signal]
        found[1] += probability * size[signal]
        found[2] += signal in confirmed


def _factor(trials: float, expected: float, confirmed: float) -> float:
    before = min(max(expected / trials, 1e-9), 0.99)
    after = min((confirmed + WEIGHT * before) / (trials + WEIGHT), 0.995)
    factor = (after / (1 - after)) / (before / (1 - before))
    return float(min(MOST, max(1 / MOST, factor)))


def _mixed(sizes: list[int], shipped: tuple[float, ...]) -> tuple[float, ...]:
    """Weights of the scales by expectation–maximization, the shipped ones counting as `WEIGHT` cases."""
    weights = np.array(shipped)
    if sizes:
        found = np.array(sizes, dtype=np.int64)
        laws = np.exp(np.stack([RestLaw(0.5, (scale,), (1.0,)).tail(found) for scale in REST_SCALES], axis=1))
        for _step in range(60):
            shares = laws * weights
            shares /= shares.sum(axis=1, keepdims=True)
            weights = (shares.sum(axis=0) + WEIGHT * np.array(shipped)) / (len(sizes) + WEIGHT)
    return tuple(float(round(weight, 9)) for weight in weights)
