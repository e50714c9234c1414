"""Book 100, and a receipt of 10 arrives while it is counted: 110 in the end, whichever came first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.errors import Conflict
from apps.counts.enums import CountMode
from apps.counts.selectors import live_lines
from apps.counts.services import close_count
from apps.movements.models import StockLine
from apps.movements.selectors import verify_balances
from apps.movements.services import change_document, reverse_document
from tests.counts.builders import enter, line, receive, released, shop


@pytest.fixture
def place(organization):
    return shop()


@pytest.fixture
def zhou(person):
    return person("zhou", "manager", "controller")


@pytest.fixture
def li(person):
    return person("li", "counter")


def on_hand():
    assert verify_balances() == []
    return StockLine.objects.get(item__sku="CUP").quantity


def settled(count, zhou):
    (before,) = live_lines(count, counted=True)
    close_count(count, actor=zhou)
    after = line(count, "CUP")
    assert (before.expected, before.variance) == (after.expected, after.variance)
    return after


def test_counted_before_it(place, zhou, li):
    count = released(place, li, mode=CountMode.DYNAMIC)
    enter(count, li, "CUP", 100)
    receive(place, place.cup, place.a2, 10)
    after = settled(count, zhou)
    assert (after.snapshot, after.moved_in, after.expected, after.counted, after.variance) == (100, 0, 100, 100, 0)
    assert on_hand() == 110


def test_counted_after_it(place, zhou, li):
    count = released(place, li, mode=CountMode.DYNAMIC)
    receive(place, place.cup, place.a2, 10)
    enter(count, li, "CUP", 110)
    after = settled(count, zhou)
    assert (after.snapshot, after.moved_in, after.expected, after.counted, after.variance) == (100, 10, 110, 110, 0)
    assert on_hand() == 110


def test_counted_before_it_and_the_document_is_edited_afterwards(place, zhou, li):
    """A posted document is not edited: it is reversed and entered again. Neither reaches the count."""
    count = released(place, li, mode=CountMode.DYNAMIC)
    enter(count, li, "CUP", 100)
    receipt = receive(place, place.cup, place.a2, 10)
    with pytest.raises(Conflict):
        change_document(receipt, reason="改", occurred_at=receipt.posted_at - timedelta(hours=2), actor=zhou)
    reverse_document(receipt, reason="重录", actor=zhou)
    receive(place, place.cup, place.a2, 10)
    after = settled(count, zhou)
    assert (after.expected, after.counted, after.variance) == (100, 100, 0)
    assert on_hand() == 110


def test_sent_late_by_a_phone_that_was_offline(place, zhou, li):
    """The device's own time of counting stands, not the time at which it found the network again."""
    count = released(place, li, mode=CountMode.DYNAMIC)
    counted_at = count.snapshot_at + timedelta(microseconds=1)
    receive(place, place.cup, place.a2, 10)
    enter(count, li, "CUP", 100, counted_at=counted_at)
    assert settled(count, zhou).variance == 0
    assert on_hand() == 110


def test_a_static_count_refuses_the_receipt_until_it_is_closed(place, zhou, li):
    count = released(place, li)
    with pytest.raises(Conflict) as error:
        receive(place, place.cup, place.a2, 10)
    assert error.value.code == "location_frozen"
    enter(count, li, "CUP", 100)
    assert settled(count, zhou).variance == 0
    receive(place, place.cup, place.a2, 10)
    assert on_hand() == 110
