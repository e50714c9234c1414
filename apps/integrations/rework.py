"""The rows that a load refused, as a workbook to mend and bring back."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import IO, Any

import xlsxwriter
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.sheets_reading import Workbook, kind_of
from apps.integrations.bundle.findings import Finding
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.bundle.source import Found

MOST_ROWS = 10_000
"""Rows of one table; who has more bad ones mends the file itself."""
ROW, REASON = "#", "!"
"""Headings of the two columns in front: they are the same in every language."""
_PREFIX = re.compile(r"(\d+) ")
_UNFIT = re.compile(r"[\[\]:*?/\\']")


def write_bad_rows(
    file: IO[bytes], tables: list[Found], findings: Iterable[Finding], *, corrected: Mapping[str, Any]
) -> int:
    """A sheet for each table with the rows that findings name, as they stand, their number and the reasons in front.
    Returns the number of rows; nothing is written where there is none."""
    reasons: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for finding in findings:
        if finding.row:
            text = f"{finding.column}: {finding.message}" if finding.column else finding.message
            reasons[finding.file][finding.row].append(text)
    wanted = [(index, found, named) for index, found in enumerate(tables, 1) if (named := _named(found, reasons))]
    if not wanted:
        return 0
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, told = book.add_format({"bold": True}), book.add_format({"font_color": "#B42318"})
    text_only = book.add_format({"num_format": "@"})
    total = 0
    for index, found, named in wanted:
        sheet = book.add_worksheet(f"{index} {_UNFIT.sub(' ', found.sheet.label)}"[:31])
        sheet.set_column(0, 0, 8)
        sheet.set_column(1, 1, 60)
        sheet.set_column(2, 60, 16, text_only)
        headings = found.reading.headings if found.reading is not None else ()
        for column, heading in enumerate((ROW, REASON, *headings)):
            sheet.write_string(0, column, heading, bold)
        mended = corrected.get(found.sheet.label, {})
        line = 0
        for number, cells in found.sheet.open().rows:
            if number not in named or line >= MOST_ROWS:
                continue
            line += 1
            sheet.write_number(line, 0, number)
            sheet.write_string(line, 1, "; ".join(dict.fromkeys(named[number]))[:2000], told)
            for column, cell in enumerate(mended.get(str(number), cells), 2):
                sheet.write_string(line, column, cell[:32_000], text_only)
        sheet.freeze_panes(1, 2)
        total += line
    book.close()
    return total


def _named(found: Found, reasons: dict[str, dict[int, list[str]]]) -> dict[int, list[str]]:
    """Findings call a table by its label, or by the file of the contract that it is."""
    for name in (found.sheet.label, found.sheet.stem if found.sheet.stem in FORMATS else ""):
        if name in reasons:
            return reasons[name]
    return {}


def corrected_rows(file: IO[bytes], *, file_name: str, labels: list[str]) -> dict[str, dict[str, list[str]]]:
    """{label: {row number: cells}} of a workbook that `write_bad_rows` made and somebody mended.

    Raises RuleViolation("not_a_rework") where it is any other file.
    """
    rows: dict[str, dict[str, list[str]]] = {}
    if kind_of(file, file_name=file_name) == "xlsx":
        book = Workbook(file, file_name=file_name)
        for title in book.visible_sheets:
            match = _PREFIX.match(title)
            if match is None or not 0 < int(match[1]) <= len(labels):
                continue
            grid = book.grid(title)
            _number, head = next(grid.rows, (0, []))
            if head[:2] != [ROW, REASON]:
                continue
            mended = rows.setdefault(labels[int(match[1]) - 1], {})
            for _line, cells in grid.rows:
                if cells[0].isdigit() and len(mended) < MOST_ROWS:
                    mended[cells[0]] = cells[2:]
    if not any(rows.values()):
        raise RuleViolation(
            "not_a_rework",
            _("%(file)s is not the workbook of bad rows of this import. Download it here, mend it, bring it back.")
            % {"file": file_name},
        )
    return rows
