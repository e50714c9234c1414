from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.approvals.models import Approval, Decision
from apps.audit.models import AuditEntry
from apps.core.errors import Conflict, Forbidden, RuleViolation
from apps.counts.services import close_count
from apps.movements.models import Document
from apps.movements.selectors import verify_balances
from apps.movements.services import reverse_document
from apps.notifications.models import Notification
from apps.rectification.models import Adjustment, AdjustmentLine
from apps.rectification.selectors import adjustment_totals, checks
from apps.rectification.services import (
    approve_adjustment,
    post_adjustment,
    propose_adjustment,
    reject_adjustment,
    reverse_adjustment,
    withdraw_adjustment,
)
from apps.variances.models import Variance
from apps.variances.services import confirm_cause
from tests.rectification.builders import approved, posted, proposed
from tests.variances.builders import (
    cause_type,
    counted,
    document,
    enter,
    on_hand,
    start_count,
    stocked,
    variance_of,
)


@pytest.fixture
def lin(person):
    return person("lin", "controller", name="林晓")


@pytest.fixture
def shen(person):
    return person("shen", "finance", name="沈洁")


@pytest.fixture
def item(organization):
    return stocked(quantity=100, cost="26.80")


@pytest.fixture
def count(item):
    return counted({"HC-GL350-02": 90})


def refused(code, call, *arguments, **values):
    with pytest.raises(RuleViolation) as error:
        call(*arguments, **values)
    assert error.value.code == code
    return error.value


def test_from_proposal_to_posting(count, item, lin, shen):
    adjustment = propose_adjustment(count, reason="未查明部分先调整", actor=lin)
    assert (adjustment.state, adjustment.total_value) == ("proposed", Decimal("-268.00"))
    assert variance_of(count).state == "proposed"
    approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=shen)
    adjustment = post_adjustment(adjustment, actor=lin)
    assert (adjustment.state, adjustment.posted_by, variance_of(count).state) == ("posted", lin, "adjusted")
    assert on_hand(item) == 90
    posted_document = adjustment.document
    assert (posted_document.doc_type, posted_document.doc_no, posted_document.status) == (
        "adjustment",
        adjustment.adjustment_no,
        "posted",
    )
    assert (posted_document.operator, posted_document.approver) == (lin, shen)
    assert [(line.quantity, line.unit_cost) for line in posted_document.lines.all()] == [(-10, Decimal("26.80"))]
    assert verify_balances() == []


def test_what_is_posted_is_what_was_approved(count, lin, shen):
    adjustment = approved(count, shen)
    AdjustmentLine.objects.update(quantity=-11)
    refused("content_changed", post_adjustment, adjustment, actor=lin)
    adjustment.refresh_from_db()
    assert (adjustment.state, Document.objects.count()) == ("approved", 0)


def test_an_approval_binds_to_what_was_shown(count, shen):
    refused("content_changed", approve_adjustment, proposed(count), content_hash="0" * 64, actor=shen)


def test_an_unexplained_rest_needs_a_reason(count, lin):
    error = refused("reason_missing", propose_adjustment, count, actor=lin)
    assert len(error.rows) == 1
    confirm_cause(variance_of(count), cause_type("scrap_unrecorded"), -10, actor=lin)
    assert propose_adjustment(count, actor=lin).reason == ""


def test_an_open_count_is_not_adjusted(item, lin):
    refused("count_open", propose_adjustment, start_count(), reason="…", actor=lin)


def test_chosen_variances_only(organization, lin):
    for sku in ("A", "B"):
        stocked(sku, 100)
    count = counted({"A": 90, "B": 95})
    first = propose_adjustment(count, variances=[variance_of(count, "A")], reason="先调 A", actor=lin)
    assert [line.variance for line in first.lines.all()] == [variance_of(count, "A")]
    error = refused(
        "not_adjustable",
        propose_adjustment,
        count,
        variances=Variance.objects.filter(count=count),
        reason="全部",
        actor=lin,
    )
    assert len(error.rows) == 1
    rest = propose_adjustment(count, reason="其余", actor=lin)
    assert [line.variance for line in rest.lines.all()] == [variance_of(count, "B")]
    refused("nothing_to_adjust", propose_adjustment, count, reason="再来", actor=lin)


def test_variances_of_two_counts_do_not_mix(organization, lin):
    stocked("A", 100)
    stocked("B", 100)
    first, second = counted({"A": 90}), counted({"B": 95})
    refused(
        "other_count",
        propose_adjustment,
        first,
        variances=[variance_of(second, "B")],
        reason="…",
        actor=lin,
    )


