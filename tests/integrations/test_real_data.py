"""Two whole companies: the variances of their open counts are exactly what really happened."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from apps.counts.models import Count
from apps.counts.selectors import live_lines
from apps.integrations.services import load_bundle
from apps.movements.enums import NEXT, DocumentType
from apps.movements.models import ChainFinding, ChainLink, DocumentLine
from apps.movements.selectors import verify_balances
from apps.movements.services import refresh_chain
from apps.organizations.models import Member
from tests.integrations.chain_by_hand import ByHand
from tests.integrations.conftest import SCENARIOS
from tests.integrations.test_ways import WAYS, loaded_by

WITHOUT_NEXT = [doc_type for doc_type in DocumentType.values if doc_type not in NEXT]

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
        the_chain_agrees(folder / "bundle", system)


def the_chain_agrees(bundle: Path, system: Member) -> None:
    """What is derived in SQL is what the papers say, line by line; guesses concern only lines that name nothing."""
    refresh_chain(actor=system)
    guessed = set(ChainLink.objects.filter(guess=True).values_list("source", "line"))
    touched = {pk for pair in guessed for pk in pair}
    named = ("line", "doc_type", "line__document__doc_no", "line__line_no", "kind", "due", "done")
    own = ChainFinding.objects.exclude(kind__in=("no_source",)).exclude(kind="late", doc_type__in=WITHOUT_NEXT)
    told = {tuple(row) for pk, *row in own.exclude(kind="duplicated", due=0).values_list(*named) if pk not in touched}
    guesses = {
        (line.document.doc_type, line.document.doc_no, line.line_no)
        for line in DocumentLine.objects.filter(pk__in=touched).select_related("document")
    }
    by_hand = ByHand(bundle)
    assert told == {row for row in by_hand.findings() if row[:3] not in guesses}
    unnamed = {(row["doc_type"], row["doc_no"], row["line_no"]) for row in by_hand.unnamed}
    lines = DocumentLine.objects.filter(pk__in=[line for _source, line in guessed]).select_related("document")
    assert {(line.document.doc_type, line.document.doc_no, line.line_no) for line in lines} - unnamed == set()


def test_a_company_comes_in_three_ways_with_one_result(
    db, person, browse, tmp_path, django_capture_on_commit_callbacks
):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted((SCENARIOS / "tea" / "bundle").iterdir()):
            archive.write(path, path.name)
    rest = (person, browse, tmp_path, django_capture_on_commit_callbacks)
    results = [loaded_by(way, out.getvalue(), *rest) for way in WAYS]
    assert results[0] == results[1] == results[2]
    assert len(results[0]["lines"]) > 1_000
