"""The whole loop in browsers, played by five people of one company: from the plan to the signed report.

Book 1,200, on the shelf 1,160: 20 gifts not deducted, 10 broken ones not scrapped, 160 keyed where 150 came.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from django.utils import timezone, translation
from playwright.sync_api import Locator, Page, expect

from apps.core.sheets_reading import read_table
from apps.core.tenancy import organization_scope
from apps.counts.models import CountEntry, CountLine
from apps.counts.services import set_tolerance
from apps.integrations.management.commands._demo_company import (
    DELIVERY_NO,
    GIFT_NO,
    HECHUAN,
    RECEIPT_NO,
    SCRAP_NO,
    STAR,
    write_bundle,
)
from apps.integrations.services import load_bundle
from apps.movements.selectors import stock_now
from apps.organizations.models import Job, Member, User
from apps.organizations.selectors import find_organization, people, system_member
from apps.organizations.services import link_login, open_organization
from apps.organizations.services.jobs import run_job
from tests.browser.conftest import Enter, Watch, backstage, expected
from tests.conftest import PASSWORD

COMPANY = replace(HECHUAN, code="alpha", name="A公司", items=HECHUAN.items[:12])
"""Two zones of six places, one item each; the star lies in A-01."""

HOME = "/o/alpha/"
MUG, FOUND_SKU = "HC-MG420-01", COMPANY.items[11][0]
PATIENCE = 90_000
"""Milliseconds for what makes a PDF."""

BOOK = re.compile(r"(?<![\w.-])1,?200(?![\w.-])")
"""The book quantity as anybody might write it; not a part of an id."""


@pytest.fixture(scope="module", autouse=True)
def company(db: None) -> None:
    backstage(_open)


def _open() -> None:
    with translation.override("zh-hans"), organization_scope(open_organization(COMPANY.code, name=COMPANY.name)):
        with tempfile.TemporaryDirectory() as folder:
            write_bundle(COMPANY, Path(folder), today=timezone.localtime())
            load_bundle(Path(folder), actor=system_member())
        for member in people():
            user = User.objects.create_user(username=member.username, email=member.email, password=PASSWORD)
            link_login(member, user=user, actor=system_member())
        owner = Member.objects.get(username="chenjing")
        set_tolerance(percent=Decimal("0.5"), quantity=None, value=Decimal(100), actor=owner)


def books() -> dict[str, Decimal]:
    """The stock of every item."""
    with organization_scope(find_organization(COMPANY.code)):
        return {line.item.sku: line.quantity for line in stock_now().select_related("item")}


def barcode(sku: str) -> str:
    number = next(number for number, item in enumerate(COMPANY.items) if item[0] == sku)
    return f"69{sum(map(ord, COMPANY.code)):04d}{number:07d}"


@dataclass
class Phone:
    """A counter's phone, on the page where they enter. Looks after every step that no book figure is there."""

    page: Page
    seen: list[str] = field(default_factory=list)

    def open(self, *, recount: bool = False) -> None:
        self.page.goto(f"{HOME}counts/tasks/")
        tasks = self.page.locator("main .todo a")
        (tasks.filter(has_text="复盘") if recount else tasks).first.click()
        self.page.wait_for_url("**/counts/tasks/*/")
        self.look()

    def look(self) -> None:
        self.page.wait_for_load_state("networkidle")
        self.seen.append(self.page.content())

    @contextmanager
    def answered(self) -> Iterator[None]:
        """Waits until what is done inside has brought a new state of the page."""
        self.page.locator("#work").evaluate("work => work.dataset.before = ''")
        yield
        self.page.locator("#work:not([data-before])").wait_for()
        self.look()

    def scan(self, code: str) -> None:
        """As a scanner does: keys in a burst, Enter at the end, wherever the cursor stands."""
        with self.answered():
            self.page.keyboard.type(code)
            self.page.keyboard.press("Enter")

    def choose(self, sku: str) -> None:
        with self.answered():
            self.page.locator(".walk a", has_text=sku).first.click()
        expect(self.page.locator(".entry .item")).to_contain_text(sku)

    def enter(self, quantity: object, unit: str = "", *, presses: int = 1) -> None:
        form = self.page.locator("form.entry")
        form.locator("[name=quantity]").fill(str(quantity))
        if unit:
            form.locator("[name=unit]").select_option(unit)
        with self.answered():
            form.locator("button[type=submit]").click(click_count=presses)

    def last(self) -> Locator:
        return self.page.locator(".scans li").first

    def hand_over(self) -> None:
        self.page.locator(".bottom a.main").click()
        self.look()
        self.page.locator(".bottom button[type=submit]").click()
        self.page.wait_for_url("**/counts/tasks/")
        self.look()


