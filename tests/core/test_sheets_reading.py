"""Reading what people bring, and refusing what nobody should open."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter

from apps.core.errors import RuleViolation
from apps.core.sheets_reading import Workbook, read_table

TEXT = "sku,name\nP-1,紫砂壶\nP-2,“茶”\n"
ROWS = [(2, {"sku": "P-1", "name": "紫砂壶"}), (3, {"sku": "P-2", "name": "“茶”"})]


def read(content: bytes, name: str = "items.csv", **options) -> list:
    return list(read_table(io.BytesIO(content), file_name=name, **options).rows)


def code(content: bytes, name: str = "items.csv") -> str:
    with pytest.raises(RuleViolation) as refused:
        read(content, name)
    assert name in str(refused.value) or "·" in str(refused.value)
    return refused.value.code


def workbook(fill, **options) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, **options})
    fill(book)
    book.close()
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(encoding):
    assert read(TEXT.encode(encoding)) == ROWS
    assert read(gzip.compress(TEXT.encode(encoding)), "items.csv.gz") == ROWS


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters(delimiter):
    assert read(TEXT.replace(",", delimiter).encode()) == ROWS


def test_rows_are_numbered_like_a_spreadsheet():
    text = 'a,b\n1,"x\ny"\n\n2,z\n3\n'
    assert read(text.encode()) == [(2, {"a": "1", "b": "x\ny"}), (4, {"a": "2", "b": "z"}), (5, {"a": "3", "b": ""})]


def test_headers_are_tidied():
    assert read_table(io.BytesIO(" ｓｋｕ , name,,\n".encode()), file_name="x.csv").columns == ["sku", "name"]


def test_workbook_cells():
    def fill(book):
        sheet = book.add_worksheet("items")
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["text", "whole", "broken", "moment", "day", "flag", "formula", "empty"])
        sheet.write_string(1, 0, "007")
        sheet.write_number(1, 1, 690123456789)
        sheet.write_number(1, 2, 0.1 + 0.2)
        sheet.write_datetime(1, 3, datetime(2025, 1, 2, 3, 4), moment)
        sheet.write_datetime(1, 4, date(2025, 1, 2), day)
        sheet.write_boolean(1, 5, True)
        sheet.write_formula(1, 6, "=1+1", value=2)
        sheet.write_number(4, 1, 1.2e13)

    [first, second] = read(workbook(fill), "items.xlsx")
    assert first == (
        2,
        {
            "text": "007",
            "whole": "690123456789",
            "broken": "0.3",
            "moment": "2025-01-02T03:04:00",
            "day": "2025-01-02",
            "flag": "1",
            "formula": "2",
            "empty": "",
        },
    )
    assert (second[0], second[1]["whole"]) == (5, "12000000000000")


def test_dates_of_1904():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["day"])
        sheet.write_datetime(1, 0, date(2025, 1, 2), book.add_format({"num_format": "yyyy-mm-dd"}))

    assert read(workbook(fill, date_1904=True), "x.xlsx") == [(2, {"day": "2025-01-02"})]


def test_sheets_by_name_and_hidden_ones_stay_hidden():
    def fill(book):
        for name in ("secret", "items"):
            book.add_worksheet(name).write_row(0, 0, ["a"])
        book.worksheets()[1].activate()
        book.worksheets()[0].hide()

    content = workbook(fill)
    assert Workbook(io.BytesIO(content), file_name="x.xlsx").visible_sheets == ["items"]
    assert read_table(io.BytesIO(content), file_name="x.xlsx").columns == ["a"]
    with pytest.raises(RuleViolation) as refused:
        read(content, "x.xlsx", sheet="units")
    assert refused.value.code == "unknown_sheet"


def bomb() -> bytes:
    return gzip.compress(b"a,b\n" + b"0" * (100 * 1024 * 1024))


def far_corner() -> bytes:
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(1_000_000, 100, "b")

    return workbook(fill)


def far_column() -> bytes:
    def fill(book):
        book.add_worksheet().write(0, 16_000, "a")

    return workbook(fill)


def rewritten(content: bytes, change) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))
    return out.getvalue()


def laughing() -> bytes:
    def change(name, data):
        return data.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "ha">]><worksheet') if "sheet1" in name else data

    return rewritten(workbook(lambda book: book.add_worksheet().write(0, 0, "a")), change)


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        new.writestr("a.csv", "a\n")
    return out.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: b"", "file_empty"),
        (lambda: b"\n\n", "file_empty"),
        (lambda: gzip.compress(b""), "file_empty"),
        (lambda: b"%PDF-1.7 ...", "file_type"),
        (lambda: b"\x89PNG\r\n", "file_type"),
        (lambda: b"a,b\n1,\x00\n", "file_type"),
        (archive, "file_type"),
        (lambda: OLE + b"x" * 600, "file_old_excel"),
        (lambda: OLE + "EncryptedPackage".encode("utf-16-le"), "file_encrypted"),
        (lambda: b"a,b\n\xff\xfe\xfa,1\n", "file_encoding"),
        (lambda: gzip.compress(TEXT.encode())[:-12], "file_broken"),
        (lambda: workbook(lambda book: book.add_worksheet())[:-40], "file_broken"),
        (laughing, "file_broken"),
        (bomb, "file_bomb"),
        (far_corner, "too_many_cells"),
        (far_column, "too_many_columns"),
        (lambda: ",".join(f"c{n}" for n in range(300)).encode(), "too_many_columns"),
        (lambda: b"a,b,a\n1,2,3\n", "duplicate_column"),
        (lambda: b'a,b\n1,"2\n3,4\n', "csv_format"),
        (lambda: b"a,b\n1," + b"x" * 200_000 + b"\n", "csv_format"),
    ],
)
def test_refusals_say_what_to_do(make, expected):
    assert code(make()) == expected


def test_encrypted_archives_are_refused():
    from apps.core.sheets_reading import members, opened_archive

    content = bytearray(archive())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    with (
        opened_archive(io.BytesIO(bytes(content)), file_name="x.zip") as opened,
        pytest.raises(RuleViolation) as refused,
    ):
        members(opened, file_name="x.zip")
    assert refused.value.code == "file_encrypted"


@pytest.mark.parametrize("name", ["../items.csv", "/etc/items.csv", "C:/items.csv", "a/../../items.csv"])
def test_paths_out_of_an_archive_are_refused(name):
    from apps.core.sheets_reading import members, opened_archive

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        new.writestr(name, "a\n")
    with opened_archive(out, file_name="x.zip") as opened, pytest.raises(RuleViolation) as refused:
        members(opened, file_name="x.zip")
    assert refused.value.code == "file_path"


def test_what_was_opened_is_closed(tmp_path):
    path = tmp_path / "items.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert list(read_table(path, file_name=path.name).rows) == ROWS
    read_table(path, file_name=path.name)
