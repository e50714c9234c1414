"""Stock now, at past moments, as known at others; the stock card; what is hidden."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.tenancy import organization_scope
from apps.movements.models import StockLine
from apps.movements.selectors import (
    book_at,
    negative_stock,
    neighbours,
    stock_at,
    stock_card,
    stock_now,
    stock_rows,
    visible_document_lines,
    visible_entries,
    visible_stock_lines,
)
from apps.movements.services import reverse_document
from apps.movements.signals import hidden_locations
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import at, line, make_document, opened, posted


@pytest.fixture
def quarter(organization):
    """Q4 of a cup: opened with 100, +10 keyed late, −4 at the last second of December, +1 in the first of January."""
    warehouse = make_warehouse("WH01", "A-01")
    cup = make_item("A-001", standard_cost=Decimal("2.5"))
    opened(place(warehouse), cup, 100, at("2023-10-01T00:00:00"))
    posted(
        "receipt",
        warehouse,
        line(cup, 10),
        occurred_at=at("2023-11-30T23:00:00"),
        posted_at=at("2023-12-02T09:00:00"),
    )
    posted(
        "gift_issue",
        warehouse,
        line(cup, 4),
        occurred_at=at("2023-12-31T20:00:00"),
        posted_at=at("2023-12-31T23:59:59"),
    )
    posted("receipt", warehouse, line(cup, 1), posted_at=at("2024-01-01T00:00:00"))
    return warehouse, cup


def on_hand(as_of, known_at=None):
    by_page = {s.location.code: s.on_hand for s in stock_at(as_of, known_at)}
    by_file = {row.location: row.quantity for row in stock_rows(as_of, known_at)}
    assert by_file == {code: quantity for code, quantity in by_page.items() if quantity}
    return by_page.get("")


@pytest.mark.parametrize(
    ("as_of", "quantity"),
    [
        ("2023-09-30T23:59:59", 0),
        ("2023-10-01T00:00:00", 100),
        ("2023-11-30T23:59:59", 100),
        ("2023-12-02T08:59:59", 100),
        ("2023-12-02T09:00:00", 110),
        ("2023-12-31T23:59:58", 110),
        ("2023-12-31T23:59:59", 106),
        ("2024-01-01T00:00:00", 107),
    ],
)
def test_the_book_at_a_moment(quarter, as_of, quantity):
    assert on_hand(at(as_of)) == quantity
    lines = StockLine.objects.all()
    assert list(book_at(lines, at(as_of)).values()) == [quantity]


@pytest.mark.parametrize(
    ("as_of", "known_at", "quantity"),
    [
        ("2023-11-30T23:30:00", "2023-12-01T00:00:00", 100),
        ("2023-11-30T23:30:00", "2023-12-03T00:00:00", 110),
        ("2023-11-30T22:00:00", "2024-02-01T00:00:00", 100),
        ("2023-12-31T21:00:00", "2023-12-31T22:00:00", 110),
        ("2023-12-31T21:00:00", "2024-01-01T00:00:00", 106),
    ],
)
def test_what_had_moved_as_known_later(quarter, as_of, known_at, quantity):
    assert on_hand(at(as_of), at(known_at)) == quantity


def test_a_reversal_shows_from_its_own_time_in_the_book_and_from_the_start_to_who_knows(quarter, system):
    warehouse, cup = quarter
    wrong = posted(
        "scrap",
        warehouse,
        line(cup, 50),
        occurred_at=at("2024-01-05T10:00:00"),
        posted_at=at("2024-01-05T11:00:00"),
    )
    back = reverse_document(wrong, reason="录错", actor=system)
    assert on_hand(at("2024-01-06T00:00:00")) == 57
    assert on_hand(back.posted_at) == 107
    assert on_hand(at("2024-01-06T00:00:00"), timezone.now()) == 107


def test_stock_now_and_value(quarter):
    now = stock_now().get()
    assert (now.on_hand, now.value) == (Decimal(107), Decimal("267.5"))
    assert list(stock_rows()) == [("WH01", "", "A-001", "", Decimal(107), Decimal("267.5"))]


def test_zero_lines_are_not_rows(quarter):
    warehouse, cup = quarter
    posted("sales_issue", warehouse, line(cup, 107))
    assert list(stock_rows()) == []
    assert list(stock_rows(timezone.now())) == []


def test_negative_stock_is_found(quarter):
    warehouse, cup = quarter
    assert not negative_stock().exists()
    posted("sales_issue", warehouse, line(cup, 108))
    assert negative_stock().get().on_hand == -1


def test_stock_card_pages(quarter, person, django_assert_num_queries):
    zhou, (_warehouse, cup) = person("zhou", "manager"), quarter
    with CaptureQueriesContext(connection) as queries:
        stock_card(zhou, cup, limit=1)
    with django_assert_num_queries(len(queries)):
        card = stock_card(zhou, cup)
    assert [(row.entry.quantity, row.balance) for row in card] == [(1, 107), (-4, 106), (10, 110), (100, 100)]
    assert stock_card(zhou, cup, offset=2) == card[2:]
    assert stock_card(zhou, cup, offset=1, limit=1) == card[1:2]


def test_hidden_locations_hide_everything(quarter, person):
    warehouse, cup = quarter
    zhou, lin = person("zhou", "manager"), person("lin", "manager")
    shelf = place(warehouse, "A-01")
    posted("receipt", warehouse, line(cup, 5, location=shelf))

    def hide(sender, member, **kwargs):
        return [shelf.pk] if member == lin else []

    hidden_locations.connect(hide)
    try:
        for member, places in ((zhou, {"", "A-01"}), (lin, {""})):
            assert {s.location.code for s in visible_stock_lines(member)} == places
            assert {e.stock_line.location.code for e in visible_entries(member)} == places
            assert {x.location.code for x in visible_document_lines(member)} == places
        assert stock_card(lin, cup)[0].balance == 107
    finally:
        hidden_locations.disconnect(hide)


def test_links_by_source_number(quarter):
    warehouse, cup = quarter
    order = make_document("purchase_order", warehouse, line(cup, 5), doc_no="CG-1")
    receipt = make_document("receipt", warehouse, line(cup, 5, source_doc_no="CG-1"))
    assert neighbours(receipt) == ([order], [])
    assert neighbours(order) == ([], [receipt])


def test_another_company_has_its_own_book(quarter, twin):
    with organization_scope(twin):
        assert list(stock_rows()) == []
        assert list(stock_rows(timezone.now() + timedelta(days=1))) == []
