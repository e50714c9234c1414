"""Duties apart: who may do what by role, and the pairs that never lie in one pair of hands, by every way in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.approvals.models import Decision
from apps.catalog.models import Item, Warehouse
from apps.core.admin import site
from apps.core.errors import Forbidden, RuleViolation
from apps.core.permissions import PERMISSIONS, may
from apps.counts.models import CountEntry, CountLine, CountTask
from apps.counts.services import EntryDraft, record_entries, request_recount
from apps.movements.services import approve_document, post_document, submit_document
from apps.organizations.enums import Role
from apps.organizations.models import Member
from apps.organizations.services import change_member, create_token
from apps.rectification.services import (
    approve_adjustment,
    post_adjustment,
    propose_adjustment,
    reject_adjustment,
    reverse_adjustment,
)
from apps.reports.services import prepare_report, sign_report
from tests.conftest import PASSWORD
from tests.movements.builders import line, make_document
from tests.rectification.builders import posted, proposed
from tests.variances.builders import PLACE, counted, enter, place, start_count, stocked

EVERYONE = "owner manager counter controller finance assignee auditor"
READERS = "owner manager controller finance auditor"
WORKERS = "owner manager counter controller finance assignee"

TABLE = {
    "approvals.approval.view": READERS,
    "audit.entry.view": "owner auditor",
    "catalog.item.change": "owner manager",
    "catalog.item.view": EVERYONE,
    "catalog.warehouse.change": "owner manager",
    "catalog.warehouse.view": EVERYONE,
    "counts.count.cancel": "manager",
    "counts.count.close": "manager",
    "counts.count.create": "manager",
    "counts.count.export": READERS,
    "counts.count.release": "manager",
    "counts.count.view": EVERYONE,
    "counts.entry.record": WORKERS,
    "counts.entry.view": EVERYONE,
    "counts.entry.void": WORKERS,
    "counts.line.recount": "manager",
    "counts.line.view": EVERYONE,
    "counts.task.assign": "manager",
    "counts.task.claim": "manager counter",
    "counts.task.reopen": "manager",
    "counts.task.submit": WORKERS,
    "counts.task.view": WORKERS,
    "counts.tolerance.change": "owner finance",
    "counts.tolerance.view": EVERYONE,
    "integrations.bundle.load": "owner manager controller",
    "integrations.pull.change": "owner manager",
    "movements.chain.limit": "owner manager",
    "movements.chain.refresh": "owner manager controller finance",
    "movements.chain.view": READERS,
    "movements.document.approve": "manager finance",
    "movements.document.cancel": "manager controller finance",
    "movements.document.create": "manager controller finance",
    "movements.document.post": "manager controller finance",
    "movements.document.reverse": "manager controller finance",
    "movements.document.submit": "manager controller finance",
    "movements.document.view": READERS,
    "movements.finance.view": READERS,
    "movements.operator.view": "owner manager controller auditor",
    "movements.stock.open": "owner manager",
    "movements.stock.view": READERS,
    "notifications.notification.read": EVERYONE,
    "notifications.notification.view": EVERYONE,
    "organizations.department.view": READERS,
    "organizations.job.cancel": "owner manager counter controller finance",
    "organizations.job.view": EVERYONE,
    "organizations.member.change": "owner",
    "organizations.member.view": "owner auditor",
    "organizations.settings.change": "owner",
    "organizations.settings.view": "owner auditor",
    "organizations.support.grant": "owner",
    "organizations.support.view": "owner auditor",
    "organizations.token.manage": "owner",
    "organizations.token.view": "owner auditor",
    "organizations.work.view": EVERYONE,
    "rectification.adjustment.approve": "manager finance",
    "rectification.adjustment.post": "manager controller finance",
    "rectification.adjustment.propose": "controller",
    "rectification.adjustment.reject": "manager finance",
    "rectification.adjustment.reverse": "manager finance",
    "rectification.adjustment.view": READERS,
    "rectification.adjustment.withdraw": "controller",
    "reports.report.comment": "owner manager controller finance",
    "reports.report.prepare": "manager controller finance",
    "reports.report.send": "manager controller finance",
    "reports.report.sign": "finance",
    "reports.report.view": READERS,
    "reports.schedule.change": "owner finance",
    "reports.schedule.view": READERS,
    "reports.selfcheck.run": "owner manager controller",
    "reports.selfcheck.view": READERS,
    "variances.cause.confirm": "controller",
    "variances.cause.remove": "controller",
    "variances.cause_type.save": "owner",
    "variances.cause_type.view": READERS,
    "variances.evidence.add": "manager controller",
    "variances.explanation.make": "manager controller",
    "variances.explanation.view": READERS,
    "variances.variance.assign": "manager controller",
    "variances.variance.view": READERS,
}
"""Every action and the roles that may do it. A change here is a decision, not a repair."""

PEOPLE_ONLY = {
    "organizations.support.grant",
    "rectification.adjustment.approve",
    "rectification.adjustment.reject",
    "reports.report.comment",
    "reports.report.sign",
}
"""No job, import or schedule does these."""

WITH_DUTIES = {
    "counts.entry.record",
    "counts.entry.void",
    "counts.task.submit",
    "movements.document.approve",
    "movements.document.post",
    "organizations.job.cancel",
    "organizations.job.view",
    "rectification.adjustment.approve",
    "rectification.adjustment.reject",
    "rectification.adjustment.reverse",
    "reports.report.sign",
}
"""Where the object decides too."""


def test_the_table_of_roles():
    order = list(Role.values)
    declared = {
        action: " ".join(sorted(permission.roles, key=order.index)) for action, permission in PERMISSIONS.items()
    }
    assert declared == TABLE


def test_who_is_no_person_and_where_the_object_decides():
    assert {action for action, permission in PERMISSIONS.items() if not permission.system} == PEOPLE_ONLY
    assert {action for action, permission in PERMISSIONS.items() if permission.predicate} == WITH_DUTIES


@pytest.mark.parametrize("role", Role.values)
def test_one_role_gives_its_column_and_nothing_else(role, organization):
    member = Member(username="x", name="x", roles=[role])
    assert {action for action in TABLE if may(member, action)} == {a for a, r in TABLE.items() if role in r.split()}


def test_roles_add_up_and_none_gives_nothing(organization):
    nobody, both = Member(username="x", name="x"), Member(username="y", name="y", roles=["counter", "finance"])
    assert {action for action in TABLE if may(nobody, action)} == set()
    assert {action for action in TABLE if may(both, action)} == {
        action for action, roles in TABLE.items() if {"counter", "finance"} & set(roles.split())
    }


Way = Callable[[Member, str, dict[str, Any]], int]


def by_page(member: Member, path: str, body: dict[str, Any]) -> int:
    client = Client(raise_request_exception=True)
    client.force_login(member.user, backend="django.contrib.auth.backends.ModelBackend")
    return client.post(f"/o/alpha/{path}", body, headers={"HX-Request": "true"}).status_code


def by_api(member: Member, path: str, body: dict[str, Any]) -> int:
    client = APIClient()
    client.force_login(member.user, backend="django.contrib.auth.backends.ModelBackend")
    return client.post(f"/o/alpha/api/v1/{path}", body).status_code


def by_token(member: Member, path: str, body: dict[str, Any]) -> int:
    owner = Member(username="o", name="o", roles=["owner"])
    _token, secret = create_token(member, name=str(uuid4()), actor=_saved(owner))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client.post(f"/o/alpha/api/v1/{path}", body).status_code


def _saved(member: Member) -> Member:
    known = Member.objects.filter(username=member.username).first()
    if known is None:
        member.save()
    return known or member


WAYS = [by_page, by_api, by_token]
JUDGES = ("controller", "manager", "finance")


@pytest.fixture
def book(organization):
    stocked(quantity=100)


@pytest.fixture
def count(book, system):
    return counted({"HC-GL350-02": 90})


@pytest.mark.parametrize("way", WAYS)
class TestApproval:
    """Who proposed, or counted, does not decide, whatever other roles they hold."""

    def test_the_proposer(self, count, person, way):
        ming = person("ming", *JUDGES)
        adjustment = proposed(count, actor=ming)
        body = {"content_hash": adjustment.content_hash, "reason": "x"}
        assert way(ming, f"adjustments/{adjustment.pk}/approve/", body) == 403
        assert way(ming, f"adjustments/{adjustment.pk}/reject/", {"reason": "x"}) == 403
        assert Decision.objects.count() == 0

    def test_who_counted(self, book, person, way):
        li = person("li", "counter", *JUDGES)
        count = counted({"HC-GL350-02": 90}, by=li)
        adjustment = proposed(count)
        body = {"content_hash": adjustment.content_hash}
        assert way(li, f"adjustments/{adjustment.pk}/approve/", body) == 403
        assert Decision.objects.count() == 0

    def test_a_role_that_came_half_way(self, count, person, system, way):
        """The controller who proposed becomes finance: what they did stays done."""
        ming = person("ming", "controller")
        adjustment = proposed(count, actor=ming)
        ming = change_member(ming, roles=["finance"], actor=system)
        body = {"content_hash": adjustment.content_hash}
        assert way(ming, f"adjustments/{adjustment.pk}/approve/", body) == 403
        assert Decision.objects.count() == 0

    def test_a_role_that_went_half_way(self, count, person, system, way):
        shen = person("shen", "finance")
        adjustment = proposed(count)
        change_member(shen, roles=["auditor"], actor=system)
        body = {"content_hash": adjustment.content_hash}
        assert way(shen, f"adjustments/{adjustment.pk}/approve/", body) == 403

    def test_somebody_else_may(self, count, person, way):
        adjustment = proposed(count, actor=person("ming", "controller"))
        body = {"content_hash": adjustment.content_hash}
        assert way(person("shen", "finance"), f"adjustments/{adjustment.pk}/approve/", body) in (200, 302)
        assert Decision.objects.count() == 1

    def test_what_was_not_shown_is_not_approved(self, count, person, way):
        adjustment = proposed(count, actor=person("ming", "controller"))
        body = {"content_hash": "0" * 64}
        assert way(person("shen", "finance"), f"adjustments/{adjustment.pk}/approve/", body) == 409


class TestServices:
    """The same below every edge: what a command or a job would call."""

    def test_the_system_proposes_but_never_decides(self, count, system):
        adjustment = propose_adjustment(count, reason="x", actor=system)
        with pytest.raises(Forbidden):
            approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=system)
        with pytest.raises(Forbidden):
            reject_adjustment(adjustment, reason="x", actor=system)

    def test_nothing_is_posted_without_a_yes(self, count, system, person):
        adjustment = proposed(count)
        with pytest.raises(RuleViolation):
            post_adjustment(adjustment, actor=person("ming", *JUDGES))

    def test_who_posted_does_not_reverse(self, count, person):
        ming, shen = person("ming", *JUDGES), person("shen", "finance")
        adjustment = proposed(count, actor=ming)
        approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=shen)
        adjustment = post_adjustment(adjustment, actor=ming)
        with pytest.raises(Forbidden):
            reverse_adjustment(adjustment, reason="x", actor=ming)
        assert reverse_adjustment(adjustment, reason="x", actor=shen).state == "reversed"

    def test_an_adjustment_without_a_count_needs_two(self, book, person):
        ming, shen = person("ming", *JUDGES), person("shen", "finance")
        warehouse = Warehouse.objects.get(code="WH01")
        entry = line(Item.objects.get(), -3, location=place(warehouse, PLACE))
        document = make_document("adjustment", warehouse, entry, operator=ming)
        document = submit_document(document, actor=ming)
        with pytest.raises(Forbidden):
            approve_document(document, actor=ming)
        with pytest.raises(Forbidden):
            post_document(document, actor=ming)
        document = approve_document(document, actor=shen)
        assert post_document(document, actor=ming).status == "posted"


class TestRecount:
    """Nobody recounts what they counted."""

    @pytest.fixture
    def open_count(self, book, person):
        li, wu = person("li", "counter"), person("wu", "counter")
        count = start_count(li, wu)
        enter(count, li, {"HC-GL350-02": 90})
        return count

    def test_not_by_being_asked(self, open_count, person):
        lines = CountLine.objects.filter(count=open_count)
        with pytest.raises(RuleViolation) as refused:
            request_recount(lines, assignee=Member.objects.get(username="li"), actor=person("zhou", "manager"))
        assert refused.value.code == "own_recount"

    def test_not_by_entering_into_somebody_elses_recount(self, open_count, person):
        zhou = person("zhou", "manager")
        lines = CountLine.objects.filter(count=open_count)
        request_recount(lines, assignee=Member.objects.get(username="wu"), actor=zhou)
        task = CountTask.objects.get(count=open_count, round=2)
        draft = EntryDraft(str(uuid4()), 95, sku="HC-GL350-02", location=PLACE, task=task, round=2)
        assert _is_refused(open_count, draft, Member.objects.get(username="li"))
        assert not _is_refused(open_count, draft, Member.objects.get(username="wu"))

    def test_not_as_a_manager_either(self, book, person):
        zhou = person("zhou", "manager", "counter")
        count = start_count(zhou)
        enter(count, zhou, {"HC-GL350-02": 90})
        with pytest.raises(RuleViolation):
            request_recount(CountLine.objects.filter(count=count), assignee=zhou, actor=zhou)


@pytest.mark.parametrize("way", WAYS)
class TestRecountByEveryWay:
    """The same through pages, API and token: what is asked for is refused, somebody else may."""

    @pytest.fixture
    def recounted(self, book, person):
        """A count whose line li entered, and its manager."""
        li, _wu, zhou = person("li", "counter"), person("wu", "counter"), person("zhou", "manager")
        count = start_count(li)
        enter(count, li, {"HC-GL350-02": 90})
        return count, zhou

    def asks(self, way: Way, zhou: Member, path: str, assignee: str, **body: Any) -> None:
        member = Member.objects.get(username=assignee)
        way(zhou, path, {**body, "assignee": member.pk if way is by_page else member.username})

    def test_being_asked(self, recounted, way):
        count, zhou = recounted
        pk = CountLine.objects.get(count=count).pk
        for assignee, tasks in (("li", []), ("wu", ["wu"])):
            self.asks(way, zhou, f"counts/{count.pk}/recount/", assignee, ids=[pk], lines=[pk])
            found = CountTask.objects.filter(count=count, round=2).values_list("assignee__username", flat=True)
            assert list(found) == tasks

    def test_being_given_somebody_elses(self, recounted, way):
        count, zhou = recounted
        lines, wu = CountLine.objects.filter(count=count), Member.objects.get(username="wu")
        task = request_recount(lines, assignee=wu, actor=zhou)
        path = f"counts/tasks/{task.pk}/assign/" if way is by_page else f"count-tasks/{task.pk}/assign/"
        self.asks(way, zhou, path, "li")
        task.refresh_from_db()
        assert task.assignee == wu

    def test_entering(self, recounted, way):
        count, zhou = recounted
        line_of_li = CountLine.objects.get(count=count)
        task = request_recount([line_of_li], assignee=Member.objects.get(username="wu"), actor=zhou)
        stock = line_of_li.stock_line
        for username, entries in (("li", 0), ("wu", 1)):
            entry = {"entry_no": f"again-{username}", "quantity": "95", "sku": stock.item.sku, "location": PLACE}
            if way is by_page:
                body = {**entry, "item": stock.item_id, "location": stock.location_id}
                way(Member.objects.get(username=username), f"counts/tasks/{task.pk}/entries/", body)
            else:
                body = [{**entry, "task": str(task.pk), "round": 2}]
                way(Member.objects.get(username=username), f"counts/{count.pk}/entries/", body)
            assert CountEntry.objects.filter(round=2).count() == entries


def _is_refused(count: Any, draft: EntryDraft, actor: Member) -> bool:
    """Whether the entry was not taken in, by an error or by the answer's list."""
    try:
        record_entries(count, [draft], actor=actor)
    except RuleViolation:
        return True
    return not CountEntry.objects.filter(entry_no=draft.entry_no).exists()


