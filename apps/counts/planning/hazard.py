"""How often stock goes wrong, and how far: a marked Gamma-Poisson model. Knows no Django.

A stock line meets n sources of error. Source k strikes it with rate theta[k] per unit of exposure x[k] since its last
count, and then leaves a difference of about scale[k] base units (log-normal around it). The rates and the sizes of an
organization are learned from its closed counts by EM, held by priors, so that a new organization starts from the
shipped defaults and a few odd counts move nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDS = 60
LARGEST_SPREAD = 1.5


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a source before any count.

    `rate`: errors per unit of exposure, worth `weight` units of exposure. `size`: the difference it leaves, as a share
    of its scale, worth `SIZE_WEIGHT` observed differences; `spread`: standard deviation of its logarithm.
    """

    rate: float
    weight: float
    size: float
    spread: float


SIZE_WEIGHT = 5.0


@dataclass(frozen=True, slots=True)
class Law:
    """Rates, log sizes and log spreads of every source, in their order."""

    rate: Array
    size: Array
    spread: Array


def shipped(priors: list[Prior]) -> Law:
    """The law of an organization without history."""
    return Law(
        np.array([prior.rate for prior in priors]),
        np.log([prior.size for prior in priors]),
        np.array([prior.spread for prior in priors]),
    )


def learn(priors: list[Prior], exposure: Array, scale: Array, difference: Array) -> Law:
    """The law behind counted lines: `exposure` and `scale` are lines × sources, `difference` is |counted − book|.

    EM: the E step shares each difference among the sources that could have made it, by rate and by how well its size
    fits; the M step is the Gamma and the normal posterior mean. Deterministic; without lines it is the shipped law.
    """
    law = shipped(priors)
    if not len(difference):
        return law
    default = law
    weight = np.array([prior.weight for prior in priors])
    total = exposure.sum(axis=0)
    wrong = difference > 0
    hit, mark, wide = exposure[wrong], np.log(difference[wrong])[:, None], np.log(np.maximum(scale[wrong], 1e-9))
    ratio = mark - wide
    for _round in range(ROUNDS):
        strikes = hit * law.rate
        fit = np.exp(-0.5 * ((ratio - law.size) / law.spread) ** 2) / law.spread
        share = strikes * (fit + 1e-6)
        summed = share.sum(axis=1, keepdims=True)
        share = np.divide(share, summed, out=np.zeros_like(share), where=summed > 0)
        expected = strikes.sum(axis=1, keepdims=True)
        share *= expected / -np.expm1(-np.maximum(expected, 1e-12))
        struck = share.sum(axis=0)
        rate = (default.rate * weight + struck) / (weight + total)
        size = (SIZE_WEIGHT * default.size + (share * ratio).sum(axis=0)) / (SIZE_WEIGHT + struck)
        square = (share * (ratio - size) ** 2).sum(axis=0)
        spread = np.sqrt((SIZE_WEIGHT * default.spread**2 + square) / (SIZE_WEIGHT + struck))
        law = Law(rate, size, np.minimum(spread, LARGEST_SPREAD))
    return law


def foresee(law: Law, exposure: Array, scale: Array) -> tuple[Array, Array]:
    """(probability that a line is wrong, expected |difference| in base units by source: lines × sources)."""
    strikes = exposure * law.rate
    return -np.expm1(-strikes.sum(axis=1)), strikes * scale * np.exp(law.size + law.spread**2 / 2)
