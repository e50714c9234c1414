"""What a table of an upload would become: its first rows as ours, and what is wrong with their cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from apps.core.errors import RuleViolation
from apps.core.sheets_reading import Grid
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.layouts.catalogue import COLUMN_TITLES, FILE_TITLES, LAYOUTS, Layout
from apps.integrations.layouts.recognition import Reading
from apps.integrations.layouts.translation import translated
from apps.integrations.models import Upload

SHOWN_ROWS = 5
SHOWN_PROBLEMS = 10


@dataclass(frozen=True)
class Problem:
    row: int
    column: str
    message: str


@dataclass(frozen=True)
class FilePreview:
    """The first rows for one of our files. `missing` are columns that it needs and nothing gives."""

    name: str
    title: str
    columns: list[str]
    rows: list[tuple[int, list[str]]]
    missing: list[str]
    problems: list[Problem]


@dataclass(frozen=True)
class Choice:
    """A heading of theirs, first values below it, and the field that it means ("" for none)."""

    heading: str
    samples: list[str]
    field: str


@dataclass(frozen=True)
class TablePreview:
    """`asked` are (field, title, value) of what no heading gives and a person may say for the whole table."""

    index: int
    label: str
    error: str
    is_sure: bool
    left_out: bool
    reading: Reading | None = None
    layout: Layout | None = None
    choices: list[Choice] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    files: list[FilePreview] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        return self.left_out or (self.is_sure and not any(file.missing for file in self.files))


def previews(upload: Upload, *, zone: ZoneInfo) -> list[TablePreview]:
    """Every table of an upload, in its order."""
    return [_preview(index, table, zone) for index, table in enumerate(upload.tables)]


def _preview(index: int, table: dict[str, Any], zone: ZoneInfo) -> TablePreview:
    if not table["reading"]:
        return TablePreview(index, table["label"], table["error"], is_sure=False, left_out=table["left_out"])
    reading = Reading.from_json(table["reading"])
    layout = LAYOUTS[reading.layout]
    sample = [(number, cells) for number, cells in table["sample"]]
    given = set(reading.columns.values())
    required = {layout.field_of(f, c.name) for f in layout.files for c in FORMATS[f].columns if c.required}
    reached = layout.reached(given)
    files = [_file(name, reading, sample, zone) for name in layout.files]
    return TablePreview(
        index=index,
        label=table["label"],
        error=table["error"],
        is_sure=table["is_sure"],
        left_out=table["left_out"],
        reading=reading,
        layout=layout,
        choices=[
            Choice(
                heading,
                [cells[at] for _number, cells in sample if at < len(cells) and cells[at].strip()][:3],
                reading.columns.get(heading, ""),
            )
            for at, heading in enumerate(reading.headings)
            if heading
        ],
        fields=[(name, layout.label(name)) for name in layout.fields],
        asked=[
            (name, layout.label(name), reading.constants.get(name, ""))
            for name in layout.fields
            if (name in required and name not in reached) or (name in reading.constants and name not in given)
        ],
        files=files,
    )


def _file(name: str, reading: Reading, sample: list[tuple[int, list[str]]], zone: ZoneInfo) -> FilePreview:
    known = {column.name: column for column in FORMATS[name].columns}
    grid = Grid(name, iter([(reading.header, list(reading.headings)), *((n, list(cells)) for n, cells in sample)]))
    try:
        table = translated(grid, reading, name)
        rows = list(table.rows)
    except RuleViolation as error:
        return FilePreview(name, str(FILE_TITLES[name]), [], [], [], [Problem(reading.header, "", str(error))])
    lower = {column: column.lower() for column in table.columns}
    given = {known_name for known_name in lower.values() if known_name in known}
    readers = {column: known[lower[column]].kind(zone) for column in table.columns if lower[column] in known}
    problems = []
    for number, row in rows:
        for column, reader in readers.items():
            _value = reader[row[column]]  # reading remembers what is bad
            if row[column] in reader.bad:
                problems.append(Problem(number, str(COLUMN_TITLES[lower[column]]), reader.bad[row[column]][1]))
    return FilePreview(
        name,
        str(FILE_TITLES[name]),
        [str(COLUMN_TITLES[lower[column]]) for column in readers],
        [(number, [row[column] for column in readers]) for number, row in rows[:SHOWN_ROWS]],
        [str(COLUMN_TITLES[c.name]) for c in FORMATS[name].columns if c.required and c.name not in given],
        problems[:SHOWN_PROBLEMS],
    )
