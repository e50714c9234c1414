"""From a dossier to explanations: candidates, components, inference, the best sets of each line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from apps.variances.attribution.candidates import Group, Option, grouped
from apps.variances.attribution.coupling import Component, Link
from apps.variances.attribution.evidence import Dossier, Line
from apps.variances.attribution.families import FAMILIES
from apps.variances.attribution.inference import Options
from apps.variances.attribution.pairs import moves, swaps
from apps.variances.attribution.priors import Priors

SEARCHED = 24
"""Sets looked at for each line; those that say the same of every cause are one explanation."""

PLAUSIBLE = 0.002
"""An explanation this likely may leave a rest that another line answers."""

TELL = 100
"""Lines between two words of progress."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One cause of a variance and its signed quantity, with what shows it."""

    quantity: Decimal
    option: Option


@dataclass(frozen=True, slots=True)
class Explanation:
    """A whole explanation: its parts and the rest add up to the variance."""

    parts: tuple[Part, ...]
    unexplained: Decimal
    probability: float

    @property
    def says(self) -> tuple[tuple[str, Decimal], ...]:
        """What it claims of each cause: explanations that claim the same are one."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for part in self.parts:
            sums[part.option.cause] += part.quantity
        return tuple(sorted((cause, quantity) for cause, quantity in sums.items() if quantity))


@dataclass(frozen=True, slots=True)
class Explained:
    """A line with its explanations, best first; `proven` unless too much was coupled for an exact answer."""

    line: Line
    explanations: tuple[Explanation, ...]
    proven: bool


def explain(dossier: Dossier, priors: Priors, *, top: int = 3, progress: Progress | None = None) -> list[Explained]:
    """Explain every own line that differs, in the order of the dossier."""
    groups = _corrected(propose(dossier), priors)
    first = _solved(dossier, groups, priors, SEARCHED, progress=progress)
    rests = {
        line: [(one.unexplained, one.probability) for one in found.explanations if one.probability > PLAUSIBLE]
        for line, found in first.items()
    }
    rests = {line: values for line, values in rests.items() if any(rest for rest, _likely in values)}
    answers = grouped([*moves(dossier, rests, priors.rates), *swaps(dossier, rests, priors.rates)])
    again = {line for group in answers for line in group.touches}
    second = _solved(dossier, [*groups, *answers], priors, SEARCHED, only=again)
    found = {**first, **second}
    return [
        replace(found[line.id], explanations=found[line.id].explanations[:top])
        for line in dossier.lines
        if line.own and line.variance
    ]


def propose(dossier: Dossier) -> list[Group]:
    """What all families see."""
    return grouped(proposal for family in FAMILIES for proposal in family.propose(dossier))


def _corrected(groups: Iterable[Group], priors: Priors) -> list[Group]:
    return [
        Group(
            group.key,
            tuple(
                replace(option, probability=priors.corrected(option.probability, option.signal))
                for option in group.options
            ),
        )
        for group in groups
    ]


def components(lines: Iterable[Line], groups: Iterable[Group]) -> Iterator[tuple[list[Line], list[Group]]]:
    """Lines that share groups, directly or through others, with these groups; in the order of the lines."""
    order = list(lines)
    known = {line.id for line in order}
    parent = {line.id: line.id for line in order}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    usable = [group for group in groups if group.touches & known]
    for group in usable:
        first, *others = sorted(group.touches & known)
        for other in others:
            parent[root(other)] = root(first)
    members: dict[str, list[Line]] = defaultdict(list)
    for line in order:
        members[root(line.id)].append(line)
    theirs: dict[str, list[Group]] = defaultdict(list)
    for group in usable:
        theirs[root(min(group.touches & known))].append(group)
    for name, inside in members.items():
        yield inside, theirs[name]


def _solved(
    dossier: Dossier,
    groups: list[Group],
    priors: Priors,
    wanted: int,
    *,
    only: set[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, Explained]:
    found: dict[str, Explained] = {}
    total = sum(1 for line in dossier.lines if line.variance)
    told = 0
    for lines, theirs in components(dossier.lines, groups):
        if progress and len(found) - told >= TELL:
            told = len(found)
            progress(told, total)
        if any(line.variance for line in lines) and (only is None or any(line.id in only for line in lines)):
            found.update(solve(lines, theirs, priors, wanted))
    return found


def solve(lines: list[Line], groups: list[Group], priors: Priors, wanted: int) -> dict[str, Explained]:
    """Explanations of every line of one component that differs."""
    grain = _grain(lines, groups)
    number = {line.id: at for at, line in enumerate(lines)}
    own: list[list[Group]] = [[] for _line in lines]
    shared: list[Group] = []
    for group in groups:
        touched = group.touches & number.keys()
        if len(touched) == 1 and all(len(option.effects) == 1 for option in group.options):
            own[number[min(touched)]].append(group)
        else:
            shared.append(group)
    component = Component(
        [_whole(line.variance, grain) for line in lines],
        [
            [
                Options(tuple(_whole(option.effects[0][1], grain) for option in group.options), group.log_odds)
                for group in mine
            ]
            for mine in own
        ],
        [
            Link(
                tuple(
                    {number[line]: _whole(quantity, grain) for line, quantity in option.effects if line in number}
                    for option in group.options
                ),
                group.log_odds,
            )
            for group in shared
        ],
        [priors.rest(grain)] * len(lines),
    )
    found = {}
    for at, line in enumerate(lines):
        if not line.variance:
            continue
        explanations = []
        for chosen in component.best(at, wanted):
            options = [shared[link].options[option] for link, option in chosen.links]
            options += [
                group.options[option]
                for group, option in zip(own[at], chosen.own.choices, strict=True)
                if option is not None
            ]
            parts = tuple(
                Part(quantity, option) for option in options for name, quantity in option.effects if name == line.id
            )
            rest = line.variance - sum((part.quantity for part in parts), Decimal(0))
            explanations.append(Explanation(_ordered(parts), rest, chosen.probability))
        found[line.id] = Explained(line, tuple(_merged(explanations)), component.proven)
    return found


def _merged(explanations: Iterable[Explanation]) -> list[Explanation]:
    """Those that claim the same of every cause as one: shown by the likeliest, with the probability of all."""
    sums: dict[tuple[tuple[str, Decimal], ...], float] = defaultdict(float)
    shown: dict[tuple[tuple[str, Decimal], ...], Explanation] = {}
    for one in explanations:
        sums[one.says] += one.probability
        shown.setdefault(one.says, one)
    merged = [replace(one, probability=min(1.0, sums[says])) for says, one in shown.items()]
    return sorted(merged, key=lambda one: -one.probability)


def _ordered(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Largest first, then by name: people play no part in it."""
    return tuple(
        sorted(parts, key=lambda part: (-abs(part.quantity), part.option.cause, part.option.evidence[0].doc_no))
    )


def _grain(lines: Iterable[Line], groups: Iterable[Group]) -> int:
    """Whole numbers in one base unit: as many as the finest quantity needs."""
    quantities = [line.variance for line in lines]
    quantities += [quantity for group in groups for option in group.options for _line, quantity in option.effects]
    places = max((-_exponent(quantity) for quantity in quantities), default=0)
    return int(10 ** max(0, places))


def _exponent(quantity: Decimal) -> int:
    found = quantity.normalize().as_tuple().exponent
    return found if isinstance(found, int) else 0


def _whole(quantity: Decimal, grain: int) -> int:
    return int(quantity * grain)
