"""What is measured: classes with `ours` and, where there is one, `floor`, registered under a name with their goals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.scene import Scene


@dataclass(frozen=True)
class Benchmark:
    """`goal` is the largest ratio ours / floor that is good enough, `seconds` and `megabytes` what one run of ours may
    take (shared figures of the project). `growth`: the megabytes are those that the work adds to the process.
    `sizes`: measured at these numbers of lines only, whatever is asked for."""

    name: str
    work: type[Any]
    goal: float | None = None
    seconds: float | None = None
    megabytes: float | None = None
    growth: bool = False
    sizes: tuple[int, ...] = ()


BENCHMARKS: list[Benchmark] = []


def benchmark(name: str, **goals: Any) -> Callable[[type[Any]], type[Any]]:
    """Register a class: `__init__(scene)` prepares, `floor()` is the raw SQL, `ours()` the service.

    `__init__`, and each call of `floor` and `ours`, run inside the scene's organization in a transaction of their
    own, in a copy of the scene's database; what `floor` and `ours` did is rolled back after they were timed.
    """

    def register(work: type[Any]) -> type[Any]:
        BENCHMARKS.append(Benchmark(name, work, **goals))
        return work

    return register


__all__ = ["BENCHMARKS", "Benchmark", "Scene", "benchmark"]
