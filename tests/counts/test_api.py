"""The API of counting: who may, what devices send, and that nothing tells a counter the book."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.tenancy import organization_scope
from apps.counts.models import Count, CountEntry, CountTask, ToleranceRule
from apps.counts.services import cancel_count, close_count, create_count, release_count, set_tolerance
from tests.counts.builders import enter, line, receive, released, shop

API = "/o/alpha/api/v1"
ROLES = ["owner", "manager", "counter", "controller", "finance", "assignee", "auditor"]
BOOK = {"POT": "7391", "CUP": "8642", "TEA": "5173"}
"""Figures that stand nowhere but in the book."""
NO_FIGURE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[0-9:.]+")
"""Ids and moments: any digits may stand there."""


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


@pytest.fixture
def client(zhou, browse):
    return browse(zhou)


def send(client, path, data=None):
    return client.post(f"{API}/{path}", data if data is not None else {}, content_type="application/json")


def read(client, path):
    response = client.get(f"{API}/{path}")
    assert response.status_code == 200, response.content
    return response.json()


def errors(response):
    return [(error["attr"], error["code"]) for error in response.json()["errors"]]


def cup(entry_no, quantity, **values):
    return {"entry_no": entry_no, "quantity": quantity, "sku": "CUP", "location": "A-2", **values}


def told(response):
    """(status, [(entry number, result, code)])"""
    rows = response.json()["entries"]
    return response.status_code, [(row["entry_no"], row["result"], row["code"]) for row in rows]


# A count from plan to end


def test_a_count_from_plan_to_end(place, client, zhou, li, person):
    wang = person("wang", "counter")
    plan = {"warehouse": "W1", "locations": ["A-1", "A-2"], "name": "年终", "mode": "dynamic", "due_on": "2030-12-31"}
    made = send(client, "counts/", plan)
    assert made.status_code == 201
    pk = made.json()["id"]
    shown = {name: made.json()[name] for name in ("state", "warehouse", "mode", "blind", "created_by", "lines")}
    assert shown == {
        "state": "draft",
        "warehouse": "W1",
        "mode": "dynamic",
        "blind": True,
        "created_by": "zhou",
        "lines": 0,
    }
    started = send(client, f"counts/{pk}/release/", {"counters": ["li"]}).json()
    assert (started["state"], started["released_by"], started["lines"], started["counted"]) == (
        "counting",
        "zhou",
        2,
        0,
    )
    assert errors(send(client, f"counts/{pk}/release/")) == [(None, "wrong_state")]
    count = Count.objects.get(pk=pk)
    enter(count, li, "CUP", 90)
    lines = read(client, f"counts/{pk}/lines/")["results"]
    figures = ("location", "sku", "snapshot", "expected", "counted", "variance", "value", "round", "is_waiting")
    assert [tuple(row[name] for name in figures) for row in lines] == [
        ("A-1", "POT", "1200.0000", "1200.0000", None, None, None, 1, False),
        ("A-2", "CUP", "100.0000", "100.0000", "90.0000", "-10.0000", "-30.0000", 1, False),
    ]
    wish = {"lines": [lines[1]["id"]], "assignee": "wang", "reason": "差异较大"}
    again = send(client, f"counts/{pk}/recount/", wish)
    assert (again.status_code, again.json()["round"], again.json()["assignee"], again.json()["lines"]) == (
        201,
        2,
        "wang",
        1,
    )
    assert send(client, f"counts/{pk}/close/").status_code == 409
    enter(count, wang, "CUP", 98)
    refused = send(client, f"counts/{pk}/close/", {"uncounted": "zero", "abandon_recounts": True})
    assert errors(refused) == [(None, "reason_missing")]
    wish = {"uncounted": "zero", "reason": "货架已清空", "abandon_recounts": True}
    done = send(client, f"counts/{pk}/close/", wish).json()
    assert (done["state"], done["closed_by"], done["counted"]) == ("closed", "zhou", 2)
    figures = ("sku", "counted", "variance")
    assert [tuple(row[name] for name in figures) for row in read(client, f"counts/{pk}/lines/")["results"]] == [
        ("POT", "0.0000", "-1200.0000"),
        ("CUP", "98.0000", "-2.0000"),
    ]


def test_a_plan_that_is_given_up(place, client):
    pk = send(client, "counts/", {"warehouse": "W1"}).json()["id"]
    assert errors(send(client, f"counts/{pk}/cancel/")) == [("reason", "required")]
    assert send(client, f"counts/{pk}/cancel/", {"reason": "改期"}).json()["state"] == "cancelled"
    assert read(client, f"counts/{pk}/lines/")["results"] == []


def test_the_list_is_narrowed(place, client, count, zhou):
    plan = create_count(place.warehouse, name="抽盘", count_no="CP-1", mode="dynamic", actor=zhou)

    def found(query):
        return [row["count_no"] for row in read(client, f"counts/?{query}")["results"]]

    assert found("sort=created") == [count.count_no, "CP-1"]
    for query in ("state=draft", "mode=dynamic", "q=抽盘", "count_no=CP-1", "q=w1&state=draft"):
        assert found(query) == ["CP-1"], query
    assert found(f"warehouse={place.warehouse.pk}&state=counting") == [count.count_no]
    assert found("warehouse_code=W2") == []
    assert client.get(f"{API}/counts/?state=nonsense").status_code == 400
    assert read(client, f"counts/{plan.pk}/")["name"] == "抽盘"


def test_lines_are_narrowed(client, count):
    def found(query):
        return [row["sku"] for row in read(client, f"counts/{count.pk}/lines/?{query}")["results"]]

    assert found("q=cup") == ["CUP"]
    assert found("zone=B") == ["TEA"]
    assert found("found=true") == []
    assert found("page_size=1&page=3") == ["TEA"]
    assert client.get(f"{API}/counts/{count.pk}/lines/?q=%00").status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"warehouse": "W9"}, 400, ("warehouse", "does_not_exist")),
        ({}, 400, ("warehouse", "required")),
        ({"warehouse": "W1", "locations": ["A-1", "Z-9"]}, 400, ("locations", "invalid")),
        ({"warehouse": "W1", "locations": []}, 422, (None, "no_locations")),
        ({"warehouse": "W1", "mode": "quick"}, 400, ("mode", "invalid_choice")),
        ({"warehouse": "W1", "due_on": "31.12.2030"}, 400, ("due_on", "invalid")),
        ({"warehouse": "W1", "count_no": "N" * 61}, 400, ("count_no", "max_length")),
        ({"warehouse": "W1", "count_no": "CP-1"}, 409, (None, "count_no_taken")),
    ],
)
def test_plans_that_are_refused(place, client, zhou, body, status, error):
    create_count(place.warehouse, count_no="CP-1", actor=zhou)
    response = send(client, "counts/", body)
    assert (response.status_code, errors(response)) == (status, [error])
    assert Count.objects.count() == 1


def test_wishes_that_are_refused(place, client, zhou, li, person, organization):
    draft = create_count(place.warehouse, actor=zhou)
    person("wu", "auditor")
    release = f"counts/{draft.pk}/release/"
    assert errors(send(client, release, {"counters": ["nobody"]})) == [("counters", "does_not_exist")]
    assert errors(send(client, release, {"counters": ["wu"]})) == [(None, "not_a_counter")]
    count = release_count(draft, counters=[li], actor=zhou)
    recount = f"counts/{count.pk}/recount/"
    cups = line(count, "CUP")
    assert errors(send(client, recount, {"lines": [], "assignee": "li"})) == [("lines", "empty")]
    assert errors(send(client, recount, {"lines": ["x"], "assignee": "li"})) == [("lines.0", "invalid")]
    unknown = {"lines": [str(place.pot.pk)], "assignee": "li"}
    assert errors(send(client, recount, unknown)) == [("lines", "invalid")]
    assert errors(send(client, recount, {"lines": [str(cups.pk)], "assignee": "li"}))[0] == (None, "not_counted")
    enter(count, li, "CUP", 90)
    assert errors(send(client, recount, {"lines": [str(cups.pk)], "assignee": "li"}))[0] == (None, "own_recount")
    assert errors(send(client, f"counts/{count.pk}/close/", {"uncounted": "guess"})) == [
        ("uncounted", "invalid_choice")
    ]


# Who may


MAY = {
    ("counts/", "get"): ROLES,
    ("counts/{count}/", "get"): ROLES,
    ("counts/{count}/lines/", "get"): ROLES,
    ("counts/{count}/entries/", "get"): ROLES,
    ("count-entries/", "get"): ROLES,
    ("tolerance-rules/", "get"): ROLES,
    ("count-tasks/", "get"): [role for role in ROLES if role != "auditor"],
    ("count-tasks/{task}/", "get"): [role for role in ROLES if role != "auditor"],
    ("count-tasks/{task}/lines/", "get"): [role for role in ROLES if role != "auditor"],
    ("counts/", "post"): ["manager"],
    ("counts/{draft}/release/", "post"): ["manager"],
    ("counts/{count}/close/", "post"): ["manager"],
    ("counts/{count}/cancel/", "post"): ["manager"],
    ("counts/{count}/recount/", "post"): ["manager"],
    ("counts/{count}/entries/", "post"): ["manager", "counter"],
    ("count-entries/{entry}/void/", "post"): ["manager"],
    ("count-tasks/{task}/claim/", "post"): ["manager", "counter"],
    ("count-tasks/{task}/submit/", "post"): ["manager", "counter"],
    ("count-tasks/{task}/assign/", "post"): ["manager"],
    ("count-tasks/{task}/reopen/", "post"): ["manager"],
    ("tolerance-rules/", "post"): ["owner", "finance"],
}


@pytest.mark.parametrize("role", ROLES)
def test_role_and_action(place, person, browse, li, zhou, role):
    """What the roles leave open is answered by the rules; what they do not is 403. An entry that one may not see is
    absent."""
    somebody = browse(person("somebody", role))
    set_tolerance(percent="1", actor=person("qian", "finance"))
    draft = create_count(place.warehouse, locations=[place.b1], actor=zhou)
    count = release_count(create_count(place.warehouse, locations=[place.a1, place.a2], actor=zhou), actor=zhou)
    entry = enter(count, li, "CUP", 90)
    task = CountTask.objects.get(count=count)
    body = {"reason": "x", "lines": [str(entry.line_id)], "assignee": None, "warehouse": "W1", "entry_no": "u-1"}
    refused = {}
    for (path, method), roles in MAY.items():
        address = f"{API}/{path.format(draft=draft.pk, count=count.pk, task=task.pk, entry=entry.pk)}"
        sent = [cup("e-1", "x")] if path.endswith("/entries/") else body
        if method == "post" and role in roles and path.split("/")[-2] in ("close", "cancel"):
            continue
        response = somebody.get(address) if method == "get" else send(somebody, address.removeprefix(f"{API}/"), sent)
        refused[path, method] = response.status_code in (403, 404)
    expected = {key: role not in roles for key, roles in MAY.items() if key in refused}
    assert refused == expected


def test_a_visitor_and_a_stranger(place, count, client, browse, twin):
    from django.test import Client

    from apps.organizations.models import User

    assert Client().get(f"{API}/counts/").status_code == 401
    stranger = Client()
    stranger.force_login(User.objects.create_user("stranger"), backend="django.contrib.auth.backends.ModelBackend")
    assert stranger.get(f"{API}/counts/").status_code == 404
    assert client.delete(f"{API}/counts/{count.pk}/").status_code == 405
    assert client.patch(f"{API}/counts/{count.pk}/", {}, content_type="application/json").status_code == 405


# What devices send


def test_what_a_device_sends(count, li, browse):
    device = browse(li)
    moment = timezone.now() + timedelta(seconds=1)
    sent = [
        cup("d7-1", "12.5", counted_at=moment.isoformat(), method="scan", device="PDA-7", note="外箱破损"),
        {"entry_no": "d7-2", "code": "6900000000012", "location": "A-1", "quantity": 2, "round": 1},
        {"entry_no": "d7-3", "sku": "TEA", "lot": "L1", "location": "B-1", "quantity": 0.25},
        cup("d7-4", "１２", location="B-1"),
    ]
    answer = told(send(device, f"counts/{count.pk}/entries/", sent))
    assert answer == (200, [(f"d7-{number}", "accepted", "") for number in (1, 2, 3, 4)])
    again = told(send(device, f"counts/{count.pk}/entries/", sent))
    assert again == (200, [(f"d7-{number}", "duplicate", "") for number in (1, 2, 3, 4)])
    own = read(device, f"counts/{count.pk}/entries/")["results"]
    figures = ("entry_no", "sku", "location", "lot", "quantity", "unit", "base_quantity", "method", "device", "note")
    assert sorted(tuple(row[name] for name in figures) for row in own) == [
        ("d7-1", "CUP", "A-2", "", "12.5000", "", "12.5000", "scan", "PDA-7", "外箱破损"),
        ("d7-2", "POT", "A-1", "", "2.0000", "盒", "12.0000", "keyed", "", ""),
        ("d7-3", "TEA", "B-1", "L1", "0.2500", "", "0.2500", "keyed", "", ""),
        ("d7-4", "CUP", "B-1", "", "12.0000", "", "12.0000", "keyed", "", ""),
    ]
    assert CountEntry.objects.get(entry_no="d7-1").counted_at == moment


def test_the_same_number_with_another_body(count, li, browse):
    device, path = browse(li), f"counts/{count.pk}/entries/"
    send(device, path, [cup("e-1", 12)])
    assert told(send(device, path, [cup("e-1", 12)])) == (200, [("e-1", "duplicate", "")])
    response = send(device, path, [cup("e-1", 13)])
    assert told(response) == (409, [("e-1", "refused", "entry_differs")])
    assert "e-1" in response.json()["entries"][0]["message"]
    mixed = told(send(device, path, [cup("e-1", 13), cup("e-2", 1)]))
    assert mixed == (200, [("e-1", "refused", "entry_differs"), ("e-2", "accepted", "")])
    assert [entry.quantity for entry in CountEntry.objects.order_by("entry_no")] == [12, 1]


def test_a_wrong_entry_keeps_no_other_out(count, li, browse):
    sent = [
        cup("e-1", "1,200"),
        cup("e-2", 3),
        "nonsense",
        cup("e-4", 1, counted_at="yesterday"),
        {"quantity": 1, "sku": "CUP"},
        cup("e-6", 1, sku="NONE"),
        cup("e-7", -1),
        cup("e-8", True),
        cup("e-9", 1, task=str(count.pk)),
        cup("e-10", 1, method="guess"),
        cup("e-11\0", 1),
        cup("e-12", 1, note="长" * 201),
        cup("e-2", 3),
        None,
    ]
    response = send(browse(li), f"counts/{count.pk}/entries/", sent)
    assert told(response) == (
        200,
        [
            ("e-1", "refused", "number_format"),
            ("e-2", "accepted", ""),
            ("", "refused", "invalid"),
            ("e-4", "refused", "invalid"),
            ("", "refused", "invalid"),
            ("e-6", "refused", "unknown_item"),
            ("e-7", "refused", "negative"),
            ("e-8", "refused", "invalid"),
            ("e-9", "refused", "unknown_task"),
            ("e-10", "refused", "invalid"),
            ("e-11\0", "refused", "invalid"),
            ("e-12", "refused", "too_long"),
            ("e-2", "duplicate", ""),
            ("", "refused", "invalid"),
        ],
    )
    assert all(row["message"] for row in response.json()["entries"] if row["result"] == "refused")
    assert response.json()["entries"][3]["message"].startswith("counted_at: ")
    assert CountEntry.objects.get().entry_no == "e-2"


@pytest.mark.parametrize("sent", [{}, [], {"entries": []}, [cup("e", 1)] * 1001])
def test_what_is_no_list_of_entries(count, li, browse, sent):
    response = send(browse(li), f"counts/{count.pk}/entries/", sent)
    assert (response.status_code, errors(response)) == (400, [(None, "invalid")])
    assert "1,000" in response.json()["errors"][0]["detail"]


def test_a_count_that_is_closed_takes_nothing_new(count, li, zhou, browse):
    device, path = browse(li), f"counts/{count.pk}/entries/"
    send(device, path, [cup("e-1", 12)])
    close_count(count, actor=zhou)
    assert told(send(device, path, [cup("e-1", 12), cup("e-2", 1)])) == (
        200,
        [("e-1", "duplicate", ""), ("e-2", "refused", "count_closed")],
    )


def test_who_has_no_task_there_enters_nothing(count, person, browse):
    lin = browse(person("lin", "controller"))
    assert send(lin, f"counts/{count.pk}/entries/", [cup("e-1", 1)]).status_code == 403
    assert CountEntry.objects.count() == 0


def test_an_entry_is_undone_once(count, li, person, browse):
    entry = enter(count, li, "CUP", 12)
    device, path = browse(li), f"count-entries/{entry.pk}/void/"
    assert errors(send(device, path)) == [("entry_no", "required")]
    undo = send(device, path, {"entry_no": "u-1", "reason": "看错货位"})
    assert (undo.status_code, undo.json()["quantity"], undo.json()["voids"], undo.json()["note"]) == (
        200,
        "-12.0000",
        str(entry.pk),
        "看错货位",
    )
    assert send(device, path, {"entry_no": "u-1"}).json()["id"] == undo.json()["id"]
    assert errors(send(device, path, {"entry_no": "u-2"})) == [(None, "already_voided")]
    assert read(device, f"count-entries/{entry.pk}/")["is_undone"] is True
    found = read(device, f"count-entries/?count_no={count.count_no}&round=1&entry_no=u-1")["results"]
    assert [row["id"] for row in found] == [undo.json()["id"]]
    other = browse(person("wang", "counter"))
    assert send(other, path, {"entry_no": "u-3"}).status_code == 404


# Tasks


def test_tasks_are_claimed_handed_over_and_opened_again(place, li, person, browse, client, zhou):
    count = released(place)
    wang = person("wang", "counter")
    mine, other = browse(li), browse(wang)
    zones = read(mine, f"count-tasks/?count_no={count.count_no}")["results"]
    assert [(row["zone"], row["assignee"], row["lines"], row["entered"]) for row in zones] == [
        ("A", None, 2, 0),
        ("B", None, 1, 0),
    ]
    task = f"count-tasks/{zones[0]['id']}/"
    assert send(mine, f"{task}claim/").json()["assignee"] == "li"
    assert errors(send(other, f"{task}claim/")) == [(None, "task_taken")]
    assert send(other, f"{task}submit/").status_code == 403
    assert [row["zone"] for row in read(mine, "count-tasks/?mine=true")["results"]] == ["A"]
    assert [row["zone"] for row in read(other, "count-tasks/")["results"]] == ["B"]
    assert [row["zone"] for row in read(client, "count-tasks/")["results"]] == ["A", "B"]
    enter(count, li, "CUP", 90)
    lines = read(mine, f"{task}lines/")["results"]
    assert [(row["location"], row["sku"], row["unit"], row["is_entered"]) for row in lines] == [
        ("A-1", "POT", "件", False),
        ("A-2", "CUP", "件", True),
    ]
    done = send(mine, f"{task}submit/").json()
    assert (done["state"], done["entered"]) == ("submitted", 1)
    assert errors(send(mine, f"{task}submit/")) == [(None, "wrong_state")]
    assert errors(send(client, f"{task}reopen/")) == [("reason", "required")]
    assert send(client, f"{task}reopen/", {"reason": "漏盘"}).json()["state"] == "open"
    assert send(client, f"{task}assign/", {"assignee": "wang"}).json()["assignee"] == "wang"
    assert errors(send(client, f"{task}assign/", {"assignee": "nobody"})) == [("assignee", "does_not_exist")]
    assert send(client, f"{task}assign/", {"assignee": None}).json()["assignee"] is None
    cancel_count(count, reason="重来", actor=zhou)
    assert read(mine, "count-tasks/")["results"] == []
    assert errors(send(mine, f"{task}claim/")) == [(None, "count_closed")]


# Tolerance


def test_tolerance_is_read_and_set(place, person, browse):
    finance = browse(person("qian", "finance"))
    first = send(finance, "tolerance-rules/", {"percent": "1.5", "value": "200"})
    assert (first.status_code, first.json()["version"], first.json()["quantity"]) == (201, 1, None)
    assert send(finance, "tolerance-rules/", {}).json()["version"] == 2
    rows = read(finance, "tolerance-rules/")["results"]
    assert [(row["version"], row["percent"], row["value"], row["created_by"]) for row in rows] == [
        (2, None, None, "qian"),
        (1, "1.5000", "200.0000", "qian"),
    ]
    assert errors(send(finance, "tolerance-rules/", {"percent": "-1"})) == [(None, "negative_limit")]
    assert errors(send(finance, "tolerance-rules/", {"percent": "a"})) == [("percent", "invalid")]
    assert ToleranceRule.objects.count() == 2


# Blind


@pytest.fixture
def canary(place):
    """Book figures that no counter typed."""
    for item, location, now in ((place.pot, place.a1, 1200), (place.cup, place.a2, 100)):
        receive(place, item, location, int(BOOK[item.sku]) - now)
    return place


BLIND_PATHS = (
    "counts/",
    "counts/{count}/",
    "counts/{count}/lines/",
    "counts/{count}/entries/",
    "count-tasks/",
    "count-tasks/{task}/",
    "count-tasks/{task}/lines/",
    "count-entries/",
    "tolerance-rules/",
    "stock/",
    "ledger/",
    "variances/",
)


@pytest.mark.parametrize("roles", [("counter",), ("assignee",), ("counter", "manager"), ("controller",)])
def test_a_counter_gets_no_book_figure(canary, person, browse, zhou, roles):
    """By any address, whatever their other roles; also not that of an earlier count of the same place."""
    counter = person("chen", *roles)
    earlier = released(canary)
    enter(earlier, zhou, "CUP", int(BOOK["CUP"]))
    enter(earlier, zhou, "POT", 1, "A-1")
    close_count(earlier, actor=zhou)
    count = released(canary, counter)
    enter(count, counter, "CUP", 4000)
    task = CountTask.objects.get(count=count, zone="A")
    client = browse(counter)
    shown = ""
    for row in (count, earlier):
        for path in BLIND_PATHS:
            response = client.get(f"{API}/{path.format(count=row.pk, task=task.pk)}")
            assert response.status_code in (200, 403)
            shown += NO_FIGURE.sub("", response.content.decode())
    assert [figure for figure in (BOOK["POT"], BOOK["CUP"], "4642") if figure in shown] == []
    assert set(read(client, f"counts/{count.pk}/lines/")["results"][0]) == {
        "id",
        "location",
        "sku",
        "name",
        "lot",
        "unit",
        "is_found",
    }
    close_count(count, actor=zhou)
    after = {row["sku"]: row for row in read(client, f"counts/{count.pk}/lines/")["results"]}
    assert (after["CUP"]["expected"], after["CUP"]["variance"]) == ("8642.0000", "-4642.0000")


def test_what_others_entered_is_hidden_until_the_end(canary, li, zhou, person, browse):
    wang = browse(person("wang", "counter"))
    count = released(canary, li)
    enter(count, li, "CUP", 90)
    assert read(wang, "count-entries/")["results"] == []
    assert [row["counter"] for row in read(browse(zhou), "count-entries/")["results"]] == ["li"]
    close_count(count, actor=zhou)
    assert [row["counter"] for row in read(wang, "count-entries/")["results"]] == ["li"]


def test_the_lines_of_a_blind_count_do_not_follow_the_book(canary, li, browse):
    count = released(canary, li)
    rows = read(browse(li), f"counts/{count.pk}/lines/?sort=value&ordering=snapshot")["results"]
    assert [row["location"] for row in rows] == ["A-1", "A-2", "B-1"]


# Another company


def test_another_companys_rows(place, client, person, twin):
    with organization_scope(twin):
        there = shop()
        counter = person("tang", "counter")
        foreign = released(there, counter)
        entry = enter(foreign, counter, "CUP", 90)
        task = CountTask.objects.filter(count=foreign).first()
        rule = set_tolerance(percent="1", actor=person("tan", "finance"))
        plan = create_count(there.warehouse, count_no="T-1", actor=person("tao", "manager"))
        foreign_line = line(foreign, "CUP")
    for path in (
        f"counts/{foreign.pk}/",
        f"counts/{foreign.pk}/lines/",
        f"counts/{foreign.pk}/entries/",
        f"count-tasks/{task.pk}/",
        f"count-tasks/{task.pk}/lines/",
        f"count-entries/{entry.pk}/",
        f"tolerance-rules/{rule.pk}/",
    ):
        assert client.get(f"{API}/{path}").status_code == 404, path
    body = {"reason": "x", "entry_no": "u", "assignee": "zhou", "lines": [str(foreign_line.pk)]}
    for path in (
        f"counts/{plan.pk}/release/",
        f"counts/{foreign.pk}/close/",
        f"counts/{foreign.pk}/cancel/",
        f"counts/{foreign.pk}/recount/",
        f"count-tasks/{task.pk}/claim/",
        f"count-tasks/{task.pk}/submit/",
        f"count-tasks/{task.pk}/assign/",
        f"count-tasks/{task.pk}/reopen/",
        f"count-entries/{entry.pk}/void/",
    ):
        assert send(client, path, body).status_code == 404, path
    assert send(client, f"counts/{foreign.pk}/entries/", [cup("e", 1)]).status_code == 404
    for path in ("counts/", "count-tasks/", "count-entries/", "tolerance-rules/"):
        assert read(client, path)["results"] == [], path
    own = released(place)
    enter(own, Count.objects.get(pk=own.pk).created_by, "CUP", 1)
    mixed = {"lines": [str(foreign_line.pk)], "assignee": "zhou"}
    assert errors(send(client, f"counts/{own.pk}/recount/", mixed)) == [("lines", "invalid")]
    assert errors(send(client, f"counts/{own.pk}/recount/", {**mixed, "assignee": "tang"})) == [
        ("assignee", "does_not_exist")
    ]
    assert told(send(client, f"counts/{own.pk}/entries/", [cup("e", 1, task=str(task.pk))])) == (
        200,
        [("e", "refused", "unknown_task")],
    )


# Queries


def test_lists_do_not_ask_more_with_more_rows(place, client, li, zhou, person):
    def asked(count):
        numbers = []
        for path in (
            "counts/",
            f"counts/{count.pk}/lines/",
            f"counts/{count.pk}/entries/",
            "count-tasks/",
            f"count-tasks/{count.tasks.get(zone='A').pk}/lines/",
            "count-entries/",
            "tolerance-rules/",
        ):
            client.get(f"{API}/{path}")
            with CaptureQueriesContext(connection) as queries:
                client.get(f"{API}/{path}")
            numbers.append((path.split("/")[-2], len(queries)))
        return numbers

    qian = person("qian", "finance")
    set_tolerance(percent="1", actor=qian)
    one = release_count(create_count(place.warehouse, locations=[place.a2], blind=False, actor=zhou), actor=zhou)
    enter(one, zhou, "CUP", 1)
    few = asked(one)
    close_count(one, actor=zhou)
    for number in range(3):
        set_tolerance(percent=number, actor=qian)
        create_count(place.warehouse, actor=zhou)
    many = released(place, li, zhou, blind=False)
    for _time in range(3):
        enter(many, zhou, "CUP", 1)
        enter(many, zhou, "POT", 1, "A-1")
    assert asked(many) == few


def test_a_thousand_entries_are_one_statement(count, li, browse):
    device, path = browse(li), f"counts/{count.pk}/entries/"
    send(device, path, [cup("warm", 1)])

    def asked(sent):
        with CaptureQueriesContext(connection) as queries:
            assert told(send(device, path, sent))[0] == 200
        return len(queries)

    assert asked([cup(f"b-{number}", 1) for number in range(1000)]) == asked([cup("a-1", 1)])
