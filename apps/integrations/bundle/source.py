"""Opening what was brought: a folder, a zip of one, workbooks, single files; and finding out what is in it.

A table that is called as one of our files and has its columns is read by the contract, strictly. Any other is
recognized by its headings (`layouts`); what nothing recognizes is noted and ignored, or refused where it is all there
is. Tables of one file (two lists of receipts) are read as one, their rows numbered apart by `EACH`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, cast

from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.sheets_reading import (
    Grid,
    Record,
    Table,
    Workbook,
    extracted,
    kind_of,
    members,
    opened_archive,
    read_grid,
)
from apps.integrations.bundle.findings import EACH, Findings, Origin
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.bundle.headers import file_named
from apps.integrations.layouts.catalogue import LAYOUTS
from apps.integrations.layouts.recognition import LOOKED_AT, Reading, recognize
from apps.integrations.layouts.translation import Codes, is_plain, translated, unread

ENDINGS = (".gz", ".csv", ".txt", ".tsv", ".xlsx", ".xls")
TEXTS = (".gz", ".csv", ".txt", ".tsv")
MAX_TABLES = 200
INSTRUCTIONS = ("说明", "填写说明", "instructions", "readme")


@dataclass(frozen=True)
class Brought:
    """One thing that was brought: a folder, a file, or an upload with its name."""

    content: Path | IO[bytes]
    name: str


@dataclass(frozen=True)
class Sheet:
    """One table of what was brought. `label` names it to people, `stem` is what it is called without its ending,
    `names` are all names around it."""

    label: str
    stem: str
    names: tuple[str, ...]
    open: Callable[[], Grid]


@dataclass(frozen=True)
class Choices:
    """How tables are to be read: by label as somebody chose for this load, by fingerprint as it was remembered, with
    rows (label → number → cells) that were corrected. `actor` is who loads, by username."""

    chosen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remembered: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    corrected: Mapping[str, Mapping[int, list[str]]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    codes: Callable[[], Codes] = dict
    actor: str = ""


@dataclass(frozen=True)
class Found:
    """A table and how it is read. `head` are its first rows; `reading` is None where nothing recognizes it."""

    sheet: Sheet
    head: list[Record]
    reading: Reading | None
    error: RuleViolation | None = None

    @property
    def is_known(self) -> bool:
        return self.reading is not None and self.reading.is_sure


@dataclass(frozen=True)
class Part:
    """One file of a bundle: `name` is the format's, `open` reads its table."""

    name: str
    file_name: str
    open: Callable[[], Table]


@contextmanager
def opened_bundle(brought: Sequence[Brought], findings: Findings, choices: Choices) -> Iterator[list[Part]]:
    """The parts in the order of loading. Raises RuleViolation where nothing of it can be read.

    Tables that nothing knows are noted and ignored; two tables that are both called as one file are an error.
    """
    with found_tables(brought, choices) as tables:
        yield _parts(tables, findings, choices)


@contextmanager
def found_tables(brought: Sequence[Brought], choices: Choices) -> Iterator[list[Found]]:
    """Every table of what was brought, with how it would be read."""
    with ExitStack() as stack:
        sheets = [sheet for each in brought for sheet in _sheets(stack, each, several=len(brought) > 1)]
        if len(sheets) > MAX_TABLES:
            raise RuleViolation(
                "too_many_tables",
                _("There are more than %(limit)s tables. Bring fewer at once.") % {"limit": MAX_TABLES},
            )
        yield [_found(sheet, choices) for sheet in sheets if sheet.label not in choices.left_out]


# What is there


