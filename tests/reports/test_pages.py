import hashlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.tenancy import organization_scope
from apps.counts.models import Count
from apps.organizations.models import Job
from apps.organizations.selectors import system_member
from apps.organizations.services import run_job
from apps.rectification.services import approve_adjustment, post_adjustment
from apps.reports.models import Report
from apps.reports.selectors.reports import report_file
from apps.reports.selectors.start import causes_of, first_steps, running_counts
from apps.reports.selectors.work import work_of
from apps.reports.services import sign_report
from apps.variances.models import Variance
from tests.rectification.builders import approved, proposed
from tests.reports.builders import PASSWORD, a_company, adjusted, report_of
from tests.variances.builders import counted, start_count, stocked


@pytest.fixture
def people(person):
    return {
        "manager": person("zhou", "manager", name="周敏"),
        "controller": person("lin", "controller", name="林晓"),
        "approver": person("gu", "finance", name="顾岚"),
        "finance": person("shen", "finance", name="沈洁", email="shen@alpha.example.com"),
        "counter": person("wu", "counter", name="吴强"),
        "auditor": person("qin", "auditor", name="秦川"),
    }


def titles(member):
    return [(work.title, work.late) for work in work_of(member)]


def test_the_whole_way_by_pages(organization, people, browse):
    count = adjusted(people["approver"])
    manager, finance = browse(people["manager"]), browse(people["finance"])
    response = manager.post("/o/alpha/reports/prepare/", {"count": count.count_no, "language": "zh-hans"})
    report = Report.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/o/alpha/reports/{report.pk}/")
    page = manager.get(response["Location"]).content.decode()
    assert f'hx-get="/o/alpha/reports/{report.pk}/progress/"' in page
    assert manager.get(f"/o/alpha/reports/{report.pk}/progress/").status_code == 200
    run_job(organization.pk, Job.objects.get(kind="reports.render").pk)
    assert manager.get(f"/o/alpha/reports/{report.pk}/progress/")["HX-Refresh"] == "true"

    page = finance.get(f"/o/alpha/reports/{report.pk}/").content.decode()
    for words in ("−¥1,072.00", "ZP-231118-07", 'id="sign"', "未解释"):
        assert words in page
    refused = finance.post(f"/o/alpha/reports/{report.pk}/sign/", {"password": "wrong"})
    assert (refused.status_code, "密码不对，没有签核" in refused.content.decode()) == (422, True)
    signed = finance.post(f"/o/alpha/reports/{report.pk}/sign/", {"password": PASSWORD, "comment": "同意"})
    assert signed.status_code == 302
    report.refresh_from_db()
    assert (report.state, report.comment, report.signer_name) == ("signed", "同意", "沈洁")
    page = finance.get(f"/o/alpha/reports/{report.pk}/").content.decode()
    assert report.sha256 in page
    assert 'id="sign"' not in page
    assert "签核后未改动" in finance.get(f"/o/alpha/reports/{report.pk}/seal/").content.decode()
    sent = finance.post(f"/o/alpha/reports/{report.pk}/send/", {"members": [people["finance"].pk]})
    assert (sent.status_code, Job.objects.filter(kind="reports.send").count()) == (302, 1)


def test_the_file_is_served_as_it_is(organization, people, browse):
    report = report_of(a_company())
    response = browse(people["auditor"]).get(f"/o/alpha/reports/{report.pk}/file/")
    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    assert response.content == report_file(report)
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in response["Content-Security-Policy"]
    kept = browse(people["auditor"]).get(f"/o/alpha/reports/{report.pk}/file/?download=1")
    assert kept["Content-Disposition"].startswith("attachment; filename*=utf-8''%E7%9B%98%E7%82%B9")


def test_a_changed_file_is_not_handed_out(organization, people, browse):
    report = sign_report(report_of(adjusted(people["approver"])), password=PASSWORD, actor=people["finance"])
    with open(report.file.storage.path(report.file.name), "ab") as stored:
        stored.write(b" ")
    client = browse(people["auditor"])
    assert client.get(f"/o/alpha/reports/{report.pk}/file/").status_code == 409
    assert "这不是签核的文件" in client.get(f"/o/alpha/reports/{report.pk}/seal/").content.decode()