def test_from_the_plan_to_the_signed_report(enter: Enter, visitor: Enter, watch: Watch) -> None:
    book = backstage(books)
    assert book[STAR] == 1200

    manager = enter("zhoumin", PASSWORD, home=HOME)
    count_url = plan_and_release(manager)

    phones = {who: Phone(enter(who, PASSWORD, home=HOME, phone=True)) for who in ("heli", "zhaoyu")}
    for phone in phones.values():
        phone.open()
    first, second = phones["heli"], phones["zhaoyu"]
    if first.page.locator(".walk a", has_text=STAR).count() == 0:
        first, second = second, first
    count_zone_a(first, book)
    count_zone_b_by_sheet(second, book)

    recounter = ask_for_recount(manager, count_url, other=second)
    assert_blind(first, second)
    close(manager, count_url)

    controller = enter("linxiao", PASSWORD, home=HOME)
    explain(controller)
    adjustment_url = propose(controller)
    approve(manager, adjustment_url)
    post(controller, adjustment_url)
    assert backstage(books)[STAR] == 1160
    controller.goto(f"{HOME}stock/?q={STAR}")
    expect(controller.locator("main tbody")).to_contain_text("1,160")

    finance = enter("sunyue", PASSWORD, home=HOME)
    pdf = review_and_sign(finance, watch)
    verify(visitor(), pdf)
    assert recounter is second


def plan_and_release(manager: Page) -> str:
    manager.goto(f"{HOME}counts/")
    manager.locator("a[href$='/counts/new/']").first.click()
    manager.wait_for_url("**/counts/new/?warehouse=*")
    manager.get_by_label("名称").fill("第四季度全面盘点")
    manager.locator("[name=scope]").select_option("zones")
    for zone in ("A", "B"):
        manager.locator(f"[name=zones][value={zone}]").check()
    manager.locator("form[method=post] button.main").click()
    manager.wait_for_url(re.compile(r"/counts/[0-9a-f-]{36}/$"))
    expect(manager.get_by_role("heading", level=1)).to_have_text("第四季度全面盘点")
    manager.get_by_label(re.compile("何丽")).check()
    manager.get_by_label(re.compile("赵宇")).check()
    manager.locator("form[action$='/release/'] button[type=submit]").click()
    expect(manager.locator("#messages .ok")).to_contain_text("PD-")
    expect(manager.locator("main")).to_contain_text("何丽")
    return manager.url


def count_zone_a(phone: Phone, book: dict[str, Decimal]) -> None:
    page = phone.page
    phone.scan(barcode(STAR))
    expect(page.locator("form.entry .item")).to_contain_text(STAR)
    page.locator("form.entry [name=quantity]").fill("48")
    page.locator("form.entry [name=unit]").select_option("箱")
    expect(page.locator("[data-conversion]")).to_contain_text("48 箱 = 1,152 件")
    phone.enter(48, "箱")
    expect(phone.last()).to_contain_text("48箱")

    phone.choose(STAR)
    expect(page.locator("form.entry .tt")).to_contain_text("1,152 件")
    phone.enter(8, presses=2)
    phone.choose(STAR)
    expect(page.locator("form.entry .tt")).to_contain_text("1,160 件")
    assert entered(STAR) == [Decimal(1152), Decimal(8)]

    phone.choose(MUG)
    phone.enter(0)
    expect(phone.last()).to_contain_text("盘点为零")

    wrong = "HC-MG420-02"
    phone.choose(wrong)
    phone.enter(999)
    with phone.answered():
        phone.last().locator("button[type=submit]").click()
    expect(page.locator("#messages .ok")).to_have_count(1)
    assert entered(wrong) == [Decimal(999), Decimal(-999)]
    for sku, _name, *_rest in COMPANY.items[1:6]:
        if sku != MUG:
            phone.choose(sku)
            phone.enter(f"{book[sku].normalize():f}")

    phone.scan(barcode(FOUND_SKU))
    with phone.answered():
        page.locator("select[name=place]").select_option(index=1)
    expect(page.locator("form.entry .item")).to_contain_text(FOUND_SKU)
    phone.enter(3)
    expect(phone.last()).to_contain_text("清单外")
    phone.hand_over()


def entered(sku: str) -> list[Decimal]:
    """The base quantities entered for an item, in their order, undone ones left out."""

    def read() -> list[Decimal]:
        with organization_scope(find_organization(COMPANY.code)):
            rows = CountEntry.objects.filter(line__stock_line__item__sku=sku).order_by("received_at", "pk")
            return [row.base_quantity for row in rows]

    return backstage(read)


