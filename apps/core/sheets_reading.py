"""Reading the tables that people bring: CSV (plain or gzipped), xlsx workbooks, zip archives of both.

Whatever a file does, the answer is rows or a RuleViolation that says what to do: the wrong kind, too large, encrypted,
cut off, a bomb, an unknown encoding. Nothing is ever extracted to a path that an archive names.

A row's number is what a spreadsheet shows: the header is row 1, and a quoted cell with line breaks is one row.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import lzma
import re
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

import python_calamine
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation

MEGABYTE = 1024 * 1024
MAX_FILE = 256 * MEGABYTE
MAX_CONTENT = 1024 * MEGABYTE
MAX_RATIO = 200
"""How many times its size a compressed file may unfold to, once that is more than RATIO_MATTERS."""
RATIO_MATTERS = 64 * MEGABYTE
MAX_ROWS = 2_000_000
MAX_COLUMNS = 200
MAX_CELLS = 6_000_000
"""Cells of a workbook's sheet: a sheet is read as a whole, a CSV file in a stream."""
MAX_CELL = 100_000
MAX_MEMBERS = 2_000
SNIFFED = 4_000
DELIMITERS = ",\t;"
"""The first line with one of them, among so many characters, shows which a CSV file keeps to."""

ARCHIVE_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
    EOFError, NotImplementedError, RuntimeError, OSError, ValueError, KeyError, IndexError,
)  # fmt: skip
"""What the libraries of archives raise over a damaged one."""

Record = tuple[int, list[str]]
Source = str | Path | IO[bytes]


@dataclass(frozen=True)
class Table:
    """`columns` is the header as written, stripped; `records` yields (row number, cells) and may be read once."""

    name: str
    columns: list[str]
    records: Iterator[Record]

    @property
    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """(row number, {column: text}); cells that a short row lacks are empty."""
        for number, cells in self.records:
            padded = cells + [""] * (len(self.columns) - len(cells))
            yield number, dict(zip(self.columns, padded, strict=False))


@dataclass(frozen=True)
class Grid:
    """All rows as they stand, (row number, cells) from row 1 on, empty ones left out; may be read once.

    `merged` are the areas (first row, first column, last row, last column) that were joined to one cell, whose text
    stands in the first; rows from 1, columns from 0.
    """

    name: str
    rows: Iterator[Record]
    merged: tuple[tuple[int, int, int, int], ...] = ()


def read_table(source: Source, *, file_name: str, sheet: str | None = None) -> Table:
    """One table whose header is row 1. Raises RuleViolation as `read_grid`, and `duplicate_column`."""
    return table_of(read_grid(source, file_name=file_name, sheet=sheet))


def table_of(grid: Grid) -> Table:
    """A grid as a table whose header is row 1."""
    header: list[str] = []
    rows = grid.rows
    for number, cells in rows:
        if number > 1:
            break
        header = _header(grid.name, cells)
        break
    if not header:
        raise RuleViolation(
            "file_empty",
            _("The first row of %(file)s is empty. It must hold the names of the columns.") % {"file": grid.name},
        )
    twice = [column for column in dict.fromkeys(header) if column and header.count(column) > 1]
    if twice:
        raise RuleViolation(
            "duplicate_column",
            _("%(file)s has the column “%(column)s” more than once.") % {"file": grid.name, "column": twice[0]},
        )
    return Table(grid.name, header, rows)


def read_grid(source: Source, *, file_name: str, sheet: str | None = None) -> Grid:
    """The rows of a CSV file (or .gz of one) or of a sheet of an xlsx workbook (by default the first visible).

    Raises RuleViolation: `file_empty`, `file_type`, `file_old_excel`, `file_encrypted`, `file_broken`,
    `file_too_large`, `file_encoding`, `file_bomb`, `too_many_rows`, `too_many_columns`, `csv_format`,
    `unknown_sheet`. Errors of later rows are raised while `rows` are read; then `source` is closed too.
    """
    file = _opened(source)
    try:
        kind = kind_of(file, file_name=file_name)
        if kind == "zip":
            raise RuleViolation(
                "file_type",
                _("%(file)s is an archive. Please choose a single CSV or xlsx file.") % {"file": file_name},
            )
        if kind == "xlsx":
            with file:
                return Workbook(file, file_name=file_name).grid(sheet)
        if kind == "gzip":
            with file as packed:
                file = _unpacked(packed, file_name)
        return _read_csv(file, file_name)
    except BaseException:
        file.close()
        raise


