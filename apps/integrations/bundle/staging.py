"""From a file to a temporary table: parse, check each cell, COPY.

Row-level security refuses COPY into tenant tables; a temporary table takes it, and INSERT … SELECT brings the rows on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from apps.core.sheets_reading import Record, Table
from apps.integrations.bundle.cells import Cells
from apps.integrations.bundle.findings import Findings, shown_row
from apps.integrations.bundle.formats import Format
from apps.integrations.bundle.headers import column_named
from apps.organizations.models import Member, Organization

CHUNK = 4_000
MANY_ROWS = 2_000


@dataclass
class Tally:
    """What became of a file's rows."""

    rows: int = 0
    new: int = 0
    changed: int = 0

    @property
    def unchanged(self) -> int:
        return self.rows - self.new - self.changed


@dataclass
class Load:
    """One load: where it goes, what it found, and how it talks to the database.

    Every statement knows `%(org)s`; `given` says which columns a staged file has.
    """

    organization: Organization
    actor: Member
    progress: Callable[[int, int, str], None]
    findings: Findings = field(default_factory=Findings)
    tallies: dict[str, Tally] = field(default_factory=dict)
    given: dict[str, list[str]] = field(default_factory=dict)
    made_counts: list[str] = field(default_factory=list)

    @property
    def organization_id(self) -> UUID:
        return self.organization.pk

    @property
    def is_big(self) -> bool:
        return sum(tally.rows for tally in self.tallies.values()) >= MANY_ROWS

    def run(self, sql: str, **values: Any) -> int:
        """Execute; returns the number of rows it touched."""
        with connection.cursor() as cursor:
            cursor.execute(sql, {"org": self.organization_id, **values})
            return cursor.rowcount

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"org": self.organization_id, **values})
            return cursor.fetchall()

    def value(self, sql: str, **values: Any) -> Any:
        return self.rows(sql, **values)[0][0]

    def make_table(self, name: str, definition: str, **values: Any) -> None:
        """A temporary table for the rest of the transaction; `definition` is a column list or AS SELECT …"""
        self.run(f"DROP TABLE IF EXISTS pg_temp.{name}")
        self.run(f"CREATE TEMPORARY TABLE {name} {definition}", **values)

    def add(self, table: str, sql: str, **values: Any) -> int:
        """Execute an INSERT into `table`; returns the number of rows.

        A table that this more than doubled is analyzed at once: the plans of later statements, and those that foreign
        keys keep for the whole session, would go on taking it for small and read all of it for each row.
        """
        added = self.run(sql, **values)
        known = "SELECT greatest(reltuples, 1000) FROM pg_class WHERE oid = %(table)s::regclass"
        if added > self.value(known, table=table):
            self.run(f"ANALYZE {table}")
        return added

    def find(self, file: str, code: str, column: str, message: str, sql: str, **values: Any) -> None:
        """One finding for each row (row, value) that `sql` selects; `%(value)s` in the message is the value."""
        for row, value in self.rows(sql, **values):
            self.findings.add(file, row, column, code, message % {"value": value}, value)


def stage(load: Load, table: Table, file: Format) -> None:
    """Fill `bundle_<file>`: the row number, and every column of the format (null where not given)."""
    name = f"bundle_{file.name}"
    optional = [c.name for c in file.columns if c.in_key and not c.required]
    types = [f"{c.name} {c.sql}" + (" DEFAULT ''" if c.name in optional else "") for c in file.columns]
    load.make_table(name, f"(row integer, {', '.join(types)})")
    parsed = Parsed(load, table, file)
    load.given[file.name] = parsed.given
    if not parsed.given:
        return
    with copying(name, ["row", *parsed.given], blank=[c for c in optional if c in parsed.given]) as write:
        for rows, columns in parsed:
            write(zip(rows, *(columns[column] for column in parsed.given), strict=True))
    load.run(f"ANALYZE {name}")
    drop_repetitions(load, file)


@contextmanager
def copying(table: str, columns: list[str], *, blank: Iterable[str] = ()) -> Iterator[Callable[[Iterable[Any]], None]]:
    """COPY into a temporary table; `blank` columns take an empty cell as empty text, all others as null."""
    options = f", FORCE_NOT_NULL ({', '.join(blank)})" if blank else ""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv{options})") as copy,
    ):

        def write(rows: Iterable[Any]) -> None:
            buffer = io.StringIO()
            csv.writer(buffer, lineterminator="\n").writerows(rows)
            copy.write(buffer.getvalue())

        yield write


