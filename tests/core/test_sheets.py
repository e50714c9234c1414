"""Exports: formulas neutralized, numbers kept, memory constant."""

import csv
import io
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from apps.core.errors import RuleViolation
from apps.core.sheets import sheet_response, write_sheet

COLUMNS = [("sku", "货号"), ("note", "备注"), ("quantity", "数量"), ("at", "时间"), ("on", "日期")]
ROWS = [
    {
        "sku": "007",
        "note": "=1+1",
        "quantity": Decimal("-40.0000"),
        "at": datetime(2023, 12, 31, 16, 30, tzinfo=UTC),
        "on": None,
    },
    ("A", "-10 件", Decimal("99999999999999.9999"), None, date(2024, 1, 1)),
    ("", "“引号”, 逗号\n换行", Decimal("0.5"), None, None),
]


def written(kind):
    file = io.BytesIO()
    assert write_sheet(file, COLUMNS, ROWS, kind=kind) == 3
    return file.getvalue()


def test_csv():
    content = written("csv")
    assert content.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))) == [
        ["货号", "备注", "数量", "时间", "日期"],
        ["007", "'=1+1", "-40", "2024-01-01 00:30:00", ""],
        ["A", "'-10 件", "99999999999999.9999", "", "2024-01-01"],
        ["", "“引号”, 逗号\n换行", "0.5", "", ""],
    ]


def test_xlsx():
    rows = CalamineWorkbook.from_filelike(io.BytesIO(written("xlsx"))).get_sheet_by_index(0).to_python()
    assert rows == [
        ["货号", "备注", "数量", "时间", "日期"],
        ["007", "=1+1", -40.0, datetime(2024, 1, 1, 0, 30), ""],
        ["A", "-10 件", "99999999999999.9999", "", date(2024, 1, 1)],
        ["", "“引号”, 逗号\n换行", 0.5, "", ""],
    ]


def test_xlsx_holds_no_formula():
    import zipfile

    with zipfile.ZipFile(io.BytesIO(written("xlsx"))) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_every_start_of_a_formula(start):
    file = io.BytesIO()
    write_sheet(file, [("a", "a")], [(f"{start}cmd|' /C calc'!A0",)], kind="csv")
    last = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))[1][0]
    assert last[:2] == f"'{start}"


def test_response_names_the_file_in_chinese():
    response = sheet_response("库存", COLUMNS, ROWS, "csv")
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%E5%BA%93%E5%AD%98.csv"
    assert b"".join(response.streaming_content) == written("csv")


def test_memory_stays_flat():
    rows = (
        {"sku": f"A-{n}", "note": "白瓷茶杯" * 4, "quantity": Decimal(n), "at": None, "on": None} for n in range(20_000)
    )
    tracemalloc.start()
    write_sheet(io.BytesIO(), COLUMNS, rows, kind="xlsx")
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * 1024 * 1024


def test_a_worksheet_ends(monkeypatch):
    monkeypatch.setattr("apps.core.sheets.MAX_ROWS", 2)
    with pytest.raises(RuleViolation):
        written("xlsx")
