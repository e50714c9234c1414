"""Peak memory of a piece of work, as Linux knows it."""

from __future__ import annotations

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
