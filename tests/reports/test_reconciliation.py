"""Finance book, system and shelf: the two differences by hand, and who sees them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.core.tenancy import organization_scope
from apps.counts.services import EntryDraft, close_count, create_count, record_entries, release_count
from apps.movements.models import FinanceBalance
from apps.organizations.selectors import system_member
from apps.reports.selectors.reconciliation import (
    Wanted,
    finance_moments,
    open_documents,
    reconciliation,
    reconciliation_by,
)
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import line, make_document, opened, posted

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(organization, person):
    """CUP: opened 100, counted 97, receipt of 10 that moved before the moment and is posted after it."""
    warehouse = make_warehouse("WH01", "A-01")
    cup = make_item("CUP", standard_cost=Decimal(2))
    pot = make_item("POT", standard_cost=Decimal(5))
    there = place(warehouse, "A-01")
    now = timezone.now()
    opened(there, cup, 100, now - timedelta(days=3))
    opened(there, pot, 8, now - timedelta(days=3))
    manager, counter = person("zhang", "manager"), person("wang", "counter")
    count = release_count(
        create_count(warehouse, count_no="PD-1", blind=False, actor=manager), counters=[counter], actor=manager
    )
    record_entries(count, [EntryDraft("E-1", 97, sku="CUP", location="A-01")], actor=counter)
    close_count(count, actor=manager)
    posted("sales_issue", warehouse, line(cup, 7, location=there), doc_no="CK-1")
    moment = timezone.now()
    waiting = line(cup, 10, location=there)
    make_document("receipt", warehouse, waiting, doc_no="RK-1", occurred_at=moment - timedelta(hours=1))
    FinanceBalance.objects.create(
        item=cup, warehouse=warehouse, as_of=moment, quantity=Decimal(103), amount=Decimal(206)
    )
    FinanceBalance.objects.create(item=pot, warehouse=warehouse, as_of=moment, quantity=Decimal(8), amount=Decimal(40))
    return manager, moment


def found(member, moment, **wanted):
    rows, total, hidden = reconciliation(Wanted(moment, **wanted), member=member)
    return {row.sku: row for row in rows}, total, hidden


def test_the_two_differences_are_apart(books):
    member, moment = books
    rows, total, hidden = found(member, moment, show="all")
    cup = rows["CUP"]
    assert (cup.finance, cup.system, cup.physical) == (103, 93, 90)
    assert (cup.books, cup.books_value, cup.shelf, cup.shelf_value) == (-10, -20, -3, -6)
    assert (cup.pending, cup.pending_documents, cup.explained) == (10, 1, True)
    assert (cup.places, cup.counted_places) == (1, 1)
    pot = rows["POT"]
    assert (pot.books, pot.shelf, pot.physical, pot.counted_places) == (0, None, None, 0)
    assert (total.rows, total.books, total.shelf, total.uncounted, hidden) == (2, -20, -6, 1, False)


def test_a_correction_after_the_count_brings_the_system_to_the_shelf(books):
    member, moment = books
    warehouse = FinanceBalance.objects.first().warehouse
    cup = FinanceBalance.objects.get(item__sku="CUP").item
    posted("adjustment", warehouse, line(cup, -3, location=place(warehouse, "A-01")), doc_no="TZ-1")
    later = timezone.now()
    FinanceBalance.objects.create(item=cup, warehouse=None, as_of=later, quantity=Decimal(90), amount=Decimal(180))
    assert finance_moments() == [later, moment]
    cup = found(member, later, show="all")[0]["CUP"]
    assert (cup.warehouse, cup.finance, cup.system, cup.physical, cup.books, cup.shelf) == (None, 90, 90, 90, 0, 0)


def test_narrowed_sorted_and_summed(books):
    member, moment = books
    assert list(found(member, moment)[0]) == ["CUP"]
    assert list(found(member, moment, show="uncounted")[0]) == ["POT"]
    assert list(found(member, moment, show="all", text="po")[0]) == ["POT"]
    assert list(found(member, moment, show="all", sort="item")[0]) == ["CUP", "POT"]
    (group,) = reconciliation_by("warehouse", Wanted(moment, show="all"), member=member)
    assert (group.rows, group.finance, group.books, group.shelf) == (2, 246, -20, -6)


def test_the_documents_that_explain_it(books):
    member, moment = books
    row = found(member, moment)[0]["CUP"]
    lines = open_documents([(row.item_id, row.warehouse_id)], moment, member=member)
    assert [one.document.doc_no for one in lines] == ["RK-1"]


def test_page_file_and_api(books, browse, person, twin):
    member, _moment = books
    client = browse(member)
    page = client.get("/o/alpha/reconciliation/").content.decode()
    assert ("CUP" in page, "POT" in page) == (True, False)
    row = found(member, books[1])[0]["CUP"]
    opened_page = client.get(f"/o/alpha/reconciliation/?item={row.item_id}&in={row.warehouse_id}").content.decode()
    assert "RK-1" in opened_page
    for query in ("by=category", "by=warehouse", "show=nonsense&page=x&as_of=never", "item=1"):
        assert client.get(f"/o/alpha/reconciliation/?{query}").status_code == 200
    text = b"".join(client.get("/o/alpha/reconciliation/?export=csv&show=all").streaming_content).decode("utf-8-sig")
    assert len(text.splitlines()) == 3
    answer = client.get("/o/alpha/api/v1/reconciliation/?show=books").json()
    assert [(one["sku"], one["books"], one["shelf"], one["explained"]) for one in answer["results"]] == [
        ("CUP", "-10.0000", "-3.0000", True)
    ]
    assert browse(person("li", "counter")).get("/o/alpha/reconciliation/").status_code == 403
    with organization_scope(twin):
        assert finance_moments() == []
        assert reconciliation(Wanted(books[1], show="all"), member=system_member())[0] == []


def test_without_a_finance_book_the_page_says_what_to_do(organization, person, browse):
    page = browse(person("zhang", "manager")).get("/o/alpha/reconciliation/").content.decode()
    assert "/o/alpha/imports/" in page
