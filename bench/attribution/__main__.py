"""`python -m bench.attribution FOLDER … --scorer FILE [--loaded]`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

LINES = 10_000
COLUMNS = ("exact", "top 3", "main", "recall", "precision", ">=0.9", "over", "Brier")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.attribution", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--scorer", type=Path, required=True, help="program that compares explanations with a truth")
    parser.add_argument("--loaded", action="store_true", help="organizations named as the folders are already there")
    options = parser.parse_args()
    os.environ.update(LOG_LEVEL="WARNING", DJANGO_SETTINGS_MODULE="stockcheck.settings")
    with tempfile.TemporaryDirectory() as folder:
        if not options.loaded:
            os.environ.update(TEST_SUFFIX="_bench", AUDIT_HEADS_DIR=f"{folder}/heads")
        from stockcheck.machine import database

        database.ensure()
        import django

        django.setup()
        from django.db import connection

        name = connection.settings_dict["NAME"]
        if not options.loaded:
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            for scenario in options.folders:
                measure(scenario, options.scorer, load=not options.loaded)
        finally:
            if not options.loaded:
                connection.creation.destroy_test_db(name, verbosity=0)


def measure(scenario: Path, scorer: Path, *, load: bool) -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from apps.core.tenancy import organization_scope
    from apps.counts.models import Count
    from apps.organizations.selectors import organization_by_code
    from apps.variances.attribution.explaining import explain
    from apps.variances.attribution.gathering import gather
    from apps.variances.attribution.learning import learn
    from apps.variances.attribution.past import past_cases, past_counts
    from apps.variances.attribution.priors import SHIPPED
    from bench.attribution import baselines

    if load:
        call_command("load_bundle", scenario / "bundle", organization=scenario.name, create=True)
    numbers = json.loads((scenario / "scenario.json").read_text())["counts"]
    with organization_scope(organization_by_code(scenario.name)):
        counts = list(Count.objects.filter(count_no__in=numbers).order_by("count_no"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            start = perf_counter()
            dossiers = [gather(count) for count in counts]
            gathered = (perf_counter() - start) / len(counts)
        past = list(past_cases(past_counts(counts[0])))
    learned = {
        "engine, 0 confirmed": SHIPPED,
        "engine, 50 confirmed": learn([(d, some) for (d, _c), some in zip(past, first(past, 50), strict=True)], "50"),
        "engine, all confirmed": learn(past, "all"),
    }
    print(
        f"\n{scenario.name}: {len(dossiers[0].lines)} count lines, gathered in {gathered:.1f} s"
        f" with {len(queries) // len(counts)} queries a count"
    )
    print(f"{'':<24}" + "".join(f"{name:>10}" for name in COLUMNS))
    methods: dict[str, Callable[[Any], Any]] = {
        "largest evidence": baselines.largest_evidence,
        "smallest exact subset": baselines.smallest_exact_subset,
        "most frequent cause": lambda case: baselines.most_frequent_cause(case, [cases for _d, cases in past]),
    }
    for name, priors in learned.items():
        methods[name] = lambda case, priors=priors: explain(case, priors)
    for name, method in methods.items():
        rows = [one for case in dossiers for one in method(case)]
        print(f"{name:<24}" + "".join(f"{value:>10.3f}" for value in score(scenario, scorer, rows)), flush=True)
    many = enlarged(dossiers[0], LINES)
    start = perf_counter()
    found = explain(many, learned["engine, all confirmed"])
    seconds = perf_counter() - start
    print(f"{len(many.lines):,} count lines, {len(found):,} variances explained in {seconds:.1f} s")


def first(past: list[Any], number: int) -> list[dict[str, Any]]:
    """The first so many confirmed causes, the oldest counts first, as lines with their causes."""
    kept: list[dict[str, Any]] = []
    for _dossier, cases in reversed(past):
        some = {}
        for line, causes in sorted(cases.items()):
            if number > 0:
                some[line] = causes
                number -= len(causes)
        kept.append(some)
    return kept[::-1]


def score(scenario: Path, scorer: Path, rows: Iterable[Any]) -> list[float]:
    from apps.variances.attribution import contract

    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as said:
        said.writelines(json.dumps(contract.row(one), ensure_ascii=False) + "\n" for one in rows)
        said.flush()
        command = [sys.executable, str(scorer), str(scenario / "truth.csv.gz"), said.name, "--json"]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    exact, every = result["exact"]["all"], result["quantity"]["ALL CAUSES"]
    sure = [row for row in result["calibration"]["table"] if row["bin"] == "0.9-1.0"]
    silent = result["exact"].get("left none", {"rank1": 1.0})
    return [
        exact["rank1"],
        exact["top3"],
        result["main_cause"],
        every["recall"],
        every["precision"] or 0.0,
        sure[0]["exact"] if sure else float("nan"),
        1 - silent["rank1"],
        result["calibration"]["brier"],
    ]


def enlarged(case: Any, lines: int) -> Any:
    """The same company several times over under other item codes, until it has so many count lines."""
    from apps.variances.attribution.evidence import Dossier

    rows: list[Any] = []
    documents: list[Any] = []
    items: dict[str, Any] = {}
    copies = -(-lines // len(case.lines))
    for number in range(copies):
        mark = f"{number}#"
        rows += [replace(line, id=mark + line.id, sku=mark + line.sku) for line in case.lines]
        items |= {mark + sku: replace(item, sku=mark + sku) for sku, item in case.items.items()}
        for row in case.documents:
            again = copy(row)
            again.id, again.sku, again.doc_no = mark + row.id, mark + row.sku, mark + row.doc_no
            again.source_no = mark + row.source_no if row.source_no else ""
            documents.append(again)
    return Dossier(rows[:lines], documents, items, case.machines, case.departments)


if __name__ == "__main__":
    main()
