from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.catalog.services import save_warehouse
from apps.core.errors import Conflict, Forbidden, RuleViolation
from apps.counts.enums import COUNT_TRANSITIONS, TASK_TRANSITIONS, CountMode, CountState, TaskState
from apps.counts.models import Count, CountEntry, CountLine, CountLocation
from apps.counts.selectors import beyond_tolerance, count_progress, lines_for_counter, live_lines, my_tasks
from apps.counts.services import (
    EntryDraft,
    assign_task,
    cancel_count,
    claim_task,
    close_count,
    create_count,
    record_entries,
    release_count,
    reopen_task,
    request_recount,
    set_tolerance,
    submit_task,
    void_entry,
)
from apps.movements.services import post_document
from apps.notifications.models import Notification
from tests.counts.builders import document, enter, line, receive, released, shop


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
def wang(person):
    return person("wang", "counter")


def refused(code, call, *args, kind=RuleViolation, **kwargs):
    with pytest.raises(kind) as error, transaction.atomic():
        call(*args, **kwargs)
    assert error.value.code == code
    return error.value


# Planning and releasing


@time_machine.travel("2024-01-01T00:30:00+08:00", tick=False)
def test_numbers_follow_the_organizations_day(place, zhou, organization):
    """Half past midnight in Shanghai is still last year in UTC."""
    numbers = [create_count(place.warehouse, actor=zhou).count_no for _ in range(2)]
    assert numbers == ["PD-20240101-01", "PD-20240101-02"]


def test_a_number_is_used_once(place, zhou):
    create_count(place.warehouse, count_no="Q4", actor=zhou)
    refused("count_no_taken", create_count, place.warehouse, count_no=" Q4 ", actor=zhou, kind=Conflict)


def test_a_count_stays_inside_its_warehouse(place, zhou, system):
    other = save_warehouse("W2", name="二号仓", actor=system)
    refused("other_warehouse", create_count, other, locations=[place.a1], actor=zhou)
    refused("no_locations", create_count, place.warehouse, locations=[], actor=zhou)


def test_release_copies_the_book_and_deals_zones(place, zhou, li, wang):
    count = release_count(create_count(place.warehouse, actor=zhou), counters=[li, wang], actor=zhou)
    assert {
        (row.stock_line.item.sku, row.snapshot, row.expected, row.counted, row.unit_cost)
        for row in count.lines.select_related("stock_line__item")
    } == {
        ("POT", Decimal(1200), Decimal(1200), None, Decimal("10.5")),
        ("CUP", Decimal(100), Decimal(100), None, Decimal(3)),
        ("TEA", Decimal("30.5"), Decimal("30.5"), None, Decimal(80)),
    }
    assert [(task.zone, task.assignee) for task in count.tasks.order_by("zone")] == [("A", li), ("B", wang)]
    assert set(Notification.objects.values_list("member__username", "url")) == {
        ("li", "counts/tasks/"),
        ("wang", "counts/tasks/"),
    }


def test_nobody_is_sent_to_an_unnamed_place_that_is_empty(place, zhou, li, system):
    """It stays in the count for what is found there, is a task once it holds something, or where it is all there is."""
    unnamed = place.warehouse.locations.get(code="")
    count = released(place, li)
    assert (count.locations.filter(location=unnamed).count(), count.tasks.filter(zone="").count()) == (1, 0)
    assert enter(count, zhou, "CUP", 3, location="").line.is_found
    count = cancel_count(count, reason="重来", actor=zhou)
    assert released(place, li).tasks.filter(zone="").count() == 1

    empty = save_warehouse("W2", name="二号仓", actor=system)
    count = release_count(create_count(empty, actor=zhou), actor=zhou)
    assert [(task.zone, task.lines.count()) for task in count.tasks.all()] == [("", 0)]


def test_one_zone_is_cut_along_the_walk_for_several_counters(place, zhou, li, wang):
    plan = create_count(place.warehouse, locations=[place.a1, place.a2], actor=zhou)
    count = release_count(plan, counters=[li, wang], actor=zhou)
    assert {(task.zone, task.assignee, task.lines.count()) for task in count.tasks.all()} == {
        ("A", li, 1),
        ("A", wang, 1),
    }