def count_zone_b_by_sheet(phone: Phone, book: dict[str, Decimal]) -> None:
    """Downloaded, filled and sent twice: every row is counted once."""
    page = phone.page
    page.locator(".bottom a[href$='/sheet/']").click()
    with page.expect_download() as download, tempfile.TemporaryDirectory() as folder:
        page.locator("a[href='?export=xlsx']").click()
        source, filled = Path(folder) / "blank.xlsx", Path(folder) / "filled.xlsx"
        download.value.save_as(source)
        fill(source, filled, book)
        for _time in range(2):
            page.locator("input[type=file]").set_input_files(filled)
            page.locator("form[enctype] button[type=submit], form:has(input[type=file]) button[type=submit]").click()
            expect(page.locator("main.counting, .error, .note.danger").first).to_have_class("counting")
            phone.look()
            page.locator(".bottom a[href$='/sheet/']").click()
    page.go_back()
    for sku, *_rest in COMPANY.items[6:]:
        expected = [Decimal(3), book[sku]] if sku == FOUND_SKU else [book[sku]]
        assert entered(sku) == expected
    phone.look()
    phone.hand_over()


def fill(source: Path, target: Path, book: dict[str, Decimal]) -> None:
    table = read_table(source, file_name=source.name)
    sku, quantity = table.columns.index("商品编码"), table.columns.index("数量")
    with xlsxwriter.Workbook(target) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, table.columns)
        for number, (_row, cells) in enumerate(table.rows, 1):
            values = list(cells.values())
            assert values[quantity] == ""
            assert not BOOK.search(" ".join(values))
            values[quantity] = f"{book[values[sku]].normalize():f}"
            sheet.write_row(number, 0, values)


def ask_for_recount(manager: Page, count_url: str, *, other: Phone) -> Phone:
    """The star is beyond tolerance: whoever did not count it recounts it, without seeing the first count."""
    manager.goto(f"{count_url}?view=beyond")
    row = manager.locator("main tbody tr", has_text=STAR)
    expect(row).to_contain_text("1,200")
    expect(row).to_contain_text("−40")
    row.locator("input[name=ids]").check()
    name = other.page.locator("details.me summary b").text_content() or ""
    manager.locator("[data-bar] select[name=assignee]").select_option(label=option(manager, name))
    manager.locator("[data-bar] button[type=submit]").click()
    expect(manager.locator("#messages .ok")).to_contain_text(name)

    other.open(recount=True)
    assert not re.search(r"1,?160|1,?152", other.page.content())
    expect(other.page.locator("form.entry .item")).to_contain_text(STAR)
    other.enter(1160)
    other.hand_over()
    return other


def option(page: Page, name: str) -> str:
    texts = page.locator("[data-bar] select[name=assignee] option").all_text_contents()
    return next(text.strip() for text in texts if name in text)


def assert_blind(*phones: Phone) -> None:
    for phone in phones:
        assert len(phone.seen) > 5
        assert [page for page in phone.seen if BOOK.search(page)] == []


def close(manager: Page, count_url: str) -> None:
    manager.goto(count_url)
    manager.locator("[data-open=close]").click()
    manager.locator("#close button.main").click()
    expect(manager.locator("#messages .ok")).to_contain_text("PD-")
    expect(manager.locator("main .head .badge").first).to_contain_text("收盘")

    def numbers() -> tuple[Decimal | None, ...]:
        with organization_scope(find_organization(COMPANY.code)):
            line = CountLine.objects.get(stock_line__item__sku=STAR)
            return line.expected, line.counted, line.variance

    assert backstage(numbers) == (1200, 1160, -40)


def explain(controller: Page) -> None:
    controller.goto(f"{HOME}variances/")
    controller.locator("main tbody tr", has_text=STAR).locator("a.nm").click()
    expect(controller.get_by_role("heading", level=1)).to_have_text("双层玻璃杯 350ml")
    strip = controller.locator("section.sum")
    for figure in ("1,200", "1,160", "−40", "−¥1,072.00"):
        expect(strip).to_contain_text(figure)
    confirm(controller, "赠品未扣减", -20, GIFT_NO, rest="−20")
    confirm(controller, "破损未登记", -10, SCRAP_NO, rest="−10")
    confirm(controller, "录入错误", -10, RECEIPT_NO, DELIVERY_NO, rest="0")
    steps = controller.locator(".stairs")
    for figure in ("−20", "−10", GIFT_NO, SCRAP_NO, RECEIPT_NO, DELIVERY_NO, "林晓"):
        expect(steps).to_contain_text(figure)
    expect(strip.locator("> div").last).to_have_text(re.compile(r"未解释\s*0"))


