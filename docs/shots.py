"""Takes the pictures of docs/shots from the demo, which it serves by itself: `.venv/bin/python docs/shots.py`.

Names on the command line take those pictures alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from stockcheck.machine import database, system  # noqa: E402

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
LARGEST = 200_000


@dataclass(frozen=True)
class Shot:
    """A picture: what it is called, who looks, and how they get there from the work list."""

    name: str
    who: str
    go: Callable[[Page], None]
    phone: bool = False
    dark: bool = False


def to(address: str) -> Callable[[Page], None]:
    """Open an address, in the demo's first company unless it says otherwise."""

    def go(page: Page) -> None:
        page.goto(address if address.startswith("/") else f"/o/hechuan/{address}")

    return go


def through(address: str, *links: str) -> Callable[[Page], None]:
    """Open a list, then follow the first link to each of `links` in turn."""

    def go(page: Page) -> None:
        to(address)(page)
        for link in links:
            with page.expect_navigation():
                page.locator(f"main {link}").first.click()

    return go


STAR = "a.nm:has-text('双层玻璃杯 350ml')"
SHOTS = (
    Shot("work", "zhoumin", to("")),
    Shot("work-phone", "zhoumin", to(""), phone=True),
    Shot("counts", "zhoumin", to("counts/")),
    Shot("counts-phone", "zhoumin", to("counts/"), phone=True),
    Shot("count", "zhoumin", through("counts/", "a:has-text('PD-B-01')")),
    Shot("count-phone", "zhoumin", through("counts/", "a:has-text('PD-B-01')"), phone=True),
    Shot("enter-phone", "heli", through("counts/tasks/", ".todo a"), phone=True),
    Shot("hand-over-phone", "heli", through("counts/tasks/", ".todo a", ".bottom a[href$='/submit/']"), phone=True),
    Shot("variances", "linxiao", to("variances/")),
    Shot("variances-phone", "linxiao", to("variances/"), phone=True),
    Shot("variance", "linxiao", through("variances/", STAR)),
    Shot("variance-dark", "linxiao", through("variances/", STAR), dark=True),
    Shot("variance-phone", "linxiao", through("variances/", STAR), phone=True),
    Shot("adjustment", "linxiao", through("adjustments/", "a.nm")),
    Shot("adjustment-phone", "linxiao", through("adjustments/", "a.nm"), phone=True),
    Shot("report", "sunyue", through("reports/", "a.nm")),
    Shot("report-phone", "sunyue", through("reports/", "a.nm"), phone=True),
    Shot("stock", "chenjing", to("stock/")),
    Shot("members", "chenjing", to("members/")),
    Shot("members-phone", "chenjing", to("members/"), phone=True),
    Shot("audit", "chenjing", to("audit/")),
    Shot("settings", "chenjing", to("settings/")),
    Shot("admin", "chenjing", to("admin/catalog/item/")),
    Shot("admin-phone", "chenjing", to("admin/"), phone=True),
    Shot("first-steps", "qianwen", to("/o/jiangnan/")),
)
PDF = "report-pdf"


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@contextmanager
def demo() -> Iterator[str]:
    """The demo, prepared and served on a free port of this machine; its address."""
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockcheck.settings")
    import django
    from django.core.management import call_command

    database.ensure()
    django.setup()
    call_command("prepare", verbosity=0)
    call_command("demo")
    from stockcheck.wsgi import application  # only now: it looks once which static files there are

    with make_server("127.0.0.1", 0, application, server_class=Server, handler_class=Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def sign_in(page: Page, who: str) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", who)
    page.fill("[name=password]", "stockcheck-demo")
    page.locator("form.form button[type=submit]").click()
    page.wait_for_url("**/o/*/")


def take(browser: Browser, address: str, wanted: list[Shot]) -> None:
    for who in dict.fromkeys(shot.who for shot in wanted):
        for phone, dark in ((False, False), (False, True), (True, False)):
            mine = [shot for shot in wanted if (shot.who, shot.phone, shot.dark) == (who, phone, dark)]
            if not mine:
                continue
            context = browser.new_context(
                base_url=address,
                locale="zh-CN",
                timezone_id="Asia/Shanghai",
                reduced_motion="reduce",
                color_scheme="dark" if dark else "light",
                **(PHONE if phone else DESKTOP),
            )
            page = context.new_page()
            sign_in(page, who)
            for shot in mine:
                shot.go(page)
                page.wait_for_load_state("networkidle")
                keep(shot.name, page.screenshot())
            context.close()


def take_pdf() -> None:
    """The first page of the signed report, as poppler draws it."""
    from apps.core.tenancy import organization_scope
    from apps.organizations.selectors import find_organization
    from apps.reports.models import Report

    with organization_scope(find_organization("hechuan")), tempfile.TemporaryDirectory() as folder:
        report = Report.objects.filter(signed_at__isnull=False).latest("signed_at")
        source = Path(folder) / "report.pdf"
        with report.file.open("rb") as stored:
            source.write_bytes(stored.read())
        draw = ["pdftoppm", "-png", "-r", "90", "-l", "1", "-singlefile"]
        subprocess.run([*draw, source, source.with_suffix("")], check=True)
        keep(PDF, source.with_suffix(".png").read_bytes())


def keep(name: str, picture: bytes) -> None:
    """Store a picture with as many colours as fit into the limit."""
    target = HERE / "shots" / f"{name}.png"
    target.parent.mkdir(exist_ok=True)
    source = target.with_suffix(".tmp")
    source.write_bytes(picture)
    with Image.open(source) as image:
        whole = image.convert("RGB")
    source.unlink()
    for colors in (256, 128, 64, 32):
        whole.quantize(colors, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size < LARGEST:
            break
    print(f"{target.relative_to(HERE.parent)}  {target.stat().st_size // 1000} kB")


def main() -> None:
    names = sys.argv[1:]
    known = [*(shot.name for shot in SHOTS), PDF]
    if unknown := set(names) - set(known):
        sys.exit(f"No such picture: {', '.join(sorted(unknown))}. There are: {', '.join(known)}")
    wanted = [shot for shot in SHOTS if not names or shot.name in names]
    with demo() as address:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=system.browser(), args=["--no-sandbox", "--disable-gpu"]
            )
            take(browser, address, wanted)
            browser.close()
        if not names or PDF in names:
            take_pdf()


if __name__ == "__main__":
    main()
