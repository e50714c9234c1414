"""What is wrong with a bundle, cell by cell."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation

HEADER = ("file", "row", "column", "code", "message", "value")
VALUE_SHOWN = 200


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

    def __bool__(self) -> bool:
        return bool(self.errors)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.errors)

    def add(self, file: str, row: int, column: str, code: str, message: str, value: object = "") -> None:
        shown = "" if value is None else str(value)[:VALUE_SHOWN]
        self.errors.append(Finding(file, row, column, code, message, shown))

    def note(self, file: str, column: str, code: str, message: str) -> None:
        self.notices.append(Finding(file, 0, column, code, message))

    def in_file(self, file: str) -> bool:
        return any(finding.file == file for finding in self.errors)

    def sort(self, files: Iterable[str]) -> None:
        """By file in the order of `files`, then by row."""
        order = {name: position for position, name in enumerate(files)}
        self.errors.sort(key=lambda finding: (order.get(finding.file, len(order)), finding.row))


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
