"""Templates: what is filled in under their headings comes in."""

from __future__ import annotations

import io

import pytest
import xlsxwriter

from apps.catalog.models import Item
from apps.core.sheets_reading import Workbook
from apps.integrations.blanks import heading, write_blank
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.layouts.recognition import recognize
from apps.integrations.services import load_bundle


def made(names: list[str], language: str) -> bytes:
    out = io.BytesIO()
    write_blank(out, names, language=language)
    return out.getvalue()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_sheet_is_recognized_with_all_its_columns(language):
    book = Workbook(io.BytesIO(made(list(FORMATS), language)), file_name="x.xlsx")
    assert len(book.visible_sheets) == len(FORMATS) + 1
    for name, title in zip(FORMATS, book.visible_sheets, strict=False):
        [(_number, headings)] = list(book.grid(title).rows)
        reading = recognize([(1, headings)], names=[title], stem=name)
        assert (reading.layout, list(reading.columns.values())) == (name, FORMATS[name].column_names)


def test_a_filled_template_is_loaded(organization, system):
    columns = {
        heading("items", c, chinese=True): v
        for c, v in (("sku", "007"), ("name", "壶"), ("base_unit", "件"), ("tracking", "批号"))
    }
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("商品")
        sheet.write_row(0, 0, list(columns))
        sheet.write_row(1, 0, list(columns.values()))
        book.add_worksheet("说明").write_row(0, 0, ["填写说明", "x"])
    assert load_bundle(io.BytesIO(out.getvalue()), actor=system, file_name="模板.xlsx").notices == []
    assert [(i.sku, i.name, i.tracking) for i in Item.objects.all()] == [("007", "壶", "lot")]


def test_templates_are_downloaded(person, browse):
    client = browse(person("zhang", "manager"))
    for address in ("", "items/", "?language=en"):
        content = b"".join(client.get(f"/o/alpha/imports/blanks/{address}").streaming_content)
        assert Workbook(io.BytesIO(content), file_name="x.xlsx").visible_sheets[-1] in ("说明", "Instructions")
    assert client.get("/o/alpha/imports/blanks/nothing/").status_code == 404