def kind_of(file: IO[bytes], *, file_name: str) -> str:
    """csv, gzip, zip or xlsx, by what the file is, not by what it is called. Raises RuleViolation for all others."""
    head = _head(file, 8)
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size == 0:
        raise RuleViolation("file_empty", _("%(file)s is empty.") % {"file": file_name})
    if size > MAX_FILE:
        raise _too_large(file_name)
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "xlsx" if _is_workbook(file, file_name) else "zip"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise _old_office_file(file, file_name)
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"{\\rtf")):
        raise _wrong_type(file_name)
    if (
        _head(file, 200)
        .lstrip(b"\xef\xbb\xbf \t\r\n")
        .lower()
        .startswith((b"<html", b"<!doctype", b"<table", b"<?xml"))
    ):
        raise RuleViolation(
            "file_type",
            _("%(file)s is a web page that is called a table. Open it in Excel and save it as .xlsx.")
            % {"file": file_name},
        )
    return "csv"


@dataclass(frozen=True)
class Member:
    """A file in an archive: `name` without its folder."""

    name: str
    info: zipfile.ZipInfo


def members(archive: zipfile.ZipFile, *, file_name: str) -> list[Member]:
    """The files of an archive, checked: not too many or too large, none encrypted, none outside the archive."""
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if len(entries) > MAX_MEMBERS:
        raise _bomb(file_name)
    _check_unfolding(sum(e.file_size for e in entries), sum(e.compress_size for e in entries), file_name)
    found = []
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise RuleViolation(
                "file_path",
                _("%(file)s contains a file outside of itself (%(name)s) and was not opened.")
                % {"file": file_name, "name": entry.filename[:100]},
            )
        if entry.flag_bits & 1:
            raise _encrypted(file_name)
        found.append(Member(parts[-1], entry))
    return found