class Parsed:
    """A table read by its format: iterating yields (row numbers, {column: values}) in chunks.

    `given` are the format's columns that the table has, in the format's order; empty where a required one is missing.
    """

    def __init__(self, load: Load, table: Table, file: Format) -> None:
        self.load, self.table, self.file = load, table, file
        load.tallies[file.name] = Tally()
        self.positions = self._positions()
        self.given = [name for name in file.column_names if name in self.positions]
        missing = [c.name for c in file.columns if c.required and c.name not in self.positions]
        for column in missing:
            load.findings.add(
                file.name, 1, column, "missing_column", _("The column “%(column)s” is missing.") % {"column": column}
            )
        if missing:
            self.given = []
        zone = load.organization.zone
        self.cells: dict[str, Cells] = {c.name: c.kind(zone) for c in file.columns if c.name in self.positions}
        self.required = [c.name for c in file.columns if c.required]

    def _positions(self) -> dict[str, int]:
        known: dict[str, int] = {}
        for position, header in enumerate(self.table.columns):
            column = column_named(header, self.file.column_names)
            if column in known:
                self.load.findings.add(
                    self.file.name,
                    1,
                    column,
                    "duplicate_column",
                    _("The column “%(column)s” is there more than once.") % {"column": column},
                    header,
                )
            elif column:
                known[column] = position
            elif header.startswith("x_"):
                self.load.findings.note(
                    self.file.name, header, "custom_column", _("Custom fields are not stored yet; ignored.")
                )
            elif header:
                self.load.findings.note(
                    self.file.name, header, "unknown_column", _("This column is not known; ignored.")
                )
        return known

    def __iter__(self) -> Iterator[tuple[list[int], dict[str, list[str | None]]]]:
        records = self.table.records
        width = len(self.table.columns)
        tally = self.load.tallies[self.file.name]
        while chunk := list(islice(records, CHUNK)):
            chunk = [record for record in chunk if self._says_something(record)]
            rows = [number for number, _cells in chunk]
            texts = list(zip_longest(*(cells for _number, cells in chunk), fillvalue=""))
            if len(texts) > width:
                self._report_long_rows(chunk, width)
            texts += [("",) * len(rows)] * (width - len(texts))
            columns = {
                name: list(map(self.cells[name].__getitem__, texts[self.positions[name]])) for name in self.given
            }
            for name in self.given:
                if self.cells[name].bad:
                    self._report_bad(name, rows, texts[self.positions[name]])
            for name in self.required:
                if None in columns[name]:
                    self._report_missing(name, rows, columns[name], texts[self.positions[name]])
            tally.rows += len(rows)
            self.load.progress(tally.rows, 0, self.file.name)
            yield rows, columns

    @staticmethod
    def _says_something(record: Record) -> bool:
        """Spreadsheets leave rows of blanks behind; a cheap look at the first cell settles nearly all."""
        cells = record[1]
        return bool(cells[0].strip()) or any(map(str.strip, cells))

    def _report_long_rows(self, chunk: list[Record], width: int) -> None:
        for number, cells in chunk:
            if any(cells[width:]):
                self.load.findings.add(
                    self.file.name,
                    number,
                    "",
                    "too_many_cells",
                    _("This row has more cells than the header. Is a quotation mark or a comma misplaced?"),
                )

    def _report_bad(self, name: str, rows: list[int], texts: tuple[str, ...]) -> None:
        bad = self.cells[name].bad
        for number, text in zip(rows, texts, strict=True):
            if text in bad:
                code, message = bad[text]
                self.load.findings.add(self.file.name, number, name, code, message, text)

    def _report_missing(self, name: str, rows: list[int], values: list[str | None], texts: tuple[str, ...]) -> None:
        message = _("This cell must be filled in.")
        for number, value, text in zip(rows, values, texts, strict=True):
            if value is None and not text.strip():
                self.load.findings.add(self.file.name, number, name, "missing_value", message)