def test_roles_see_what_is_theirs(organization, people, browse):
    report = report_of(adjusted(people["approver"]))
    addresses = ["reports/", f"reports/{report.pk}/", f"reports/{report.pk}/file/", "reports/verify/"]
    for role, status in (("counter", 403), ("auditor", 200), ("controller", 200)):
        answers = [browse(people[role]).get(f"/o/alpha/{address}").status_code for address in addresses]
        assert answers == [status] * len(addresses), role
    for role in ("auditor", "counter", "controller", "manager"):
        answer = browse(people[role]).post(f"/o/alpha/reports/{report.pk}/sign/", {"password": PASSWORD})
        report.refresh_from_db()
        assert (answer.status_code in (302, 403), report.state) == (True, "review"), role
    page = browse(people["approver"]).get(f"/o/alpha/reports/{report.pk}/").content.decode()
    assert "您审批过这次盘点的调整单" in page


def test_strangers_find_nothing(organization, twin, people, browse, person):
    mine = report_of(a_company())
    with organization_scope(twin):
        theirs = report_of(a_company())
    client = browse(people["finance"])
    for address in ("", "file/", "seal/", "progress/"):
        assert client.get(f"/o/alpha/reports/{theirs.pk}/{address}").status_code == 404
        assert client.get(f"/o/twin/reports/{theirs.pk}/{address}").status_code == 404
    for address in ("sign", "send", "comment"):
        assert client.post(f"/o/alpha/reports/{theirs.pk}/{address}/", {"password": PASSWORD}).status_code == 404
    page = client.get("/o/alpha/reports/").content.decode()
    assert (str(mine.pk) in page, str(theirs.pk) in page) == (True, False)


def test_the_list_filters_sorts_and_exports(organization, people, browse):
    client = browse(people["auditor"])
    assert "还没有报告" in client.get("/o/alpha/reports/").content.decode()
    report = report_of(a_company())
    for query, found in (
        ("", True),
        ("?count=PD-2023Q4-01", True),
        ("?count=PD-1", False),
        ("?q=第四季度", True),
        ("?state=review", True),
        ("?state=signed", False),
        ("?language=en", False),
        (f"?closed_from={timezone.localdate()}&closed_to={timezone.localdate()}", True),
        (f"?closed_to={timezone.localdate() - timedelta(days=2)}", False),
        ("?sort=-signed&page=9", True),
    ):
        page = client.get(f"/o/alpha/reports/{query}")
        assert (page.status_code, f"/reports/{report.pk}/" in page.content.decode()) == (200, found), query
    export = b"".join(client.get("/o/alpha/reports/?export=csv").streaming_content).decode("utf-8-sig")
    assert "PD-2023Q4-01" in export
    assert "-1072" in export


def test_the_list_asks_as_often_for_many(organization, people, browse, django_assert_num_queries):
    client = browse(people["auditor"])
    count = a_company()
    Report.objects.create(count=count, version=1, created_by=system_member())
    client.get("/o/alpha/reports/")
    with CaptureQueriesContext(connection) as one:
        client.get("/o/alpha/reports/")
    for version in (2, 3):
        Report.objects.create(count=count, version=version, created_by=system_member())
    with django_assert_num_queries(len(one)):
        client.get("/o/alpha/reports/")


def test_counts_without_a_report_are_offered(organization, people, browse):
    stocked()
    count = counted({"HC-GL350-02": 1200})
    page = browse(people["manager"]).get("/o/alpha/reports/").content.decode()
    assert f'value="{count.count_no}"' in page
    assert 'action="/o/alpha/reports/prepare/"' in page
    assert (
        'action="/o/alpha/reports/prepare/"' not in browse(people["auditor"]).get("/o/alpha/reports/").content.decode()
    )