@pytest.mark.parametrize("way", WAYS)
class TestPosting:
    """Who posted does not reverse; who wrote an adjustment without a count does not approve it."""

    def test_who_posted(self, count, person, way):
        ming, shen = person("ming", *JUDGES), person("shen", "finance")
        adjustment = proposed(count, actor=ming)
        approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=shen)
        assert way(ming, f"adjustments/{adjustment.pk}/post/", {}) in (200, 302)
        assert way(ming, f"adjustments/{adjustment.pk}/reverse/", {"reason": "x"}) == 403
        assert way(shen, f"adjustments/{adjustment.pk}/reverse/", {"reason": "x"}) in (200, 302)

    def test_who_wrote(self, book, person, way):
        ming, shen = person("ming", *JUDGES), person("shen", "finance")
        warehouse = Warehouse.objects.get(code="WH01")
        entry = line(Item.objects.get(), -3, location=place(warehouse, PLACE))
        document = submit_document(make_document("adjustment", warehouse, entry, operator=ming), actor=ming)
        assert [way(ming, f"documents/{document.pk}/{step}/", {}) for step in ("approve", "post")] == [403, 403]
        assert way(shen, f"documents/{document.pk}/approve/", {}) in (200, 302)

    def test_the_document_of_an_adjustment_alone(self, count, person, way):
        """Not even by who may reverse both: the adjustment would still say that its variances are adjusted."""
        adjustment = posted(count, person("shen", "finance"))
        answer = way(person("wang", "finance"), f"documents/{adjustment.document_id}/reverse/", {"reason": "x"})
        assert (answer, adjustment.document.reversals.count()) == (422, 0)


