"""Peak memory and processor time of a piece of work, as Linux knows them."""

from __future__ import annotations

import os
import resource
from pathlib import Path


class Peak:
    """The largest resident set since this was made, in megabytes."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")
        self.before = _status("VmRSS")
        self.children = _children()

    def growth(self) -> float:
        return _status("VmHWM") - self.before

    def absolute(self) -> float:
        """Of this process, or of a child that became larger than any before."""
        children = _children()
        return max(_status("VmHWM"), children if children > self.children else 0)


def _status(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1000
    raise LookupError(name)


def _children() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000


def processor_seconds(backend: int) -> float:
    """What this process, its finished children and its database process have used so far: how busy the machine is
    besides does not show in it. Without the last one where the database is elsewhere."""
    used = sum(os.times()[:4])
    stat = Path(f"/proc/{backend}/stat")
    if stat.exists():
        fields = stat.read_text().rpartition(")")[2].split()
        used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used
