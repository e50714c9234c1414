"""`python -m bench.retail [BUNDLE]`: a year of a shop's real documents, loaded, counted in full and adjusted.

Loads the bundle twice (the second time must change nothing), releases a full count of its warehouse, counts from the
count's own Excel sheet, closes, proposes, approves by another person, posts, and compares stock with what was counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from bench.memory import Peak
from bench.place import throwaway_database

Result = TypeVar("Result")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.retail", description=__doc__)
    parser.add_argument("bundle", nargs="?", type=Path, default=Path("../shared/data/retail-2011"))
    options = parser.parse_args()
    with throwaway_database():
        problems = play(options.bundle)
    sys.exit("\n".join(problems))


def step(name: str, work: Callable[[], Result]) -> Result:
    peak, start = Peak(), perf_counter()
    result = work()
    print(f"{name:<46}{perf_counter() - start:>8.2f} s{peak.absolute():>7.0f} MB", flush=True)
    return result


def play(bundle: Path) -> list[str]:
    """Everything in order; returns what was wrong."""
    from apps.core.tenancy import organization_scope
    from apps.integrations.services import load_bundle
    from apps.movements.models import LedgerEntry, StockLine
    from apps.movements.selectors import verify_balances
    from apps.organizations.selectors import system_member
    from apps.organizations.services import open_organization
    from apps.variances.models import Variance

    organization = open_organization("retail", name="retail")

    def committed(work: Callable[[], Any]) -> Any:
        with organization_scope(organization):
            return work()

    def loaded() -> Any:
        return load_bundle(bundle, actor=system_member())

    problems = []
    first = step("load", lambda: committed(loaded))
    again = step("load the same again", lambda: committed(loaded))
    if not again.changed_nothing:
        problems.append("the second load changed something")
    if {name: tally.rows for name, tally in first.tallies.items()} != {n: t.rows for n, t in again.tallies.items()}:
        problems.append("the second load read something else")
    print(f"{first.tallies['documents'].rows:,} lines, {committed(LedgerEntry.objects.count):,} ledger entries")
    problems += step("verify balances", lambda: committed(verify_balances))
    counted = count_in_full(committed)
    print(f"{len(counted):,} lines counted, {committed(Variance.objects.count):,} variances")
    found = committed(lambda: dict(StockLine.objects.values_list("pk", "quantity")))
    problems += [
        f"{key}: {found[key]} on hand, {wanted} counted" for key, wanted in counted.items() if found[key] != wanted
    ]
    problems += step("verify balances", lambda: committed(verify_balances))
    print("problems:", len(problems))
    return problems


def count_in_full(committed: Callable[[Callable[[], Any]], Any]) -> dict[Any, Decimal]:
    """The whole loop for the bundle's first warehouse; returns {stock line id: counted}."""
    from apps.catalog.models import Warehouse
    from apps.core.sheets import write_sheet
    from apps.core.sheets_reading import read_table
    from apps.counts.models import Count, CountLine
    from apps.counts.selectors.sheets import COLUMNS, sheet_rows
    from apps.counts.services import close_count, create_count, record_sheet, release_count
    from apps.organizations.models import Member
    from apps.organizations.selectors import system_member
    from apps.organizations.services import add_member
    from apps.rectification.services import approve_adjustment, post_adjustment, propose_adjustment

    def plan() -> Count:
        for name, role in (("manager", "manager"), ("lin", "controller"), ("shen", "finance")):
            add_member(name, name=name, roles=[role], actor=system_member())
        return create_count(Warehouse.objects.order_by("code")[0], actor=who("manager"))

    def who(name: str) -> Member:
        return Member.objects.get(username=name)

    def fill(path: Path) -> dict[Any, Decimal]:
        """What is on the shelf: the book, one in three lines a little off, never below zero."""
        books = dict(CountLine.objects.filter(count=count).values_list("id", "snapshot"))
        shelf = {
            key: max(book, Decimal(0)) + (number % 3 == 0) * (number % 7)
            for number, (key, book) in enumerate(sorted(books.items()))
        }
        rows = ({**row, "quantity": shelf[row["id"]]} for row in sheet_rows(count))
        with path.open("wb") as file:
            write_sheet(file, COLUMNS, rows, kind="xlsx")
        lines = dict(CountLine.objects.filter(count=count).values_list("id", "stock_line"))
        return {lines[key]: quantity for key, quantity in shelf.items()}

    def take_in(path: Path) -> Any:
        with path.open("rb") as file:
            return record_sheet(count, read_table(file, file_name=path.name), actor=who("manager"))

    count = committed(plan)
    count = step("release a full count", lambda: committed(lambda: release_count(count, actor=who("manager"))))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.xlsx"
        counted = step("write the sheet", lambda: committed(lambda: fill(path)))
        step("take the filled sheet in", lambda: committed(lambda: take_in(path)))
    count = step("close, compute variances", lambda: committed(lambda: close_count(count, actor=who("manager"))))
    adjustment = step(
        "propose the adjustment",
        lambda: committed(lambda: propose_adjustment(count, reason="full count", actor=who("lin"))),
    )
    committed(lambda: approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=who("shen")))
    step("post the approved adjustment", lambda: committed(lambda: post_adjustment(adjustment, actor=who("lin"))))
    return counted


if __name__ == "__main__":
    main()
