"""Reading a table by its layout: their rows become rows of our files."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.sheets_reading import Grid, Record, Table, table_of
from apps.integrations.bundle.cells import Moment
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.layouts.catalogue import LAYOUTS, Layout, plain
from apps.integrations.layouts.recognition import Reading

TOTALS = frozenset(
    (
        "合计",
        "总计",
        "小计",
        "本页小计",
        "本页合计",
        "累计",
        "合计数",
        "total",
        "totals",
        "grandtotal",
        "subtotal",
        "sum",
    )
)
CUSTOM = "x_"
"""Headings of custom fields begin with it, in whatever layout."""
Codes = Mapping[str, Mapping[str, str]]
_FOOT = re.compile(r"[:：]\s*\S|[:：]\s*\Z")
_DAY = re.compile(r"(\d{4})(?:年|[.])(\d{1,2})(?:月|[.])(\d{1,2})日?")
_BARE_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})\Z")
_BARE_TIME = re.compile(r"(\d{1,2})(\d{2})\Z")
_ZERO_TIME = re.compile(r"(\d{4}[-/]\d{1,2}[-/]\d{1,2}) 0?0:00(:00)?\Z")


def is_plain(reading: Reading) -> bool:
    """One of our files with our own column names in row 1: nothing to translate, the contract's strict reading."""
    layout = LAYOUTS[reading.layout]
    return (
        layout.is_own
        and (reading.header, reading.height) == (1, 1)
        and not reading.constants
        and all(heading.lower() == name for heading, name in reading.columns.items())
    )


def translated(grid: Grid, reading: Reading, file: str, *, codes: Codes | None = None, actor: str = "") -> Table:
    """The rows that a table holds for one of our files, with our column names and its own row numbers.

    `codes` are {our column: {name: code}}: other systems write the names of places and people where we want codes.
    Raises RuleViolation("duplicate_column") where one heading stands twice for one column.
    """
    if is_plain(reading):
        return table_of(grid)
    if reading.doubled:
        raise RuleViolation(
            "duplicate_column",
            _("%(file)s has the column “%(column)s” more than once.")
            % {"file": grid.name, "column": reading.doubled[0]},
        )
    rows = Rows(grid, reading, actor=actor)
    columns = rows.columns_of(file)
    return Table(grid.name, [*columns, *rows.custom], rows.records(file, columns, codes or {}))


def unread(reading: Reading) -> list[str]:
    """Headings that mean nothing to us."""
    return [h for h in reading.headings if h and h not in reading.columns and not h.startswith(CUSTOM)]


