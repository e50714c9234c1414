"""The supervisor: relays, restarts, stops in order, and finds what a killed one left."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stockcheck.machine.paths import BASE_DIR
from stockcheck.machine.processes import end_leftovers, remember, remembered
from stockcheck.supervisor import free_port, services

STEADY = "import time; print('{0} here', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"

DRIVER = """
import asyncio, json, os, sys
from pathlib import Path
from stockcheck.supervisor import Child, Supervisor
children = [Child(name, [sys.executable, "-c", code], patience=0.5, pause=0.1)
            for name, code in json.loads(sys.argv[2])]
async def main():
    await Supervisor(children, environment=os.environ, pids=Path(sys.argv[1])).run()
asyncio.run(main())
print("stopped", flush=True)
"""


class Run:
    """A supervisor in a process of its own, and what it said so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []

    def until(self, text: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if text in line:
                return line.rstrip()
        raise AssertionError(f"never said {text!r}: {self.lines}")


@contextmanager
def supervised(pids: Path, **children: str) -> Iterator[Run]:
    import json

    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(pids), json.dumps(list(children.items()))],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield Run(process)
        finally:
            process.kill()
    end_leftovers(pids)


def test_lines_carry_the_name_of_who_said_them(tmp_path: Path) -> None:
    with supervised(tmp_path, web=STEADY.format("web")) as run:
        assert run.until("here") == "web      | web here"


def test_a_child_that_dies_is_started_again_more_slowly_each_time(tmp_path: Path) -> None:
    with supervised(tmp_path, worker="raise SystemExit(3)") as run:
        pauses = [run.until("starting it again") for _life in range(3)]
    assert all("worker ended (exit code 3)" in line for line in pauses)
    assert len(run.lines) == 3


def test_a_killed_child_comes_back(tmp_path: Path) -> None:
    with supervised(tmp_path, web=STEADY.format("web")) as run:
        run.until("here")
        first = remembered(tmp_path / "web.pid")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert "web ended (killed by SIGKILL)" in run.until("starting it again")
        run.until("here")
        assert remembered(tmp_path / "web.pid") not in (None, first)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    with supervised(tmp_path, web=STEADY.format("web"), worker=STEADY.format("worker")) as run:
        run.until("here")
        run.until("here")
        leaders = [remembered(tmp_path / f"{name}.pid") for name in ("web", "worker")]
        run.process.send_signal(number)
        run.until("stopped")
        assert run.process.wait(10) == 0
    assert None not in leaders
    assert [leader for leader in leaders if leader and Path(f"/proc/{leader}").exists()] == []
    assert list(tmp_path.glob("*.pid")) == []


def test_a_deaf_child_is_killed_after_its_patience(tmp_path: Path) -> None:
    with supervised(tmp_path, web=STUBBORN) as run:
        run.until("deaf")
        begun = time.monotonic()
        run.process.terminate()
        run.until("stopped")
        assert 0.4 < time.monotonic() - begun < 5


def test_the_next_start_ends_what_a_killed_supervisor_left(tmp_path: Path) -> None:
    with supervised(tmp_path, web=STEADY.format("web")) as run:
        run.until("here")
        left = remembered(tmp_path / "web.pid")
        run.process.kill()
        run.process.wait()
        assert left is not None
        assert Path(f"/proc/{left}").exists()
        assert end_leftovers(tmp_path) == ["web"]
        assert remembered(tmp_path / "web.pid") is None
    assert not re.search(r"^State:\s+[RS]", status(left), re.MULTILINE)


def status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return ""


def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(tmp_path: Path) -> None:
    remember(tmp_path / "web.pid", os.getpid())
    assert remembered(tmp_path / "web.pid") == os.getpid()
    (tmp_path / "web.pid").write_text(f"{os.getpid()} 1")
    assert end_leftovers(tmp_path) == []


def test_the_next_free_port_is_taken() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert free_port("127.0.0.1", taken) > taken


def test_workers_stop_last() -> None:
    stages = {child.name: child.stage for child in services("127.0.0.1", 8000, 2)}
    assert stages == {"beat": 0, "web": 0, "worker-1": 1, "worker-2": 1}
