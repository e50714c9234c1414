"""What travels inside the PDF: every line of the count and every cause, as files that a spreadsheet opens."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
from django.utils.translation import gettext as _

from apps.core.pdf.process import Attachment
from apps.core.sheets import Columns, Kind, write_sheet
from apps.core.templatetags.figures import signed
from apps.counts.models import Count
from apps.reports.rendering.wording import cause_name, evidence_words, line_status, listed, verdict_name
from apps.reports.selectors import Line, report_lines


def write_attachments(count: Count, folder: Path) -> list[Attachment]:
    """lines.xlsx, lines.csv and causes.csv in `folder`. Names are ASCII, headings in the active language."""
    return [
        _write(folder / "lines.xlsx", _line_columns(), _line_rows(count), _("Every line as a workbook")),
        _write(folder / "lines.csv", _line_columns(), _line_rows(count), _("Every line")),
        _write(folder / "causes.csv", _cause_columns(), _cause_rows(count), _("Every cause with its evidence")),
    ]


def extract_attachments(pdf: bytes, folder: Path) -> list[Attachment]:
    """The attachments of a rendered report as files in `folder`: what was reviewed is what is signed."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return [_kept(folder / name, document.attachments[name]) for name in sorted(document.attachments)]


def _kept(path: Path, embedded: pikepdf.AttachedFileSpec) -> Attachment:
    path.write_bytes(embedded.get_file().read_bytes())
    return Attachment(str(path), path.name, embedded.description)


def _write(path: Path, columns: Columns, rows: Iterable[list[Any]], description: str) -> Attachment:
    kind: Kind = "xlsx" if path.suffix == ".xlsx" else "csv"
    with path.open("wb") as file:
        write_sheet(file, columns, rows, kind=kind, title=description)
    return Attachment(str(path), path.name, description)


def _line_columns() -> Columns:
    return [
        ("warehouse", _("Warehouse")),
        ("zone", _("Zone")),
        ("location", _("Location")),
        ("sku", _("Item code")),
        ("name", _("Item")),
        ("category", _("Category")),
        ("lot", _("Lot")),
        ("unit", _("Unit")),
        ("result", _("Result")),
        ("snapshot", _("Snapshot")),
        ("in", _("In")),
        ("out", _("Out")),
        ("book", _("Book")),
        ("counted", _("Counted")),
        ("variance", _("Variance")),
        ("unit_cost", _("Unit cost")),
        ("value", _("Value")),
        ("percent", _("Per cent of the book")),
        ("tolerance", _("Tolerance")),
        ("causes", _("Confirmed causes")),
        ("unexplained", _("Unexplained")),
        ("counted_at", _("Counted at")),
    ]


def _line_rows(count: Count) -> Iterator[list[Any]]:
    for line in report_lines(count):
        yield [
            line.warehouse,
            line.zone,
            line.location,
            line.sku,
            line.name,
            line.category,
            line.lot,
            line.unit,
            line_status(line),
            line.snapshot,
            line.moved_in,
            line.moved_out,
            line.book,
            line.counted,
            line.variance,
            line.unit_cost,
            line.value if line.counted is not None else None,
            line.percent,
            verdict_name(line.verdict),
            _causes(line),
            line.unexplained if line.differs else None,
            line.counted_at,
        ]


def _causes(line: Line) -> str:
    return "; ".join(
        f"{cause_name(part.code, part.name)} {signed(part.quantity)}"
        + (f" ({listed(part.documents)})" if part.documents else "")
        for part in line.causes
    )


def _cause_columns() -> Columns:
    return [
        ("warehouse", _("Warehouse")),
        ("location", _("Location")),
        ("sku", _("Item code")),
        ("name", _("Item")),
        ("lot", _("Lot")),
        ("variance", _("Variance")),
        ("cause", _("Cause")),
        ("code", _("Code")),
        ("quantity", _("Quantity")),
        ("value", _("Value")),
        ("department", _("Department")),
        ("facts", _("Documents and facts")),
        ("confirmed_by", _("Confirmed by")),
        ("confirmed_at", _("Confirmed at")),
    ]


def _cause_rows(count: Count) -> Iterator[list[Any]]:
    for line in report_lines(count):
        for part in line.parts:
            facts = [*(evidence_words(shown) for shown in part.evidence), part.note]
            yield [
                line.warehouse,
                line.location,
                line.sku,
                line.name,
                line.lot,
                line.variance,
                cause_name(part.code, part.name),
                part.code,
                part.quantity,
                part.value,
                part.department,
                "; ".join(fact for fact in facts if fact),
                part.confirmed_by,
                part.confirmed_at,
            ]
