"""Finding the layout of a table and where its headings stand, from its first rows."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from apps.core.sheets_reading import Record, tidy
from apps.integrations.layouts.catalogue import LAYOUTS, Layout, plain

LOOKED_AT = 30
"""Rows in which headings are looked for."""
TITLE = 3
"""A row above the headings with more texts is no title."""
SURE = 3
"""So many columns of one of our files must be there, where neither file nor sheet is called as it."""

_PAIR = re.compile(r"([^:：,，;；\s]{2,20})\s*[:：]\s*([^:：\s]+(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?)")


@dataclass(frozen=True)
class Reading:
    """How a table is read: its layout, where its headings stand, what each heading means, and what is the same on
    every row. `doubled` are headings that stand there twice for one field."""

    layout: str
    header: int
    height: int
    headings: tuple[str, ...]
    columns: dict[str, str]
    constants: dict[str, str] = field(default_factory=dict)
    doubled: tuple[str, ...] = ()
    is_sure: bool = True

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.headings)

    @property
    def first_row(self) -> int:
        return self.header + self.height

    def as_json(self) -> dict[str, Any]:
        return {
            "layout": self.layout,
            "header": self.header,
            "height": self.height,
            "headings": list(self.headings),
            "columns": self.columns,
            "constants": self.constants,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Reading:
        return cls(**{**said, "headings": tuple(said["headings"])})


@dataclass(frozen=True)
class Block:
    """Headings that stand in one row, or in two that belong together."""

    header: int
    height: int
    headings: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    """For each column the names to try, compared, best first."""


def fingerprint(headings: Iterable[str]) -> str:
    """The same headings in the same order have the same one."""
    return hashlib.sha256("\x1f".join(map(plain, headings)).encode()).hexdigest()


def recognize(
    rows: list[Record],
    *,
    names: Iterable[str] = (),
    stem: str = "",
    merged: Iterable[tuple[int, int, int, int]] = (),
    remembered: Mapping[str, Mapping[str, Any]] | None = None,
) -> Reading | None:
    """The best reading of a table by its first rows, None for an empty one.

    `stem` is the file of ours that it is called as, if any; `names` are other names it bears (file, sheet);
    `remembered` are mappings by fingerprint, which win. A reading that is not `is_sure` is a guess to be corrected.
    """
    rows = rows[:LOOKED_AT]
    blocks = _blocks(rows, list(merged))
    for block in blocks:
        known = (remembered or {}).get(fingerprint(block.headings))
        if known and known["layout"] in LAYOUTS:
            titled = title_values(rows, block, LAYOUTS[known["layout"]])
            return Reading(
                layout=known["layout"],
                header=block.header,
                height=block.height,
                headings=block.headings,
                columns=known["columns"],
                constants={**titled, **known["constants"]},
            )
    best: tuple[tuple[Any, ...], Reading] | None = None
    for block in blocks:
        titles = [list(filter(None, cells)) for number, cells in rows if number < block.header]
        above = " ".join(text for texts in titles if len(texts) <= TITLE for text in texts)
        told = plain(" ".join((*names, above)))
        for order, layout in enumerate(each for each in LAYOUTS.values() if not each.chosen_only):
            reading = _read(block, layout, rows)
            if not reading.columns:
                continue
            given = layout.reached((*reading.columns.values(), *reading.constants))
            named = layout.key == stem if layout.is_own else any(plain(hint) in told for hint in layout.hints)
            enough = (
                named
                or not layout.is_own
                or (len(reading.columns) >= SURE and 2 * len(reading.columns) >= len(block.headings))
            )
            sure = enough and given >= set(layout.needs)
            score = len(reading.columns) + 2 * named
            rank = (sure, score, -block.height, -block.header, -order)
            if best is None or rank > best[0]:
                best = rank, replace(reading, is_sure=sure)
    if best is None:
        return _stranger(blocks)
    return _with_twin_row(best[1], blocks, rows)


def _stranger(blocks: list[Block]) -> Reading | None:
    """Headings that nothing knows: the row with the most texts, for a person to say what they mean."""
    single = [block for block in blocks if block.height == 1]
    if not single:
        return None
    block = max(single, key=lambda b: (sum(map(bool, b.headings)), -b.header))
    return Reading("documents", block.header, 1, block.headings, {}, is_sure=False)


def read_as(
    layout: Layout, rows: list[Record], *, header: int, height: int, merged: Iterable[tuple[int, int, int, int]] = ()
) -> Reading | None:
    """The reading by a layout, and at a row of headings, that a person chose."""
    for block in _blocks(rows[:LOOKED_AT], list(merged)):
        if (block.header, block.height) == (header, height):
            return _read(block, layout, rows)
    return None


def _read(block: Block, layout: Layout, rows: list[Record]) -> Reading:
    found: dict[str, tuple[int, int]] = {}
    doubled: list[str] = []
    for position, names in enumerate(block.names):
        hit = next((layout.index[name] for name in names if name in layout.index), None)
        if hit is None:
            continue
        rank, name = hit
        if name not in found or rank < found[name][0]:
            found[name] = rank, position
            doubled = [heading for heading in doubled if heading != name]
        elif rank == found[name][0]:
            doubled.append(name)
    columns = {block.headings[position]: name for name, (_rank, position) in found.items()}
    twice = tuple(block.headings[found[name][1]] for name in doubled)
    ordered = {heading: columns[heading] for heading in block.headings if heading in columns}
    return Reading(
        layout.key,
        block.header,
        block.height,
        block.headings,
        ordered,
        title_values(rows, block, layout) if ordered and not layout.is_own else {},
        twice,
    )


def _with_twin_row(reading: Reading, blocks: list[Block], rows: list[Record]) -> Reading:
    """Templates state their headings twice, as keys and as captions: then both rows are no data."""
    if reading.height == 2:
        return reading
    layout = LAYOUTS[reading.layout]
    for block in blocks:
        if block.header == reading.header and block.height == 2:
            below = next((cells for number, cells in rows if number == block.header + 1), [])
            known = sum(plain(text) in layout.index for text in below)
            if known >= 2 and 2 * known >= sum(bool(text.strip()) for text in below):
                return replace(_read(block, layout, rows), is_sure=reading.is_sure)
    return reading


def title_values(rows: list[Record], block: Block, layout: Layout) -> dict[str, str]:
    """What stands above the headings as “name: value”, in one cell or in two neighbours."""
    found: dict[str, str] = {}
    for number, cells in rows:
        if number >= block.header:
            break
        texts = [tidy(cell) for cell in cells if cell.strip()]
        pairs = [pair for text in texts for pair in _PAIR.findall(text)]
        pairs += [(name.rstrip(":："), value) for name, value in pairwise(texts) if name[-1] in ":："]
        for name, value in pairs:
            hit = layout.index.get(plain(name))
            if hit:
                found.setdefault(hit[1], value.strip())
    return found


def _blocks(rows: list[Record], merged: list[tuple[int, int, int, int]]) -> list[Block]:
    blocks = []
    for at, (number, cells) in enumerate(rows):
        upper = [tidy(text) for text in cells]
        if sum(map(bool, upper)) >= 2 or at == 0:
            blocks.append(_block(number, [upper], merged))
        if at + 1 < len(rows) and rows[at + 1][0] == number + 1 and any(upper):
            lower = [tidy(text) for text in rows[at + 1][1]]
            if sum(map(bool, lower)) >= 2:
                blocks.append(_block(number, [upper, lower], merged))
    return blocks


def _block(number: int, texts: list[list[str]], merged: list[tuple[int, int, int, int]]) -> Block:
    width = max(len(row) for row in texts)
    padded = [row + [""] * (width - len(row)) for row in texts]
    while width and not any(row[width - 1] for row in padded):
        width -= 1
    if len(padded) == 1:
        labels = padded[0][:width]
        names: list[tuple[str, ...]] = [(plain(text),) if text else () for text in labels]
    else:
        labels, names = _two_rows(padded[0][:width], padded[1][:width], number, merged)
    counts: Counter[str] = Counter()
    headings = []
    for label in labels:
        counts[label] += 1
        headings.append(f"{label} ({counts[label]})" if label and counts[label] > 1 else label)
    return Block(number, len(texts), tuple(headings), tuple(names))


def _two_rows(
    upper: list[str], lower: list[str], number: int, merged: list[tuple[int, int, int, int]]
) -> tuple[list[str], list[tuple[str, ...]]]:
    groups = list(upper)
    across = {
        column: first
        for row, first, _last_row, last in merged
        if row == number
        for column in range(first + 1, last + 1)
    }
    for column in range(1, len(groups)):
        if not groups[column] and lower[column]:
            groups[column] = upper[across[column]] if column in across else ("" if merged else groups[column - 1])
    spread = {text for text, times in Counter(filter(None, groups)).items() if times > 1}
    often = {text for text, times in Counter(filter(None, lower)).items() if times > 1}
    labels, names = [], []
    for above, below in zip(groups, lower, strict=True):
        labels.append(" · ".join(dict.fromkeys(text for text in (above, below) if text)))
        tried = [above + below, below if below not in often else "", above if above not in spread else ""]
        names.append(tuple(dict.fromkeys(plain(text) for text in tried if text)))
    return labels, names
