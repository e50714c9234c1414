"""Several people and devices at the same moment, committed for real."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Event
from time import sleep

import pytest
from django.db import connection

from apps.catalog.models import Item, Location
from apps.core.errors import RuleViolation
from apps.core.tenancy import organization_scope
from apps.counts.models import Count, CountEntry, CountLine, CountTask
from apps.counts.selectors import live_lines
from apps.counts.services import (
    EntryDraft,
    close_count,
    create_count,
    record_entries,
    record_entry,
    release_count,
    request_recount,
    submit_task,
    void_entry,
)
from apps.movements.services import post_document
from apps.organizations.models import Member
from apps.organizations.services import add_member, open_organization
from tests.counts.builders import Shop, document, shop


@pytest.fixture
def company(transactional_db):
    opened = open_organization("alpha", name="甲公司")
    with organization_scope(opened):
        system = Member.objects.get(kind="system")
        place = shop()
        people = {
            name: add_member(name, name=name, roles=[role], actor=system)
            for name, role in (("zhou", "manager"), ("li", "counter"), ("wang", "counter"))
        }
        count = create_count(place.warehouse, actor=people["zhou"])
        release_count(count, counters=[people["li"]], actor=people["zhou"])
    return opened


def who(name):
    return Member.objects.get(username=name)


def at_once(company, *works):
    """Run the works in threads that start together; what each returned, or the code it was refused with."""
    start = Barrier(len(works))

    def run(work):
        try:
            with organization_scope(company):
                start.wait(10)
                return work()
        except RuleViolation as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def cup(entry_no, quantity=1):
    return EntryDraft(entry_no, quantity, sku="CUP", location="A-2")


@pytest.mark.parametrize("round_", range(3))
def test_one_enters_while_another_closes(company, round_):
    """Whatever was acknowledged is in the closed figures, whatever is not was refused."""

    def entering():
        return record_entries(Count.objects.get(), [cup("late", 40)], actor=who("li")).accepted

    entered, closed = at_once(company, entering, lambda: close_count(Count.objects.get(), actor=who("zhou")).state)
    assert closed == "closed"
    with organization_scope(company):
        counted = CountLine.objects.get(stock_line__item__sku="CUP").counted
    assert (entered, counted) in [([0], Decimal(40)), ("count_closed", None)]


def test_the_same_scan_from_two_connections_is_one_entry(company):
    def send():
        result = record_entries(Count.objects.get(), [cup("same", 3)], actor=who("li"))
        return (result.accepted, result.duplicates)

    answers = at_once(company, *[send] * 6)
    assert sorted(answers) == [([], [0])] * 5 + [([0], [])]
    with organization_scope(company):
        assert CountEntry.objects.count() == 1


def test_the_same_number_with_two_bodies_at_once_keeps_one(company):
    def send(quantity):
        return lambda: record_entry(Count.objects.get(), cup("same", quantity), actor=who("li")).quantity

    answers = at_once(company, *[send(n) for n in range(1, 7)])
    assert answers.count("entry_differs") == 5
    with organization_scope(company):
        assert CountEntry.objects.count() == 1


def test_a_find_by_many_at_once_is_one_line(company):
    def send(number):
        draft = EntryDraft(f"f-{number}", 1, sku="CUP", location="B-1")
        return lambda: len(record_entries(Count.objects.get(), [draft], actor=who("li")).accepted)

    assert at_once(company, *[send(n) for n in range(6)]) == [1] * 6
    with organization_scope(company):
        (found,) = [row for row in live_lines(Count.objects.get()) if row.is_found]
        assert found.counted == 6


def test_closing_twice_closes_once(company):
    def close():
        return close_count(Count.objects.get(), actor=who("zhou")).state

    assert sorted(at_once(company, close, close)) == ["closed", "wrong_state"]


def test_handing_over_twice_and_while_closing(company):
    def submit():
        return submit_task(CountTask.objects.get(zone="A"), actor=who("li")).state

    assert sorted(at_once(company, submit, submit)) == ["submitted", "wrong_state"]


def test_two_recounts_of_the_same_lines_are_one(company):
    with organization_scope(company):
        record_entry(Count.objects.get(), cup("first", 90), actor=who("li"))

    def recount():
        line = CountLine.objects.get(stock_line__item__sku="CUP")
        return request_recount([line], assignee=who("wang"), actor=who("zhou")).round

    assert sorted(map(str, at_once(company, recount, recount))) == ["2", "recount_open"]


def test_undoing_twice_undoes_once(company):
    with organization_scope(company):
        record_entry(Count.objects.get(), cup("first", 90), actor=who("li"))

    def undo(number):
        return lambda: void_entry(CountEntry.objects.get(entry_no="first"), entry_no=number, actor=who("li")).entry_no

    answers = at_once(company, undo("u-1"), undo("u-2"))
    assert sorted(answers)[0] == "already_voided"
    with organization_scope(company):
        assert CountEntry.objects.filter(voids__isnull=False).count() == 1


@pytest.mark.parametrize("mode", ["static", "dynamic"])
def test_a_posting_that_has_begun_is_in_the_book(company, mode):
    """The release waits until the posting is committed, and its moment lies after it."""
    with organization_scope(company):
        close_count(Count.objects.get(), actor=who("zhou"))
        plan = create_count(Count.objects.get().warehouse, mode=mode, actor=who("zhou"))
        place = Shop(plan.warehouse, None, None, None, None, None, None)
        waiting = document(place, Item.objects.get(sku="CUP"), Location.objects.get(code="A-2"), 10)
    begun = Event()

    def post():
        posted = post_document(waiting, actor=who("zhou"))
        begun.set()
        sleep(0.5)
        return posted.posted_at

    def release():
        begun.wait(10)
        return release_count(plan, actor=who("zhou")).snapshot_at

    posted_at, snapshot_at = at_once(company, post, release)
    assert snapshot_at - posted_at > timedelta(seconds=0.4)
    with organization_scope(company):
        line = CountLine.objects.get(count=plan, stock_line__item__sku="CUP")
        assert (line.snapshot, line.expected) == (110, 110)


def test_releasing_the_same_stock_twice_releases_once(company):
    with organization_scope(company):
        close_count(Count.objects.get(), actor=who("zhou"))
        warehouse = Count.objects.get().warehouse
        plans = [create_count(warehouse, actor=who("zhou")).pk for _ in range(2)]

    def release(pk):
        return lambda: release_count(Count.objects.get(pk=pk), actor=who("zhou")).state

    assert sorted(at_once(company, *[release(pk) for pk in plans])) == ["counting", "location_in_open_count"]


@pytest.mark.parametrize("round_", range(3))
def test_a_posting_is_in_the_snapshot_or_frozen(company, round_):
    """A posting under way while a static count is released: in the book of the count, or stopped. Never lost."""
    with organization_scope(company):
        close_count(Count.objects.get(), actor=who("zhou"))
        plan = create_count(Count.objects.get().warehouse, actor=who("zhou"))
        place = Shop(plan.warehouse, None, None, None, None, None, None)
        waiting = document(place, Item.objects.get(sku="CUP"), Location.objects.get(code="A-2"), 10)

    posted, released = at_once(
        company,
        lambda: post_document(waiting, actor=who("zhou")).status,
        lambda: release_count(plan, actor=who("zhou")).state,
    )
    assert released == "counting"
    with organization_scope(company):
        plan.refresh_from_db()
        line = CountLine.objects.get(count=plan, stock_line__item__sku="CUP")
        assert (posted, line.snapshot) in [("posted", Decimal(110)), ("location_frozen", Decimal(100))]
        assert [row.expected for row in live_lines(plan) if row.sku == "CUP"] == [line.snapshot]
