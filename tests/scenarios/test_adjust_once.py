"""An approved variance is adjusted once, whatever is retried, killed or run at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps.core.errors import Conflict, RuleViolation
from apps.core.tenancy import organization_scope
from apps.movements.models import Document, LedgerEntry
from apps.movements.selectors import verify_balances
from apps.movements.services import post_document
from apps.organizations.models import Member
from apps.organizations.selectors import system_member
from apps.organizations.services import add_member, open_organization
from apps.rectification.models import Adjustment
from apps.rectification.services import (
    approve_adjustment,
    post_adjustment,
    propose_adjustment,
    reverse_adjustment,
)
from apps.variances.models import Cause, LateDocument, Variance
from apps.variances.services import confirm_cause
from tests.catalog.builders import place
from tests.movements.builders import line, make_document
from tests.rectification.builders import approved, posted, proposed
from tests.variances.builders import PLACE, cause_type, counted, document, on_hand, stocked, variance_of

AT_ONCE = 6
LOCK = 824_331


@pytest.fixture
def company(transactional_db):
    """Committed for real: 100 in the book, 90 counted, and people to approve. Nothing is active after it."""
    opened = open_organization("alpha", name="甲公司")
    with organization_scope(opened):
        stocked(quantity=100, cost="26.80")
        counted({"HC-GL350-02": 90})
        for username, role in (("lin", "controller"), ("shen", "finance"), ("zhou", "manager")):
            add_member(username, name=username, roles=[role], actor=system_member())
    return opened


def member(username: str) -> Member:
    return Member.objects.get(username=username)


def at_once(company, work, number=AT_ONCE):
    """Run `work(n)` in threads with connections of their own; each answer, or the code of its refusal."""

    def run(n):
        try:
            with organization_scope(company):
                return work(n)
        except RuleViolation as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def state(company):
    """(stock, adjustment documents, ledger entries of adjustments, problems of the balances)."""
    with organization_scope(company):
        variance = Variance.objects.get()
        return (
            on_hand(variance.stock_line.item),
            Document.objects.filter(doc_type="adjustment").count(),
            LedgerEntry.objects.filter(line__document__doc_type="adjustment").count(),
            verify_balances(),
        )


def test_posted_by_many_at_once(company):
    with organization_scope(company):
        adjustment = approved(Variance.objects.get().count, member("shen"))
    answers = at_once(company, lambda n: post_adjustment(adjustment, actor=member("lin")).state)
    assert sorted(answers) == ["posted", *["wrong_state"] * (AT_ONCE - 1)]
    assert state(company) == (90, 1, 1, [])


def test_approved_by_many_at_once(company):
    with organization_scope(company):
        adjustment = proposed(Variance.objects.get().count)
    answers = at_once(
        company,
        lambda n: (
            approve_adjustment(
                adjustment, content_hash=adjustment.content_hash, actor=member("shen" if n % 2 else "zhou")
            ).state
        ),
    )
    assert (answers.count("approved"), set(answers) - {"approved"}) == (1, {"wrong_state"})


def test_proposed_by_many_at_once(company):
    answers = at_once(
        company,
        lambda n: propose_adjustment(Variance.objects.get().count, reason="…", actor=member("lin")).state,
    )
    assert sorted(answers) == ["nothing_to_adjust"] * (AT_ONCE - 1) + ["proposed"]
    with organization_scope(company):
        assert Adjustment.objects.count() == 1


def test_reversed_by_many_at_once(company):
    with organization_scope(company):
        adjustment = posted(Variance.objects.get().count, member("shen"))
    answers = at_once(
        company, lambda n: reverse_adjustment(adjustment, reason="找到 10 件", actor=member("zhou")).state
    )
    assert sorted(answers) == ["reversed", *["wrong_state"] * (AT_ONCE - 1)]
    assert state(company) == (100, 2, 2, [])


def test_explained_by_many_at_once_adds_up(company):
    """Ten causes of −3 from stale pages for a variance of −10: three find room, the rest are told."""
    answers = at_once(
        company,
        lambda n: str(
            confirm_cause(Variance.objects.get(), cause_type("keying_error"), -3, actor=member("lin")).quantity
        ),
        number=8,
    )
    assert sorted(answers) == ["-3"] * 3 + ["over_explained"] * 5
    with organization_scope(company):
        assert (Variance.objects.get().unexplained, Cause.objects.count()) == (-1, 3)


CHILD = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "stockcheck.settings"
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from apps.core.tenancy import organization_scope
from apps.organizations.models import Member
from apps.organizations.selectors import organization_by_code
from apps.rectification.models import Adjustment
from apps.rectification.services import post_adjustment
with organization_scope(organization_by_code("alpha")):
    post_adjustment(Adjustment.objects.get(), actor=Member.objects.get(username="lin"))
"""

