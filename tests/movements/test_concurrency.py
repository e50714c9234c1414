"""Many posters at once, each with a connection of its own, committed for real."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from apps.catalog.models import Item, Warehouse
from apps.core.errors import Conflict
from apps.core.tenancy import organization_scope
from apps.movements.models import Document, LedgerEntry, StockLine
from apps.movements.selectors import verify_balances
from apps.movements.services import LineDraft, create_document, post_document, reverse_document, stock_line
from apps.organizations.selectors import system_member
from apps.organizations.services import open_organization
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import line, make_document, posted

POSTERS = 8


@pytest.fixture
def company(transactional_db):
    """A company whose rows are committed; nothing is active after it."""
    opened = open_organization("alpha", name="甲公司")
    with organization_scope(opened):
        make_warehouse("WH01", *(f"A-{number:02d}" for number in range(8)))
        make_item()
    return opened


def at_once(company, work, arguments):
    """Run `work` for each argument in threads of their own; returns the answers, or the error that each raised."""

    def run(argument):
        try:
            with organization_scope(company):
                return work(argument)
        except Conflict as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(POSTERS) as pool:
        return list(pool.map(run, arguments))


def scene():
    return Warehouse.objects.get(), Item.objects.get()


def test_opposite_orders_do_not_deadlock(company):
    """Every poster names the same places in another order, and half of the stock lines do not exist yet."""
    with organization_scope(company):
        warehouse, item = scene()
        for code in ("A-00", "A-03", "A-05"):
            stock_line(place(warehouse, code), item)
    shuffled = random.Random(7)

    def post(number):
        warehouse, item = scene()
        places = [place(warehouse, f"A-{n:02d}") for n in range(8)]
        shuffled.shuffle(places)
        lines = [LineDraft(item, Decimal(1), location=where) for where in places]
        system = system_member()
        doc_type = "receipt" if number % 3 else "scrap"
        return post_document(
            create_document(doc_type, warehouse=warehouse, lines=lines, actor=system), actor=system
        ).doc_no

    numbers = at_once(company, post, range(30))
    assert len(set(numbers)) == 30
    with organization_scope(company):
        assert [s.quantity for s in StockLine.objects.all()] == [Decimal(20 - 10)] * 8
        assert LedgerEntry.objects.count() == 240
        assert verify_balances() == []


def test_mixed_items_places_and_reversals_by_many(company):
    """Eight posters, three items at eight places, in, out and back again: no deadlock, balance = sum of the ledger."""
    with organization_scope(company):
        for sku in ("MIX-1", "MIX-2"):
            make_item(sku)

    def work(number):
        shuffled = random.Random(number)
        warehouse = Warehouse.objects.get()
        spots = [(item, place(warehouse, f"A-{n:02d}")) for item in Item.objects.all() for n in range(8)]
        lines = [
            LineDraft(item, Decimal(shuffled.randint(1, 9)), location=where)
            for item, where in shuffled.sample(spots, 9)
        ]
        system = system_member()
        doc_type = shuffled.choice(["receipt", "scrap", "sales_issue", "sales_return"])
        document = create_document(doc_type, warehouse=warehouse, lines=lines, actor=system)
        document = post_document(document, actor=system)
        if number % 4 == 0:
            document = reverse_document(document, reason="录错", actor=system)
        return document.status

    assert at_once(company, work, range(24)) == ["posted"] * 24
    with organization_scope(company):
        assert LedgerEntry.objects.count() == 9 * (24 + 6)
        assert verify_balances() == []


def test_one_document_posted_by_many_is_posted_once(company):
    with organization_scope(company):
        warehouse, item = scene()
        document = make_document("receipt", warehouse, line(item, 5))
    answers = at_once(company, lambda _n: post_document(document, actor=system_member()).status, range(POSTERS))
    assert sorted(answers) == ["posted", *["wrong_state"] * (POSTERS - 1)]
    with organization_scope(company):
        assert StockLine.objects.get().quantity == 5


def test_one_document_reversed_by_many_is_reversed_once(company):
    with organization_scope(company):
        warehouse, item = scene()
        document = posted("receipt", warehouse, line(item, 5))
    answers = at_once(
        company,
        lambda _n: reverse_document(document, reason="录错", actor=system_member()).status,
        range(POSTERS),
    )
    assert sorted(answers) == ["already_reversed"] * (POSTERS - 1) + ["posted"]
    with organization_scope(company):
        assert StockLine.objects.get().quantity == 0
        assert Document.objects.count() == 2


def test_a_stock_line_made_by_many_is_one(company):
    def make(_number):
        warehouse, item = scene()
        return stock_line(place(warehouse, "A-01"), item).pk

    assert len(set(at_once(company, make, range(POSTERS)))) == 1