def test_the_schedule_page(organization, people, browse):
    client = browse(people["finance"])
    assert client.get("/o/alpha/reports/schedule/").status_code == 200
    wish = {"is_active": "on", "day": 2, "hour": 9, "language": "zh-hans", "recipients": [people["finance"].pk]}
    assert client.post("/o/alpha/reports/schedule/", wish).status_code == 302
    refused = client.post("/o/alpha/reports/schedule/", {**wish, "recipients": []})
    assert (refused.status_code, "请至少选择一位收件人" in refused.content.decode()) == (422, True)
    auditor = browse(people["auditor"])
    assert '<form class="form' not in auditor.get("/o/alpha/reports/schedule/").content.decode()
    assert auditor.post("/o/alpha/reports/schedule/", wish, headers={"Referer": ""}).status_code == 403


def test_anybody_may_verify_and_learns_nothing_else(organization, people, browse):
    report = sign_report(report_of(adjusted(people["approver"])), password=PASSWORD, actor=people["finance"])
    outsider = Client()
    known = outsider.get(f"/verify/{report.sha256}/")
    content = outsider.get(f"/verify/{report.content_hash}/")
    unknown = outsider.get(f"/verify/{'0' * 64}/")
    assert [answer.status_code for answer in (known, content, unknown)] == [200, 200, 404]
    assert "文件有效" in known.content.decode()
    assert "内容经过签核" in content.content.decode()
    assert "没有与此相符的已签核报告" in unknown.content.decode()
    for secret in ("甲公司", "沈洁", "PD-2023Q4-01", "1,072", "alpha", str(report.pk)):
        assert secret not in known.content.decode() + content.content.decode()
    inside = browse(people["auditor"]).get(f"/verify/{report.sha256}/").content.decode()
    assert f"/o/alpha/reports/{report.pk}/" in inside


def test_an_unsigned_report_is_not_valid(organization, people):
    report = report_of(adjusted(people["approver"]))
    assert Client().get(f"/verify/{report.sha256}/").status_code == 404


def test_a_newer_version_is_said(organization, people):
    count = adjusted(people["approver"])
    first = sign_report(report_of(count), password=PASSWORD, actor=people["finance"])
    sign_report(report_of(count), password=PASSWORD, actor=people["finance"])
    assert "此后已签核了这份报告的新版" in Client().get(f"/verify/{first.sha256}/").content.decode()


def test_a_file_is_compared(organization, people, browse):
    report = sign_report(report_of(adjusted(people["approver"])), password=PASSWORD, actor=people["finance"])
    pdf = report_file(report)
    changed = pdf[:-30] + b"x" + pdf[-29:]
    answer = Client().post("/verify/", {"file": SimpleUploadedFile("a.pdf", pdf)})
    assert answer["Location"] == f"/verify/{report.sha256}/"
    answer = Client().post("/verify/", {"file": SimpleUploadedFile("a.pdf", changed)})
    assert answer["Location"] == f"/verify/{hashlib.sha256(changed).hexdigest()}/"
    client = browse(people["auditor"])
    page = client.post("/o/alpha/reports/verify/", {"file": SimpleUploadedFile("a.pdf", pdf)}).content.decode()
    assert "这是已签核的报告，未改动" in page
    page = client.post("/o/alpha/reports/verify/", {"file": SimpleUploadedFile("a.pdf", changed)}).content.decode()
    assert "本组织没有与此文件一致的报告" in page


def test_nothing_waits_says_so(organization, people, browse):
    page = browse(people["counter"]).get("/o/alpha/").content.decode()
    assert "没有等您处理的事" in page
    assert "净差异" not in page


def test_the_first_steps_of_a_new_company(organization, people, browse):
    stocked("B-1", 10, "1")
    answer = browse(people["manager"]).get("/o/alpha/")
    assert [(step.title, step.done, step.url) for step in answer.context["steps"]] == [
        ("导入商品、货位和库存", True, "/o/alpha/imports/"),
        ("邀请盘点和审批的同事", True, ""),
        ("设定容差", False, ""),
        ("安排第一次盘点", False, "/o/alpha/counts/new/"),
    ]
    assert "没有等您处理的事" not in answer.content.decode()
    start_count(people["counter"])
    assert first_steps(people["manager"]) == []
    assert [(count.state, figures.lines, figures.counted) for count, figures in running_counts()] == [
        ("counting", 1, 0)
    ]