class Rows:
    """A table's rows as values by field."""

    def __init__(self, grid: Grid, reading: Reading, *, actor: str) -> None:
        self.grid, self.reading = grid, reading
        self.layout: Layout = LAYOUTS[reading.layout]
        self.positions = {
            name: position
            for position, heading in enumerate(reading.headings)
            if (name := reading.columns.get(heading))
        }
        given = {**self.layout.constants, **{k: v for k, v in reading.constants.items() if v}}
        self.constants = {name: actor if value == "@actor" else value for name, value in given.items()}
        self.moments = {
            self.layout.field_of(file, column.name)
            for file in self.layout.files
            for column in FORMATS[file].columns
            if isinstance(column.kind(None), Moment)  # type: ignore[arg-type]
        }
        self.words = {
            name: {("*" if theirs == "*" else plain(theirs)): ours for theirs, ours in words.items()}
            for name, words in self.layout.words.items()
        }
        self.custom = {heading: at for at, heading in enumerate(reading.headings) if heading.startswith(CUSTOM)}
        self.filled = _fillers(grid.merged, self.reading.first_row)

    def columns_of(self, file: str) -> list[str]:
        """The columns of one of our files that the table fills, custom ones apart."""
        layout, known = self.layout, self.layout.reached((*self.positions, *self.constants))
        return [
            column
            for column in FORMATS[file].column_names
            if layout.field_of(file, column) in known or layout.number.get(column) in known
        ]

    def records(self, file: str, columns: list[str], codes: Codes) -> Iterator[Record]:
        """Rows of one of our files: (row number, cells by `columns`)."""
        skip = self.layout.skip.get(file, [])
        fields = [(self.layout.field_of(file, column), codes.get(column, {})) for column in columns]
        fields += [(heading, {}) for heading in self.custom]
        for number, values in self:
            if all(values.get(name) for name in skip):
                yield number, [known.get(text, text) for name, known in fields for text in (values.get(name, ""),)]

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        layout = self.layout
        above: dict[str, str] = {}
        numbers: dict[str, Counter[str]] = {column: Counter() for column in layout.number}
        for number, cells in self.grid.rows:
            if number < self.reading.first_row:
                continue
            for column, (is_first, kept) in self.filled.get(number, {}).items():
                _fill(cells, column, is_first, kept)
            if self._is_foot(cells):
                continue
            values = {name: cells[at].strip() if at < len(cells) else "" for name, at in self.positions.items()}
            values |= {name: cells[at].strip() if at < len(cells) else "" for name, at in self.custom.items()}
            if not any(values.values()):
                continue
            if layout.head:
                above = self._carry(values, above)
            yield number, self._ruled(values, numbers)

    def _carry(self, values: dict[str, str], above: dict[str, str]) -> dict[str, str]:
        key = self.layout.head[0]
        if not values.get(key) and above.get(key):
            for name in self.layout.head:
                if name in values and not values[name]:
                    values[name] = above.get(name, "")
        return values.copy()

    def _is_foot(self, cells: list[str]) -> bool:
        """A row of totals, or of “made by: …” below the table: what every row must have is empty there."""
        texts = [text.strip() for text in cells if text.strip()]
        if not texts:
            return True
        needed = [self.positions[name] for name in self.layout.needs if name in self.positions]
        codes = [at for at in needed if at < len(cells) and cells[at].strip()]
        if plain(texts[0]).rstrip(":") in TOTALS or plain(texts[0]).startswith(("合计", "总计", "小计")):
            return len(codes) < max(len(needed), 2)
        return len(codes) < len(needed) and any(_FOOT.search(text) for text in texts) and len(texts) <= 8

    def _ruled(self, values: dict[str, str], numbers: dict[str, Counter[str]]) -> dict[str, str]:
        """The values after the layout's rules, in the order that `Layout` names them."""
        layout = self.layout
        taken = {**self.reading.constants, **{name: text for name, text in values.items() if text}}
        for name, sources in layout.first.items():
            values[name] = self._first(name, [taken.get(source, "") for source in sources]) or values.get(name, "")
        for name, words in self.words.items():
            if text := values.get(name, ""):
                values[name] = words.get(plain(text), words.get("*", text))
        for name, value in self.constants.items():
            values[name] = values.get(name) or value
        self._sign(values, taken)
        for name, sources in layout.join.items():
            values[name] = self._joined(name, [values[source] for source in sources if values.get(source)])
        for name in self.moments:
            if values.get(name):
                values[name] = moment_text(values[name])
        for column, by in layout.number.items():
            if not values.get(column) and values.get(by):
                key = f"{values.get('doc_type', '')} {values[by]}"
                numbers[column][key] += 1
                values[column] = str(numbers[column][key])
        return values

    def _sign(self, values: dict[str, str], taken: dict[str, str]) -> None:
        for name, rule in self.layout.negate.items():
            meant = all(values.get(other) == value for other, value in rule.get("where", {}).items())
            if meant and _says(taken.get(rule["by"], "")):
                values[name] = values[name][1:] if values[name].startswith("-") else f"-{values[name]}"
        for name, turned in self.layout.reverse.items():
            if values.get("quantity", "").startswith("-") and values.get(name) in turned:
                values[name] = turned[values[name]]
                values["quantity"] = values["quantity"][1:]

    def _first(self, name: str, texts: list[str]) -> str:
        words = self.words.get(name, {})
        known = next((text for text in texts if text and plain(text) in words), "")
        return known or next((text for text in texts if _says(text)), "") or next(filter(None, texts), "")

    def _joined(self, name: str, parts: list[str]) -> str:
        if name in self.moments and len(parts) == 2:
            day = moment_text(parts[0]).partition(" ")[0].partition("T")[0]
            time = parts[1].rpartition("T")[2].rpartition(" ")[2]
            return day + " " + _BARE_TIME.sub(r"\1:\2", time)
        return "-".join(parts)


def _fill(cells: list[str], column: int, is_first: bool, kept: dict[int, str]) -> None:
    """A cell that is joined over several rows says the same on each."""
    if is_first:
        kept[column] = cells[column] if column < len(cells) else ""
    else:
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = kept.get(column, "")


def _says(text: str) -> bool:
    """Whether a quantity's cell holds more than zero of something."""
    return bool(text.strip("0. -"))


def moment_text(text: str) -> str:
    """A date as other systems write it (20240131, 2024年1月31日, 2024.1.31) in a way that we read."""
    text = unicodedata.normalize("NFKC", text).strip()
    text = _BARE_DAY.sub(r"\1-\2-\3", _DAY.sub(r"\1-\2-\3", text))
    return _ZERO_TIME.sub(r"\1", text)


def _fillers(
    merged: tuple[tuple[int, int, int, int], ...], first_row: int
) -> dict[int, dict[int, tuple[bool, dict[int, str]]]]:
    """Row → column → (is it the first of its area, what the area says), for areas over several rows below the
    headings."""
    found: dict[int, dict[int, tuple[bool, dict[int, str]]]] = {}
    for row, column, last_row, _last in merged:
        if row >= first_row and last_row > row and (last_row - row) <= 10_000 and len(found) < 100_000:
            kept: dict[int, str] = {}
            for number in range(row, last_row + 1):
                found.setdefault(number, {})[column] = (number == row, kept)
    return found
