"""Hand-made SVG for paper: literal colours and a named font, because a drawing knows no style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from django.utils.safestring import SafeString, mark_safe

from apps.core.templatetags.figures import quantity as write_quantity
from apps.core.templatetags.figures import signed

FONT = "Noto Sans CJK SC"
INK, CAPTION, GRID, EDGE = "#151b25", "#616c7b", "#e3e7ec", "#8a95a4"
BOOK, LOSS, GAIN, BRAND = "#414b59", "#dc5b41", "#1b8fa0", "#2b4fd2"
MOST_BARS, MOST_STEPS = 9, 7


@dataclass(frozen=True)
class Bar:
    """A bar of the Pareto chart; the unexplained rest is left unpainted."""

    label: str
    amount: Decimal
    is_rest: bool = False


@dataclass(frozen=True)
class Step:
    """A step of the staircase: a cause or the rest, with what shows it below."""

    label: str
    quantity: Decimal
    below: str = ""
    is_rest: bool = False


def pareto(bars: Sequence[Bar], *, label: str, others: str) -> SafeString:
    """Amounts in descending order as bars, their running share as a line; `others` gathers a long tail."""
    named, rest = [bar for bar in bars if not bar.is_rest], [bar for bar in bars if bar.is_rest]
    if len(named) > MOST_BARS:
        tail = sum((bar.amount for bar in named[MOST_BARS - 1 :]), Decimal(0))
        named = [*named[: MOST_BARS - 1], Bar(others, tail)]
    shown = [*named, *rest]
    whole = float(sum((bar.amount for bar in shown), Decimal(0))) or 1.0
    top = _round_up(max((float(bar.amount) for bar in shown), default=1.0) or 1.0)
    left, right, floor, height = 52.0, 596.0, 184.0, 166.0
    pitch = (right - left) / max(len(shown), 1)
    width = min(pitch * 0.6, 64.0)
    out = []
    for fifth in range(5):
        y = floor - height * fifth / 4
        out.append(f'<path d="M{left:.1f} {y:.1f}H{right:.1f}" stroke="{GRID}" stroke-width=".8"/>')
        out.append(_text(left - 6, y + 3.5, write_quantity(round(top * fifth / 4, 2)), 9, CAPTION, "end"))
    points, running = [], 0.0
    for index, bar in enumerate(shown):
        x = left + pitch * (index + 0.5)
        tall = height * float(bar.amount) / top
        if bar.is_rest:
            out.append(_hatched(x - width / 2, floor - tall, width, tall))
        else:
            out.append(_rect(x - width / 2, floor - tall, width, tall, BRAND))
        running += float(bar.amount) / whole
        points.append((x, floor - height * running))
        inside = abs(points[-1][1] - (floor - tall)) < 14 and tall > 20 and not bar.is_rest
        colour, y = ("#ffffff", floor - tall + 13) if inside else (INK, floor - tall - 4)
        out.append(_text(x, y, write_quantity(round(bar.amount)), 9, colour, weight="bold"))
        out.append(_text(x, floor + 16, _fit(bar.label, pitch / 9.5), 9.5, INK))
    path = " ".join(f"{x:.1f} {y:.1f}" for x, y in points)
    out.append(f'<path d="M{path}" fill="none" stroke="{BOOK}" stroke-width="1.2"/>')
    out.extend(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="#fff" stroke="{BOOK}" stroke-width="1.1"/>' for x, y in points
    )
    out.extend(
        _text(right + 6, floor - height * share / 2 + 3.5, f"{share * 50}%", 9, CAPTION, "start") for share in range(3)
    )
    return _svg(640, 208, out, label)


def stairs(
    book: Decimal,
    steps: Sequence[Step],
    counted: Decimal,
    *,
    labels: tuple[str, str],
    below: tuple[str, str],
    label: str,
    others: str,
) -> SafeString:
    """From book to counted, one step a cause, each starting where the last ended; the rest also when it is 0."""
    causes, rest = [step for step in steps if not step.is_rest], [step for step in steps if step.is_rest]
    if len(causes) > MOST_STEPS:
        tail = sum((step.quantity for step in causes[MOST_STEPS - 1 :]), Decimal(0))
        causes = [*causes[: MOST_STEPS - 1], Step(others, tail)]
    shown = [*causes, *rest]
    levels = [float(book)]
    for step in shown:
        levels.append(levels[-1] + float(step.quantity))
    low, high = min(levels), max(levels)
    broken = low > 0 and low > (high - low) * 1.5
    base, ceiling = 136.0, 22.0
    if broken:

        def place(level: float) -> float:
            return ceiling + (high - level) / ((high - low) or 1.0) * 74.0

        ground = base
    else:
        bottom = min(low, 0.0)
        span = (max(high, 0.0) - bottom) or 1.0

        def place(level: float) -> float:
            return ceiling + (max(high, 0.0) - level) / span * (base - ceiling)

        ground = place(0.0)
    pitch = 624.0 / (len(shown) + 2)
    width = pitch * 0.62
    out = [f'<path d="M8 {ground:.1f}H632" stroke="#c6cdd6" stroke-width="1"/>']

    def column(index: int, name: str, caption: str) -> float:
        middle = 8 + pitch * (index + 0.5)
        size = 10 if _fit(name, pitch / 10.5) == name else 8.5
        out.append(_text(middle, 150, _fit(name, pitch / size), size, INK, weight="bold"))
        out.append(_text(middle, 165, _fit(caption, pitch / 5.2, latin=True), 8.5, CAPTION))
        return middle

    def total(index: int, level: float, amount: Decimal, colour: str, name: str, caption: str) -> None:
        middle = column(index, name, caption)
        x, y = middle - width / 2, place(level)
        out.append(_rect(x, min(y, ground), width, abs(ground - y), colour))
        if broken:
            out.append(f'<path d="M{x - 3:.1f} 122L{x + width + 3:.1f} 116v5L{x - 3:.1f} 127Z" fill="#fff"/>')
        inside = abs(ground - y) > 18
        out.append(
            _text(
                middle,
                y + 15 if inside else y - 5,
                write_quantity(amount),
                11.5,
                "#ffffff" if inside else INK,
                weight="bold",
            )
        )

    def link(index: int, level: float) -> None:
        x = 8 + pitch * (index + 0.5) + width / 2
        out.append(
            f'<path d="M{x:.1f} {place(level):.1f}H{x + pitch - width:.1f}" stroke="{CAPTION}" stroke-width=".7"'
            ' stroke-dasharray="2 2"/>'
        )

    total(0, levels[0], book, BOOK, labels[0], below[0])
    link(0, levels[0])
    for index, step in enumerate(shown, start=1):
        middle = column(index, step.label, step.below)
        x, start, end = middle - width / 2, place(levels[index - 1]), place(levels[index])
        tall = abs(end - start)
        if not step.quantity:
            out.append(
                f'<path d="M{x:.1f} {end:.1f}h{width:.1f}" stroke="{EDGE}" stroke-width="1.5" stroke-dasharray="3 2"/>'
            )
        elif step.is_rest:
            out.append(_hatched(x, min(start, end), width, tall))
        else:
            out.append(_rect(x, min(start, end), width, tall, LOSS if step.quantity < 0 else GAIN))
        inside = tall > 16 and not step.is_rest
        y = (start + end) / 2 + 4 if inside else min(start, end) - 5
        out.append(_text(middle, y, signed(step.quantity), 11.5, "#ffffff" if inside else INK, weight="bold"))
        link(index, levels[index])
    total(len(shown) + 1, levels[-1], counted, BRAND, labels[1], below[1])
    return _svg(640, 176, out, label)


def _svg(width: int, height: int, parts: Sequence[str], label: str) -> SafeString:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = f'<svg {size} role="img" aria-label={quoteattr(label)}>'
    return mark_safe(f"{head}{''.join(parts)}</svg>")  # noqa: S308 - every text in it went through _text


def _text(x: float, y: float, words: str, size: float, colour: str, anchor: str = "middle", weight: str = "") -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="{FONT}" font-size="{size}" fill="{colour}"'
        f' text-anchor="{anchor}"{bold}>{escape(words)}</text>'
    )


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _hatched(x: float, y: float, width: float, height: float) -> str:
    """A box of diagonal strokes: patterns print unevenly, strokes do not."""
    strokes = []
    offset = 5.0
    while offset < width + height:
        x1, y1 = (x, y + offset) if offset <= height else (x + offset - height, y + height)
        x2, y2 = (x + offset, y) if offset <= width else (x + width, y + offset - width)
        strokes.append(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}")
        offset += 5.0
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="#ffffff" stroke="{EDGE}"'
        f' stroke-width=".8"/><path d="{"".join(strokes)}" stroke="{EDGE}" stroke-width=".7"/>'
    )


def _fit(words: str, wide: float, *, latin: bool = False) -> str:
    """Cut to about `wide` Chinese characters (or Latin ones), with an ellipsis."""

    def size(character: str) -> float:
        return 1.0 if latin or ord(character) > 0x2E80 else 0.56

    room = wide
    for index, character in enumerate(words):
        room -= size(character)
        if room < 0:
            return words[: max(index - 1, 1)].rstrip() + "…"
    return words


def _round_up(amount: float) -> float:
    """The next number that divides an axis well: 1, 2, 2.5, 4, 5 or 10 times a power of ten."""
    power = 1.0
    while power * 10 < amount:
        power *= 10
    while power > amount:
        power /= 10
    return next(power * factor for factor in (1, 2, 2.5, 4, 5, 8, 10) if power * factor >= amount)