def test_causes_are_frozen_while_an_adjustment_holds_the_variance(count, lin, shen):
    adjustment = proposed(count)
    refused("frozen", confirm_cause, variance_of(count), cause_type("scrap_unrecorded"), -10, actor=lin)
    reject_adjustment(adjustment, reason="原因不清", actor=shen)
    confirm_cause(variance_of(count), cause_type("scrap_unrecorded"), -10, actor=lin)
    assert variance_of(count).state == "explained"


@pytest.mark.parametrize("again", [approve_adjustment, post_adjustment])
def test_twice_is_a_conflict(count, item, lin, shen, person, again):
    adjustment = posted(count, shen)
    values = {"content_hash": adjustment.content_hash} if again is approve_adjustment else {}
    with pytest.raises(Conflict):
        again(adjustment, actor=person("zhou", "manager"), **values)
    assert (on_hand(item), Decision.objects.count(), Document.objects.count()) == (90, 1, 1)


def test_nobody_approves_what_they_proposed(count, person):
    both = person("wang", "controller", "manager")
    adjustment = propose_adjustment(count, reason="…", actor=both)
    with pytest.raises(Forbidden):
        approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=both)
    with pytest.raises(Forbidden):
        reject_adjustment(adjustment, reason="…", actor=both)
    both.roles = ["manager", "finance"]
    both.save()
    with pytest.raises(Forbidden):
        approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=both)


def test_nobody_approves_a_count_in_which_they_counted(item, person):
    zhou = person("zhou", "manager")
    adjustment = proposed(counted({"HC-GL350-02": 90}, by=zhou))
    with pytest.raises(Forbidden):
        approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=zhou)


def test_only_people_approve(count, system):
    adjustment = proposed(count)
    with pytest.raises(Forbidden):
        approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=system)


def test_an_unapproved_adjustment_is_not_posted(count, item, lin):
    with pytest.raises(Conflict):
        post_adjustment(proposed(count), actor=lin)
    assert on_hand(item) == 100


def test_rejecting_needs_a_reason_and_changes_no_stock(count, item, shen):
    adjustment = proposed(count)
    refused("reason_missing", reject_adjustment, adjustment, reason=" ", actor=shen)
    adjustment = reject_adjustment(adjustment, reason="请补充单据", actor=shen)
    assert (adjustment.state, variance_of(count).state, on_hand(item)) == ("rejected", "open", 100)
    assert Decision.objects.get().reason == "请补充单据"
    assert posted(count, shen).state == "posted"


def test_withdrawing_voids_the_yes(count, lin, shen):
    adjustment = withdraw_adjustment(approved(count, shen), reason="再查", actor=lin)
    assert (adjustment.state, variance_of(count).state) == ("withdrawn", "open")
    assert (Approval.objects.get().state, Decision.objects.count()) == ("void", 1)
    with pytest.raises(Conflict):
        post_adjustment(adjustment, actor=lin)


def test_reversal_by_counter_entry_and_a_new_proposal(count, item, lin, shen, person):
    adjustment = posted(count, shen)
    zhou = person("zhou", "manager")
    refused("reason_missing", reverse_adjustment, adjustment, reason="", actor=zhou)
    adjustment = reverse_adjustment(adjustment, reason="漏盘 10 件已找到", actor=zhou)
    assert (adjustment.state, on_hand(item), variance_of(count).state) == ("reversed", 100, "open")
    assert adjustment.reversal.reverses == adjustment.document
    with pytest.raises(Conflict):
        reverse_adjustment(adjustment, reason="再来", actor=zhou)
    again = posted(count, shen)
    assert (again.adjustment_no == adjustment.adjustment_no, on_hand(item)) == (False, 90)
    assert verify_balances() == []


def test_the_poster_does_not_reverse(count, person, shen):
    zhou = person("zhou", "manager")
    adjustment = post_adjustment(approved(count, shen), actor=zhou)
    with pytest.raises(Forbidden):
        reverse_adjustment(adjustment, reason="…", actor=zhou)


def test_the_document_of_an_adjustment_is_not_reversed_alone(count, shen, system):
    adjustment = posted(count, shen)
    refused("owned_by_adjustment", reverse_document, adjustment.document, reason="…", actor=system)


def test_a_counted_adjustment_is_not_reversed(count, shen, person):
    adjustment = posted(count, shen)
    counted({"HC-GL350-02": 90})
    error = refused("counted_since", reverse_adjustment, adjustment, reason="…", actor=person("zhou", "manager"))
    assert len(error.rows) == 1


