from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.approvals.models import Approval, Decision
from apps.approvals.selectors import live_approval, trail
from apps.approvals.services import decide, request_approval, void_approval
from apps.core.errors import Conflict, Forbidden, RuleViolation

KIND, HASH = "tests.wish", "a" * 64


@pytest.fixture
def asker(person):
    return person("lin", "controller")


@pytest.fixture
def decider(person):
    return person("shen", "finance")


@pytest.fixture
def approval(asker):
    return request_approval(KIND, uuid4(), HASH, actor=asker)


def test_yes(approval, decider):
    decided = decide(approval, "approve", content_hash=HASH, reason="同意", actor=decider)
    assert decided.state == "approved"
    assert [(d.member, d.answer, d.reason, d.content_hash) for d in Decision.objects.all()] == [
        (decider, "approve", "同意", HASH)
    ]


@pytest.mark.parametrize(
    ("who", "values", "error", "code"),
    [
        ("asker", {}, Forbidden, "own_request"),
        ("system", {}, Forbidden, "not_a_person"),
        ("decider", {"content_hash": "b" * 64}, Conflict, "content_changed"),
        ("decider", {"answer": "reject", "reason": " "}, RuleViolation, "reason_missing"),
    ],
)
def test_refusals(approval, who, values, error, code, request):
    values = {"answer": "approve", "content_hash": HASH, **values}
    with pytest.raises(error) as raised:
        decide(approval, values.pop("answer"), **values, actor=request.getfixturevalue(who))
    assert (raised.value.code, Decision.objects.count()) == (code, 0)


def test_decided_once(approval, decider, person):
    decide(approval, "reject", content_hash=HASH, reason="缺单据", actor=decider)
    with pytest.raises(Conflict):
        decide(approval, "approve", content_hash=HASH, actor=person("zhou", "manager"))


def test_one_live_request_about_an_object(approval, asker, decider):
    with pytest.raises(Conflict) as error:
        request_approval(KIND, approval.target_id, HASH, actor=asker)
    assert error.value.code == "approval_exists"
    decide(approval, "approve", content_hash=HASH, actor=decider)
    assert live_approval(KIND, approval.target_id) == approval
    void_approval(approval, reason="撤回", actor=asker)
    assert live_approval(KIND, approval.target_id) is None
    second = request_approval(KIND, approval.target_id, HASH, actor=asker)
    assert [(row, list(row.decisions.all())) for row in trail(KIND, approval.target_id)] == [
        (approval, [Decision.objects.get()]),
        (second, []),
    ]


def test_decisions_are_never_edited(approval, decider):
    decide(approval, "approve", content_hash=HASH, actor=decider)
    for sql in ("UPDATE approvals_decision SET answer = 'reject'", "DELETE FROM approvals_decision"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            connection.cursor().execute(sql)


def test_the_database_wants_a_reason_for_a_no(approval, decider):
    with pytest.raises(IntegrityError, match="decision_rejection_has_reason"), transaction.atomic():
        Decision.objects.create(approval=approval, member=decider, answer="reject", content_hash=HASH)


def test_the_database_holds_one_live_request(approval, asker):
    with pytest.raises(IntegrityError, match="approval_one_live"), transaction.atomic():
        Approval.objects.create(kind=KIND, target_id=approval.target_id, content_hash=HASH, requested_by=asker)