def drop_repetitions(load: Load, file: Format) -> None:
    """The same key twice: equal rows count once; where they differ, both rows are named. Parts may differ."""
    table, key = f"bundle_{file.name}", ", ".join(file.key)
    filled = " AND ".join(f"{column} IS NOT NULL" for column in file.key)
    load.make_table(
        "bundle_first",
        f"AS SELECT {key}, min(row) AS first FROM {table} WHERE {filled} GROUP BY {key} HAVING count(*) > 1",
    )
    same_key = " AND ".join(f"f.{column} = s.{column}" for column in file.key)
    everything = ", ".join(f"s.{column}" for column in file.column_names)
    load.tallies[file.name].rows -= load.run(
        f"DELETE FROM {table} x USING (SELECT s.row, row_number() OVER (PARTITION BY {everything} ORDER BY s.row) AS n"
        f" FROM {table} s JOIN bundle_first f ON {same_key}) y WHERE x.row = y.row AND y.n > 1"
    )
    if file.parts:
        return
    differences = " || ".join(
        f"CASE WHEN s.{column} IS DISTINCT FROM o.{column} THEN '{column} ' ELSE '' END" for column in file.values
    )
    for row, first, columns in load.rows(
        f"SELECT s.row, f.first, {differences} FROM {table} s JOIN bundle_first f ON {same_key}"
        f" JOIN {table} o ON o.row = f.first WHERE s.row <> f.first ORDER BY s.row"
    ):
        load.findings.add(file.name, row, columns.split()[0], "duplicate_row", twice(first, row, columns.split()))
    load.run(f"DELETE FROM {table} s USING bundle_first f WHERE {same_key} AND s.row <> f.first")


def twice(first: int, row: int, columns: list[str]) -> str:
    return _("Rows %(first)s and %(row)s have the same key but differ in: %(columns)s.") % {
        "first": shown_row(first),
        "row": shown_row(row),
        "columns": ", ".join(columns),
    }


@dataclass(frozen=True)
class Target:
    """A table that a file sets. `key` and `values` map its columns to expressions over the staged row `s`.

    A value that is null was not given: an existing row keeps what it has, a new one takes `defaults`. Only the column
    `null_in_key` of a key may be null.
    """

    table: str
    key: dict[str, str]
    values: dict[str, str]
    defaults: dict[str, str] = field(default_factory=dict)
    null_in_key: str = ""


def upsert(load: Load, source: str, target: Target) -> tuple[int, int]:
    """Set the target's rows from `source` (a staging table, or a subquery); returns (new, changed)."""
    same = " AND ".join(
        f"t.{column} {'IS NOT DISTINCT FROM' if column == target.null_in_key else '='} {value}"
        for column, value in target.key.items()
    )
    changed = 0
    if target.values:
        values = {column: f"coalesce({value}, t.{column})" for column, value in target.values.items()}
        changed = load.run(
            f"UPDATE {target.table} t SET {', '.join(f'{c} = {v}' for c, v in values.items())}"
            f" FROM {source} s WHERE t.organization_id = %(org)s AND {same}"
            f" AND ({', '.join(f't.{c}' for c in values)},0) IS DISTINCT FROM ({', '.join(values.values())},0)"
        )
    written = {
        **target.key,
        **target.defaults,
        **{
            column: f"coalesce({value}, {target.defaults[column]})" if column in target.defaults else value
            for column, value in target.values.items()
        },
    }
    new = load.add(
        target.table,
        f"INSERT INTO {target.table} (organization_id, id, {', '.join(written)})"
        f" SELECT %(org)s, stockcheck_uuid7(), {', '.join(written.values())} FROM {source} s"
        f" WHERE NOT EXISTS (SELECT 1 FROM {target.table} t WHERE t.organization_id = %(org)s AND {same})",
    )
    return new, changed


def refer(load: Load, file: str, column: str, *, table: str, by: str, code: str, message: str, where: str = "") -> None:
    """Report the rows of a staged file whose `column` names nothing in `table`."""
    load.find(
        file,
        code,
        column,
        message,
        f"SELECT s.row, s.{column} FROM bundle_{file} s WHERE s.{column} IS NOT NULL AND NOT EXISTS"
        f" (SELECT 1 FROM {table} t WHERE t.organization_id = %(org)s AND t.{by} = s.{column}{where})",
    )