def test_two_open_counts_never_hold_the_same_stock(place, zhou):
    first = released(place)
    second = create_count(place.warehouse, locations=[place.a2], actor=zhou)
    error = refused("location_in_open_count", release_count, second, actor=zhou, kind=Conflict)
    assert first.count_no in error.message
    assert "A-2" in error.message
    cancel_count(first, reason="重来", actor=zhou)
    assert release_count(second, actor=zhou).is_open


def test_the_database_itself_refuses_a_second_open_count(place, zhou):
    first = released(place)
    second = create_count(place.warehouse, locations=[place.a2], actor=zhou)
    with pytest.raises(IntegrityError), transaction.atomic():
        CountLocation.objects.filter(count=second).update(is_open=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        CountLine.objects.create(
            count=second, stock_line=first.lines.first().stock_line, snapshot=0, expected=0, is_open=True
        )


def test_somebody_who_may_not_write_gets_no_task(place, zhou, person):
    plan = create_count(place.warehouse, actor=zhou)
    refused("not_a_counter", release_count, plan, counters=[person("sun", "auditor")], actor=zhou)


def test_history_is_released_as_the_ledger_knows_it(place, zhou):
    earlier = timezone.now() - timedelta(days=10)
    receive(place, place.cup, place.a2, 7)
    count = release_count(create_count(place.warehouse, actor=zhou), at=earlier, actor=zhou)
    assert count.lines.count() == 0
    today = create_count(place.warehouse, actor=zhou)
    assert release_count(today, at=timezone.now(), exclusive=False, actor=zhou).lines.count() == 3
    assert line(today, "CUP").snapshot == 107


# States and who may


@pytest.mark.parametrize("now", CountState.values)
@pytest.mark.parametrize(
    ("wish", "to"),
    [
        (lambda count, actor: release_count(count, actor=actor), CountState.COUNTING),
        (lambda count, actor: close_count(count, actor=actor), CountState.CLOSED),
        (lambda count, actor: cancel_count(count, reason="重来", actor=actor), CountState.CANCELLED),
    ],
)
def test_every_pair_of_states(place, zhou, now, wish, to):
    count = create_count(place.warehouse, actor=zhou)
    if now in (CountState.COUNTING, CountState.CLOSED):
        release_count(count, actor=zhou)
    if now == CountState.CLOSED:
        close_count(count, actor=zhou)
    if now == CountState.CANCELLED:
        cancel_count(count, reason="重来", actor=zhou)
    count.refresh_from_db()
    if to in COUNT_TRANSITIONS[now]:
        assert wish(count, zhou).state == to
    else:
        refused("wrong_state", wish, count, zhou, kind=Conflict)
        assert Count.objects.get().state == now


@pytest.mark.parametrize("now", TaskState.values)
def test_every_pair_of_task_states(place, zhou, li, now):
    task = released(place, li).tasks.first()
    if now == TaskState.SUBMITTED:
        submit_task(task, actor=li)
    wishes = {
        TaskState.SUBMITTED: lambda: submit_task(task, actor=zhou),
        TaskState.OPEN: lambda: reopen_task(task, reason="漏盘", actor=zhou),
    }
    for to, wish in wishes.items():
        if to in TASK_TRANSITIONS[now]:
            with transaction.atomic():
                assert wish().state == to
                transaction.set_rollback(True)
        else:
            refused("wrong_state", wish, kind=Conflict)


@pytest.mark.parametrize("role", ["owner", "counter", "controller", "finance", "assignee", "auditor"])
def test_only_the_manager_plans_and_closes(place, person, zhou, role):
    other = person("other", role)
    plan = create_count(place.warehouse, actor=zhou)
    refused("forbidden", create_count, place.warehouse, actor=other, kind=Forbidden)
    refused("forbidden", release_count, plan, actor=other, kind=Forbidden)
    refused("forbidden", close_count, plan, actor=other, kind=Forbidden)
    refused("forbidden", cancel_count, plan, reason="…", actor=other, kind=Forbidden)


def test_who_has_no_task_enters_nothing(place, person):
    count = released(place)
    refused("forbidden", enter, count, person("qian", "controller"), "CUP", 1, kind=Forbidden)
    refused("forbidden", enter, count, person("sun", "auditor"), "CUP", 1, kind=Forbidden)


def test_the_line_of_somebody_elses_task_is_not_counted_twice(place, zhou, li, wang):
    count = release_count(create_count(place.warehouse, locations=[place.a2], actor=zhou), counters=[li], actor=zhou)
    refused("not_your_task", enter, count, wang, "CUP", 1)
    assert enter(count, zhou, "CUP", 1).counter == zhou


def test_each_service_writes_one_audit_entry(place, zhou, li):
    count = released(place, li)
    before = AuditEntry.objects.count()
    enter(count, li, "CUP", 100)
    submit_task(count.tasks.get(zone="A"), actor=li)
    close_count(count, actor=zhou)
    actions = [row.action for row in AuditEntry.objects.order_by("sequence")[before:]]
    assert [action for action in actions if action.startswith("counts.")] == [
        "counts.entry.recorded",
        "counts.task.submitted",
        "counts.count.closed",
    ]


# Freezing


def test_a_static_count_freezes_its_locations(place, zhou):
    count = released(place)
    waiting = document(place, place.cup, place.a2, 5)
    error = refused("location_frozen", post_document, waiting, actor=zhou, kind=Conflict)
    assert count.count_no in error.message
    close_count(count, actor=zhou)
    assert post_document(waiting, actor=zhou).status == "posted"


def test_a_dynamic_count_freezes_nothing(place):
    released(place, mode=CountMode.DYNAMIC)
    assert receive(place, place.cup, place.a2, 5).status == "posted"


def test_locations_outside_the_count_go_on(place, zhou):
    release_count(create_count(place.warehouse, locations=[place.a1], actor=zhou), actor=zhou)
    assert receive(place, place.cup, place.a2, 5).status == "posted"


# The five numbers


def test_not_counted_is_not_zero(place, zhou, li):
    count = released(place, li)
    enter(count, li, "CUP", 0)
    close_count(count, actor=zhou)
    assert (line(count, "CUP").counted, line(count, "CUP").variance) == (0, -100)
    assert (line(count, "POT").counted, line(count, "POT").variance) == (None, None)
    assert [row.sku for row in live_lines(count, counted=True)] == ["CUP"]


def test_counted_zero_of_100_is_listed_with_its_value(place, zhou, li):
    count = released(place, li)
    enter(count, li, "CUP", 0)
    for state in ("counting", "closed"):
        assert count.state == state
        assert [(row.sku, row.variance, row.value) for row in live_lines(count, differing=True)] == [
            ("CUP", Decimal(-100), Decimal(-300))
        ]
        count = close_count(count, actor=zhou) if state == "counting" else count


def test_lines_nobody_counted_become_zero_only_with_a_reason(place, zhou, li):
    count = released(place, li)
    enter(count, li, "CUP", 100)
    refused("reason_missing", close_count, count, uncounted="zero", actor=zhou)
    refused("uncounted", close_count, count, uncounted="drop", actor=zhou)
    close_count(count, uncounted="zero", reason="A-1、B-1 已清空", actor=zhou)
    assert {(row.stock_line.item.sku, row.counted) for row in count.lines.all()} == {
        ("CUP", 100),
        ("POT", 0),
        ("TEA", 0),
    }
    zeros = CountEntry.objects.filter(count=count, quantity=0)
    assert {(entry.counter, entry.note) for entry in zeros} == {(zhou, "A-1、B-1 已清空")}


def test_any_unit_adds_up_in_base_units(place, zhou, li):
    count = released(place, li)
    enter(count, li, "POT", 199, "A-1", unit="盒")
    enter(count, li, "POT", 5, "A-1", unit="件")
    enter(count, li, "POT", 1, "A-1")
    enter(count, li, "TEA", "30.4999", "B-1", lot="L1")
    close_count(count, actor=zhou)
    assert (line(count, "POT").counted, line(count, "POT").variance) == (1200, 0)
    assert line(count, "TEA").variance == Decimal("-0.0001")


def test_a_barcode_brings_its_unit(place, li):
    count = released(place, li)
    draft = EntryDraft("s-1", 2, code="6900000000012", location="A-1", method="scan")
    record_entries(count, [draft], actor=li)
    entry = CountEntry.objects.get()
    assert (entry.unit, entry.base_quantity, entry.method) == ("盒", 12, "scan")


def test_a_find_has_an_empty_book(place, zhou, li):
    count = released(place, li)
    enter(count, li, "CUP", 8, "B-1")
    close_count(count, actor=zhou)
    found = CountLine.objects.get(count=count, is_found=True)
    assert (found.snapshot, found.expected, found.counted, found.variance, found.unit_cost) == (0, 0, 8, 8, 3)


def test_a_find_of_stock_that_arrived_after_the_snapshot(place, li):
    count = released(place, li, mode=CountMode.DYNAMIC)
    receive(place, place.cup, place.b1, 8)
    enter(count, li, "CUP", 8, "B-1")
    found = next(row for row in live_lines(count) if row.is_found)
    assert (found.snapshot, found.moved_in, found.expected, found.variance) == (0, 8, 8, 0)


def test_the_line_keeps_time_to_its_last_round(place, zhou, li, wang):
    """Dynamic: moves count up to the line's own moment; an undone entry is no moment."""
    count = released(place, li, mode=CountMode.DYNAMIC)
    enter(count, li, "CUP", 100)
    receive(place, place.cup, place.a2, 10)
    wrong = enter(count, li, "CUP", 50)
    assert next(r.expected for r in live_lines(count) if r.sku == "CUP") == 110
    void_entry(wrong, entry_no="undo", actor=li)
    (row,) = live_lines(count, counted=True)
    assert (row.expected, row.counted, row.variance) == (100, 100, 0)
    request_recount([line(count, "CUP")], assignee=wang, actor=zhou)
    enter(count, wang, "CUP", 109)
    receive(place, place.cup, place.a2, 3, "scrap")
    close_count(count, abandon_recounts=True, actor=zhou)
    settled = line(count, "CUP")
    assert (settled.moved_in, settled.moved_out, settled.expected, settled.counted) == (10, 0, 110, 109)


def test_equal_times_count_as_before(place, zhou, li, organization):
    count = released(place, li, mode=CountMode.DYNAMIC)
    moment = timezone.now() - timedelta(microseconds=1)
    post_document(document(place, place.cup, place.a2, 10), posted_at=moment, actor=zhou)
    enter(count, li, "CUP", 110, counted_at=moment)
    assert next(live_lines(count, counted=True)).variance == 0


def test_history_that_comes_late_is_in_the_book_of_an_open_count(place, zhou, li, system):
    count = released(place, li)
    post_document(
        document(place, place.cup, place.a2, 10),
        posted_at=count.snapshot_at - timedelta(microseconds=1),
        ignore_freeze=True,
        actor=system,
    )
    enter(count, li, "CUP", 110)
    close_count(count, actor=zhou)
    assert (line(count, "CUP").snapshot, line(count, "CUP").variance) == (110, 0)


def test_a_closed_count_is_never_rewritten(place, zhou, li, system):
    count = released(place, li)
    enter(count, li, "CUP", 90)
    count = close_count(count, actor=zhou)
    late = count.snapshot_at - timedelta(seconds=1)
    post_document(document(place, place.cup, place.a2, 7), posted_at=late, actor=system)
    assert (line(count, "CUP").expected, line(count, "CUP").variance) == (100, -10)
    assert [row.variance for row in live_lines(count, differing=True)] == [-10]


# Recounts


def test_a_recount_is_by_somebody_else_and_keeps_the_first(place, zhou, li, wang):
    count = released(place, li)
    enter(count, li, "CUP", 90)
    cup = line(count, "CUP")
    error = refused("own_recount", request_recount, [cup], assignee=li, actor=zhou)
    assert error.rows == [str(cup.stock_line)]
    task = request_recount([cup], assignee=wang, reason="差异大", actor=zhou)
    assert (task.round, task.assignee, line(count, "CUP").round) == (2, wang, 2)
    refused("recount_open", request_recount, [cup], assignee=wang, actor=zhou, kind=Conflict)
    refused("not_your_task", enter, count, li, "CUP", 95)
    assert enter(count, wang, "CUP", 98).round == 2
    submit_task(task, actor=wang)
    close_count(count, actor=zhou)
    assert (line(count, "CUP").counted, line(count, "CUP").round) == (98, 2)
    assert set(CountEntry.objects.values_list("round", "quantity")) == {(1, 90), (2, 98)}


def test_a_manager_who_counted_does_not_recount(place, zhou, wang):
    count = released(place)
    enter(count, zhou, "CUP", 90)
    request_recount([line(count, "CUP")], assignee=wang, actor=zhou)
    refused("own_recount", enter, count, zhou, "CUP", 95)


def test_lines_that_nobody_counted_are_not_recounted(place, zhou, wang):
    count = released(place)
    refused("not_counted", request_recount, [line(count, "CUP")], assignee=wang, actor=zhou)
    refused("no_lines", request_recount, [], assignee=wang, actor=zhou)


def test_open_recounts_hold_the_count_unless_told(place, zhou, li, wang):
    count = released(place, li)
    enter(count, li, "CUP", 90)
    request_recount([line(count, "CUP")], assignee=wang, actor=zhou)
    refused("open_recounts", close_count, count, actor=zhou, kind=Conflict)
    close_count(count, abandon_recounts=True, actor=zhou)
    assert (line(count, "CUP").counted, line(count, "CUP").round) == (90, 1)


def test_entries_of_the_first_round_that_come_late_are_kept_there(place, zhou, li, wang):
    """A phone that was offline while the recount began."""
    count = released(place, li)
    first = count.tasks.get(zone="A")
    enter(count, li, "CUP", 90)
    request_recount([line(count, "CUP")], assignee=wang, actor=zhou)
    assert enter(count, li, "CUP", 4, task=first).round == 1
    enter(count, wang, "CUP", 99)
    assert next(live_lines(count, counted=True)).counted == 99


def test_suggestions_follow_the_tolerance_the_count_started_with(place, zhou, person, li, wang):
    finance = person("shen", "finance")
    set_tolerance(percent=Decimal(5), value=Decimal(100), actor=finance)
    count = released(place, li)
    set_tolerance(actor=finance)
    enter(count, li, "CUP", 96)  # 4 %, 12 money
    enter(count, li, "POT", 1190, "A-1")  # 0.8 %, 105 money
    enter(count, li, "CUP", 1, "B-1")  # a find: no percentage passes
    assert [(row.sku, row.location) for row in beyond_tolerance(count)] == [("POT", "A-1"), ("CUP", "B-1")]
    request_recount([line(count, "POT")], assignee=wang, actor=zhou)
    assert [(row.sku, row.location) for row in beyond_tolerance(count)] == [("CUP", "B-1")]


def test_tolerance_versions(place, person):
    finance = person("shen", "finance")
    assert [set_tolerance(quantity="2", actor=finance).version for _ in range(2)] == [1, 2]
    refused("negative_limit", set_tolerance, quantity="-1", actor=finance)
    refused("forbidden", set_tolerance, actor=person("he", "manager"), kind=Forbidden)


# Tasks


def test_progress_and_hand_over(place, zhou, li):
    count = released(place, li)
    task = count.tasks.get(zone="A")
    enter(count, li, "CUP", 100)
    wrong = enter(count, li, "POT", 3, "A-1")
    void_entry(wrong, entry_no="undo", actor=li)
    assert [(row.task.zone, row.lines, row.entered, row.left) for row in count_progress(count)] == [
        ("A", 2, 1, 1),
        ("B", 1, 0, 1),
    ]
    assert [(row["sku"], row["is_entered"]) for row in lines_for_counter(task)] == [("POT", False), ("CUP", True)]
    submit_task(task, actor=li)
    refused("task_submitted", enter, count, li, "CUP", 1, kind=Conflict)
    refused("wrong_state", submit_task, task, actor=li, kind=Conflict)
    reopen_task(task, reason="漏盘", actor=zhou)
    assert enter(count, li, "CUP", 1).task == task
    assert [row.task.state for row in my_tasks(li)] == ["open", "open"]


def test_a_task_nobody_has_is_claimed_once(place, li, wang, person):
    task = released(place).tasks.get(zone="A")
    assert claim_task(task, actor=li).assignee == li
    refused("task_taken", claim_task, task, actor=wang, kind=Conflict)
    refused("forbidden", submit_task, task, actor=wang, kind=Forbidden)


def test_a_recount_is_not_passed_on_to_the_first_counter(place, zhou, li, wang):
    count = released(place, li)
    enter(count, li, "CUP", 90)
    task = request_recount([line(count, "CUP")], assignee=wang, actor=zhou)
    refused("own_recount", assign_task, task, assignee=li, actor=zhou)


def test_due_dates_are_days(place, zhou):
    assert create_count(place.warehouse, due_on=date(2024, 1, 31), actor=zhou).due_on == date(2024, 1, 31)


def test_times_are_the_organizations(place, li, organization):
    count = released(place, li)
    moment = datetime.fromisoformat("2023-12-31T23:59:59+08:00")
    assert enter(count, li, "CUP", 1, counted_at=moment).counted_at == moment
