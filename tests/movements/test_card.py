"""An item's stock card: balances, counts between movements, places, days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.counts.services import EntryDraft, close_count, create_count, record_entries, release_count
from apps.movements.models import StockLine
from apps.movements.selectors.story import story, whole_story
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import at, line, opened, posted

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(organization, person):
    warehouse = make_warehouse("WH01", "A-01", "B-01")
    cup = make_item("CUP")
    opened(place(warehouse, "A-01"), cup, 10, timezone.now() - timedelta(days=2))
    manager, counter = person("zhang", "manager"), person("wang", "counter")
    posted("receipt", warehouse, line(cup, 5, location=place(warehouse, "A-01")), doc_no="RK-1")
    count = create_count(warehouse, locations=[place(warehouse, "A-01")], count_no="PD-1", blind=False, actor=manager)
    count = release_count(count, counters=[counter], actor=manager)
    record_entries(count, [EntryDraft("E-1", 14, sku="CUP", location="A-01")], actor=counter)
    close_count(count, actor=manager)
    posted("receipt", warehouse, line(cup, 7, location=place(warehouse, "B-01")), doc_no="RK-2")
    return manager, cup


def told(rows):
    return [
        ("count", row.count.counted, row.count.difference) if row.count else (row.entry.quantity, row.balance)
        for row in rows
    ]


def test_the_story_latest_first_with_counts_in_between(shop):
    manager, cup = shop
    places = StockLine.objects.filter(item=cup)
    whole = [(7, 22), ("count", 14, -1), (5, 15), (10, 10)]
    assert told(story(cup, places, member=manager)) == whole
    pages = [row for start in range(3) for row in story(cup, places, member=manager, offset=start, limit=1)]
    assert told(pages) == whole
    oldest_first = whole_story(cup, places, member=manager, since=None, until=None)
    assert told(oldest_first) == whole[::-1]


def test_page_and_file(shop, browse, person):
    manager, cup = shop
    client = browse(manager)
    page = client.get(f"/o/alpha/items/{cup.pk}/card/").content.decode()
    assert [no for no in ("RK-1", "RK-2", "PD-1") if no in page] == ["RK-1", "RK-2", "PD-1"]
    page = client.get(f"/o/alpha/items/{cup.pk}/card/?location=b").content.decode()
    assert [no for no in ("RK-1", "RK-2", "PD-1") if no in page] == ["RK-2"]
    text = b"".join(client.get(f"/o/alpha/items/{cup.pk}/card/?export=csv").streaming_content).decode("utf-8-sig")
    assert len(text.splitlines()) == 5
    assert browse(person("li", "counter")).get(f"/o/alpha/items/{cup.pk}/card/").status_code == 403


def test_stock_as_it_was_known_and_the_entries_behind_it(organization, person, browse):
    warehouse, cup = make_warehouse("WH01"), make_item("CUP")
    moved = at("2024-01-02T10:00:00")
    for quantity, day in ((10, 2), (5, 5)):
        known = at(f"2024-01-0{day}T11:00:00")
        posted("receipt", warehouse, line(cup, quantity), occurred_at=moved, posted_at=known)
    client = browse(person("zhang", "manager"))

    def shown(query):
        page = client.get(f"/o/alpha/stock/?{query}")
        (row,) = page.context["page"]
        ledger = client.get(f"/o/alpha/ledger/?stock_line={row.pk}{page.context['drill']}")
        assert sum(entry.quantity for entry in ledger.context["page"]) == row.on_hand
        return row.on_hand

    assert shown("") == 15
    assert shown("as_of=2024-01-02") == 10
    assert shown("as_of=2024-01-02&known_at=2024-01-04") == 10
    assert shown("as_of=2024-01-02&known_at=2024-01-05") == 15
    assert shown("as_of=2024-01-01&known_at=2024-01-05") == 0
