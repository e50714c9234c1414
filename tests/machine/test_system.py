"""What the machine has to bring, the doctor that looks for it, and the Makefile."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from stockcheck.machine import system
from stockcheck.machine.doctor import Finding, report
from stockcheck.machine.paths import BASE_DIR


def test_make_help_lists_every_public_target() -> None:
    asked = ["make", "--no-print-directory", "help"]
    told = subprocess.run(asked, cwd=BASE_DIR, capture_output=True, text=True, check=True).stdout
    targets = ["help", "up", "demo", "test", "check", "bench", "e2e", "isolation", "lock", "assets", "clean"]
    assert [line.split()[1] for line in told.splitlines()] == targets


def test_system_needs_are_examined_by_a_bare_python() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "stockcheck.machine.system"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_without_apt_the_exact_command_is_printed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stockcheck.machine.system"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path)},
    )
    assert done.returncode == 1
    command = "sudo apt-get update && sudo apt-get install --yes --no-install-recommends gettext"
    assert done.stderr.splitlines()[-1].strip() == command


def test_remedy_names_the_packages_of_everything_that_is_missing() -> None:
    one = system.Need("one", lambda: False, ("a", "b"), "first")
    two = system.Need("two", lambda: False, ("c",), "second")
    here = system.Need("three", lambda: True, ("d",), "third")
    assert system.missing([one, here, two]) == [one, two]
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "a", "b", "c"]
    assert system.remedy([one, two]) == [["apt-get", "update"], install]


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = (BASE_DIR / "requirements.lock").read_text()
    packages = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert [line for line in packages if "==" not in line] == []
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "--find-links" not in lock


def test_report_says_how_to_get_what_is_missing() -> None:
    lines: list[str] = []
    fine = report(
        [
            Finding("disk", "8.0 GiB free"),
            Finding("fonts", "Chinese text", "As root: apt-get install fonts"),
            Finding("port", "taken", "Set PORT.", needed=False),
        ],
        lines.append,
    )
    assert not fine
    assert lines == [
        "ok      disk   8.0 GiB free",
        "missing fonts  Chinese text",
        "               → As root: apt-get install fonts",
        "note    port   taken",
        "               → Set PORT.",
    ]


@pytest.mark.django_db
def test_doctor_finds_this_machine_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("doctor")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("missing")] == []
    assert "migrations" in lines[-1]
    assert "0 pending" in lines[-1]


def test_doctor_names_an_unreachable_server() -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/none",
        "BROKER_URL": "redis://127.0.0.1:1/0",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    missing = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("missing")]
    assert missing == ["database", "queue", "migrations"]
    assert "secret" not in done.stdout + done.stderr