def confirm(page: Page, cause: str, quantity: int, *documents: str, rest: str) -> None:
    form = page.locator("form[action$='/causes/']")
    form.locator("[name=cause_type]").select_option(label=cause)
    form.locator("[name=quantity]").fill(str(quantity))
    for document in documents:
        form.locator("tr", has_text=document).locator("input[type=checkbox]").check()
    form.locator("button.main").click()
    expect(page.locator("#messages .ok")).to_contain_text(cause)
    expect(page.locator("section.sum > div").last).to_contain_text(rest)


def propose(controller: Page) -> str:
    controller.goto(f"{HOME}variances/")
    row = controller.locator("main tbody tr", has_text=STAR)
    row.locator("input[name=ids]").check()
    controller.get_by_role("button", name="提交调整单").click()
    expect(controller.locator("section.sum")).to_contain_text("−¥1,072.00")
    controller.get_by_label("理由").fill("三项原因均有单据")
    controller.locator("form[action$='/propose/'] button.main").click()
    controller.wait_for_url(re.compile(r"/adjustments/[0-9a-f-]{36}/$"))
    expect(controller.locator("#sign")).to_contain_text("这张调整单是您提交的")
    expect(controller.locator("#sign form[action$='/approve/'] button")).to_be_disabled()
    return controller.url


def approve(manager: Page, adjustment_url: str) -> None:
    assert backstage(books)[STAR] == 1200
    manager.goto(adjustment_url)
    manager.locator("form[action$='/approve/'] button.main").click()
    expect(manager.locator("main h1 + .badge, main .head .badge").first).to_contain_text("已批准")
    assert backstage(books)[STAR] == 1200


def post(controller: Page, adjustment_url: str) -> None:
    controller.goto(adjustment_url)
    controller.locator("form[action$='/post/'] button.main").dblclick()
    expect(controller.locator("main .head .badge").first).to_contain_text("已过账")


def review_and_sign(finance: Page, watch: Watch) -> bytes:
    """The report is made by a job while finance waits, read as a PDF, and signed with the password."""
    finance.goto(f"{HOME}reports/")
    finance.locator("form[action$='/prepare/'] button").first.click()
    finance.wait_for_url(re.compile(r"/reports/[0-9a-f-]{36}/$"))

    def work() -> None:
        organization = find_organization(COMPANY.code)
        assert organization is not None
        with organization_scope(organization):
            waiting = list(Job.objects.filter(finished_at=None).values_list("pk", flat=True))
        for pk in waiting:
            run_job(organization.pk, pk)

    backstage(work)
    expect(finance.locator("main .head .badge").first).to_contain_text("待审阅", timeout=PATIENCE)
    file_url = finance.locator("a[href*='/file/?download']").get_attribute("href") or ""
    text = read(finance.request.get(file_url).body())
    for figure in ("1,200", "1,160", "−40", "−20", "−10", "赠品未扣减", "破损未登记", "录入错误", GIFT_NO):
        assert figure in text, figure

    finance.locator("main .head [data-open=sign]").click()
    finance.locator("#sign [name=password]").fill("not-my-password")
    with expected(watch, "422"):
        finance.locator("#sign button.main").click()
        expect(finance.locator("#sign .error, #sign .note.danger").first).to_contain_text("密码")
    finance.locator("#sign [name=password]").fill(PASSWORD)
    finance.locator("#sign [name=comment]").fill("数字与单据相符")
    finance.locator("#sign button.main").click(timeout=PATIENCE)
    expect(finance.locator("main .head .badge").first).to_contain_text("已签核", timeout=PATIENCE)
    expect(finance.locator(".seal")).to_contain_text("孙悦")
    return finance.request.get(file_url).body()


def read(pdf: bytes) -> str:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        done = subprocess.run(["pdftotext", "-layout", file.name, "-"], capture_output=True, check=True, text=True)
    return done.stdout


def verify(stranger: Page, pdf: bytes) -> None:
    """Anybody who holds the file learns that it is valid, and nothing of whom it belongs to."""
    stranger.goto("/verify/")
    report = {"name": "report.pdf", "mimeType": "application/pdf", "buffer": pdf}
    stranger.locator("input[type=file]").set_input_files(report)  # type: ignore[arg-type]
    stranger.locator("form[data-verify] button").click()
    stranger.wait_for_url(re.compile(r"/verify/[0-9a-f]{64}/$"))
    expect(stranger.locator(".note.ok")).to_contain_text("文件有效")
    assert COMPANY.name not in stranger.content()
