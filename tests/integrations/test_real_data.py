"""Two whole companies: the variances of their open counts are exactly what really happened."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from apps.counts.models import Count
from apps.counts.selectors import live_lines
from apps.integrations.services import load_bundle
from apps.movements.selectors import verify_balances
from tests.integrations.conftest import SCENARIOS

Line = tuple[str, str, str, str, str]


def truth(folder: Path) -> dict[Line, Decimal]:
    """{count, warehouse, location, sku, lot: sum of what happened}."""
    sums: dict[Line, Decimal] = defaultdict(Decimal)
    with gzip.open(folder / "truth.csv.gz", "rt", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            line = (row["count_no"], row["warehouse"], row["location"], row["sku"], row["lot"])
            sums[line] += Decimal(row["quantity"])
    return {line: quantity for line, quantity in sums.items() if quantity}


def variances() -> dict[Line, Decimal]:
    return {
        (count.count_no, line.warehouse, line.location, line.sku, line.lot): line.variance
        for count in Count.objects.filter(state="counting")
        for line in live_lines(count)
        if line.variance
    }


@pytest.mark.parametrize("name", ["tea", "hardware"])
def test_variances_are_the_truth(name, organization, system):
    folder = SCENARIOS / name
    loaded = load_bundle(folder / "bundle", actor=system)
    assert all(tally.new == tally.rows for tally in loaded.tallies.values())
    assert variances() == truth(folder)
    assert verify_balances() == []
    if name == "tea":
        assert load_bundle(folder / "bundle", actor=system).changed_nothing
        assert variances() == truth(folder)