def _sheets(stack: ExitStack, brought: Brought, *, several: bool) -> Iterator[Sheet]:
    content, name = brought.content, brought.name
    if isinstance(content, Path) and content.is_dir():
        for path in sorted(content.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                yield from _file(path.name, partial(_opened_file, path), (), alone=False)
        return
    file = stack.enter_context(content.open("rb") if isinstance(content, Path) else content)
    if kind_of(file, file_name=name) != "zip":
        yield from _file(name, partial(_shared, file), (), alone=not several)
        return
    archive = stack.enter_context(opened_archive(file, file_name=name))
    for member in members(archive, file_name=name):
        if not member.info.filename.startswith("__MACOSX/") and not member.name.startswith("."):
            label = f"{name}/{member.name}" if several else member.name
            yield from _file(label, partial(extracted, archive, member), (name,), alone=False)


def _file(name: str, source: Callable[[], IO[bytes]], around: tuple[str, ...], *, alone: bool) -> Iterator[Sheet]:
    """The tables of a file: one, or the visible sheets of a workbook."""
    base = name.rpartition("/")[2]
    stem = stem_of(base)
    visible: list[str] = []
    if base.lower().endswith(TEXTS):
        pass
    elif alone or stem in FORMATS or base.lower().endswith(ENDINGS):
        try:
            visible = _visible_sheets(source(), base)
        except RuleViolation as error:
            yield Sheet(name, stem, (*around, base), partial(_raise, error))
            return
    else:
        yield Sheet(name, stem, (*around, base), partial(_raise, _unknown_file()))
        return
    if visible and (stem not in FORMATS or any(stem_of(title) in FORMATS for title in visible)):
        for title in visible:
            if title.strip().lower() in INSTRUCTIONS:
                continue
            label = name if len(visible) == 1 else title if alone else f"{name} · {title}"
            own = stem if len(visible) == 1 and stem_of(title) not in FORMATS else stem_of(title)
            yield Sheet(label, own, (*around, base, title), partial(_grid, source, base, title))
        return
    yield Sheet(name, stem, (*around, base), partial(_grid, source, base, None))


class _Shared(io.BufferedIOBase):
    """A file that several read from the start, one after the other; closing it closes nothing."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        self._file.seek(self._at)
        data = self._file.read(-1 if size is None else size)
        self._at += len(data)
        return data

    def read1(self, size: int = -1) -> bytes:
        return self.read(size if size > 0 else io.DEFAULT_BUFFER_SIZE)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._file.seek(self._at)
        self._at = self._file.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        return self._at


def _opened_file(path: Path) -> IO[bytes]:
    return path.open("rb")


def _shared(file: IO[bytes]) -> IO[bytes]:
    return cast(IO[bytes], _Shared(file))


def _unknown_file() -> RuleViolation:
    return RuleViolation("unknown_file", _("This file is not known; ignored."))


def _visible_sheets(file: IO[bytes], name: str) -> list[str]:
    """The sheets of a workbook, none for any other file."""
    with file:
        if kind_of(file, file_name=name) != "xlsx":
            return []
        return Workbook(file, file_name=name).visible_sheets


def _grid(source: Callable[[], IO[bytes]], name: str, sheet: str | None) -> Grid:
    return read_grid(source(), file_name=name, sheet=sheet)


def _raise(error: RuleViolation) -> Grid:
    raise error


def stem_of(name: str) -> str:
    """The file of ours that a name means, or the name without its endings."""
    while name.lower().endswith(ENDINGS):
        name = name.rpartition(".")[0]
    return file_named(name)


# How it is read


def _found(sheet: Sheet, choices: Choices) -> Found:
    try:
        grid = sheet.open()
        head = list(islice(grid.rows, LOOKED_AT))
    except RuleViolation as error:
        return Found(sheet, [], None, error)
    if sheet.stem in FORMATS:  # big files of the contract are opened once
        sheet = replace(sheet, open=_Once(replace(grid, rows=chain(head, grid.rows)), sheet.open))
    chosen = choices.chosen.get(sheet.label)
    if chosen:
        return Found(sheet, head, Reading.from_json(chosen))
    return Found(sheet, head, _recognized(sheet, grid, head, choices))


class _Once:
    """A grid that was opened already, for the first who reads it."""

    def __init__(self, grid: Grid, again: Callable[[], Grid]) -> None:
        self.grid: Grid | None = grid
        self.again = again

    def __call__(self) -> Grid:
        grid, self.grid = self.grid, None
        return grid or self.again()


def _recognized(sheet: Sheet, grid: Grid, head: list[Record], choices: Choices) -> Reading | None:
    stem = sheet.stem if sheet.stem in FORMATS else ""
    if stem and _is_contract(stem, head):
        return _own(stem, head)
    reading = recognize(head, names=sheet.names, stem=stem, merged=grid.merged, remembered=choices.remembered)
    if stem and (reading is None or not reading.is_sure):
        return _own(stem, head)
    return reading


def _is_contract(stem: str, head: list[Record]) -> bool:
    """Our own column names in row 1: nothing else is looked for."""
    names = {text.strip().lower() for text in head[0][1]} if head and head[0][0] == 1 else set()
    return names.issuperset(column.name for column in FORMATS[stem].columns if column.required)


def _own(stem: str, head: list[Record]) -> Reading:
    """A file that is called as one of ours: by its names in row 1, whatever else is there."""
    headings = tuple(text.strip() for text in head[0][1]) if head else ()
    names = FORMATS[stem].column_names
    return Reading(stem, 1, 1, headings, {text: text.lower() for text in headings if text.lower() in names})


def _parts(tables: list[Found], findings: Findings, choices: Choices) -> list[Part]:
    by_file: dict[str, list[Found]] = {}
    for found in tables:
        stem = found.sheet.stem
        if found.error is not None and stem in FORMATS:
            by_file.setdefault(stem, []).append(found)
        elif found.reading is not None and found.is_known:
            for file in LAYOUTS[found.reading.layout].files:
                by_file.setdefault(file, []).append(found)
    strangers = [found for found in tables if not found.is_known and found.sheet.stem not in FORMATS]
    if not by_file:
        raise _nothing_known(strangers)
    for found in strangers:
        why = str(found.error) if found.error else _("This file is not known; ignored.")
        findings.note(found.sheet.label, "", "unknown_file", why)
    _note_unread(by_file, findings)
    codes = choices.codes()
    parts = []
    for name in FORMATS:
        if name in by_file:
            sources = by_file[name]
            _refuse_twins(name, sources, findings)
            findings.origins[name] = [_origin(name, found) for found in sources]
            parts.append(Part(name, sources[0].sheet.label, partial(_opened, name, sources, codes, choices)))
    return parts


def _note_unread(by_file: dict[str, list[Found]], findings: Findings) -> None:
    """Headings that mean nothing to us, once for each table; the contract's own reading notes them itself."""
    told: set[str] = set()
    for name, sources in by_file.items():
        for found in sources:
            if found.reading is None or is_plain(found.reading) or found.sheet.label in told:
                continue
            told.add(found.sheet.label)
            for heading in unread(found.reading):
                findings.note(_shown(name, found), heading, "unknown_column", _("This column is not known; ignored."))


def _nothing_known(strangers: list[Found]) -> RuleViolation:
    broken = next((found.error for found in strangers if found.error), None)
    if broken is not None and len(strangers) == 1:
        return broken
    named = [found for found in strangers if found.reading is not None and len(found.reading.headings) > 1]
    if named and named[0].reading is not None:
        return RuleViolation(
            "layout_unknown",
            _(
                "The columns of %(file)s are not known: %(headings)s. Say on the import page what each of them means,"
                " or name the file or sheet as one of: %(names)s."
            )
            % {
                "file": named[0].sheet.label,
                "headings": ", ".join(filter(None, named[0].reading.headings))[:300],
                "names": ", ".join(FORMATS),
            },
        )
    return RuleViolation(
        "bundle_empty",
        _("There is nothing to load. The files or sheets must be called: %(names)s.") % {"names": ", ".join(FORMATS)},
    )


def _refuse_twins(name: str, sources: list[Found], findings: Findings) -> None:
    """Of two tables that are both called `items` one may be an older one; two lists of receipts are just two."""
    twins = [found.sheet.label for found in sources if found.sheet.stem == name]
    for label in twins[1:]:
        findings.add(
            name,
            0,
            "",
            "file_twice",
            _("The bundle has this twice: %(first)s and %(second)s.") % {"first": twins[0], "second": label},
        )


def _shown(name: str, found: Found) -> str:
    """What people know a table by: a table that is called as our file is that."""
    return name if found.sheet.stem == name else found.sheet.label


def _origin(name: str, found: Found) -> Origin:
    if found.reading is None or is_plain(found.reading):
        return Origin(name, {})
    layout = LAYOUTS[found.reading.layout]
    headings = {field_name: heading for heading, field_name in found.reading.columns.items()}
    shown = {column: headings.get(layout.field_of(name, column), "") for column in FORMATS[name].column_names}
    return Origin(
        _shown(name, found), {column: heading for column, heading in shown.items() if heading}, found.sheet.label
    )


def _opened(name: str, sources: list[Found], codes: Codes, choices: Choices) -> Table:
    tables = [_table(name, found, codes, choices) for found in sources]
    if len(tables) == 1:
        return tables[0]
    columns = list(dict.fromkeys(column for table in tables for column in table.columns))
    return Table(tables[0].name, columns, _chained(tables, columns))


def _table(name: str, found: Found, codes: Codes, choices: Choices) -> Table:
    if found.reading is None:
        raise found.error or RuleViolation("file_empty", _("%(file)s is empty.") % {"file": found.sheet.label})
    grid = found.sheet.open()
    if rows := choices.corrected.get(found.sheet.label):
        grid = replace(grid, rows=((number, list(rows.get(number, cells))) for number, cells in grid.rows))
    return translated(grid, found.reading, name, codes=codes, actor=choices.actor)


def _chained(tables: list[Table], columns: list[str]) -> Iterator[Record]:
    for index, table in enumerate(tables):
        at = [table.columns.index(column) if column in table.columns else -1 for column in columns]
        for number, cells in table.records:
            yield number + index * EACH, [cells[i] if 0 <= i < len(cells) else "" for i in at]
