"""What simpler methods say of the same candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations

from apps.variances.attribution.candidates import Evidence, Option
from apps.variances.attribution.evidence import Dossier, Line
from apps.variances.attribution.explaining import Explained, Explanation, Part, propose
from apps.variances.attribution.learning import Cases

LARGEST_SET = 3
MOST = 40


def _options(dossier: Dossier) -> dict[str, list[Part]]:
    """The likeliest option of each group that touches a line."""
    found: dict[str, list[Part]] = {}
    for group in propose(dossier):
        best: dict[str, Part] = {}
        for option in group.options:
            for line, quantity in option.effects:
                if line not in best or best[line].option.probability < option.probability:
                    best[line] = Part(quantity, option)
        for line, part in best.items():
            found.setdefault(line, []).append(part)
    return found


def _explained(line: Line, parts: tuple[Part, ...]) -> Explained:
    rest = line.variance - sum((part.quantity for part in parts), Decimal(0))
    return Explained(line, (Explanation(parts, rest, 0.5),), True)


def _wanted(dossier: Dossier) -> Iterator[Line]:
    return (line for line in dossier.lines if line.own and line.variance)


def largest_evidence(dossier: Dossier) -> list[Explained]:
    """The one candidate that is likeliest by itself, whatever the shelf says."""
    options = _options(dossier)
    found = []
    for line in _wanted(dossier):
        parts = sorted(options.get(line.id, []), key=lambda part: (-part.option.probability, part.option.cause))
        found.append(_explained(line, tuple(parts[:1])))
    return found


def smallest_exact_subset(dossier: Dossier) -> list[Explained]:
    """The fewest candidates that add up to the variance, else nothing."""
    options = _options(dossier)
    found = []
    for line in _wanted(dossier):
        parts = sorted(options.get(line.id, []), key=lambda part: -part.option.probability)[:MOST]
        sets = (
            chosen
            for size in range(1, LARGEST_SET + 1)
            for chosen in combinations(parts, size)
            if sum((part.quantity for part in chosen), Decimal(0)) == line.variance
        )
        found.append(_explained(line, next(sets, ())))
    return found


def most_frequent_cause(dossier: Dossier, cases: list[Cases]) -> list[Explained]:
    """All of each variance to the cause that was confirmed most often for its sign."""
    seen: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for known in cases:
        for causes in known.values():
            for case in causes:
                seen[case.quantity > 0][case.cause] += 1
    found = []
    for line in _wanted(dossier):
        ranked = seen[line.variance > 0].most_common(1)
        evidence = (Evidence("note"),)
        parts = tuple(
            Part(line.variance, Option(cause, ((line.id, line.variance),), 0.5, "usual", evidence))
            for cause, _n in ranked
        )
        found.append(_explained(line, parts))
    return found
