"""What is wrong with a bundle, cell by cell."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, NamedTuple

from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation

HEADER = ("file", "row", "column", "code", "message", "value")
VALUE_SHOWN = 200
EACH = 10_000_000
"""Rows of the second table that fills one file are numbered from here on, those of the third from twice as much."""


def shown_row(row: int) -> int:
    """The row's number in its own table."""
    return row % EACH


@dataclass(frozen=True)
class Origin:
    """The table that rows of a file came from: how people know it, and its headings by our columns. `label` is empty
    for a file of the contract."""

    shown: str
    headings: dict[str, str] = field(default_factory=dict)
    label: str = ""


class Finding(NamedTuple):
    """`row` is what a spreadsheet shows, 0 where the finding is about the whole file."""

    file: str
    row: int
    column: str
    code: str
    message: str
    value: str = ""

    def __str__(self) -> str:
        place = self.file
        if self.row:
            place += _(", row %(row)s") % {"row": self.row}
        if self.column:
            place += _(", column %(column)s") % {"column": self.column}
        return f"{place}: {self.message}" if place else self.message


class Findings:
    """Errors refuse the load; notices only tell what was ignored."""

    def __init__(self) -> None:
        self.errors: list[Finding] = []
        self.notices: list[Finding] = []
        self.origins: dict[str, list[Origin]] = {}
        """File → the tables that fill it, in the order of their rows."""

    def __bool__(self) -> bool:
        return bool(self.errors)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.errors)

    def add(self, file: str, row: int, column: str, code: str, message: str, value: object = "") -> None:
        shown = "" if value is None else str(value)[:VALUE_SHOWN]
        self.errors.append(Finding(file, row, column, code, message, shown))

    def note(self, file: str, column: str, code: str, message: str) -> None:
        self.notices.append(Finding(file, 0, column, code, message))

    def settle(self, files: Iterable[str]) -> None:
        """Sort by file in the order of `files`, then by row; and name tables, rows and columns as their owner does."""
        order = {name: position for position, name in enumerate(files)}
        self.errors.sort(key=lambda finding: (order.get(finding.file, len(order)), finding.row))
        self.errors = list(dict.fromkeys(map(self._as_brought, self.errors)))

    def _as_brought(self, finding: Finding) -> Finding:
        index, row = divmod(finding.row, EACH)
        origins = self.origins.get(finding.file, [])
        if index >= len(origins):
            return finding
        origin = origins[index]
        column = origin.headings.get(finding.column, finding.column)
        return finding._replace(file=origin.shown, row=row, column=column)


class BundleRefused(RuleViolation):
    """Nothing was loaded. `rows` are the findings, all of them."""

    def __init__(self, findings: Findings) -> None:
        first = findings.errors[0]
        super().__init__(
            "bundle_refused",
            _("Nothing was loaded: %(count)s findings. The first: %(first)s")
            % {"count": len(findings.errors), "first": first},
            rows=findings.errors,
        )
        self.notices = findings.notices


def write_errors(file: IO[str], findings: Iterable[Finding]) -> None:
    """The findings as CSV: file, row, column, code, message, value."""
    writer = csv.writer(file)
    writer.writerow(HEADER)
    for finding in findings:
        writer.writerow([*finding[:1], finding.row or "", *finding[2:5], neutral(finding.value)])


def neutral(value: str) -> str:
    """A value that a spreadsheet program will not take for a formula; numbers stay as they were written."""
    if value[:1] in ("=", "+", "-", "@", "\t", "\r") and not value[1:].replace(".", "", 1).isdigit():
        return f"'{value}"
    return value
