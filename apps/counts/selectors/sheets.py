"""The blind sheet: what a counter takes along on paper or in a spreadsheet. No book figure, no order by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import RuleViolation
from apps.core.sheets_reading import Table
from apps.counts.models import Count, CountLine, CountTask

COLUMNS = (
    ("location", gettext_lazy("location")),
    ("sku", gettext_lazy("item code")),
    ("name", gettext_lazy("item")),
    ("lot", gettext_lazy("lot")),
    ("unit", gettext_lazy("unit")),
    ("quantity", gettext_lazy("quantity")),
    ("note", gettext_lazy("note")),
    ("entry_no", gettext_lazy("entry number")),
)
NEEDED = ("location", "sku", "quantity")


def sheet_rows(count: Count, task: CountTask | None = None) -> Iterator[dict[str, Any]]:
    """A row a line, in walking order, quantity empty. The entry number names line and round, so that a sheet that
    is sent twice counts once."""
    lines = CountLine.objects.filter(count=count) if task is None else CountLine.objects.filter(task=task)
    for row in (
        lines.order_by(
            "stock_line__location__walk_order",
            "stock_line__location__code",
            "stock_line__item__sku",
            "stock_line__lot",
        )
        .values(
            "id",
            "round",
            location=F("stock_line__location__code"),
            sku=F("stock_line__item__sku"),
            name=F("stock_line__item__name"),
            lot=F("stock_line__lot"),
            unit=F("stock_line__item__base_unit"),
        )
        .iterator(chunk_size=2000)
    ):
        yield {**row, "quantity": None, "note": "", "entry_no": f"sheet-{row['round']}-{row['id']}"}


def filled_rows(table: Table) -> Iterator[tuple[int, dict[str, str]]]:
    """(row number, {column key: text}) of rows with a quantity; an empty quantity is "not counted".

    Headings are read in every language of the product, or as the plain keys. Raises
    RuleViolation("missing_columns").
    """
    known: dict[str, str] = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            known.update({str(label).strip().lower(): key for key, label in COLUMNS})
    known.update({key: key for key, _label in COLUMNS})
    keys = {column: known[column.strip().lower()] for column in table.columns if column.strip().lower() in known}
    missing = [str(label) for key, label in COLUMNS if key in NEEDED and key not in keys.values()]
    if missing:
        raise RuleViolation(
            "missing_columns",
            _("The columns %(columns)s are missing. Download the sheet here and fill in that one.")
            % {"columns": ", ".join(missing)},
        )
    for number, row in table.rows:
        cells = {key: row[column].strip() for column, key in keys.items()}
        if cells["quantity"]:
            yield number, {key: cells.get(key, "") for key, _label in COLUMNS}