def opened_archive(file: IO[bytes], *, file_name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except ARCHIVE_ERRORS as error:
        raise _broken(file_name) from error


def extracted(archive: zipfile.ZipFile, member: Member) -> IO[bytes]:
    """A member's content as a file of its own without a name."""
    try:
        with archive.open(member.info) as source:
            return _spooled(source, packed=member.info.compress_size, file_name=member.name)
    except ARCHIVE_ERRORS as error:
        raise _broken(member.name) from error


class Workbook:
    """An xlsx workbook whose sheets are tables."""

    def __init__(self, file: IO[bytes], *, file_name: str) -> None:
        self.file_name = file_name
        _inspect_workbook(file, file_name)
        file.seek(0)
        try:
            self._book = python_calamine.load_workbook(file)
        except python_calamine.PasswordError as error:
            raise _encrypted(file_name) from error
        except (python_calamine.CalamineError, OSError, ValueError) as error:
            raise _broken(file_name) from error

    @property
    def visible_sheets(self) -> list[str]:
        return [s.name for s in self._book.sheets_metadata if s.visible == python_calamine.SheetVisibleEnum.Visible]

    def table(self, sheet: str | None = None) -> Table:
        """A sheet whose header is row 1, by default the first that is visible."""
        return table_of(self.grid(sheet))

    def grid(self, sheet: str | None = None) -> Grid:
        """The rows of a sheet, by default the first that is visible."""
        names = self.visible_sheets
        if sheet is None and not names:
            raise RuleViolation("file_empty", _("%(file)s has no visible sheet.") % {"file": self.file_name})
        name = names[0] if sheet is None else sheet
        if name not in self._book.sheet_names:
            raise RuleViolation(
                "unknown_sheet",
                _("%(file)s has no sheet “%(sheet)s”.") % {"file": self.file_name, "sheet": name},
            )
        try:
            found = self._book.get_sheet_by_name(name)
            rows: Iterator[list[Any]] = found.iter_rows()
        except (python_calamine.CalamineError, OSError, ValueError) as error:
            raise _broken(self.file_name) from error
        skipped = [""] * (found.start[1] if found.start else 0)
        merged = tuple((r + 1, c, q + 1, d) for (r, c), (q, d) in found.merged_cell_ranges or ())
        label = f"{self.file_name} · {name}"
        return Grid(label, _rows(label, (skipped + [_cell(v) for v in row] for row in rows)), merged)


def _header(name: str, cells: list[str]) -> list[str]:
    """The names of the columns, tidied, without the empty ones at the end."""
    header = [tidy(text) for text in cells]
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise RuleViolation(
            "too_many_columns",
            _("%(file)s has more than %(limit)s columns.") % {"file": name, "limit": MAX_COLUMNS},
        )
    return header


def tidy(text: str) -> str:
    """A heading with full-width letters narrowed and without spaces around it."""
    return unicodedata.normalize("NFKC", text).strip()


def _rows(name: str, rows: Iterator[list[str]]) -> Iterator[Record]:
    """Numbered rows that say something."""
    number = 0
    try:
        for number, cells in enumerate(rows, start=1):
            if number > MAX_ROWS + 1:
                raise RuleViolation(
                    "too_many_rows",
                    _("%(file)s has more than %(limit)s rows. Please split it.") % {"file": name, "limit": MAX_ROWS},
                )
            if any(cells):
                yield number, cells
    except csv.Error as error:
        raise _csv_error(name, number + 1) from error


# CSV


def _read_csv(file: IO[bytes], name: str) -> Grid:
    encoding = _encoding(file, name)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    start = text.read(SNIFFED).splitlines() or [""]
    text.seek(0)
    line = next((line for line in start if any(mark in line for mark in DELIMITERS)), "")
    delimiter = max(DELIMITERS, key=line.count)
    return Grid(name, _rows(name, _csv_rows(text, delimiter)))


def _csv_rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_CELL)
    with text:
        yield from csv.reader(text, delimiter=delimiter, strict=True)