STOP = """
    CREATE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(824331); RETURN NEW; END $$
"""
PLACES = {
    "after the document, before the ledger": "BEFORE INSERT ON movements_ledgerentry",
    "after the ledger, before the adjustment": "BEFORE UPDATE ON rectification_adjustment",
    "after everything, before the commit": "BEFORE INSERT ON audit_auditentry",
}


@pytest.mark.parametrize("where", PLACES)
def test_killed_in_the_middle_nothing_is_half_posted(company, where):
    """A process is killed with signal 9 while its transaction holds the posting open; retried, it is posted once."""
    with organization_scope(company):
        adjustment = approved(Variance.objects.get().count, member("shen"))
    trigger = f"CREATE TRIGGER stop_here {PLACES[where]} FOR EACH ROW EXECUTE FUNCTION stop_here()"
    with connection.cursor() as cursor:
        cursor.execute(STOP)
        cursor.execute(trigger)
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, connection.settings_dict["NAME"]],
            cwd=Path(settings.BASE_DIR),
            env={**os.environ, "TESTING": "1"},
        )
        try:
            holder = _waiting_for(cursor, child)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        _gone(cursor, holder)
        table = PLACES[where].split()[-1]
        cursor.execute(f"DROP TRIGGER stop_here ON {table}")
        cursor.execute("DROP FUNCTION stop_here()")
    assert child.returncode == -signal.SIGKILL
    assert state(company) == (100, 0, 0, [])
    with organization_scope(company):
        adjustment.refresh_from_db()
        assert (adjustment.state, Variance.objects.get().state) == ("approved", "proposed")
        post_adjustment(adjustment, actor=member("lin"))
    with pytest.raises(Conflict), organization_scope(company):
        post_adjustment(adjustment, actor=member("lin"))
    assert state(company) == (90, 1, 1, [])


def _waiting_for(cursor, child) -> int:
    """The database process that waits for our lock, as soon as there is one."""
    for _try in range(600):
        cursor.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted", [LOCK])
        row = cursor.fetchone()
        if row:
            return row[0]
        assert child.poll() is None, "the child ended before it was stopped"
        time.sleep(0.05)
    raise AssertionError("the child never came to the place where it is stopped")


def _gone(cursor, pid: int) -> None:
    for _try in range(600):
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid])
        if cursor.fetchone() == (0,):
            return
        time.sleep(0.05)
    raise AssertionError("the killed transaction still runs")


def test_plus_ten_and_minus_three_from_two_stale_pages_are_plus_seven(company):
    """Two people correct the same stock, neither sees the other: both corrections count."""
    with organization_scope(company):
        variance = Variance.objects.get()
        warehouse, item = variance.count.warehouse, variance.stock_line.item
        drafts = [
            make_document("adjustment", warehouse, line(item, quantity, location=place(warehouse, PLACE)))
            for quantity in (10, -3)
        ]
    at_once(company, lambda n: post_document(drafts[n], actor=system_member()).doc_no, number=2)
    with organization_scope(company):
        assert (on_hand(item), verify_balances()) == (107, [])


def test_counted_zero_of_a_hundred(organization, person):
    item = stocked(quantity=100, cost="26.80")
    count = counted({"HC-GL350-02": 0})
    variance = variance_of(count)
    assert (variance.quantity, variance.value) == (-100, Decimal("-2680.00"))
    posted(count, person("shen", "finance"))
    assert on_hand(item) == 0


def test_a_late_receipt_after_the_adjustment_is_booked_and_flagged(organization, person):
    """97 on hand after a count of 90 is never silent: the document is on the variance, and people are told."""
    lin = person("lin", "controller")
    item = stocked(quantity=100)
    count = counted({"HC-GL350-02": 90})
    adjustment = posted(count, person("shen", "finance"))
    document("receipt", item, 7, occurred_at=timezone.now() - timedelta(days=1))
    assert on_hand(item) == 97
    assert [row.quantity for row in LateDocument.objects.filter(count_line=variance_of(count).count_line)] == [7]
    assert [line.url for line in lin.notifications.filter(key__startswith="late:")] == [
        f"variances/?count={count.pk}&late=1"
    ]
    reverse_adjustment(adjustment, reason="入库单迟到", actor=person("zhou", "manager"))
    again = posted(count, member("shen"))
    assert ([row.quantity for row in again.lines.all()], on_hand(item)) == ([-17], 90)
