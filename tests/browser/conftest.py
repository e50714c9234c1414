"""Browsers of several people at once, against a server of this process.

Every page is watched: console errors, breaches of the content security policy, script errors and requests that
leave this machine fail the test that caused them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from stockcheck.machine import system

HOST = "127.0.0.1"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OWN = re.compile(rf"(https?|wss?)://{re.escape(HOST)}[:/]|(data|blob|about|chrome|chrome-extension):")
expect.set_options(timeout=30_000)


Result = TypeVar("Result")


def backstage(work: Callable[[], Result]) -> Result:
    """Do what needs the database, in a thread without a loop and with a connection of its own."""

    def run() -> Result:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as stage:
        return stage.submit(run).result()


@pytest.fixture(autouse=True)
def own_folders() -> None:
    """Replaces the function's folders of the whole suite by those of the world that a module lives in."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser. Playwright keeps a loop running in this thread: the database is used `backstage` only."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system.browser(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An empty instance; its data lasts for a module, is committed, and so is seen by the server.

    It takes the place and the name of pytest-django's fixture, which sets up databases only for tests that ask for it.
    """
    assert connection.settings_dict["NAME"].startswith("test_")
    folder = tmp_path_factory.mktemp("world")
    folders = {"AUDIT_HEADS_DIR": "heads", "SIGNING_KEYS_DIR": "keys", "MEDIA_ROOT": "media"}
    with override_settings(**{name: folder / place for name, place in folders.items()}), django_db_blocker.unblock():
        yield
        backstage(lambda: call_command("flush", verbosity=0, interactive=False))


@pytest.fixture(scope="module")
def server(db: None) -> Iterator[str]:
    """The address of the server."""
    live = LiveServer(HOST)
    yield live.url
    live.stop()


class Watch:
    """What pages did that no page may do."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def follow(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("request", self._request)
        context.on("weberror", lambda error: self.faults.append(f"script error: {error.error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            where = message.page.url if message.page else ""
            self.faults.append(f"{message.type} at {where}: {message.text} {message.location.get('url', '')}")

    def _request(self, request: Request) -> None:
        if not OWN.match(request.url):
            self.faults.append(f"left this machine: {request.url}")


@pytest.fixture
def watch() -> Iterator[Watch]:
    watched = Watch()
    yield watched
    assert watched.faults == []


Enter = Callable[..., Page]


@pytest.fixture
def visitor(chromium: Browser, server: str, watch: Watch) -> Iterator[Enter]:
    """visitor(phone=True) → the page of somebody who has not signed in, with cookies of their own."""
    contexts: list[BrowserContext] = []

    def make(*, phone: bool = False, **options: Any) -> Page:
        context = chromium.new_context(
            base_url=server,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            accept_downloads=True,
            **{**(PHONE if phone else DESKTOP), **options},
        )
        context.set_default_timeout(30_000)
        watch.follow(context)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def enter(visitor: Enter) -> Enter:
    """enter("zhoumin", password, home="/o/hechuan/") → their page, after signing in through the login page."""

    def make(who: str, password: str, *, home: str, phone: bool = False) -> Page:
        page = visitor(phone=phone)
        page.goto(home)
        sign_in(page, who, password)
        page.wait_for_url(f"**{home}")
        return page

    return make


def sign_in(page: Page, who: str, password: str) -> None:
    page.get_by_label("用户名或邮箱").fill(who)
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="登录").click()


@contextmanager
def expected(watch: Watch, *texts: str) -> Iterator[None]:
    """What is done inside provokes faults with these texts: a browser complains of every status of error."""
    before = len(watch.faults)
    yield
    watch.faults[before:] = [fault for fault in watch.faults[before:] if not any(text in fault for text in texts)]