# the same stock is corrected once


def test_a_late_document_is_not_corrected_again(count, item, lin, shen):
    document("sales_issue", item, 7, occurred_at=timezone.now() - timedelta(days=1))
    adjustment = posted(count, shen)
    assert [(line.quantity, line.value) for line in adjustment.lines.all()] == [(-3, Decimal("-80.40"))]
    assert on_hand(item) == 90


def test_a_document_that_comes_between_approval_and_posting_stops_it(count, item, lin, shen):
    adjustment = approved(count, shen)
    document("sales_issue", item, 7, occurred_at=timezone.now() - timedelta(days=1))
    refused("late_document", post_adjustment, adjustment, actor=lin)
    assert on_hand(item) == 93
    withdraw_adjustment(adjustment, actor=lin)
    posted(count, shen)
    assert on_hand(item) == 90


def test_what_late_documents_corrected_in_full_is_left_out(count, item, lin):
    document("sales_issue", item, 10, occurred_at=timezone.now() - timedelta(days=1))
    refused("not_adjustable", propose_adjustment, count, reason="…", actor=lin)


def test_stock_that_is_being_counted_waits(count, item, lin, shen):
    adjustment = approved(count, shen)
    running = start_count()
    error = refused("not_adjustable", post_adjustment, adjustment, actor=lin)
    assert running.count_no in error.rows[0]
    enter(running, shen, {"HC-GL350-02": 90})
    close_count(running, actor=running.created_by)
    error = refused("not_adjustable", post_adjustment, adjustment, actor=lin)
    assert running.count_no in error.rows[0]
    assert on_hand(item) == 100


def test_a_running_dynamic_count_carries_the_adjustment(count, item, shen):
    running = start_count(mode="dynamic")
    posted(count, shen)
    enter(running, shen, {"HC-GL350-02": 90})
    close_count(running, actor=running.created_by)
    assert (Variance.objects.filter(count=running).count(), on_hand(item)) == (0, 90)


# figures and the database


def test_totals(organization, lin, shen):
    stocked("LOSS", 100, cost=10)
    stocked("GAIN", 100, cost=2)
    adjustment = proposed(counted({"LOSS": 90, "GAIN": 105}))
    totals = adjustment_totals(adjustment)
    assert (totals.lines, totals.loss_lines, totals.gain_lines) == (2, 1, 1)
    assert (totals.loss, totals.gain, totals.net, totals.gross) == (-100, 10, -90, 110)
    assert (totals.unexplained_lines, totals.unexplained) == (2, 110)
    assert [check.state for check in checks(adjustment, shen, totals)] == ["ok", "ok", "ok", "warn"]


def test_the_database_holds_a_variance_in_one_live_adjustment(count):
    adjustment = proposed(count)
    line = adjustment.lines.get()
    with pytest.raises(IntegrityError, match="variance_adjusted_once"), transaction.atomic():
        AdjustmentLine.objects.create(adjustment=adjustment, variance=line.variance, quantity=-1, unit_cost=1, value=-1)


def test_many_lines_cost_no_more_queries(organization, lin, shen):
    for number in range(5):
        stocked(f"S-{number}", 100)
    count = counted({f"S-{number}": 90 for number in range(5)})
    with transaction.atomic(), connection.execute_wrapper(counter := Counter()):
        posted(count, shen)
        transaction.set_rollback(True)
    many = counter.number
    one = counted({"S-0": 80})
    with connection.execute_wrapper(counter := Counter()):
        posted(one, shen)
    assert counter.number == many


class Counter:
    def __init__(self):
        self.number = 0

    def __call__(self, execute, sql, params, many, context):
        self.number += 1
        return execute(sql, params, many, context)


def test_people_are_told(count, lin, shen):
    adjustment = propose_adjustment(count, reason="…", actor=lin)
    assert list(Notification.objects.values_list("member", "url")) == [(shen.pk, f"adjustments/{adjustment.pk}/")]
    approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=shen)
    assert Notification.objects.filter(member=lin).count() == 1


def test_the_audit_log_holds_every_step(count, lin, shen):
    adjustment = propose_adjustment(count, reason="…", actor=lin)
    approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=shen)
    post_adjustment(adjustment, actor=lin)
    entries = AuditEntry.objects.filter(target_id=str(adjustment.pk)).order_by("sequence")
    assert [entry.action for entry in entries] == [
        "rectification.adjustment.proposed",
        "rectification.adjustment.approved",
        "rectification.adjustment.posted",
    ]
    assert Adjustment.objects.get().content_hash == entries[2].facts["content_hash"]
