"""Empty workbooks to fill in: headings, a sheet that explains them, and lists to choose from."""

from __future__ import annotations

from typing import IO, Any

import xlsxwriter
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.integrations.bundle import cells
from apps.integrations.bundle.formats import FORMATS, Column, Format
from apps.integrations.bundle.headers import FILES, WORDS
from apps.integrations.layouts.catalogue import COLUMN_TITLES, FILE_TITLES, LAYOUTS

ROWS = 5_000
"""Rows below the headings that offer lists and formats."""
INSTRUCTIONS = {"zh-hans": "说明", "en": "Instructions"}


def write_blank(file: IO[bytes], names: list[str], *, language: str) -> None:
    """A workbook with one sheet for each of the files and one that explains all of them.

    Sheets and headings are in Chinese or plain column names, both of which an import reads.
    """
    with translation.override(language):
        book = xlsxwriter.Workbook(file, {"in_memory": True})
        chinese = language.startswith("zh")
        try:
            sheets = [(FORMATS[name], book.add_worksheet(sheet_name(name, chinese=chinese))) for name in names]
            for format_, sheet in sheets:
                _fill(book, sheet, format_, chinese=chinese)
            _explain(book, book.add_worksheet(INSTRUCTIONS["zh-hans" if chinese else "en"]), names, chinese=chinese)
        finally:
            book.close()


def sheet_name(name: str, *, chinese: bool) -> str:
    return next((word for word, file in FILES.items() if file == name), name) if chinese else name


def heading(file: str, column: str, *, chinese: bool) -> str:
    """What stands above a column: its plain name, or the Chinese one that is known best."""
    headings = LAYOUTS[file].columns[column]
    return headings[1] if chinese and len(headings) > 1 else headings[0]


def choices(column: Column, *, chinese: bool) -> list[str]:
    """What a cell may be chosen from, empty where it is free."""
    reader = column.kind(None)  # type: ignore[arg-type]
    if isinstance(reader, cells.Flag):
        return ["是", "否"] if chinese else ["1", "0"]
    if not isinstance(reader, cells.Choice):
        return []
    plain = list(reader.options["choices"])
    if not chinese:
        return plain
    words = WORDS.get(column.name, {})
    return [next((word for word, choice in words.items() if choice == each), each) for each in plain]


def _fill(book: Any, sheet: Any, file: Format, *, chinese: bool) -> None:
    head = book.add_format({"bold": True, "bottom": 1})
    needed = book.add_format({"bold": True, "bottom": 1, "font_color": "#B42318"})
    text = book.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(file.columns):
        sheet.write_string(
            0, number, heading(file.name, column.name, chinese=chinese), needed if column.required else head
        )
        reader = column.kind(None)  # type: ignore[arg-type]
        sheet.set_column(number, number, 18, None if isinstance(reader, (cells.Number, cells.Whole)) else text)
        offered = choices(column, chinese=chinese)
        if offered and len(",".join(offered)) <= 255:
            sheet.data_validation(1, number, ROWS, number, {"validate": "list", "source": offered})
        elif isinstance(reader, cells.Number) and not reader.options.get("signed"):
            rule = {"validate": "decimal", "criteria": ">=", "value": 0, "error_type": "warning"}
            sheet.data_validation(1, number, ROWS, number, rule)


def _explain(book: Any, sheet: Any, names: list[str], *, chinese: bool) -> None:
    bold = book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 2, 22, wrap)
    sheet.set_column(3, 3, 12, wrap)
    sheet.set_column(4, 5, 60, wrap)
    row = 0
    for line in (
        _("Fill in the sheets below the headings; a sheet that you do not need may stay empty or go."),
        _("Columns in red must be filled in. The order of columns is free, columns of your own are ignored."),
        _("Write numbers plainly (1200 or 12.5) and times like 2025-12-31 18:00. Codes keep their leading zeros."),
        _("All or nothing: where one row is wrong, nothing is kept and every wrong row is listed."),
        _("The same rows again change nothing: a load sets, it never adds."),
    ):
        sheet.merge_range(row, 0, row, 5, line, wrap)
        row += 1
    row += 1
    titles = (_("Sheet"), _("Column"), _("Plain name"), _("Needed"), _("What stands there"), _("Choices"))
    for number, title in enumerate(titles):
        sheet.write_string(row, number, title, bold)
    for name in names:
        for column in FORMATS[name].columns:
            row += 1
            cells_of_row = (
                f"{sheet_name(name, chinese=chinese)} ({FILE_TITLES[name]})",
                heading(name, column.name, chinese=chinese),
                column.name,
                _("yes") if column.required else "",
                _kind(column),
                "、".join(choices(column, chinese=chinese)),
            )
            for number, cell in enumerate(cells_of_row):
                sheet.write_string(row, number, str(cell), wrap)


def _kind(column: Column) -> str:
    reader = column.kind(None)  # type: ignore[arg-type]
    said = str(COLUMN_TITLES[column.name])
    if isinstance(reader, cells.Moment):
        return f"{said}: " + _("a time like 2025-12-31 18:00")
    if isinstance(reader, cells.Whole):
        return f"{said}: " + _("a whole number")
    if isinstance(reader, cells.Share):
        return f"{said}: " + _("a share between 0 and 1")
    if isinstance(reader, cells.Number):
        return f"{said}: " + _("a number with up to 4 decimals")
    if isinstance(reader, cells.Text):
        limit = reader.options["length"]
        return f"{said}: " + ngettext("up to %(limit)d character", "up to %(limit)d characters", limit) % {
            "limit": limit
        }
    return said
