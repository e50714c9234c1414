"""What devices, files and programs send: taken in once, whatever happens on the way."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.audit.models import AuditEntry
from apps.core.errors import Conflict, Forbidden, RuleViolation
from apps.counts.enums import CountMode
from apps.counts.models import CountEntry, CountLine
from apps.counts.selectors import live_lines
from apps.counts.services import (
    EntryDraft,
    cancel_count,
    close_count,
    record_entries,
    record_entry,
    submit_task,
    void_entry,
)
from tests.counts.builders import enter, line, released, shop


@pytest.fixture
def place(organization):
    return shop()


@pytest.fixture
def zhou(person):
    return person("zhou", "manager")


@pytest.fixture
def li(person):
    return person("li", "counter")


@pytest.fixture
def count(place, li):
    return released(place, li)


def refused(code, call, *args, kind=RuleViolation, **kwargs):
    with pytest.raises(kind) as error, transaction.atomic():
        call(*args, **kwargs)
    assert error.value.code == code
    return error.value


def cup(entry_no, quantity, **values):
    return EntryDraft(entry_no, quantity, sku="CUP", location="A-2", **values)


def test_the_same_number_again_changes_nothing(count, li):
    draft = cup("e-1", "12.5", counted_at=timezone.now(), device="PDA-7")
    assert record_entry(count, draft, actor=li) == record_entry(count, draft, actor=li)
    result = record_entries(count, [draft, draft], actor=li)
    assert (result.accepted, result.duplicates, CountEntry.objects.count()) == ([], [0, 1], 1)
    assert AuditEntry.objects.filter(action="counts.entry.recorded").count() == 1


@pytest.mark.parametrize(
    "other",
    [
        cup("e-1", 13),
        EntryDraft("e-1", 12, sku="CUP", location="B-1"),
        EntryDraft("e-1", 12, sku="POT", location="A-1"),
        EntryDraft("e-1", 12, sku="NONE", location="A-1"),
        cup("e-1", 12, counted_at=timezone.now() - timedelta(hours=1)),
        cup("e-1", 12, round=2),
    ],
)
def test_the_same_number_with_another_body_is_a_conflict(count, li, other):
    record_entry(count, cup("e-1", 12), actor=li)
    refused("entry_differs", record_entries, count, [other], actor=li, kind=Conflict)
    refused("entry_differs", record_entries, count, [cup("n-1", 5), cup("n-1", 6)], actor=li, kind=Conflict)
    assert CountEntry.objects.count() == 1


def test_an_undo_is_not_mistaken_for_the_entry(count, li):
    entry = record_entry(count, cup("e-1", 12), actor=li)
    undo = void_entry(entry, entry_no="u-1", actor=li)
    assert void_entry(entry, entry_no="u-1", actor=li) == undo
    assert record_entries(count, [cup("e-1", 12)], actor=li).duplicates == [0]
    refused("entry_differs", record_entries, count, [cup("u-1", 12)], actor=li, kind=Conflict)
    refused("already_voided", void_entry, entry, entry_no="u-2", actor=li, kind=Conflict)
    refused("not_voidable", void_entry, undo, entry_no="u-3", actor=li)
    assert CountEntry.objects.filter(count=count).count() == 2


def test_only_ones_own_entries_are_undone(count, li, zhou, person):
    entry = record_entry(count, cup("e-1", 12), actor=li)
    refused("forbidden", void_entry, entry, entry_no="u", actor=person("wang", "counter"), kind=Forbidden)
    assert void_entry(entry, entry_no="u", actor=zhou).voids == entry


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (EntryDraft("e", 1, sku="NONE", location="A-2"), "unknown_item"),
        (EntryDraft("e", 1, code="6999999999999", location="A-2"), "unknown_item"),
        (EntryDraft("e", 1, sku="CUP", location="Z-9"), "unknown_location"),
        (cup("e", 1, unit="托"), "unknown_unit"),
        (cup("e", "-1"), "negative"),
        (cup("e", "1,200"), "number_format"),
        (cup("e", "1.2E+13"), "number_format"),
        (cup("e", "0.00001"), "number_places"),
        (cup("e", "1" * 15), "number_range"),
        (EntryDraft("e", "99999999999999", sku="POT", unit="盒", location="A-1"), "number_range"),
        (cup("", 1), "entry_no_missing"),
        (cup("e" * 61, 1), "too_long"),
        (cup("e\0", 1), "too_long"),
        (cup("e", 1, counted_at=timezone.now() + timedelta(minutes=20)), "in_future"),
        (cup("e", 1, round=2), "wrong_round"),
        (cup("e", 1, lot="L9"), "lot_unexpected"),
        (EntryDraft("e", 1, sku="TEA", location="B-1"), "lot_missing"),
        (cup("e", 1, method="guess"), "method"),
    ],
)
def test_what_is_refused_and_why(count, li, draft, code):
    refused(code, record_entries, count, [cup("good", 1), draft], actor=li)
    assert CountEntry.objects.count() == 0
    result = record_entries(count, [cup("good", 1), draft], partial=True, actor=li)
    assert (result.accepted, [(row.index, row.code) for row in result.refused]) == ([0], [(1, code)])


def test_the_unknown_code_is_named(count, li):
    error = refused("unknown_item", record_entries, count, [EntryDraft("e", 1, code="69X", location="A-2")], actor=li)
    assert "69X" in error.message


def test_every_wrong_row_is_listed(count, li):
    drafts = [EntryDraft("a", 1, sku="NONE", location="A-2"), cup("b", 1), cup("c", -1)]
    error = refused("entries_refused", record_entries, count, drafts, actor=li)
    assert [(row.index, row.entry_no, row.code) for row in error.rows] == [
        (0, "a", "unknown_item"),
        (2, "c", "negative"),
    ]


def test_full_width_digits_and_the_largest_number(count, li):
    assert enter(count, li, "CUP", "１２．５").quantity == Decimal("12.5")
    assert enter(count, li, "POT", "99999999999999.9999", "A-1").base_quantity == Decimal("99999999999999.9999")
    refused("number_range", enter, count, li, "POT", "10000000000", "A-1")


def test_a_total_that_no_column_holds_stops_closing_with_a_reason(count, li, zhou):
    enter(count, li, "POT", "99999999999999.9999", "A-1")
    enter(count, li, "POT", "0.0001", "A-1")
    refused("number_range", close_count, count, actor=zhou)


def test_a_location_of_another_count_is_refused(place, zhou, li):
    from apps.counts.services import create_count, release_count

    small = release_count(create_count(place.warehouse, locations=[place.a2], actor=zhou), actor=zhou)
    refused("location_not_in_count", enter, small, li, "POT", 1, "A-1")


def test_a_dynamic_count_takes_nothing_from_before_its_snapshot(place, li):
    count = released(place, li, mode=CountMode.DYNAMIC)
    early = count.snapshot_at - timedelta(seconds=1)
    refused("before_snapshot", enter, count, li, "CUP", 1, counted_at=early)


def test_what_was_taken_in_is_acknowledged_after_closing_too(count, li, zhou):
    """A device that never got the answer sends again after the count was closed."""
    record_entry(count, cup("e-1", 12), actor=li)
    close_count(count, actor=zhou)
    result = record_entries(count, [cup("e-1", 12), cup("e-2", 1)], partial=True, actor=li)
    assert (result.duplicates, [row.code for row in result.refused]) == ([0], ["count_closed"])
    refused("count_closed", record_entries, count, [cup("e-2", 1)], actor=li, kind=Conflict)
    refused("count_closed", void_entry, CountEntry.objects.get(), entry_no="u", actor=li, kind=Conflict)


def test_a_cancelled_count_and_a_task_handed_over_take_nothing(count, li, zhou):
    entry = record_entry(count, cup("e-1", 12), actor=li)
    submit_task(entry.task, actor=li)
    refused("task_submitted", record_entries, count, [cup("e-2", 1)], actor=li, kind=Conflict)
    refused("task_submitted", void_entry, entry, entry_no="u", actor=li, kind=Conflict)
    assert record_entries(count, [cup("e-1", 12)], actor=li).duplicates == [0]
    assert enter(count, zhou, "CUP", 1).counter == zhou
    cancel_count(count, reason="重来", actor=zhou)
    refused("count_closed", record_entries, count, [cup("e-3", 1)], actor=zhou, kind=Conflict)


def test_a_task_of_another_count_is_refused(place, count, li, zhou):
    from apps.counts.services import create_count, release_count

    cancel_count(count, reason="重来", actor=zhou)
    other = release_count(create_count(place.warehouse, actor=zhou), counters=[li], actor=zhou)
    refused("unknown_task", enter, other, li, "CUP", 1, task=count.tasks.first())


def test_nobody_enters_in_another_name_but_an_import(count, li, zhou, system):
    refused("not_you", enter, count, zhou, "CUP", 1, counter=li)
    entry = enter(count, system, "CUP", 1, counter=li, method="import", round=2)
    assert (entry.counter, entry.round, line(count, "CUP").round) == (li, 2, 2)


def test_a_find_is_one_line_however_often_it_is_entered(count, li):
    drafts = [EntryDraft(f"f-{n}", 1, sku="CUP", location="B-1") for n in range(5)]
    record_entries(count, drafts, actor=li)
    found = CountLine.objects.get(count=count, is_found=True)
    assert (found.task, found.entries.count()) == (count.tasks.get(zone="B"), 5)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            [("CUP", "A-2", "", ""), ("POT", "A-1", "盒", ""), ("CUP", "B-1", "", ""), ("TEA", "B-1", "", "L1")]
        ),
        st.decimals(0, 5000, places=4),
        st.integers(1, 5),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, seed=st.integers(0, 10**6))
def test_resent_and_shuffled_each_event_counts_once(count, li, events, seed):
    """Two devices; every event 1 to 5 times, in any order, in batches of any size."""
    with transaction.atomic():
        drafts, expected = [], {}
        for number, ((sku, location, unit, lot), quantity, times) in enumerate(events):
            draft = EntryDraft(
                f"d{number % 2}-{number}",
                quantity,
                sku=sku,
                location=location,
                unit=unit,
                lot=lot,
                device=f"d{number % 2}",
            )
            drafts += [draft] * times
            key, base = (location, sku), quantity * (6 if unit else 1)
            expected[key] = expected.get(key, 0) + base
        shuffled = random.Random(seed)
        shuffled.shuffle(drafts)
        accepted = 0
        while drafts:
            size = shuffled.randint(1, 7)
            batch, drafts = drafts[:size], drafts[size:]
            accepted += len(record_entries(count, batch, actor=li).accepted)
        assert accepted == len(events) == CountEntry.objects.count()
        assert {(row.location, row.sku): row.counted for row in live_lines(count, counted=True)} == expected
        transaction.set_rollback(True)
