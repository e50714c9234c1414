from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.rectification.models import Adjustment
from apps.rectification.services import propose_adjustment
from apps.variances.models import Variance
from tests.rectification.builders import proposed
from tests.variances.builders import counted, enter, on_hand, start_count, stocked, variance_of


@pytest.fixture
def lin(person):
    return person("lin", "controller", name="林晓")


@pytest.fixture
def shen(person):
    return person("shen", "finance", name="沈洁")


@pytest.fixture
def zhou(person):
    return person("zhou", "manager", name="周敏")


@pytest.fixture
def item(organization):
    return stocked(quantity=100, cost="26.80")


@pytest.fixture
def count(item):
    return counted({"HC-GL350-02": 90})


def text(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_whole_way_through_the_pages(count, item, lin, shen, zhou, browse):
    client = browse(lin)
    shown = text(client.get(f"/o/alpha/adjustments/new/?count={count.pk}"))
    assert [part for part in ("双层玻璃杯 350ml", "−10", "−¥268.00") if part not in shown] == []
    chosen = variance_of(count).pk
    assert "−¥268.00" in text(client.post("/o/alpha/adjustments/new/", {"ids": [chosen]}))
    response = client.post("/o/alpha/adjustments/propose/", {"count": count.pk, "ids": [chosen], "reason": "余量较小"})
    adjustment = Adjustment.objects.get()
    address = f"/o/alpha/adjustments/{adjustment.pk}/"
    assert (response.status_code, response["Location"]) == (302, address)
    finance = browse(shen)
    page = text(finance.get(address))
    assert [p for p in (adjustment.adjustment_no, "−¥268.00", adjustment.content_hash) if p not in page] == []
    assert 'style="' not in page
    approve = {"content_hash": adjustment.content_hash, "reason": "同意"}
    assert finance.post(f"{address}approve/", approve)["Location"] == address
    assert browse(lin).post(f"{address}post/")["Location"] == address
    assert on_hand(item) == 90
    assert "同意" in text(finance.get(f"{address}?look=lines"))
    assert browse(zhou).post(f"{address}reverse/", {"reason": "找到 10 件"})["Location"] == address
    assert on_hand(item) == 100
    assert "找到 10 件" in text(finance.get(address))


def test_pressing_twice_is_told_and_changes_nothing(count, item, lin, shen, browse):
    adjustment = proposed(count)
    address = f"/o/alpha/adjustments/{adjustment.pk}/"
    finance = browse(shen)
    body = {"content_hash": adjustment.content_hash}
    first = finance.post(f"{address}approve/", body)
    again = finance.post(f"{address}approve/", body)
    assert (first.status_code, again.status_code) == (302, 409)
    client = browse(lin)
    answers = [client.post(f"{address}post/").status_code for _n in range(3)]
    assert (answers, on_hand(item)) == ([302, 409, 409], 90)


def test_rejecting_and_withdrawing(count, lin, shen, browse):
    for wish, who in (("reject", shen), ("withdraw", lin)):
        adjustment = proposed(count)
        address = f"/o/alpha/adjustments/{adjustment.pk}/"
        assert browse(who).post(f"{address}{wish}/", {"reason": "再查"}).status_code == 302
        adjustment.refresh_from_db()
        assert adjustment.state in ("rejected", "withdrawn")


def test_the_reason_stands_beside_a_disabled_button(count, person, browse):
    both = person("wang", "controller", "manager")
    adjustment = propose_adjustment(count, reason="…", actor=both)
    page = text(browse(both).get(f"/o/alpha/adjustments/{adjustment.pk}/"))
    assert "why-approve" in page
    assert browse(both).post(
        f"/o/alpha/adjustments/{adjustment.pk}/approve/", {"content_hash": adjustment.content_hash}
    ).status_code in (302, 403)
    adjustment.refresh_from_db()
    assert adjustment.state == "proposed"


def test_lists_and_files(count, lin, shen, browse):
    adjustment = proposed(count)
    client = browse(lin)
    for query in (
        "",
        f"?variance={variance_of(count).pk}",
        f"?count={count.pk}&state=proposed&sort=value",
        "?q=nothing",
    ):
        assert client.get(f"/o/alpha/adjustments/{query}").status_code == 200
    for address in ("/o/alpha/adjustments/", f"/o/alpha/adjustments/{adjustment.pk}/"):
        for kind in ("xlsx", "csv"):
            assert client.get(f"{address}?export={kind}").status_code == 200
    for look in ("cause", "zone", "category", "department", "lines", "nonsense"):
        assert client.get(f"/o/alpha/adjustments/{adjustment.pk}/?look={look}").status_code == 200


def test_list_queries_do_not_grow(organization, lin, browse, django_assert_num_queries):
    client = browse(lin)
    stocked("S-0", 10)
    proposed(counted({"S-0": 9}))
    client.get("/o/alpha/adjustments/")
    with CaptureQueriesContext(connection) as few:
        client.get("/o/alpha/adjustments/")
    for number in range(1, 4):
        stocked(f"S-{number}", 10)
        proposed(counted({f"S-{number}": 9}))
    with django_assert_num_queries(len(few)):
        client.get("/o/alpha/adjustments/")


def test_the_preview_names_what_it_leaves_out(organization, lin, browse):
    stocked("A", 100)
    stocked("B", 100)
    count = counted({"A": 90, "B": 95})
    proposed(count, variances=[variance_of(count, "A")])
    response = browse(lin).post("/o/alpha/adjustments/new/", {"ids": [row.pk for row in Variance.objects.all()]})
    assert response.status_code == 200
    assert [variance.stock_line.item.sku for _line, variance in response.context["lines"]] == ["B"]
    assert [row.stock_line.item.sku for row, _why in response.context["left_out"]] == ["A"]


def test_who_counts_blindly_here_sees_no_adjustment(count, lin, browse):
    adjustment = proposed(count)
    running = start_count(lin, blind=True)
    enter(running, lin, {"HC-GL350-02": 90})
    client = browse(lin)
    assert client.get(f"/o/alpha/adjustments/{adjustment.pk}/").status_code == 404
    assert client.get(f"/o/alpha/variances/{variance_of(count).pk}/").status_code == 404
    assert adjustment.adjustment_no not in text(client.get("/o/alpha/adjustments/"))
    assert "HC-GL350-02" not in text(client.get("/o/alpha/variances/"))
    assert client.get("/o/alpha/api/v1/adjustments/").json()["count"] == 0
    assert client.get("/o/alpha/api/v1/variances/").json()["count"] == 0