def test_causes_of_the_last_count_add_up_to_its_variances(organization, people, browse):
    count = adjusted(people["approver"])
    parts = causes_of(count)
    assert sum(part.net for part in parts) == sum(Variance.objects.values_list("value", flat=True))
    assert ([part.rest for part in parts][-1], sum(part.rest for part in parts)) == (True, 1)
    page = browse(people["manager"]).get("/o/alpha/").content.decode()
    assert "差异原因" in page


def test_work_follows_the_loop(organization, people, browse):
    manager = people["manager"]
    stocked("B-1", 10, "1")
    start_count(people["counter"], due_on=timezone.localdate() - timedelta(days=2), name="月度抽盘")
    assert titles(people["counter"]) == [("盘点：月度抽盘", 2)]
    assert titles(manager) == [("催办：月度抽盘", 2)]
    Count.objects.get().tasks.update(state="submitted")
    assert titles(manager) == [("收盘：月度抽盘", 2)]


def test_variances_adjustments_and_reports_wait_for_their_roles(organization, people):
    controller, approver, finance = people["controller"], people["approver"], people["finance"]
    count = a_company()
    assert titles(controller) == [("提出调整：2023 年第四季度全面盘点", 0)]
    adjustment = proposed(count, actor=controller)
    number = adjustment.adjustment_no
    assert titles(controller) == []
    assert titles(approver) == titles(people["manager"]) == [(f"审批：{number}", 0)]
    approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=approver)
    assert titles(controller) == titles(finance) == [(f"过账：{number}", 0)]
    post_adjustment(adjustment, actor=controller)
    assert titles(finance) == [("编制报告：2023 年第四季度全面盘点", 0)]
    report_of(count)
    assert titles(finance) == [("审阅并签核：2023 年第四季度全面盘点", 0)]
    assert titles(approver) == titles(controller) == []


def test_an_unexplained_variance_waits_with_its_value(organization, people):
    stocked()
    counted({"HC-GL350-02": 1199}, count_no="PD-9")
    [work] = work_of(people["controller"])
    assert (work.title, work.place, f"{work.value:.2f}") == ("查明原因：PD-9", "PD-9", "26.80")


def test_who_counted_is_not_asked_to_approve(organization, people, person):
    both = person("he", "manager", "counter")
    proposed(a_company(by=both))
    assert titles(both) == []
    assert len(titles(people["manager"])) == 1


def test_the_work_page_shows_the_last_counts(organization, people, browse):
    count = adjusted(people["approver"])
    page = browse(people["manager"]).get("/o/alpha/").content.decode()
    for words in ("96.67%", "−¥1,072.00", count.count_no, "等我处理"):
        assert words in page


def test_the_work_page_asks_as_often_for_many(organization, people, browse, django_assert_num_queries):
    client = browse(people["finance"])
    approved(a_company(), people["approver"])
    client.get("/o/alpha/")
    with CaptureQueriesContext(connection) as one:
        client.get("/o/alpha/")
    for number in range(2):
        stocked(f"M-{number}", 10, "1")
    counted({"M-0": 9, "M-1": 8})
    client.get("/o/alpha/")
    with CaptureQueriesContext(connection) as more:
        client.get("/o/alpha/")
    assert len(more) <= len(one) + 1
    assert len(more) <= 25


def test_comments(organization, people, browse):
    report = report_of(a_company())
    client = browse(people["finance"])
    assert client.post(f"/o/alpha/reports/{report.pk}/comment/", {"text": "请补签收单"}).status_code == 302
    assert "请补签收单" in client.get(f"/o/alpha/reports/{report.pk}/").content.decode()
    assert client.post(f"/o/alpha/reports/{report.pk}/comment/", {"text": ""}).status_code == 422
