from __future__ import annotations

import pytest

from tests.rectification.builders import proposed
from tests.variances.builders import counted, on_hand, stocked, variance_of

API = "/o/alpha/api/v1"


@pytest.fixture
def item(organization):
    return stocked(quantity=100, cost="26.80")


@pytest.fixture
def count(item):
    return counted({"HC-GL350-02": 90})


def send(client, address, **body):
    return client.post(f"{API}{address}", body, content_type="application/json")


def test_from_proposal_to_reversal(count, item, person, browse):
    lin, shen, zhou = (
        browse(person(name, role)) for name, role in (("lin", "controller"), ("shen", "finance"), ("zhou", "manager"))
    )
    response = send(lin, "/adjustments/", count=count.count_no, reason="余量较小")
    row = response.json()
    assert (response.status_code, row["state"], row["total_value"], row["line_count"]) == (
        201,
        "proposed",
        "-268.0000",
        1,
    )
    address = f"/adjustments/{row['id']}"
    lines = lin.get(f"{API}{address}/lines/").json()["results"]
    assert [(line["sku"], line["quantity"], line["value"]) for line in lines] == [
        ("HC-GL350-02", "-10.0000", "-268.0000")
    ]
    assert send(shen, f"{address}/approve/", content_hash="0" * 64).status_code == 409
    assert send(shen, f"{address}/approve/", content_hash=row["content_hash"]).json()["state"] == "approved"
    assert send(shen, f"{address}/approve/", content_hash=row["content_hash"]).status_code == 409
    assert send(lin, f"{address}/post/").json()["document"] == row["adjustment_no"]
    assert (send(lin, f"{address}/post/").status_code, on_hand(item)) == (409, 90)
    assert send(zhou, f"{address}/reverse/", reason="找到").json()["state"] == "reversed"
    assert on_hand(item) == 100


def test_refusals_name_the_rows(count, person, browse):
    lin = browse(person("lin", "controller"))
    response = send(lin, "/adjustments/", count=count.count_no, variances=[str(variance_of(count).pk)])
    assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "reason_missing")
    assert len(response.json()["errors"]) == 2
    assert send(lin, "/adjustments/", count="PD-0").status_code == 400


def test_reject_and_withdraw(count, person, browse):
    shen, lin = browse(person("shen", "finance")), browse(person("lin", "controller"))
    first = proposed(count)
    assert send(shen, f"/adjustments/{first.pk}/reject/").status_code == 400
    assert send(shen, f"/adjustments/{first.pk}/reject/", reason="缺单据").json()["state"] == "rejected"
    second = proposed(count)
    assert send(lin, f"/adjustments/{second.pk}/withdraw/").json()["state"] == "withdrawn"
    trail = shen.get(f"{API}/approvals/?target_id={first.pk}").json()["results"]
    assert [(row["state"], [d["answer"] for d in row["decisions"]]) for row in trail] == [("rejected", ["reject"])]


def test_filters(count, person, browse):
    adjustment = proposed(count)
    client = browse(person("audit", "auditor"))
    for query, number in (
        (f"count_no={count.count_no}", 1),
        ("state=posted", 0),
        (f"variance={variance_of(count).pk}", 1),
        (f"q={adjustment.adjustment_no}", 1),
    ):
        assert client.get(f"{API}/adjustments/?{query}").json()["count"] == number
