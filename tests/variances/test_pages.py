from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.variances.models import Cause, Evidence, Variance
from apps.variances.services import add_evidence, confirm_cause
from tests.variances.builders import cause_type, counted, document, stocked, variance_of


@pytest.fixture
def lin(person):
    return person("lin", "controller", name="林晓")


@pytest.fixture
def loss(organization):
    stocked()
    return variance_of(counted({"HC-GL350-02": 1160}))


def text(response) -> str:
    return " ".join(response.content.decode().split())


def test_list(loss, lin, browse):
    confirm_cause(loss, cause_type("gift_unrecorded"), -20, actor=lin)
    response = browse(lin).get("/o/alpha/variances/")
    assert response.status_code == 200
    assert [part for part in ("双层玻璃杯 350ml", "−40", "−¥1,072.00", "−20") if part not in text(response)] == []


def test_list_of_a_count_with_views_groups_and_sort(loss, lin, browse):
    client = browse(lin)
    for query in (
        f"count={loss.count_id}",
        "view=beyond&sort=-item",
        "view=gain",
        "q=HC-GL350&zone=A",
        "by=node",
        "by=department",
        "by=zone",
        "late=1&mine=1",
        "cause=gift_unrecorded&state=open&verdict=beyond",
        "view=nonsense&by=nonsense&sort=nonsense&count=nonsense&page=99",
    ):
        assert client.get(f"/o/alpha/variances/?{query}").status_code == 200


def test_list_queries_do_not_grow(organization, lin, browse, django_assert_num_queries):
    client = browse(lin)
    stocked("S-0", 10)
    counted({"S-0": 9})
    client.get("/o/alpha/variances/")
    with CaptureQueriesContext(connection) as few:
        client.get("/o/alpha/variances/")
    for number in range(1, 6):
        stocked(f"S-{number}", 10)
    for variance in Variance.objects.filter(count=counted({f"S-{n}": 8 for n in range(6)})):
        confirm_cause(variance, cause_type("keying_error"), -1, actor=lin)
    with django_assert_num_queries(len(few)):
        client.get("/o/alpha/variances/")


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_export(loss, lin, browse, kind):
    response = browse(lin).get(f"/o/alpha/variances/?export={kind}")
    assert response.status_code == 200
    body = b"".join(response.streaming_content)
    if kind == "csv":
        assert body.decode("utf-8-sig").splitlines()[1].split(",")[8:14] == [
            "1200",
            "1160",
            "-40",
            "-3.3333",
            "26.8",
            "-1072",
        ]


def test_empty_list_says_what_to_do(organization, lin, browse):
    assert "暂无差异" in text(browse(lin).get("/o/alpha/variances/"))


def test_detail_shows_the_staircase_and_who_is_a_fact(loss, lin, browse, person):
    gift = document("gift_issue", loss.stock_line.item, 20, operator=person("wu", "manager", name="吴强"))
    confirm_cause(loss, cause_type("gift_unrecorded"), -20, document_lines=[gift.lines.get()], note="签收单", actor=lin)
    add_evidence(loss, kind="note", note="市场部确认", actor=lin)
    shown = text(browse(lin).get(f"/o/alpha/variances/{loss.pk}/"))
    parts = (gift.doc_no, "−20", "签收单", "市场部确认", "1,200", "1,160", "吴强")
    assert [part for part in parts if part not in shown] == []
    assert 'style="' not in shown


def test_confirming_through_the_page(loss, lin, browse):
    gift = document("gift_issue", loss.stock_line.item, 20)
    address = f"/o/alpha/variances/{loss.pk}/"
    response = browse(lin).post(
        f"{address}causes/",
        {
            "cause_type": cause_type("gift_unrecorded").pk,
            "quantity": "－20",
            "document_lines": [gift.lines.get().pk],
        },
    )
    assert (response.status_code, response["Location"]) == (302, address)
    cause = Cause.objects.get()
    assert (cause.quantity, [e.document_line for e in cause.evidence.all()]) == (-20, [gift.lines.get()])


def test_a_refused_cause_keeps_what_was_typed(loss, lin, browse):
    response = browse(lin).post(
        f"/o/alpha/variances/{loss.pk}/causes/",
        {"cause_type": cause_type("gift_unrecorded").pk, "quantity": "-41", "note": "多出一件"},
    )
    shown = text(response)
    assert response.status_code == 422
    assert [part for part in ("多出一件", "−41", "−40") if part not in shown] == []


def test_taking_back_through_the_page(loss, lin, browse):
    cause = confirm_cause(loss, cause_type("gift_unrecorded"), -20, actor=lin)
    client = browse(lin)
    address = f"/o/alpha/variances/{loss.pk}/"
    for _again in range(2):
        response = client.post(f"{address}causes/{cause.pk}/remove/", {"reason": "数量有误"})
        assert (response.status_code, response["Location"]) == (302, address)
    assert Cause.objects.count() == 0


def test_files_come_back_as_downloads(loss, lin, browse):
    client = browse(lin)
    address = f"/o/alpha/variances/{loss.pk}/evidence/"
    photo = SimpleUploadedFile("破损.png", b"\x89PNG\r\n\x1a\n0000", content_type="image/png")
    assert client.post(address, {"file": photo, "note": "外箱受潮"}).status_code == 302
    evidence = Evidence.objects.get()
    response = client.get(f"/o/alpha/evidence/{evidence.pk}/")
    assert response["Content-Disposition"].startswith("attachment")
    assert b"".join(response.streaming_content) == b"\x89PNG\r\n\x1a\n0000"
    assert client.post(address, {"note": " "}).status_code == 422


def test_documents_to_choose_from(loss, lin, browse):
    gift = document("gift_issue", loss.stock_line.item, 20)
    client = browse(lin)
    listed = text(client.get(f"/o/alpha/variances/{loss.pk}/documents/"))
    found = text(client.get(f"/o/alpha/variances/{loss.pk}/documents/?search={gift.doc_no}"))
    nothing = text(client.get(f"/o/alpha/variances/{loss.pk}/documents/?search=XYZ"))
    assert [gift.doc_no in part for part in (listed, found, nothing)] == [True, True, False]
    ticked = text(
        client.get(f"/o/alpha/variances/{loss.pk}/documents/?search=XYZ&document_lines={gift.lines.get().pk}")
    )
    assert "checked" in ticked


def test_assigning_through_the_page(loss, lin, person, browse):
    zhou = person("zhou", "manager")
    address = f"/o/alpha/variances/{loss.pk}/"
    assert browse(zhou).post(f"{address}assign/", {"assignee": lin.pk}).status_code == 302
    loss.refresh_from_db()
    assert loss.assignee == lin
