"""Files that companies really bring, and files that nobody should open: made in memory, each with what is said of it.

A case is a name, a file and the findings (file, row, column, code) that refuse it; none where it is read.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xlsxwriter

Finding = tuple[str, int, str, str]

GROUND = {
    "departments": "code,name\nCK,仓储部\n",
    "staff": "username,name\nzhou,周敏\nli,李强\n",
    "warehouses": "code,name\nW1,主仓\nW2,前置仓\n",
    "locations": "warehouse,code\nW1,A-01\nW1,A-02\nW2,B-01\n",
    "items": "sku,name,base_unit\nPOT,紫砂壶,件\nCUP,品茗杯,件\n007,零号,件\n",
    "units": "sku,unit,factor\nCUP,盒,12\n",
}
"""What is there before: codes that the cases name."""


@dataclass(frozen=True)
class Case:
    name: str
    file_name: str
    content: bytes
    findings: tuple[Finding, ...] = ()


def book(fill: Callable[[Any], None], **options: Any) -> bytes:
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(out, {"in_memory": True, **options})
    fill(workbook)
    workbook.close()
    return out.getvalue()


def sheet(rows: list[list[Any]], name: str = "items", **options: Any) -> bytes:
    def fill(workbook: Any) -> None:
        target = workbook.add_worksheet(name)
        for number, row in enumerate(rows):
            target.write_row(number, 0, row)

    return book(fill, **options)


def archive(files: dict[str, bytes | str], **options: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", options.get("method", zipfile.ZIP_DEFLATED)) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return out.getvalue()


def patched(content: bytes, name: str, part: bytes) -> bytes:
    """A workbook with one of its parts replaced."""
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return archive({**{n: source.read(n) for n in source.namelist()}, name: part})


ITEMS = "sku,name,base_unit\nLID,壶盖,件\n"
ENCODINGS = {
    "utf-8": "utf-8",
    "BOM": "utf-8-sig",
    "GB18030": "gb18030",
    "UTF-16": "utf-16",
}


def encodings() -> Iterator[Case]:
    for title, encoding in ENCODINGS.items():
        for separator, shown in ((",", "comma"), (";", "semicolon"), ("\t", "tab")):
            for ending, said in (("\n", "LF"), ("\r\n", "CRLF")):
                text = ITEMS.replace(",", separator).replace("\n", ending).encode(encoding)
                yield Case(f"{title} {shown} {said}", "items.csv", text)
        text = ITEMS.encode(encoding)
        yield Case(f"{title} gzipped", "items.csv.gz", gzip.compress(text))
        yield Case(f"{title} zipped", "货.zip", archive({"items.csv": text}))
        yield Case(f"{title} in Chinese", "商品.csv", "商品编码,商品名称,基本单位\nLID,壶盖,件\n".encode(encoding))
        yield Case(f"{title} cut in a character", "items.csv", text[:-3] + b"\xff\xff\n", BROKEN_TEXT.get(title, ()))


BROKEN_TEXT: dict[str, tuple[Finding, ...]] = {
    "utf-8": (("items", 0, "", "file_encoding"),),
    "BOM": (("items", 0, "", "file_encoding"),),
    "GB18030": (("items", 0, "", "file_encoding"),),
}

COSTS: dict[str, str] = {
    "12": "", "12.5": "", "１２．５": "", "０": "", "+5": "", ".5": "", "5.": "", " 7 ": "", "1.200": "", "0012": "",
    "12.3400": "", "99999999999999.9999": "", "": "",
    "1,200": "number_format", "１，２００": "number_format", "1.200,50": "number_format", "1'200": "number_format",
    "1 200": "number_format", "1.2E+13": "number_format", "1e5": "number_format", "0x10": "number_format",
    "NaN": "number_format", "Infinity": "number_format", "-": "number_format", "--1": "number_format",
    "1-": "number_format", "(5)": "number_format", "¥12": "number_format", "12元": "number_format",
    "50%": "number_format", "1/2": "number_format", "=1+1": "number_format", "'12": "number_format",
    "十二": "number_format", "12..5": "number_format", "-1": "negative", "−1": "negative", "－1": "negative",
    "12.34567": "number_places", "0.00001": "number_places", "100000000000000": "number_range",
    "9" * 60: "number_range",
}  # fmt: skip


def numbers() -> Iterator[Case]:
    for text, code in COSTS.items():
        findings = (("items", 2, "standard_cost", code),) if code else ()
        rows = f'sku,name,base_unit,standard_cost\nLID,壶盖,件,"{text}"\n'
        yield Case(f"cost {text[:20]!r}", "items.csv", rows.encode(), findings)


MOMENTS: dict[str, str] = {
    "2025-01-01": "", "2025/1/1": "", "2025-1-1 8:05": "", "2025-01-01T10:00:00": "", "2025-01-01T10:00:00Z": "",
    "2025-01-01 10:00:00+08:00": "", "2025-01-01T10:00:00.123": "", "２０２５-０１-０１": "", "2024-02-29": "",
    "2025-13-01": "time_missing", "2025-02-29": "time_missing", "2025-01-01 25:00": "time_missing",
    "0001-01-01": "time_missing", "9999-12-31": "time_missing", "1899-12-31": "time_missing",
    "45658": "time_format", "20250101": "time_format", "2025年1月1日": "time_format", "01/02/2025": "time_format",
    "1/2/25": "time_format", "2025-01": "time_format", "2025-01-01 8": "time_format", "2025-01/01": "time_format",
    "明天": "time_format", "2025-01-01T10:00:00+99": "time_missing", "2150-01-01": "in_future", "": "missing_value",
    "0": "time_format", "-1": "time_format", "2025-01-01 10:00 AM": "time_format",
}  # fmt: skip


def moments() -> Iterator[Case]:
    for text, code in MOMENTS.items():
        findings = (("opening", 2, "as_of", code),) if code else ()
        rows = f"warehouse,sku,quantity,as_of\nW1,POT,1,{text}\n"
        yield Case(f"as of {text!r}", "opening.csv", rows.encode(), findings)


DOCUMENT = "doc_type,doc_no,line_no,status,warehouse,sku,quantity,location,unit,operator,department,posted_at"
DOCUMENTS: dict[str, tuple[str, tuple[Finding, ...]]] = {
    "posted": ("receipt,R1,1,posted,W1,POT,5,A-01,,zhou,CK,2025-01-05", ()),
    "a draft": ("gift_issue,G1,1,draft,W1,POT,5,,,,,", ()),
    "in Chinese": ("入库单,R1,1,已过账,W1,POT,5,A-01,,zhou,CK,2025-01-05", ()),
    "in boxes": ("receipt,R1,1,posted,W1,CUP,5,,盒,,,2025-01-05", ()),
    "unknown type": ("borrowed,R1,1,posted,W1,POT,5,,,,,2025-01-05", (("documents", 2, "doc_type", "unknown_choice"),)),
    "unknown status": ("receipt,R1,1,done,W1,POT,5,,,,,2025-01-05", (("documents", 2, "status", "unknown_choice"),)),
    "unknown item": ("receipt,R1,1,posted,W1,PAN,5,,,,,2025-01-05", (("documents", 2, "sku", "unknown_item"),)),
    "unknown place": (
        "receipt,R1,1,posted,W1,POT,5,Z-9,,,,2025-01-05",
        (("documents", 2, "location", "unknown_location"),),
    ),
    "unknown unit": ("receipt,R1,1,posted,W1,POT,5,,箱,,,2025-01-05", (("documents", 2, "unit", "unknown_unit"),)),
    "unknown house": (
        "receipt,R1,1,posted,W9,POT,5,,,,,2025-01-05",
        (("documents", 2, "warehouse", "unknown_warehouse"),),
    ),
    "unknown person": (
        "receipt,R1,1,posted,W1,POT,5,,,wu,,2025-01-05",
        (("documents", 2, "operator", "unknown_member"),),
    ),
    "unknown department": (
        "receipt,R1,1,posted,W1,POT,5,,,,XX,2025-01-05",
        (("documents", 2, "department", "unknown_department"),),
    ),
    "half a line": ("receipt,R1,1.5,posted,W1,POT,5,,,,,2025-01-05", (("documents", 2, "line_no", "not_whole"),)),
    "no number": ("receipt,,1,posted,W1,POT,5,,,,,2025-01-05", (("documents", 2, "doc_no", "missing_value"),)),
    "no quantity": ("receipt,R1,1,posted,W1,POT,,,,,,2025-01-05", (("documents", 2, "quantity", "missing_value"),)),
    "less than nothing": ("receipt,R1,1,posted,W1,POT,-5,,,,,2025-01-05", (("documents", 2, "quantity", "negative"),)),
    "an adjustment down": ("adjustment,A1,1,posted,W1,POT,-5,,,,,2025-01-05", ()),
    "posted when": ("receipt,R1,1,posted,W1,POT,5,,,,,", (("documents", 2, "posted_at", "posted_without_time"),)),
    "the same line twice": (
        "receipt,R1,1,posted,W1,POT,5,,,,,2025-01-05\nreceipt,R1,1,posted,W1,POT,5,,,,,2025-01-05",
        (),
    ),
    "two lines of one key": (
        "receipt,R1,1,posted,W1,POT,5,,,,,2025-01-05\nreceipt,R1,1,posted,W1,POT,6,,,,,2025-01-05",
        (("documents", 3, "quantity", "duplicate_row"),),
    ),
    "two heads of one document": (
        "receipt,R1,1,posted,W1,POT,5,,,,,2025-01-05\nreceipt,R1,2,posted,W1,POT,5,,,,,2025-01-06",
        (("documents", 3, "posted_at", "head_differs"),),
    ),
    "too many cells": ("receipt,R1,1,posted,W1,POT,5,,,,,2025-01-05,x,y", (("documents", 2, "", "too_many_cells"),)),
}


def documents() -> Iterator[Case]:
    for title, (rows, findings) in DOCUMENTS.items():
        yield Case(f"document: {title}", "documents.csv", f"{DOCUMENT}\n{rows}\n".encode(), findings)


TEXTS: dict[str, tuple[str, str, str]] = {
    "long code": ("x" * 61, "sku", "text_length"),
    "code over two lines": ("A\nB", "sku", "text_control"),
    "control character": ("A\x07B", "sku", "text_control"),
    "delete character": ("A\x7f", "sku", "text_control"),
    "full-width digits": ("０１２", "", ""),
    "leading zeros": ("00012", "", ""),
    "Chinese code": ("壶-01", "", ""),
    "emoji": ("🫖", "", ""),
    "formula": ("=cmd|' /C calc'!A0", "", ""),
    "longest code": ("x" * 60, "", ""),
    "barcode as number": ("6901234567892", "", ""),
    "scientific barcode": ("6.90123E+12", "", ""),
    "right-to-left": ("\u202eABC", "", ""),
    "zero-width": ("A\u200bB", "", ""),
    "markup": ("<script>alert(1)</script>", "", ""),
    "SQL": ("'; DROP TABLE catalog_item; --", "", ""),
    "percent": ("100%s %(x)s", "", ""),
    "backslash": ("a\\b\\N", "", ""),
}


def texts() -> Iterator[Case]:
    for title, (text, column, code) in TEXTS.items():
        findings = (("items", 2, column, code),) if code else ()
        quoted = text.replace('"', '""')
        yield Case(f"code: {title}", "items.csv", f'sku,name,base_unit\n"{quoted}",壶,件\n'.encode(), findings)


def headings() -> Iterator[Case]:
    def case(title: str, rows: str, *findings: Finding, file_name: str = "items.csv") -> Case:
        return Case(f"headings: {title}", file_name, rows.encode(), findings)

    missing = (("items", 1, "name", "missing_column"), ("items", 1, "base_unit", "missing_column"))
    yield case("only headings", "sku,name,base_unit\n")
    yield case("only headings, no end", "sku,name,base_unit")
    yield case("in capitals", "SKU,Name,BASE_UNIT\nLID,盖,件\n")
    yield case("full-width", "ｓｋｕ，,name,base_unit\nLID,盖,件\n".replace("，", ""))
    yield case("blank rows below", "sku,name,base_unit\n,,\nLID,盖,件\n ,,\n\n")
    yield case("unknown column", "sku,name,base_unit,colour\nLID,盖,件,red\n")
    yield case("missing columns", "sku,spec\nLID,big\n", *missing)
    yield case(
        "the same heading twice", "sku,name,base_unit,sku\nLID,盖,件,LID\n", ("items", 0, "", "duplicate_column")
    )
    yield case("no headings", "LID,盖,件\nPAN,锅,个\n", ("items", 1, "sku", "missing_column"), *missing)
    yield case("mixed languages", "sku,商品名称,基本单位\nLID,盖,件\n")
    yield case("under a title", "商品资料,,\n商品编码,商品名称,基本单位\nLID,盖,件\n")
    yield case("under a title and a blank row", "商品资料,,\n,,\n商品编码,商品名称,基本单位\nLID,盖,件\n")
    yield case("marks of templates", "*商品编码,*商品名称,*基本单位(必填)\nLID,盖,件\n")
    yield case("a name that says nothing", "商品编码,商品名称,基本单位\nLID,盖,件\n", file_name="Book1.csv")
    yield case("nothing known", "甲,乙,丙\n1,2,3\n", ("Book1.csv", 0, "", "layout_unknown"), file_name="Book1.csv")
    yield case("a word", "hello\n", ("Book1.csv", 0, "", "bundle_empty"), file_name="Book1.csv")
    yield case("open quote", 'sku,name,base_unit\nLID,"盖,件\n', ("items", 0, "", "csv_format"))
    yield case("huge cell", f'sku,name,base_unit\nLID,"{"x" * 100_001}",件\n', ("items", 0, "", "csv_format"))
    yield case("long name", f"sku,name,base_unit\nLID,{'长' * 201},件\n", ("items", 2, "name", "text_length"))
    yield case(
        "too many columns",
        ",".join(f"c{n}" for n in range(201)) + "\n1\n",
        ("items", 0, "", "too_many_columns"),
    )


def workbooks() -> Iterator[Case]:
    head, row = ["sku", "name", "base_unit"], ["LID", "盖", "件"]

    def case(title: str, content: bytes, *findings: Finding, file_name: str = "货品.xlsx") -> Case:
        return Case(f"workbook: {title}", file_name, content, findings)

    yield case("plain", sheet([head, row]))
    yield case("named as a file", sheet([head, row], "Sheet1"), file_name="items.xlsx")
    yield case("recognized by headings", sheet([["商品编码", "商品名称", "基本单位"], row], "Sheet1"))
    yield case("empty", sheet([]), ("items", 0, "", "file_empty"))
    yield case(
        "named and empty",
        sheet([], "Sheet1"),
        ("items", 0, "", "file_empty"),
        file_name="items.xlsx",
    )
    yield case("wrong ending", sheet([head, row]), file_name="items.csv")
    yield case("csv called workbook", ITEMS.encode(), file_name="items.xlsx")
    yield case("archive called csv", archive({"items.csv": ITEMS}), file_name="items.csv")
    yield case("numbers as codes", sheet([head, [690123456789, 12, "件"]]))
    yield case("a fraction as code", sheet([head, [0.1 + 0.2, "x", "件"]]))
    yield case("big number", sheet([[*head, "standard_cost"], [*row, 1.2e13]]))
    yield case(
        "many decimals",
        sheet([[*head, "standard_cost"], [*row, 1 / 3]]),
        ("items", 2, "standard_cost", "number_places"),
    )
    yield case("truth as text", sheet([head, [True, "x", "件"]]))

    def dates(workbook: Any) -> None:
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        target = workbook.add_worksheet("opening")
        target.write_row(0, 0, ["warehouse", "sku", "quantity", "as_of"])
        target.write_row(1, 0, ["W1", "POT", 5])
        target.write_datetime(1, 3, datetime(2025, 1, 2), day)

    yield case("dates since 1900", book(dates))
    yield case("dates since 1904", book(dates, date_1904=True))
    yield case(
        "a date without its format",
        sheet([["warehouse", "sku", "quantity", "as_of"], ["W1", "POT", 5, 45658]], "opening"),
        ("opening", 2, "as_of", "time_format"),
    )

    def formulas(workbook: Any) -> None:
        target = workbook.add_worksheet("items")
        target.write_row(0, 0, [*head, "standard_cost"])
        target.write_row(1, 0, row)
        target.write_formula(1, 3, "=1+1", None, 2)
        target.write_row(2, 0, ["PAN", "锅", "个"])
        target.write_formula(2, 3, "=1/0", None, "#DIV/0!")

    yield case("formulas", book(formulas))

    def hidden(workbook: Any) -> None:
        workbook.add_worksheet("items").write_row(0, 0, head)
        other = workbook.add_worksheet("units")
        other.write_row(0, 0, ["nonsense"])
        other.hide()

    yield case("a hidden sheet is nobody's", book(hidden))

    def merged(workbook: Any) -> None:
        target = workbook.add_worksheet("Sheet1")
        target.merge_range(0, 0, 0, 3, "出入库流水账")
        target.write_row(1, 0, ["单据日期", "单据号", "收发类别", "仓库编码", "存货编码", "", ""])
        target.merge_range(1, 5, 1, 6, "收入")
        target.merge_range(1, 7, 1, 8, "发出")
        target.write_row(2, 5, ["数量", "单价", "数量", "单价"])
        target.write_row(3, 0, ["2025-01-05", "RK1", "采购入库", "W1", "POT", 5, 2])
        target.write_row(4, 0, ["合计", "", "", "", "", 5])

    yield case("joined headings and a total", book(merged))

    def doubled(workbook: Any) -> None:
        target = workbook.add_worksheet("物料")
        target.write_row(0, 0, ["FNumber", "FName", "FBaseUnitId.FName"])
        target.write_row(1, 0, ["*编码", "*名称", "*基本单位"])
        target.write_row(2, 0, row)

    yield case("headings twice, as keys and captions", book(doubled))
    yield case("one column twice", sheet([[*head, "sku"], [*row, "X"]]), ("items", 0, "", "duplicate_column"))
    yield case("too wide", sheet([[f"c{n}" for n in range(201)]]), ("货品.xlsx", 0, "", "too_many_columns"))

    def far(workbook: Any) -> None:
        target = workbook.add_worksheet("items")
        target.write(0, 0, "sku")
        target.write(1_048_575, 16_383, "x")

    yield case("a cell in the farthest corner", book(far), ("货品.xlsx", 0, "", "too_many_columns"))

    def deep(workbook: Any) -> None:
        target = workbook.add_worksheet("items")
        target.write_row(0, 0, [f"c{n}" for n in range(100)])
        target.write(1_048_575, 0, "x")

    yield case("too deep", book(deep), ("货品.xlsx", 0, "", "too_many_cells"))
    whole = sheet([head, row])
    for part in (0.2, 0.5, 0.8, 0.97):
        yield case(f"cut off at {part}", whole[: int(len(whole) * part)], ("货品.xlsx", 0, "", "file_broken"))
    laughs = (
        b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
        + b"".join(
            b'<!ENTITY lol%d "%s">' % (n, b"&lol%d;" % (n - 1) * 10 if n > 1 else b"&lol;" * 10) for n in range(1, 10)
        )
        + b']><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&lol9;</t></si></sst>'
    )
    yield case("a billion laughs", patched(whole, "xl/sharedStrings.xml", laughs), ("货品.xlsx", 0, "", "file_broken"))
    outside = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><sst><si><t>&f;</t></si></sst>'
    yield case(
        "a file from outside", patched(whole, "xl/sharedStrings.xml", outside), ("货品.xlsx", 0, "", "file_broken")
    )
    yield case("no list of sheets", patched(whole, "xl/workbook.xml", b"<broken"), ("货品.xlsx", 0, "", "file_broken"))
    torn = patched(whole, "xl/worksheets/sheet1.xml", b"<broken")
    yield case("a torn sheet", torn, ("items", 0, "", "file_broken"))
    yield case("no list of parts, which nobody needs", patched(whole, "[Content_Types].xml", b"<broken"))
    yield case(
        "an old workbook",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        ("老.xls", 0, "", "file_old_excel"),
        file_name="老.xls",
    )
    yield case(
        "with a password",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        ("密.xlsx", 0, "", "file_encrypted"),
        file_name="密.xlsx",
    )


def containers() -> Iterator[Case]:
    def case(title: str, content: bytes, *findings: Finding, file_name: str = "bundle.zip") -> Case:
        return Case(f"file: {title}", file_name, content, findings)

    yield case("empty", b"", ("items.csv", 0, "", "file_empty"), file_name="items.csv")
    yield case(
        "only a mark",
        b"\xef\xbb\xbf",
        ("items", 0, "", "file_empty"),
        file_name="items.csv",
    )
    yield case(
        "only blank rows",
        b"\n\n\n",
        ("items", 0, "", "file_empty"),
        file_name="items.csv",
    )
    for name, start in {
        "PDF": b"%PDF-1.7",
        "PNG": b"\x89PNG\r\n\x1a\n",
        "JPEG": b"\xff\xd8\xff\xe0",
        "GIF": b"GIF89a",
        "RAR": b"Rar!\x1a\x07",
        "7z": b"7z\xbc\xaf\x27\x1c",
        "RTF": b"{\\rtf1",
    }.items():
        yield case(f"{name} called csv", start + b"x" * 50, ("items.csv", 0, "", "file_type"), file_name="items.csv")
    yield case("zeros", b"\0" * 500, ("items", 0, "", "file_type"), file_name="items.csv")
    yield case("half of UTF-16", ITEMS.encode("utf-16-le"), ("items", 0, "", "file_type"), file_name="items.csv")
    yield case("an empty archive", archive({}), ("bundle.zip", 0, "", "bundle_empty"))
    yield case("an archive of pictures", archive({"a.png": b"\x89PNG"}), ("bundle.zip", 0, "", "unknown_file"))
    yield case("files in folders", archive({"数据/items.csv": ITEMS, "__MACOSX/items.csv": b"x", ".DS_Store": b"x"}))
    yield case(
        "an archive in an archive",
        archive({"items.zip": archive({"items.csv": ITEMS})}),
        ("bundle.zip", 0, "", "unknown_file"),
    )
    yield case("one file twice", archive({"a/items.csv": ITEMS, "b/items.csv": ITEMS}), ("items", 0, "", "file_twice"))
    for path in ("../items.csv", "/etc/items.csv", "..\\items.csv", "C:/items.csv", "a/../../items.csv"):
        yield case(f"out of the archive: {path}", archive({path: ITEMS}), ("bundle.zip", 0, "", "file_path"))
    yield case("a bomb", archive({"items.csv": b"0" * (70 * 1024 * 1024)}), ("bundle.zip", 0, "", "file_bomb"))
    yield case(
        "a packed bomb",
        gzip.compress(b"0" * (70 * 1024 * 1024)),
        ("items", 0, "", "file_bomb"),
        file_name="items.csv.gz",
    )
    whole = archive({"items.csv": ITEMS})
    yield case("cut off", whole[:-30], ("bundle.zip", 0, "", "file_broken"))
    yield case("locked", _locked(whole), ("bundle.zip", 0, "", "file_encrypted"))
    yield case("wrong checksum", _wrong_checksum(whole), ("items", 0, "", "file_broken"))
    packed = gzip.compress(ITEMS.encode())
    yield case("packed and cut off", packed[:-10], ("items", 0, "", "file_broken"), file_name="items.csv.gz")
    yield case(
        "packed badly",
        packed[:12] + b"\xff\xff\xff" + packed[15:],
        ("items", 0, "", "file_broken"),
        file_name="items.csv.gz",
    )
    yield case("packed nothing", gzip.compress(b""), ("items", 0, "", "file_empty"), file_name="items.csv.gz")
    yield case("packed, called csv", packed, file_name="items.csv")
    yield case(
        "a web page",
        b"<html><table><tr><td>sku</td></tr></table></html>",
        ("items.xls", 0, "", "file_type"),
        file_name="items.xls",
    )
    yield case(
        "JSON",
        b'{"sku": "LID"}\n',
        *[("items", 1, c, "missing_column") for c in ("sku", "name", "base_unit")],
        file_name="items.csv",
    )


def _locked(content: bytes) -> bytes:
    """The flag of a password, in both of its places."""
    changed = bytearray(content)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.index(mark) + at
        struct.pack_into("<H", changed, start, struct.unpack_from("<H", content, start)[0] | 1)
    return bytes(changed)


def _wrong_checksum(content: bytes) -> bytes:
    changed = bytearray(content)
    struct.pack_into("<I", changed, content.index(b"PK\x01\x02") + 16, 12345)
    return bytes(changed)


def layouts() -> Iterator[Case]:
    def case(title: str, rows: str, *findings: Finding, file_name: str = "导出.csv") -> Case:
        return Case(f"layout: {title}", file_name, rows.encode("gb18030"), findings)

    u8 = "单据日期,单据号,收发类别,仓库编码,存货编码,数量\n"
    yield case("U8 movements", u8 + "2025-01-05,RK1,采购入库,W1,POT,5\n")
    yield case("U8 movements by name", u8 + "2025-01-05,RK1,采购入库,主仓,POT,5\n")
    yield case(
        "U8 unknown item", u8 + "2025-01-05,RK1,采购入库,W1,PAN,5\n", ("导出.csv", 2, "存货编码", "unknown_item")
    )
    yield case("U8 unknown class", u8 + "2025-01-05,RK1,借出,W1,POT,5\n", ("导出.csv", 2, "doc_type", "unknown_choice"))
    yield case(
        "U8 bad day",
        u8 + "2025-02-30,RK1,采购入库,W1,POT,5\n",
        ("导出.csv", 2, "单据日期", "time_missing"),
        ("导出.csv", 2, "posted_at", "time_missing"),
        ("导出.csv", 2, "posted_at", "posted_without_time"),
    )
    yield case(
        "U8 separators", u8 + '2025-01-05,RK1,采购入库,W1,POT,"1,200"\n', ("导出.csv", 2, "数量", "number_format")
    )
    yield case("U8 no item", u8 + "2025-01-05,RK1,采购入库,W1,,5\n", ("导出.csv", 2, "存货编码", "missing_value"))
    yield case("U8 red letters", u8 + "2025-01-05,RK1,采购入库,W1,POT,-5\n")
    yield case("U8 compact day", u8 + "20250105,RK1,采购入库,W1,POT,5\n")
    items = "存货编码,存货名称,主计量单位\n"
    yield case("U8 items", items + "0101,茶,袋\n")
    yield case("U8 item without unit", items + "0101,茶,\n", ("导出.csv", 2, "主计量单位", "missing_value"))
    yield case(
        "U8 items of one code", items + "0101,茶,袋\n0101,茶叶,袋\n", ("导出.csv", 3, "存货名称", "duplicate_row")
    )
    yield case("U8 total", items + "0101,茶,袋\n合计,,\n")
    count = "单据编号,单据状态,日期,仓库编码,物料编码,账存数量,盘点数量\n"
    yield case("Kingdee count", count + "PD1,创建,2025-01-31,W1,POT,5,4\n", file_name="物料盘点作业.csv")
    yield case(
        "Kingdee count below zero",
        count + "PD1,创建,2025-01-31,W1,POT,5,-4\n",
        ("物料盘点作业.csv", 2, "盘点数量", "negative"),
        file_name="物料盘点作业.csv",
    )
    yield case("Kingdee not counted", count + "PD1,创建,2025-01-31,W1,POT,5,\n", file_name="物料盘点作业.csv")
    stock = "物料编码,物料名称,仓库编码,仓位,库存量(主单位),日期\n"
    yield case("Kingdee stock", stock + "POT,壶,W1,A-01,5,2025-01-31\n", file_name="即时库存.csv")
    yield case(
        "Kingdee stock without a day",
        stock.replace(",日期", "") + "POT,壶,W1,A-01,5\n",
        ("即时库存.csv", 1, "as_of", "missing_column"),
        file_name="即时库存.csv",
    )
    b1 = "DocNum,LineNum,ItemCode,WhsCode,CountDate,CountTime,InWhsQty,CountQty\n"
    yield case("B1 counting", b1 + "7,1,POT,W1,20250131,930,5,4\n")
    yield case(
        "B1 counting of nothing known",
        b1 + "7,1,PAN,W1,20250131,930,5,4\n",
        ("导出.csv", 2, "ItemCode", "unknown_item"),
    )


def all_cases() -> list[Case]:
    made = (encodings, numbers, moments, documents, texts, headings, workbooks, containers, layouts)
    return [case for make in made for case in make()]
