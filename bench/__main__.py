"""`python -m bench [--lines 1000 10000 50000] [--only WORD] [--repeat 3]`."""

from __future__ import annotations

import argparse
import os
import tempfile
from time import perf_counter
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000, 10_000, 50_000], metavar="N")
    parser.add_argument("--only", default="", metavar="WORD", help="benchmarks whose name contains this")
    parser.add_argument("--repeat", type=int, default=3, metavar="K", help="the best of so many runs counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            TEST_SUFFIX="_bench",
            AUDIT_HEADS_DIR=f"{folder}/heads",
            LOG_LEVEL="WARNING",
            DJANGO_SETTINGS_MODULE="stockcheck.settings",
        )
        from stockcheck.machine import database

        database.ensure()
        import django

        django.setup()
        from django.db import connection

        name = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            run(options)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


def run(options: argparse.Namespace) -> None:
    import importlib
    import pkgutil

    import bench
    from bench.registry import BENCHMARKS
    from bench.scene import make_scene

    for module in pkgutil.iter_modules(bench.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"bench.{module.name}")
    print(f"{'work':<36}{'lines':>8}{'floor':>10}{'ours':>10}{'ratio':>8}{'goal':>7}")
    for lines in options.lines:
        scene = make_scene(lines)
        for benchmark in BENCHMARKS:
            if options.only not in benchmark.name:
                continue
            floor, ours = measure(benchmark.work, scene, options.repeat)
            ratio = ours / floor
            verdict = "" if ratio <= benchmark.goal else "  over"
            print(
                f"{benchmark.name:<36}{lines:>8,}{floor:>9.3f}s{ours:>9.3f}s{ratio:>8.2f}{benchmark.goal:>6g}x{verdict}",
                flush=True,
            )


def measure(work: type[Any], scene: Any, repeat: int) -> tuple[float, float]:
    """Best times of floor and ours, taken in turns so that a busy machine hurts both."""
    from django.db import transaction

    from apps.core.tenancy import organization_scope

    floor, ours = [], []
    with organization_scope(scene.organization):
        ready = work(scene)
        for _again in range(repeat):
            floor.append(timed(ready.floor))
            ours.append(timed(ready.ours))
        transaction.set_rollback(True)
    return min(floor), min(ours)


def timed(call: Any) -> float:
    """Seconds of one call; what it wrote is taken back."""
    from django.db import transaction

    with transaction.atomic():
        start = perf_counter()
        call()
        seconds = perf_counter() - start
        transaction.set_rollback(True)
    return seconds


if __name__ == "__main__":
    main()
