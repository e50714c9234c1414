"""The inference against brute force: equal to the last digits, nothing missed, sums always right."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.variances.attribution.coupling import Component, Link
from apps.variances.attribution.inference import Line, Options, RestLaw, log_sum

CASES = 10_000
LAWS = [RestLaw(rho, (scale, 20.0), (0.7, 0.3)) for rho in (0.02, 0.2) for scale in (0.7, 6.0)]


def brute(line: Line) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every choice (0 is none), its log weight, and its rest."""
    choices = np.array(list(itertools.product(*[range(len(group.quantities) + 1) for group in line.groups])), dtype=int)
    choices = choices.reshape(max(1, len(choices)), len(line.groups))
    sums, weights = np.zeros(len(choices), dtype=np.int64), np.zeros(len(choices))
    for at, group in enumerate(line.groups):
        quantities, odds = group.moves
        sums += quantities[choices[:, at]]
        weights += odds[choices[:, at]]
    rest = line.variance - sums
    return choices, weights + line.law.log_probability(rest), rest


def random_line(random: np.random.Generator) -> Line:
    groups = []
    for _group in range(random.integers(0, 5)):
        size = int(random.integers(1, 4))
        quantities = tuple(int(x) for x in random.integers(-9, 10, size))
        groups.append(Options(quantities, tuple(float(x) for x in random.uniform(-5, 3, size))))
    return Line(int(random.integers(-15, 16)), groups, LAWS[int(random.integers(len(LAWS)))])


def test_equals_brute_force() -> None:
    random = np.random.default_rng(20261122)
    worst = 0.0
    for _case in range(CASES):
        line = random_line(random)
        choices, weights, rest = brute(line)
        total = log_sum(weights)
        shares = np.exp(weights - total)
        worst = max(worst, abs(line.total - total), abs(line.fully_explained - shares[rest == 0].sum()))
        for at, marginal in enumerate(line.marginals):
            for option, probability in enumerate(marginal, 1):
                worst = max(worst, abs(probability - shares[choices[:, at] == option].sum()))
    assert worst < 1e-9


def test_best_sets_are_the_enumeration_in_order() -> None:
    random = np.random.default_rng(7)
    for _case in range(1_000):
        line = random_line(random)
        _choices, weights, _rest = brute(line)
        found = line.best(6)
        assert [one.log_weight for one in found] == pytest.approx(sorted(weights, reverse=True)[:6], abs=1e-9)
        assert sum(one.probability for one in found) <= 1 + 1e-9


@given(
    variance=st.integers(-2_000, 2_000),
    groups=st.lists(st.lists(st.tuples(st.integers(-900, 900), st.floats(-12, 6)), min_size=1, max_size=4), max_size=9),
    grain=st.sampled_from([1, 100, 10_000]),
)
def test_sums_always_add_up(variance: int, groups: list[list[tuple[int, float]]], grain: int) -> None:
    options = [Options(tuple(q for q, _odds in group), tuple(odds for _q, odds in group)) for group in groups]
    line = Line(variance, options, RestLaw(0.03, (2.0, 50.0), (0.6, 0.4), grain))
    for found in line.best(4):
        chosen = [group.quantities[at] for group, at in zip(options, found.choices, strict=True) if at is not None]
        assert sum(chosen) + found.rest == variance
        assert 0 <= found.probability <= 1 + 1e-9


def test_what_width_leaves_out_is_bounded() -> None:
    random = np.random.default_rng(3)
    groups = [
        Options((int(q),), (float(odds),))
        for q, odds in zip(random.integers(1, 4_000, 14), random.uniform(-6, 0, 14), strict=True)
    ]
    exact = Line(5_000, groups, LAWS[0])
    narrow = Line(5_000, groups, LAWS[0], widest=500)
    assert exact.gap == 0.0
    assert narrow.gap > 0.0
    assert narrow.total <= exact.total + 1e-9
    assert np.exp(exact.total) <= np.exp(narrow.total) / (1 - narrow.gap) * (1 + 1e-9)


def test_coupled_lines_equal_brute_force() -> None:
    random = np.random.default_rng(11)
    for _case in range(150):
        lines = [random_line(random) for _line in range(2)]
        lines = [Line(line.variance, line.groups[:2], line.law) for line in lines]
        links = [
            Link(
                tuple(
                    {0: int(q), 1: -int(q)} if at else {int(random.integers(2)): int(q)} for at, q in enumerate(pair)
                ),
                tuple(float(x) for x in random.uniform(-4, 2, len(pair))),
            )
            for pair in random.integers(-9, 10, (3, 2))
        ]
        component = Component(
            [line.variance for line in lines], [line.groups for line in lines], links, [line.law for line in lines]
        )
        weights = []
        for choice in itertools.product(range(3), repeat=3):
            weight, left = 0.0, [line.variance for line in lines]
            for link, option in zip(links, choice, strict=True):
                if option:
                    weight += link.log_odds[option - 1]
                    for line, quantity in link.effects[option - 1].items():
                        left[line] -= quantity
            for at, line in enumerate(lines):
                weight += log_sum(brute(Line(left[at], line.groups, line.law))[1])
            weights.append(weight)
        assert component.total == pytest.approx(log_sum(np.array(weights)), abs=1e-9)
        assert component.proven
        for number, line in enumerate(lines):
            found = component.best(number, 2_000)
            assert sum(one.probability for one in found) == pytest.approx(1, abs=2e-3)
            for one in found:
                explained = sum(links[link].effects[option][number] for link, option in one.links)
                own = sum(
                    g.quantities[at] for g, at in zip(line.groups, one.own.choices, strict=True) if at is not None
                )
                assert explained + own + one.own.rest == line.variance


def test_many_links_are_marked_not_proven() -> None:
    links = [Link(({0: 2 * at + 1, 1: -at},), (-1.0,)) for at in range(16)]
    component = Component([17, -9], [[], []], links, [LAWS[0]] * 2, most=200)
    assert not component.proven
    assert component.best(0, 3) == Component([17, -9], [[], []], links, [LAWS[0]] * 2, most=200).best(0, 3)
