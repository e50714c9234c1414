"""What a family proposes: options of one group, each with its own likelihood before the variance is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from math import log
from typing import Protocol

from apps.variances.attribution.evidence import DocumentLine, Dossier, Entry, Line

CERTAIN = 0.985
"""No candidate is surer than this before the shelf is looked at."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows a candidate. `line` and `entry` are the rows behind the words."""

    kind: str
    doc_type: str = ""
    doc_no: str = ""
    line_no: int | None = None
    count: str = ""
    entry_no: str = ""
    line_id: str = ""


Effects = tuple[tuple[str, Decimal], ...]
"""What something did to which counted lines."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that may have happened: what it did to which counted lines, and how likely it is by itself.

    `signal` names the kind of evidence; the organization's own confirmed and refuted cases correct the shipped
    `probability` by it. `person` is who keyed the evidence document, where keying it would be the mistake.
    """

    cause: str
    effects: Effects
    probability: float
    signal: str
    evidence: tuple[Evidence, ...]
    node: str = ""
    department: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One document, movement or physical unit: at most one of its options is true."""

    key: str
    options: tuple[Option, ...]

    @property
    def log_odds(self) -> tuple[float, ...]:
        """Of each option against "none of them"."""
        total = sum(option.probability for option in self.options)
        shrink = min(1.0, CERTAIN / total) if total > 0 else 1.0
        none = 1 - total * shrink
        return tuple(log(max(option.probability * shrink, 1e-12) / none) for option in self.options)

    @property
    def touches(self) -> frozenset[str]:
        return frozenset(line for option in self.options for line, _quantity in option.effects)


class Family(Protocol):
    """A module of `families`: its name and what it proposes. Registered in `families.FAMILIES`, nowhere else."""

    NAME: str

    def propose(self, dossier: Dossier) -> Iterator[tuple[str, Option]]:
        """(group key, option) of everything that this family sees in the dossier."""


def cited(row: DocumentLine, kind: str = "document_line") -> Evidence:
    return Evidence(kind, row.doc_type, row.doc_no, row.line_no, line_id=row.id)


def entered(line: Line, entry: Entry) -> Evidence:
    return Evidence("count_entry", count=line.count_no, entry_no=entry.entry_no)


def grouped(proposals: Iterable[tuple[str, Option]]) -> list[Group]:
    """Options by group, in a fixed order; the same effect of the same cause counts once, at its likeliest."""
    found: dict[str, dict[tuple[str, Effects], Option]] = {}
    for key, option in proposals:
        effects = tuple((line, quantity) for line, quantity in option.effects if quantity)
        if not effects:
            continue
        options = found.setdefault(key, {})
        known = options.get((option.cause, effects))
        if known is None or known.probability < option.probability:
            options[option.cause, effects] = replace(option, effects=effects)
    return [Group(key, tuple(options[name] for name in sorted(options))) for key, options in sorted(found.items())]
