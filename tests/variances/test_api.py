from __future__ import annotations

import pytest

from apps.variances.models import Cause
from apps.variances.services import confirm_cause
from tests.variances.builders import cause_type, counted, document, stocked, variance_of

API = "/o/alpha/api/v1"


@pytest.fixture
def lin(person):
    return person("lin", "controller", name="林晓")


@pytest.fixture
def loss(organization):
    stocked()
    return variance_of(counted({"HC-GL350-02": 1160}))


def send(client, address, **body):
    return client.post(f"{API}{address}", body, content_type="application/json")


def test_list_and_filters(loss, lin, browse):
    client = browse(lin)
    row = client.get(f"{API}/variances/").json()["results"][0]
    assert {name: row[name] for name in ("sku", "location", "book", "counted", "variance", "value")} == {
        "sku": "HC-GL350-02",
        "location": "A-03-12",
        "book": "1200.0000",
        "counted": "1160.0000",
        "variance": "-40.0000",
        "value": "-1072.0000",
    }
    for query, number in (
        (f"count_no={loss.count.count_no}", 1),
        ("sku=HC-GL350-02&state=open&verdict=beyond", 1),
        ("cause=gift_unrecorded", 0),
        ("late=1", 0),
        ("q=玻璃杯&sort=item", 1),
    ):
        assert client.get(f"{API}/variances/?{query}").json()["count"] == number


def test_confirm_and_take_back(loss, lin, browse):
    gift = document("gift_issue", loss.stock_line.item, 20)
    client = browse(lin)
    body = {
        "variance": str(loss.pk),
        "cause": "gift_unrecorded",
        "quantity": "-20",
        "document_lines": [str(gift.lines.get().pk)],
        "count_entries": [str(loss.count_line.entries.get().pk)],
    }
    response = send(client, "/causes/", **body)
    assert (response.status_code, response.json()["confirmed_by"], response.json()["person"]) == (
        201,
        "lin",
        None,
    )
    too_much = send(client, "/causes/", **{**body, "quantity": "-21"})
    assert (too_much.status_code, too_much.json()["errors"][0]["code"]) == (422, "over_explained")
    assert send(client, "/causes/", **{**body, "cause": "nonsense"}).status_code == 400
    shown = client.get(f"{API}/variances/{loss.pk}/").json()
    assert (shown["unexplained"], [cause["cause"] for cause in shown["causes"]]) == (
        "-20.0000",
        ["gift_unrecorded"],
    )
    assert client.get(f"{API}/evidence/?variance={loss.pk}").json()["count"] == 2
    address = f"/causes/{response.json()['id']}/remove/"
    assert send(client, address).status_code == 400
    assert send(client, address, reason="数量有误").json()["unexplained"] == "-40.0000"
    assert (send(client, address, reason="再来").status_code, Cause.objects.count()) == (404, 0)


def test_evidence(loss, lin, browse):
    client = browse(lin)
    note = send(client, "/evidence/", variance=str(loss.pk), kind="note", note="签收单在市场部")
    assert (note.status_code, note.json()["added_by"]) == (201, "lin")
    empty = send(client, "/evidence/", variance=str(loss.pk), kind="note", note="")
    assert (empty.status_code, empty.json()["errors"][0]["code"]) == (422, "evidence_incomplete")


def test_late_documents_and_assigning(loss, lin, person, browse):
    client = browse(person("zhou", "manager"))
    answer = send(client, f"/variances/{loss.pk}/assign/", assignee="lin")
    assert (answer.status_code, answer.json()["assignee"]) == (200, "lin")
    assert client.get(f"{API}/variances/{loss.pk}/late_documents/").json() == []


def test_taxonomy(loss, lin, person, browse):
    owner = browse(person("boss", "owner"))
    made = send(owner, "/cause-types/", code="gift-live", name="直播赠品", parent="gift_unrecorded")
    assert (made.status_code, made.json()["sign"], made.json()["label"]) == (201, "-", "直播赠品")
    assert send(browse(lin), "/cause-types/", code="x", name="x", parent="cutoff").status_code == 403
    assert browse(lin).get(f"{API}/cause-types/?code=gift-live").json()["count"] == 1


def test_queries_do_not_grow(organization, lin, browse, django_assert_max_num_queries):
    for number in range(5):
        stocked(f"S-{number}", 10)
    count = counted({f"S-{number}": 8 for number in range(5)})
    for variance in count.variances.all():
        confirm_cause(variance, cause_type("keying_error"), -1, person=lin, actor=lin)
    client = browse(lin)
    client.get(f"{API}/variances/")
    with django_assert_max_num_queries(16):
        client.get(f"{API}/variances/")
