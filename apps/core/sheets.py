"""Lists as files: xlsx and CSV, in constant memory, safe to open in a spreadsheet.

A text that a spreadsheet would take for a formula never becomes one: in CSV it gets an apostrophe in front, in
xlsx its cell is text and marked as quoted. Numbers stay numbers, −40 too. Times are local and without an offset.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Literal
from uuid import UUID

import xlsxwriter
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation

Kind = Literal["xlsx", "csv"]
Columns = Sequence[tuple[str, Any]]
"""(key in the row, heading)."""
Row = Mapping[str, Any] | Sequence[Any]
"""A dict by keys, or the cells in the order of the columns."""

CONTENT_TYPES: dict[str, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MAX_ROWS = 1_048_575
MAX_TEXT = 32_767
IN_MEMORY = 4 * 1024 * 1024
EXACT_DIGITS = 15


class _Spool(tempfile.SpooledTemporaryFile):
    """Closed by the response that sends it, or when a response is dropped unread."""

    def __del__(self) -> None:
        self.close()


def sheet_kind(request: HttpRequest) -> Kind | None:
    """What file a list page was asked for (?export=xlsx or csv), None for the page itself."""
    wanted = request.GET.get("export")
    return wanted if wanted in CONTENT_TYPES else None  # type: ignore[return-value]


def sheet_response(name: str, columns: Columns, rows: Iterable[Row], kind: Kind) -> HttpResponse:
    """A download called <name>.<kind>; the rows are read before it returns, inside the organization's scope."""
    file = _Spool(max_size=IN_MEMORY)
    try:
        write_sheet(file, columns, rows, kind=kind, title=name)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return FileResponse(  # type: ignore[return-value]
        file, as_attachment=True, filename=f"{name}.{kind}", content_type=CONTENT_TYPES[kind]
    )


def write_sheet(
    file: IO[bytes], columns: Columns, rows: Iterable[Row], *, kind: Kind, title: str = "stockcheck"
) -> int:
    """Write a table to a binary file and return its number of rows.

    Raises RuleViolation("too_many_rows") beyond what a worksheet holds.
    """
    keys = [key for key, _label in columns]
    labels = [str(label) for _key, label in columns]
    writer = _write_xlsx if kind == "xlsx" else _write_csv
    return writer(file, labels, _cells(keys, rows), title)


def _cells(keys: list[str], rows: Iterable[Row]) -> Iterator[list[Any]]:
    for row in rows:
        yield [_plain(value) for value in ((row[key] for key in keys) if isinstance(row, Mapping) else row)]


def _plain(value: Any) -> Any:
    """What a cell can hold: None, a number, a local time without offset, a date, or text."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or isinstance(value, (int, Decimal, str)):
        return value
    if isinstance(value, datetime):
        return timezone.make_naive(value) if timezone.is_aware(value) else value
    if isinstance(value, (date, UUID)):
        return value if isinstance(value, date) else str(value)
    return str(value)


def _digits(value: Decimal | int) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _write_csv(file: IO[bytes], labels: list[str], rows: Iterable[list[Any]], title: str) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([_neutral(label) for label in labels])
    count = 0
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row])
        count += 1
    text.flush()
    text.detach()
    return count


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (int, Decimal)):
        return _digits(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else _neutral(value)


def _neutral(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _write_xlsx(file: IO[bytes], labels: list[str], rows: Iterable[list[Any]], title: str) -> int:
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title, "author": "stockcheck"})
    sheet = book.add_worksheet()
    head = book.add_format({"bold": True, "bottom": 1})
    quoted = book.add_format({"quote_prefix": True})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for number, label in enumerate(labels):
        sheet.set_column(number, number, max(12, min(40, 2 * len(label) + 4)))
        sheet.write_string(0, number, label, head)
    sheet.freeze_panes(1, 0)

    def text_cell(row: int, column: int, value: str) -> None:
        sheet.write_string(row, column, value[:MAX_TEXT], quoted if value.startswith(FORMULA) else None)

    def number_cell(row: int, column: int, value: Decimal | int) -> None:
        digits = _digits(value)
        if len(digits.lstrip("-").replace(".", "")) > EXACT_DIGITS:  # a spreadsheet would round it
            sheet.write_string(row, column, digits)
        else:
            sheet.write_number(row, column, float(value))

    writers: tuple[tuple[Any, Callable[[int, int, Any], Any]], ...] = (
        (str, text_cell),
        ((int, Decimal), number_cell),
        (datetime, lambda r, c, v: sheet.write_datetime(r, c, v, moment)),
        (date, lambda r, c, v: sheet.write_datetime(r, c, v, day)),
    )
    count = 0
    for values in rows:
        count += 1
        if count > MAX_ROWS:
            book.close()
            raise RuleViolation(
                "too_many_rows",
                _("A worksheet ends at %(limit)d rows. Choose CSV, or filter the list.") % {"limit": MAX_ROWS},
            )
        for column, value in enumerate(values):
            for types, write in writers:
                if isinstance(value, types):
                    write(count, column, value)
                    break
    if labels:
        sheet.autofilter(0, 0, count, len(labels) - 1)
    book.close()
    return count
