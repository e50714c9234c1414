"""Processes that outlive the one that started them: remembered in pid files, found again, ended."""

import os
import signal
import time
from pathlib import Path

from .paths import write_private


def started_at(pid: int) -> str | None:
    """When a live process started, in clock ticks since boot; with its id this names it for good."""
    try:
        fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def remember(file: Path, pid: int) -> None:
    """Write down a process group's leader, so that a later run can end it."""
    write_private(file, f"{pid} {started_at(pid)}")


def remembered(file: Path) -> int | None:
    """The process of a pid file, when it still is that very process."""
    try:
        pid, start = file.read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return int(pid) if started_at(int(pid)) == start else None


def end_group(leader: int, *, patience: float = 10.0) -> None:
    """End a process group politely, then by force."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(leader, how)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while started_at(leader) is not None and time.monotonic() < deadline:
            time.sleep(0.02)


def end_leftovers(folder: Path) -> list[str]:
    """End every process that a killed run left behind; returns their names."""
    ended = []
    for file in sorted(folder.glob("*.pid")):
        if leader := remembered(file):
            end_group(leader)
            ended.append(file.stem)
        file.unlink()
    return ended