@pytest.mark.parametrize("way", WAYS)
class TestSigning:
    """Finance signs; who counted, proposed or decided does not."""

    def signs(self, way: Way, report: Any, member: Member) -> int:
        return way(member, f"reports/{report.pk}/sign/", {"password": PASSWORD})

    def test_who_counted_proposed_or_decided(self, book, person, way):
        li, ming = person("li", "counter", "finance"), person("ming", "controller", "finance")
        shen = person("shen", "finance")
        count = counted({"HC-GL350-02": 90}, by=li)
        adjustment = proposed(count, actor=ming)
        approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=shen)
        report = prepare_report(count, actor=ming)
        assert [self.signs(way, report, member) for member in (li, ming, shen)] == [403, 403, 403]
        assert self.signs(way, report, person("wang", "owner")) == 403

    def test_the_system(self, count, system, way):
        with pytest.raises(Forbidden):
            sign_report(prepare_report(count, actor=system), password="", actor=system)


@pytest.mark.parametrize(
    "path",
    [
        "admin/rectification/adjustment/{pk}/change/",
        "admin/rectification/adjustment/add/",
        "admin/rectification/adjustment/{pk}/delete/",
    ],
)
def test_the_admin_decides_nothing(count, person, browse, path):
    ming = person("ming", "owner", *JUDGES)
    adjustment = proposed(count)
    before = adjustment.state
    answer = browse(ming).post(f"/o/alpha/{path.format(pk=adjustment.pk)}", {"state": "approved"})
    adjustment.refresh_from_db()
    assert (answer.status_code, adjustment.state) == (403, before)


def test_the_admin_only_shows_where_duties_are_apart():
    """But for the head of a document that is not submitted, and what causes are called."""
    apart = {"approvals", "counts", "movements", "rectification", "reports", "variances"}
    writable = {
        model._meta.label
        for model, admin in site._registry.items()
        if model._meta.app_label in apart and set(admin.permissions) != {"view"}
    }
    assert writable == {"movements.Document", "variances.CauseType"}
