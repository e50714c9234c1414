"""What the operating system has to provide, and how to get it.

Runs on a bare Python, before the virtual environment exists: ``python3 -m stockcheck.machine.system``
installs what is missing with apt where that is allowed, else prints the exact command and stops.
"""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Need:
    """Something of the system: how to see that it is there, and the Debian packages that bring it."""

    name: str
    present: Callable[[], bool]
    packages: tuple[str, ...]
    why: str


def library(name: str) -> bool:
    """Whether a shared library can be loaded."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def cjk_font() -> bool:
    """Whether Noto Sans CJK is installed: a glyph that no font has is dropped from a PDF without a word."""
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    return any(next(folder.rglob("NotoSansCJK*"), None) for folder in folders if folder.is_dir())


def browser() -> str | None:
    """A Chromium for the browser tests: ``CHROMIUM``, the system's, or the one Playwright downloaded."""
    if named := os.environ.get("CHROMIUM"):
        return named
    found = (path for name in BROWSERS if (path := shutil.which(name)) and not _is_snap_stub(Path(path)))
    downloaded = sorted(Path("~/.cache/ms-playwright").expanduser().glob("chromium-*/chrome-linux*/chrome"))
    return next(found, None) or (str(downloaded[-1]) if downloaded else None)


def _is_snap_stub(path: Path) -> bool:
    """Ubuntu's package chromium-browser is a script that asks for a snap."""
    return path.stat().st_size < 10_000 and b"snap" in path.read_bytes()


RUN = (
    Need(
        "venv",
        lambda: importlib.util.find_spec("ensurepip") is not None,
        ("python3-venv",),
        "virtual environment",
    ),
    Need(
        "pango",
        lambda: library("libpango-1.0.so.0") and library("libpangoft2-1.0.so.0"),
        ("libpango-1.0-0", "libpangoft2-1.0-0"),
        "PDF reports",
    ),
    Need(
        "harfbuzz-subset",
        lambda: library("libharfbuzz-subset.so.0"),
        ("libharfbuzz-subset0",),
        "small fonts in PDF reports",
    ),
    Need("Noto Sans CJK", cjk_font, ("fonts-noto-cjk",), "Chinese text in PDF reports"),
    Need(
        "gettext",
        lambda: all(map(shutil.which, ("msgfmt", "xgettext", "msgmerge"))),
        ("gettext",),
        "compiled translations",
    ),
)
TEST = (
    Need("chromium", lambda: browser() is not None, ("chromium",), "browser tests"),
    Need(
        "poppler-utils",
        lambda: all(map(shutil.which, ("pdftotext", "pdfsig"))),
        ("poppler-utils",),
        "tests of PDFs",
    ),
)


def distribution() -> str:
    """Name of the distribution, as in ``/etc/os-release``."""
    lines = Path("/etc/os-release").read_text().splitlines() if Path("/etc/os-release").exists() else []
    return next((line[3:].strip('"') for line in lines if line.startswith("ID=")), "")


def missing(needs: Iterable[Need]) -> list[Need]:
    return [need for need in needs if not need.present()]


def remedy(needs: Iterable[Need]) -> list[list[str]]:
    """Commands that install what is missing; without a super-user's prefix."""
    packages = [package for need in needs for package in need.packages]
    commands = []
    if distribution() == "ubuntu" and "chromium" in packages:
        packages.remove("chromium")  # a snap there, which needs a running snapd
        commands.append([f"{Path(sys.prefix) / 'bin' / 'playwright'}", "install", "--with-deps", "chromium"])
    if packages:
        install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
        commands = [["apt-get", "update"], install, *commands]
    return commands


def _prefix() -> list[str] | None:
    """What to put before apt: nothing for root, sudo where it asks nothing, None where neither works."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def provide(needs: Iterable[Need]) -> int:
    """Install what is missing, or say exactly how to; the exit code is 0 when everything is there."""
    lacking = missing(needs)
    if not lacking:
        return 0
    names = ", ".join(f"{need.name} ({need.why})" for need in lacking)
    commands = remedy(lacking)
    prefix = _prefix()
    if prefix is None:
        print(f"Missing on this machine: {names}.\nRun this, then try again:\n", file=sys.stderr)
        print("  " + " && ".join("sudo " + " ".join(command) for command in commands), file=sys.stderr)
        return 1
    print(f"Installing: {names}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        playwright = command[0].endswith("playwright")
        done = subprocess.run(command if playwright else [*prefix, *command], env=environment, check=False)
        if done.returncode:
            print(f"This command failed: {' '.join([*prefix, *command])}", file=sys.stderr)
            return done.returncode
    still = ", ".join(need.name for need in missing(lacking))
    if still:
        print(f"Still missing after the installation: {still}", file=sys.stderr)
    return 1 if still else 0


if __name__ == "__main__":
    sys.exit(provide(RUN + TEST if "--test" in sys.argv else RUN))
