"""Every page of the demo as its people see it: Chinese, without faults, usable on a phone and without a mouse."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from apps.core.tenancy import organization_scope
from apps.integrations.management.commands._demo_company import PASSWORD
from apps.organizations.models import User
from apps.organizations.selectors import find_organization, system_member
from apps.organizations.services import add_member
from tests.browser.conftest import Enter, Watch, backstage, expected, sign_in

HOME = "/o/hechuan/"
AXE = (Path(__file__).parent / "vendor/axe-4.14.1.min.js").read_text(encoding="utf-8")
HAN = re.compile(r"[\u4e00-\u9fff]")
NAMES = re.compile(r"Excel|CSV|PDF|API|SHA-256|English|stockcheck|[A-Z]{2,}[-\d]", re.IGNORECASE)
"""What stays as it is in Chinese, and codes."""

MENU = {
    "chenjing": {"工作台", "商品", "仓库与货位", "库存", "单据", "成员", "审计日志", "设置"},
    "zhoumin": {"工作台", "盘点", "我的任务", "差异工作台", "调整与审批", "差异报告"},
    "linxiao": {"工作台", "盘点", "差异工作台", "调整与审批", "差异报告", "商品", "库存", "单据"},
    "sunyue": {"工作台", "盘点", "差异工作台", "调整与审批", "差异报告"},
    "heli": {"工作台", "我的任务"},
}
"""Entries that people see at least."""

PAGES = {
    "chenjing": (
        "members/ > a.nm",
        "members/add/",
        "members/invite/",
        "audit/",
        "settings/",
        "settings/departments/add/",
        "settings/tokens/add/",
        "settings/support/grant/",
        "items/new/",
        "items/ > a.nm",
        "warehouses/",
        "warehouses/new/",
        "locations/new/",
        "stock/",
        "ledger/",
        "imports/",
        "notifications/",
    ),
    "zhoumin": (
        "",
        "counts/ > a:has-text('PD-A-01')",
        "counts/ > a:has-text('PD-B-01')",
        "counts/new/",
        "counts/tolerance/",
        "notifications/",
        "documents/ > a.nm",
    ),
    "linxiao": (
        "variances/ > a.nm",
        "variances/?state=open > a.nm",
        "adjustments/ > a.nm",
        "portrait/",
        "breaks/",
        "reconciliation/",
        "items/",
        "documents/",
    ),
    "sunyue": ("", "reports/ > a.nm", "reports/schedule/", "reports/verify/"),
    "heli": (
        "counts/tasks/ > .todo a > .bottom a[href$='/sheet/']",
        "counts/tasks/ > .todo a > .bottom a[href$='/submit/']",
    ),
}
"""What people look at, each page once: an address inside the company, and which links are followed from there."""


@pytest.fixture(scope="module", autouse=True)
def demo(db: None) -> None:
    backstage(lambda: call_command("demo", stdout=StringIO()))


def follow_menu(page: Page) -> list[tuple[str, str]]:
    """(name, address) of every entry of the main menu, which a phone keeps folded."""
    links = page.locator("nav.side .menu a")
    return [
        ((link.text_content() or "").strip().split("\n")[0], link.get_attribute("href") or "") for link in links.all()
    ]


WORDS = """elements => elements.map((element) => {
  const copy = element.cloneNode(true);
  copy.querySelectorAll(".material-symbols-outlined").forEach((icon) => icon.remove());
  return copy.textContent.trim();
})"""
"""What elements say, without the ligatures that an icon font draws as pictures."""


def is_foreign(text: str) -> bool:
    return bool(re.search("[a-z]{2}", text)) and not HAN.search(text)


def untranslated(page: Page) -> list[str]:
    """Headings, buttons, labels and column heads without a Chinese character."""
    found = page.locator("h1, h2, h3, th, label, button, .btn, .badge, .views a, .seg a, .empty b, .side .menu a")
    texts = {" ".join(text.split()) for text in found.all_text_contents()}
    return sorted(
        text for text in texts if re.search("[a-z]{2}", text) and not HAN.search(text) and not NAMES.search(text)
    )


NAMELESS = """() => {
  const text = (element) => element?.textContent;
  const names = (element) => [
    element.getAttribute("aria-label"),
    element.title,
    ...[...(element.labels ?? [])].map(text),
    ...(element.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => text(document.getElementById(id))),
    ...(element.matches("a, button") ? [text(element)] : []),
    ...[...element.querySelectorAll("[aria-label]")].map((inner) => inner.getAttribute("aria-label")),
  ];
  const lacks = (element) =>
    element.matches("img") ? !element.hasAttribute("alt") : !names(element).some((name) => name?.trim());
  return [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href], img")]
    .filter((element) => element.checkVisibility() && lacks(element))
    .map((element) => element.outerHTML.slice(0, 160));
}"""
"""Controls and pictures that a reader aloud could not name."""


AXE_RUN = """async () => {
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  const found = await axe.run({ runOnly: rules, resultTypes: ["violations"] });
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`));
}"""
"""Labels, contrast, roles and names by the rules of WCAG 2.1 AA."""


def faults(page: Page) -> list[str]:
    """What is wrong with the page that is open."""
    wrong = [f"untranslated: {text}" for text in untranslated(page)]
    wrong += [f"without a name: {markup}" for markup in page.evaluate(NAMELESS)]
    page.evaluate(AXE)
    wrong += page.evaluate(AXE_RUN)
    width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if width > room:
        wrong.append(f"{width} px wide in a window of {room}")
    if page.locator("h1").count() != 1:
        wrong.append(f"{page.locator('h1').count()} first headings")
    return wrong


def walk(page: Page, way: str) -> dict[str, list[str]]:
    """The faults of the pages on a way, without those that have none."""
    address, *links = way.split(" > ")
    found: dict[str, list[str]] = {}
    answer = page.goto(address if address.startswith("/") else f"{HOME}{address}")
    for link in ("", *links):
        if link:
            with page.expect_navigation() as navigation:
                page.locator(f"main {link}").first.click()
            answer = navigation.value
        assert answer is not None
        assert answer.status == 200, (way, page.url, answer.status)
        if wrong := faults(page):
            found[page.url] = wrong
    return found


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("who", PAGES)
def test_every_page_is_whole(enter: Enter, who: str, phone: bool) -> None:
    page = enter(who, PASSWORD, home=HOME, phone=phone)
    assert MENU[who] - set(dict(follow_menu(page))) == set()
    assert {url: wrong for way in PAGES[who] for url, wrong in walk(page, way).items()} == {}


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_pages_for_everybody_are_whole(visitor: Enter, watch: Watch, phone: bool) -> None:
    page = visitor(phone=phone)
    ways = ("/accounts/login/", "/accounts/password/reset/", "/verify/")
    assert {url: wrong for way in ways for url, wrong in walk(page, way).items()} == {}
    with expected(watch, "404"):
        page.goto("/nowhere/")
    assert faults(page) == []


def test_the_menu_leads_everywhere(enter: Enter) -> None:
    page = enter("chenjing", PASSWORD, home=HOME)
    answers = {address: page.request.get(address).status for _name, address in follow_menu(page)}
    assert answers == dict.fromkeys(answers, 200)


@pytest.mark.parametrize("way", ["", "variances/ > a.nm", "reports/"])
def test_dark_pages_keep_their_contrast(visitor: Enter, way: str) -> None:
    page = visitor(color_scheme="dark")
    page.goto(HOME)
    sign_in(page, "linxiao", PASSWORD)
    page.wait_for_url(f"**{HOME}")
    assert page.locator("html").get_attribute("class") == "dark"
    assert walk(page, way) == {}


def test_an_expired_session_asks_to_sign_in_and_comes_back(enter: Enter) -> None:
    page = enter("linxiao", PASSWORD, home=HOME)
    page.context.clear_cookies()
    page.get_by_role("link", name="差异工作台").first.click()
    page.wait_for_url("**/accounts/login/?next=/o/hechuan/variances/")
    expect(page.get_by_text("请先登录。")).to_be_visible()
    sign_in(page, "linxiao", PASSWORD)
    page.wait_for_url("**/o/hechuan/variances/")
    expect(page.get_by_role("heading", level=1)).to_have_text("差异工作台")


def test_a_wrong_password_is_told_in_chinese(visitor: Enter) -> None:
    page = visitor()
    page.goto("/accounts/login/")
    sign_in(page, "linxiao", "not-the-password")
    expect(page.locator(".error, .note.danger").first).to_contain_text(HAN)
    assert untranslated(page) == []


def test_who_belongs_to_two_companies_switches_between_them(enter: Enter) -> None:
    page = enter("xuhai", PASSWORD, home=HOME)
    page.get_by_label("切换组织").click()
    page.get_by_role("link", name="江南文具").click()
    page.wait_for_url("**/o/jiangnan/")
    expect(page.locator(".side .org")).to_contain_text("江南文具")
    page.goto("/o/jiangnan/items/?q=HC-GL350-02")
    expect(page.locator("main tbody tr")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("中性笔 0.5mm 黑")


def test_who_belongs_to_one_company_finds_nothing_of_another(enter: Enter, watch: Watch) -> None:
    page = enter("linxiao", PASSWORD, home=HOME)
    with expected(watch, "404"):
        answer = page.goto("/o/jiangnan/items/")
    assert answer is not None
    assert answer.status == 404
    assert "江南文具" not in page.content()
    expect(page.locator("body")).to_contain_text(HAN)


def test_the_language_is_a_choice_that_stays(enter: Enter) -> None:
    page = enter("linxiao", PASSWORD, home=HOME)

    def choose(language: str) -> None:
        page.locator("details.me summary").click()
        with page.expect_navigation():
            page.locator("details.me").get_by_role("button", name=language).click()

    choose("English")
    expect(page.get_by_role("link", name="Variances").first).to_be_visible()
    page.goto(f"{HOME}variances/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Variances")
    assert page.locator("html").get_attribute("lang") == "en"
    choose("简体中文")
    expect(page.get_by_role("heading", level=1)).to_have_text("差异工作台")


def test_the_admin_is_chinese(enter: Enter) -> None:
    page = enter("chenjing", PASSWORD, home=HOME)
    page.goto(f"{HOME}admin/")
    expect(page.locator("main, #content").first).to_contain_text("商品")
    links = page.locator("#content a, main a").evaluate_all(WORDS)
    assert [text for text in links if is_foreign(text)] == []
    page.goto(f"{HOME}admin/catalog/item/")
    expect(page.locator("#result_list, table").first).to_contain_text("HC-GL350-02")
    heads = [" ".join(text.split()) for text in page.locator("thead th").all_text_contents()]
    assert [text for text in heads if is_foreign(text)] == []


def test_a_new_member_without_roles_is_told_what_to_do(enter: Enter, watch: Watch) -> None:
    def join() -> None:
        with organization_scope(find_organization("hechuan")):
            user = User.objects.create_user(username="xinren", email="xinren@hechuan.example", password=PASSWORD)
            add_member("xinren", name="新人", roles=[], user=user, actor=system_member())

    backstage(join)
    with expected(watch, "403"):
        page = enter("xinren", PASSWORD, home=HOME)
    expect(page.get_by_role("heading", level=1)).to_have_text("您在这里还没有角色")
    assert faults(page) == []
    page.get_by_role("link", name="退出").click()
    page.wait_for_url("**/accounts/logout/")
