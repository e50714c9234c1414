"""`python -m bench [--lines 1000 10000 50000] [--only WORD ...] [--repeat 3] [--explain]`."""

from __future__ import annotations

import argparse
from collections import defaultdict
from time import perf_counter
from typing import Any, NamedTuple

from bench.place import throwaway_database

PROGRAMS = ("pages", "retail")
"""Modules that are started by themselves."""

LINEAR = 12
"""Ten times the lines may take so many times as long."""


class Cost(NamedTuple):
    seconds: float
    processor: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000, 10_000, 50_000], metavar="N")
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="benchmarks whose name contains one")
    parser.add_argument("--repeat", type=int, default=3, metavar="K", help="the best of so many runs counts")
    parser.add_argument("--explain", action="store_true", help="print the plan of the slowest statement, too")
    options = parser.parse_args()
    with throwaway_database():
        run(options)


def run(options: argparse.Namespace) -> None:
    import importlib
    import pkgutil

    import bench
    from bench.registry import BENCHMARKS
    from bench.scene import copied, make_scene

    for module in pkgutil.iter_modules(bench.__path__):
        if not module.name.startswith("_") and module.name not in PROGRAMS:
            importlib.import_module(f"bench.{module.name}")
    wanted = [each for each in BENCHMARKS if any(word in each.name for word in options.only)]
    sizes = {each.name: each.sizes or tuple(options.lines) for each in wanted}
    times: dict[str, dict[int, float]] = defaultdict(dict)
    print(f"{'work':<34}{'lines':>8}{'floor':>10}{'ours':>10}{'ratio':>7}{'of CPU':>8}{'goal':>14}{'memory':>9}  met")
    for lines in sorted({size for each in sizes.values() for size in each}):
        scene = make_scene(lines)
        for each in wanted:
            if lines in sizes[each.name]:
                with copied():
                    floor, ours, memory = measure(each, scene, options)
                times[each.name][lines] = ours.seconds
                print(told(each, lines, floor, ours, memory), flush=True)
    for name, taken in times.items():
        for lines, seconds in taken.items():
            if 10 * lines in taken:
                factor = taken[10 * lines] / seconds
                verdict = "linear" if factor <= LINEAR else f"OVER {LINEAR}"
                print(f"{name}: {lines:,} to {10 * lines:,} lines takes {factor:.1f} times as long, {verdict}")


def told(each: Any, lines: int, floor: Cost | None, ours: Cost, memory: float) -> str:
    """A row of the table. What is met is judged by the clock; `of CPU` is the ratio of processor time, which says
    more on a machine that is busy otherwise."""
    goals, met = [], []
    if floor is not None and each.goal is not None:
        goals.append(f"{each.goal:g} x")
        met.append(ours.seconds / floor.seconds <= each.goal)
    if each.seconds is not None:
        goals.append(f"{each.seconds:g} s")
        met.append(ours.seconds <= each.seconds)
    if each.megabytes is not None:
        goals.append(f"{each.megabytes:g} MB")
        met.append(memory <= each.megabytes)
    return (
        f"{each.name:<34}{lines:>8,}"
        + (
            f"{'':>10}{ours.seconds:>9.3f}s{'':>7}{ours.processor:>7.1f}s"
            if floor is None
            else f"{floor.seconds:>9.3f}s{ours.seconds:>9.3f}s{ours.seconds / floor.seconds:>7.2f}"
            f"{ours.processor / max(floor.processor, 0.01):>8.2f}"
        )
        + f"{', '.join(goals):>14}{memory:>6.0f} MB  {'yes' if all(met) else 'NO'}"
    )


def measure(each: Any, scene: Any, options: argparse.Namespace) -> tuple[Cost | None, Cost, float]:
    """Best times of floor and ours, taken in turns so that a busy machine hurts both; and the memory of ours.

    Memory is the largest resident set of this process or of a child, or, for `growth`, what ours added to it.
    """
    from apps.core.tenancy import organization_scope
    from bench.memory import Peak
    from bench.scene import tidy

    floor, ours, memory = [], [], []
    with organization_scope(scene.organization):
        ready = each.work(scene)
    for _again in range(options.repeat):
        tidy()
        if hasattr(ready, "floor"):
            floor.append(timed(scene, ready.floor))
            tidy()
        peak = Peak()
        ours.append(timed(scene, ready.ours))
        memory.append(peak.growth() if each.growth else peak.absolute())
    if options.explain:
        print(explained(scene, ready.ours))
    return (best(floor) if floor else None), best(ours), min(memory)


def best(costs: list[Cost]) -> Cost:
    return Cost(min(cost.seconds for cost in costs), min(cost.processor for cost in costs))


def timed(scene: Any, call: Any) -> Cost:
    """Seconds of one call, to the end of its statements; what it wrote is taken back."""
    from django.db import connection, transaction

    from apps.core.tenancy import organization_scope
    from bench.memory import processor_seconds

    with organization_scope(scene.organization):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()[0]
        start, used = perf_counter(), processor_seconds(backend)
        call()
        cost = Cost(perf_counter() - start, processor_seconds(backend) - used)
        transaction.set_rollback(True)
    return cost


def explained(scene: Any, call: Any) -> str:
    """The plan of the statement in which a call spends most of its time."""
    from django.db import connection, transaction

    from apps.core.tenancy import organization_scope

    taken: dict[str, float] = defaultdict(float)
    plan: list[str] = []

    def clock(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        start = perf_counter()
        try:
            return execute(sql, parameters, many, context)
        finally:
            taken[sql] += perf_counter() - start

    def explain(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if sql == max(taken, key=taken.__getitem__) and not plan:
            with transaction.atomic(), connection.cursor() as cursor:
                plan.append("")
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {sql}", parameters)
                plan.extend(f"    {line}" for (line,) in cursor.fetchall())
                transaction.set_rollback(True)
        return execute(sql, parameters, many, context)

    for wrapper in (clock, explain):
        with organization_scope(scene.organization), connection.execute_wrapper(wrapper):
            call()
            transaction.set_rollback(True)
    return "\n".join(plan)


if __name__ == "__main__":
    main()
