"""The same bundle as folder, archive, workbook and single file, in every encoding."""

from __future__ import annotations

import gzip
import io

import pytest
import xlsxwriter

from apps.core.errors import RuleViolation
from apps.integrations.bundle.findings import BundleRefused, Finding, write_errors
from apps.integrations.services import load_bundle
from tests.integrations.builders import COUNTED, SHOP, as_rows, counts_of, load, write_folder, zipped


@pytest.fixture
def expected(organization):
    return counts_of(load(COUNTED, dry_run=True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_folders(tmp_path, expected, system, encoding):
    folder = write_folder(tmp_path / "bundle", COUNTED, encoding=encoding)
    items = folder / "items.csv"
    (folder / "items.csv.gz").write_bytes(gzip.compress(items.read_bytes()))
    items.unlink()
    assert counts_of(load_bundle(folder, actor=system)) == expected


def test_an_archive_with_one_top_folder(expected, system):
    assert counts_of(load_bundle(zipped(COUNTED, top="export 2025/"), actor=system)) == expected


def test_a_workbook(expected, system):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for name, text in COUNTED.items():
        sheet = book.add_worksheet(name)
        for row, cells in enumerate(as_rows(text)):
            sheet.write_row(row, 0, cells)
    book.add_worksheet("notes").write(0, 0, "hello")
    book.close()
    loaded = load_bundle(out, actor=system, file_name="company.xlsx")
    assert counts_of(loaded) == expected
    assert [(n.file, n.code) for n in loaded.notices] == [("notes", "unknown_file")]


def test_a_single_file(organization, system):
    loaded = load_bundle(io.BytesIO(SHOP["items"].encode()), actor=system, file_name="items.csv")
    assert counts_of(loaded) == {"items": (2, 2, 0)}


def test_the_same_file_twice(tmp_path, organization, system):
    folder = write_folder(tmp_path / "bundle", SHOP)
    (folder / "items.csv.gz").write_bytes(gzip.compress(b"sku,name,base_unit\n"))
    with pytest.raises(BundleRefused) as refused:
        load_bundle(folder, actor=system)
    assert [finding[:4] for finding in refused.value.rows] == [("items", 0, "", "file_twice")]


def test_nothing_to_load(tmp_path, organization, system):
    with pytest.raises(BundleRefused) as refused:
        load_bundle(write_folder(tmp_path / "bundle", {"readme": "a\n"}), actor=system)
    assert [finding[3] for finding in refused.value.rows] == ["bundle_empty"]


def test_a_file_that_cannot_be_read_does_not_hide_the_others(organization):
    bundle = SHOP | {"items": "%PDF", "units": "sku,unit,factor\nPOT,箱,-1\n"}
    with pytest.raises(BundleRefused) as refused:
        load(bundle)
    assert [finding[:4] for finding in refused.value.rows] == [
        ("items", 0, "", "file_type"),
        ("units", 2, "factor", "negative"),
    ]


def test_messages_speak_the_users_language(organization):
    from django.utils import translation

    with translation.override("en"):
        with pytest.raises(RuleViolation) as refused:
            load({"items": "sku,name,base_unit\nPOT,,件\n"})
        assert str(refused.value.rows[0]) == "items, row 2, column name: This cell must be filled in."


def test_the_file_of_errors_neutralizes_formulas():
    out = io.StringIO()
    write_errors(out, [Finding("items", 2, "sku", "x", "m", "=1+1"), Finding("items", 0, "", "x", "m", "-40")])
    assert as_rows(out.getvalue()) == [
        ["file", "row", "column", "code", "message", "value"],
        ["items", "2", "sku", "x", "m", "'=1+1"],
        ["items", "", "", "x", "m", "-40"],
    ]
