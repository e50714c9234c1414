"""Whether the Chinese catalogue is complete: every text of the sources is in it, translated and not fuzzy."""

import contextlib
import io
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command

LOCALE = "zh_Hans"
DOMAINS = ("django", "djangojs")
SOURCES = ("apps", "stockcheck", "templates", "static/stockcheck")
SUFFIXES = {".py", ".html", ".txt", ".js"}


@dataclass(frozen=True)
class Gap:
    """One text that a Chinese reader would see in English, or wrong."""

    catalogue: str
    kind: str
    text: str


def gaps(base: Path) -> list[Gap]:
    """Extract the texts of a copy of the sources, merge them into a copy of the catalogue, list what is open.

    A copy, because extraction writes beside the templates and into the catalogue.
    """
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for source in SOURCES:
            _copy_sources(base / source, copy / source)
        messages = copy / "locale" / LOCALE / "LC_MESSAGES"
        messages.mkdir(parents=True)
        for catalogue in (base / "locale" / LOCALE / "LC_MESSAGES").glob("*.po"):
            shutil.copy(catalogue, messages)
        with contextlib.chdir(copy):
            for domain in DOMAINS:
                call_command("makemessages", locale=[LOCALE], domain=domain, verbosity=0, stdout=io.StringIO())
        return [gap for catalogue in sorted(messages.glob("*.po")) for gap in _gaps_in(catalogue)]


def _copy_sources(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        if file.suffix in SUFFIXES and file.is_file() and "migrations" not in file.parts:
            (target / file.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target / file.relative_to(source))


def _gaps_in(catalogue: Path) -> list[Gap]:
    found = [
        Gap(catalogue.name, kind, text)
        for kind in ("untranslated", "only-fuzzy")
        for text in _texts(["msgattrib", f"--{kind}", "--no-obsolete", "--no-wrap", "--no-location", str(catalogue)])
    ]
    checked = subprocess.run(
        ["msgfmt", "--check-format", "--check-domain", "--output-file=/dev/null", str(catalogue)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = checked.stderr.splitlines() if checked.returncode else []
    return found + [Gap(catalogue.name, "broken", line.rpartition("/")[2]) for line in lines]


def _texts(command: list[str]) -> list[str]:
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    entries = output.split("\n\n")[1:]  # the first one is the header
    return [line for entry in entries for line in entry.splitlines() if line.startswith("msgid ")]
