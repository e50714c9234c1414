"""A stranger's own list comes in: columns said once, a bad row mended and brought back."""

from __future__ import annotations

import io
from pathlib import Path
from uuid import UUID

import pytest
import xlsxwriter
from playwright.sync_api import Page, expect

from apps.catalog.models import Item
from apps.core.sheets_reading import Workbook
from apps.core.tenancy import organization_scope
from apps.integrations.models import Upload
from apps.organizations.models import User
from apps.organizations.selectors import find_organization, system_member
from apps.organizations.services import add_member, open_organization, run_job
from tests.browser.conftest import Enter, backstage

PASSWORD = "stockcheck-browser-1"
HOME = "/o/lists/"


@pytest.fixture(scope="module")
def company(db: None) -> None:
    def build() -> None:
        opened = open_organization("lists", name="清单公司")
        with organization_scope(opened):
            user = User.objects.create_user("zhang", "zhang@example.com", PASSWORD)
            add_member("zhang", name="张", roles=["owner", "manager"], user=user, actor=system_member())

    backstage(build)


def strange_list() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Sheet1")
        sheet.write_row(0, 0, ["禾川家居 货品一览"])
        sheet.write_row(2, 0, ["货", "叫什么", "论什么", "进价"])
        sheet.write_row(3, 0, ["001", "紫砂壶", "件", 20.5])
        sheet.write_row(4, 0, ["002", "品茗杯", "件", "三块"])
    return out.getvalue()


def mended(path: Path, old: str, new: str) -> bytes:
    out = io.BytesIO()
    with path.open("rb") as file, xlsxwriter.Workbook(out) as book:
        given = Workbook(file, file_name="x.xlsx")
        for name in given.visible_sheets:
            sheet = book.add_worksheet(name)
            for number, cells in given.grid(name).rows:
                sheet.write_row(number - 1, 0, [new if cell == old else cell for cell in cells])
    return out.getvalue()


def work(page: Page) -> None:
    """What the worker does with the job that the page shows."""
    job = UUID(page.url.rstrip("/").rpartition("/")[2])
    backstage(lambda: run_job(_organization(), job))
    page.reload()


def _organization() -> UUID:
    found = find_organization("lists")
    assert found is not None
    return found.pk


def items() -> list[tuple[str, str, str]]:
    with organization_scope(_organization()):
        return sorted((i.sku, i.name, format(i.standard_cost.normalize(), "f")) for i in Item.objects.all())


def choose(page: Page, name: str, content: bytes) -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": kind, "buffer": content})


@pytest.mark.usefixtures("company")
def test_a_list_that_nothing_knows_is_mapped_mended_and_loaded(enter: Enter, tmp_path: Path) -> None:
    page = enter("zhang", PASSWORD, home=HOME)
    page.goto(f"{HOME}imports/")
    choose(page, "货品.xlsx", strange_list())
    page.locator("main form[enctype] button[type=submit]").click()
    page.wait_for_url("**/uploads/*/")
    page.locator("select[name='0-layout']").select_option("items")
    page.wait_for_url("**#table-0")
    expect(page.locator("select[name='0-layout']")).to_have_value("items")
    for heading, meaning in {"货": "sku", "叫什么": "name", "论什么": "base_unit", "进价": "standard_cost"}.items():
        page.get_by_label(heading, exact=True).select_option(meaning)
    page.locator("button[name=columns]").click()
    expect(page.locator("[role=alert]")).to_contain_text("三块")
    page.locator("form[action$='/load/'] button:not([name])").click()
    page.wait_for_url("**/imports/*/")
    work(page)
    expect(page.locator("main")).to_contain_text("三块")
    with page.expect_download() as download:
        page.locator("a[href$='/rework/']").click()
    bad = tmp_path / "bad.xlsx"
    download.value.save_as(bad)
    choose(page, "改好.xlsx", mended(bad, "三块", "3"))
    page.locator("form[action$='/rework/'] button[type=submit]").click()
    page.wait_for_load_state()
    work(page)
    assert backstage(items) == [("001", "紫砂壶", "20.5"), ("002", "品茗杯", "3")]
    page.goto(f"{HOME}imports/")
    choose(page, "下月.xlsx", strange_list())
    page.locator("main form[enctype] button[type=submit]").click()
    page.wait_for_url("**/uploads/*/")
    expect(page.get_by_label("进价", exact=True)).to_have_value("standard_cost")
    assert backstage(_uploads) == 2


def _uploads() -> int:
    with organization_scope(_organization()):
        return Upload.objects.count()