def _encoding(file: IO[bytes], name: str) -> str:
    """UTF-8 with or without a mark, UTF-16 with one, else GB18030; the whole file must fit."""
    head = _head(file, 4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8-sig", "gb18030"]
    for encoding in candidates:
        if _decodes(file, encoding, name):
            return encoding
    raise RuleViolation(
        "file_encoding",
        _("The characters of %(file)s cannot be read. Save it as “CSV UTF-8” or as xlsx.") % {"file": name},
    )


def _decodes(file: IO[bytes], encoding: str, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while chunk := file.read(MEGABYTE):
            if "\0" in decoder.decode(chunk):
                raise _wrong_type(name)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _csv_error(name: str, row: int) -> RuleViolation:
    return RuleViolation(
        "csv_format",
        _("%(file)s cannot be read from row %(row)s on: a quotation mark is missing or a cell is too long.")
        % {"file": name, "row": row},
    )


# xlsx


_CELL = re.compile(rb'<(?:\w+:)?c [^>]*?\br="([A-Z]+)\d')
_ROW = re.compile(rb'<(?:\w+:)?row [^>]*?\br="(\d+)"')


def _inspect_workbook(file: IO[bytes], name: str) -> None:
    """Refuse what would take the memory of a sheet with one cell in its farthest corner, and document types."""
    with opened_archive(file, file_name=name) as archive:
        for member in members(archive, file_name=name):
            if not member.info.filename.endswith((".xml", ".rels")):
                continue
            with extracted(archive, member) as part:
                columns: set[bytes] = set()
                rows = 0
                tail = b""
                while chunk := part.read(MEGABYTE):
                    text = tail + chunk
                    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                        raise _broken(name)
                    columns.update(_CELL.findall(text))
                    rows = max(rows, max(map(int, _ROW.findall(text)), default=0))
                    tail = text[-200:]
                width = max((_column_number(letters) for letters in columns), default=1)
                if width > MAX_COLUMNS:
                    raise RuleViolation(
                        "too_many_columns",
                        _("%(file)s has more than %(limit)s columns.") % {"file": name, "limit": MAX_COLUMNS},
                    )
                if rows * width > MAX_CELLS:
                    raise RuleViolation(
                        "too_many_cells",
                        _("A sheet of %(file)s is too large. Save it as “CSV UTF-8”, which may be any size.")
                        % {"file": name},
                    )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _cell(value: Any) -> str:
    """A cell as its column would be written in CSV."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else _plain(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return "" if value is None else str(value)


def _plain(value: float) -> str:
    """15 significant digits, as the spreadsheet shows them, never with an exponent."""
    text = f"{value:.15g}"
    return text if "e" not in text else f"{value:.10f}".rstrip("0").rstrip(".")


# Compression


def _unpacked(file: IO[bytes], name: str) -> IO[bytes]:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as source:
            return _spooled(source, packed=size, file_name=name)
    except (EOFError, OSError, zlib.error) as error:
        raise _broken(name) from error


def _spooled(source: IO[bytes] | gzip.GzipFile, *, packed: int, file_name: str) -> IO[bytes]:
    """The content as a file of its own: in memory while small, then on disk."""
    with ExitStack() as stack:
        target = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=8 * MEGABYTE))
        total = 0
        while chunk := source.read(MEGABYTE):
            total += len(chunk)
            _check_unfolding(total, packed, file_name)
            target.write(chunk)
        if total == 0:
            raise RuleViolation("file_empty", _("%(file)s is empty.") % {"file": file_name})
        target.seek(0)
        stack.pop_all()
        return target


def _check_unfolding(total: int, packed: int, name: str) -> None:
    if total > MAX_CONTENT:
        raise _too_large(name)
    if total > RATIO_MATTERS and total > MAX_RATIO * max(packed, 1):
        raise _bomb(name)


def _is_workbook(file: IO[bytes], name: str) -> bool:
    with opened_archive(file, file_name=name) as archive:
        return "[Content_Types].xml" in archive.namelist()


# Files


def _opened(source: Source) -> IO[bytes]:
    if isinstance(source, (str, Path)):
        return Path(source).open("rb")
    source.seek(0)
    return source


def _head(file: IO[bytes], size: int) -> bytes:
    file.seek(0)
    return file.read(size)


def _old_office_file(file: IO[bytes], name: str) -> RuleViolation:
    file.seek(0)
    if "EncryptedPackage".encode("utf-16-le") in file.read(MAX_FILE):
        return _encrypted(name)
    return RuleViolation(
        "file_old_excel",
        _("%(file)s is in the old Excel format (.xls). Open it and save it as .xlsx or “CSV UTF-8”.") % {"file": name},
    )


def _wrong_type(name: str) -> RuleViolation:
    return RuleViolation(
        "file_type", _("%(file)s is not a table. Please bring CSV, xlsx, or a zip of them.") % {"file": name}
    )


def _too_large(name: str) -> RuleViolation:
    return RuleViolation(
        "file_too_large",
        _("%(file)s is too large (%(limit)s MB at most). Please split it.")
        % {"file": name, "limit": MAX_FILE // MEGABYTE},
    )


def _bomb(name: str) -> RuleViolation:
    return RuleViolation(
        "file_bomb",
        _("%(file)s unfolds to far more than its size and was not opened. Please bring it uncompressed.")
        % {"file": name},
    )


def _encrypted(name: str) -> RuleViolation:
    return RuleViolation(
        "file_encrypted",
        _("%(file)s is protected by a password. Please save it without one.") % {"file": name},
    )


def _broken(name: str) -> RuleViolation:
    return RuleViolation(
        "file_broken", _("%(file)s is damaged or cut off. Please export or upload it again.") % {"file": name}
    )
