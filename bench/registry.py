"""What is measured: each benchmark is a class with `floor` and `ours`, registered under a name with its goal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.scene import Scene


@dataclass(frozen=True)
class Benchmark:
    """`goal` is the largest ratio ours / floor that is good enough (shared figures of the project)."""

    name: str
    goal: float
    work: type[Any]


BENCHMARKS: list[Benchmark] = []


def benchmark(name: str, *, goal: float) -> Callable[[type[Any]], type[Any]]:
    """Register a class: `__init__(scene)` prepares, `floor()` is the raw SQL, `ours()` the service.

    `__init__`, and each call of `floor` and `ours`, run inside the scene's organization in a transaction of their
    own; what `floor` and `ours` did is rolled back after they were timed, what `__init__` did when both are done.
    """

    def register(work: type[Any]) -> type[Any]:
        BENCHMARKS.append(Benchmark(name, goal, work))
        return work

    return register


__all__ = ["BENCHMARKS", "Benchmark", "Scene", "benchmark"]
