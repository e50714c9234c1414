"""A document's chain as coordinates: columns by stage, a curve from each document to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.core.templatetags.figures import quantity, signed
from apps.movements.models import Document
from apps.movements.selectors import Chain

WIDTH, HEIGHT = 172, 62
STEP_X, STEP_Y = 236, 80


@dataclass(frozen=True)
class Card:
    document: Document
    x: int
    y: int
    here: bool
    broken: bool


@dataclass(frozen=True)
class Curve:
    path: str
    x: int
    y: int
    text: str
    differs: bool
    guess: bool


def draw_chain(chain: Chain, here: Document) -> dict[str, Any] | None:
    """Cards and curves with the size of the picture; None where a document stands alone."""
    if len(chain.stations) < 2:
        return None
    columns = {column: rank for rank, column in enumerate(sorted({station.column for station in chain.stations}))}
    cards = {
        station.document.pk: Card(
            document=station.document,
            x=columns[station.column] * STEP_X,
            y=8 + station.row * STEP_Y,
            here=station.document.pk == here.pk,
            broken=station.broken,
        )
        for station in chain.stations
    }
    curves = [
        _curve(cards[step.source], cards[step.target], step)
        for step in chain.steps
        if step.source in cards and step.target in cards
    ]
    return {
        "cards": list(cards.values()),
        "curves": curves,
        "cut": chain.cut,
        "width": max((columns.values()), default=0) * STEP_X + WIDTH + 2,
        "height": max(card.y for card in cards.values()) + HEIGHT + 10,
    }


def _curve(start: Card, end: Card, step: Any) -> Curve:
    text = quantity(step.followed)
    if step.difference:
        text = f"{text} ({signed(step.difference)})"
    y1, y2 = start.y + HEIGHT // 2, end.y + HEIGHT // 2
    if start.x == end.x:
        x = start.x + WIDTH
        path = f"M{x} {y1} C{x + 40} {y1} {x + 40} {y2} {x + 4} {y2}"
        return Curve(path, x + 34, (y1 + y2) // 2 - 4, text, bool(step.difference), step.guess)
    x1, x2 = start.x + WIDTH, end.x - 7
    middle = (x1 + x2) // 2
    path = f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
    return Curve(path, middle, (y1 + y2) // 2 - 6, text, bool(step.difference), step.guess)
