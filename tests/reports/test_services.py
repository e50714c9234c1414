import hashlib
import io
import random
import resource

import pikepdf
import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.utils import translation
from python_calamine import CalamineWorkbook

from apps.approvals.models import Decision
from apps.audit.models import AuditEntry
from apps.core.errors import Conflict, Forbidden, RuleViolation
from apps.core.pdf.process import render_pdf
from apps.core.tenancy import organization_scope
from apps.notifications.models import Notification
from apps.organizations.models import Job
from apps.organizations.selectors import system_member
from apps.organizations.services import run_job
from apps.rectification.services import approve_adjustment, post_adjustment, reverse_adjustment
from apps.reports.models import Report
from apps.reports.selectors.reports import current_report, report_file, seal_of, verify_reports
from apps.reports.services import comment_report, prepare_report, render_report, send_report, sign_report
from apps.reports.signing import check
from apps.variances.enums import CAUSE_NAMES
from apps.variances.services import confirm_cause, save_cause_type
from tests.rectification.builders import proposed
from tests.reports.builders import PASSWORD, a_company, adjusted, report_of, text_of
from tests.variances.builders import cause_type, counted, stocked, variance_of


@pytest.fixture
def signer(person):
    return person("shen", "finance", name="沈洁")


@pytest.fixture
def approver(person):
    return person("gu", "finance", name="顾岚")


def test_the_pdf_says_it_in_chinese(organization, approver, tmp_path):
    report = report_of(adjusted(approver))
    text = text_of(report_file(report), tmp_path)
    with translation.override("zh-hans"):
        gift, scrap, keying = (CAUSE_NAMES[code] for code in ("gift_unrecorded", "scrap_unrecorded", "keying_error"))
        causes = f"{gift} −20 + {scrap} −10 + {keying} −10"
    assert f"账面 1,200、实物 1,160、差异 −40 = {causes}，未解释 0" in text
    for words in (
        "盘点差异报告",
        "甲公司",
        "ZP-231118-07",
        "BF-231206-02",
        "RK-231212-04",
        "−¥1,072.00",
        "差异金额已全部查明并确认原因",
        "第 1 页",
        "顾岚",
        "未签核",
    ):
        assert words in text, words


def test_the_pdf_says_it_in_english(organization, approver, tmp_path):
    report = report_of(adjusted(approver), language="en")
    text = text_of(report_file(report), tmp_path)
    assert (
        "Book 1,200, counted 1,160, variance −40 = Gift not deducted −20 + Scrap not registered −10 + "
        "Keying error −10; unexplained 0."
    ) in text
    assert "赠品未扣减" not in text


def test_the_pdf_is_archival_with_everything_inside(organization, approver):
    with pikepdf.open(io.BytesIO(report_file(report_of(adjusted(approver))))) as pdf:
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "B")
        assert sorted(pdf.attachments) == ["causes.csv", "lines.csv", "lines.xlsx"]
        workbook = pdf.attachments["lines.xlsx"].get_file().read_bytes()
        lines = pdf.attachments["lines.csv"].get_file().read_bytes().decode("utf-8-sig")
        causes = pdf.attachments["causes.csv"].get_file().read_bytes().decode("utf-8-sig")
        fonts = [
            font
            for page in pdf.pages
            for font in page.resources.get("/Font", {}).values()
            for font in font.get("/DescendantFonts", [font])
        ]
        assert fonts
        assert all(
            any(key in font.FontDescriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")) for font in fonts
        )
    [sheet] = CalamineWorkbook.from_filelike(io.BytesIO(workbook)).sheet_names
    head, row = CalamineWorkbook.from_filelike(io.BytesIO(workbook)).get_sheet_by_name(sheet).to_python()
    cells = dict(zip(head, row, strict=True))
    assert (cells["账面"], cells["实物"], cells["差异"], cells["金额"]) == (1200, 1160, -40, -1072)
    assert lines.count("\r\n") == 2
    assert [line.split(",")[8] for line in causes.splitlines()[1:]] == ["-20", "-10", "-10"]


def test_names_that_look_like_formulas_are_texts(organization, approver):
    stocked("=1+1", 10, "1", name="=HYPERLINK(1)")
    stocked()
    with pikepdf.open(io.BytesIO(report_file(report_of(counted({"=1+1": 9}))))) as pdf:
        assert ",'=1+1,'=HYPERLINK(1)," in pdf.attachments["lines.csv"].get_file().read_bytes().decode()


def test_a_hostile_name_is_only_text(organization, tmp_path):
    stocked("X-1", 10, "1", name='<script>x</script><img src="file:///etc/passwd">')
    report = report_of(counted({"X-1": 9}))
    assert '<img src="file:///etc/passwd">' in text_of(report_file(report), tmp_path)


def test_preparing_again_while_rendering_is_the_same(organization):
    count = a_company()
    first = prepare_report(count, actor=system_member())
    assert prepare_report(count, actor=system_member()) == first
    assert Job.objects.filter(kind="reports.render").count() == 1


def test_the_job_renders(organization):
    report = prepare_report(a_company(), actor=system_member())
    job = Job.objects.get(kind="reports.render")
    connection.run_on_commit = []
    run_job(organization.pk, job.pk)
    report.refresh_from_db()
    job.refresh_from_db()
    assert (job.state, report.state, job.result) == ("done", "review", {"url": f"reports/{report.pk}/"})
    assert report.file.name.startswith(f"{organization.pk}/reports/{report.pk}/PD-2023Q4-01-v1-zh-hans-")


def test_finance_is_told_once(organization, signer):
    report = report_of(a_company())
    render_report(report, actor=system_member())
    assert [line.text for line in Notification.objects.filter(member=signer)] == [
        "盘点单 PD-2023Q4-01 的差异报告可以审阅了。"
    ]


def test_a_review_is_replaced_and_a_signed_one_stays(organization, approver, signer, tmp_path):
    count = adjusted(approver)
    first = report_of(count)
    second = report_of(count)
    first.refresh_from_db()
    assert (first.state, second.version, second.replaces) == ("replaced", 2, first)
    signed = sign_report(second, password=PASSWORD, actor=signer)
    third = report_of(count)
    fourth = report_of(count)
    signed.refresh_from_db()
    assert (signed.state, third.replaces, fourth.replaces) == ("signed", signed, signed)
    assert "第 4 版替代第 2 版，后者由沈洁于" in text_of(report_file(fourth), tmp_path)
    assert current_report(count, "zh-hans") == signed


def test_languages_have_versions_of_their_own(organization):
    count = a_company()
    assert report_of(count).version == report_of(count, language="en").version == 1
    with pytest.raises(RuleViolation) as refused:
        prepare_report(count, language="fr", actor=system_member())
    assert refused.value.code == "unknown_language"


def test_signing_seals(organization, approver, signer, tmp_path):
    report = sign_report(report_of(adjusted(approver)), password=PASSWORD, comment="数字已核对", actor=signer)
    pdf = report_file(report)
    assert hashlib.sha256(pdf).hexdigest() == report.sha256
    seal = check(pdf)
    assert (seal.problem, seal.signer, seal.organization) == ("", "沈洁", "甲公司")
    text = text_of(pdf, tmp_path)
    assert "沈洁" in text
    assert "已签核" in text
    assert "数字已核对" in text
    assert verify_reports() == []
    assert AuditEntry.objects.filter(action="reports.report.signed").get().facts["sha256"] == report.sha256


def test_one_flipped_byte_is_found(organization, approver, signer):
    report = sign_report(report_of(adjusted(approver)), password=PASSWORD, actor=signer)
    pdf = report_file(report)
    chance = random.Random(7)
    for _ in range(25):
        changed = bytearray(pdf)
        changed[chance.randrange(len(pdf))] ^= 1 << chance.randrange(8)
        path = report.file.storage.path(report.file.name)
        with open(path, "wb") as stored:
            stored.write(changed)
        assert not seal_of(report).is_valid
    middle = bytearray(pdf)
    middle[len(pdf) // 2] ^= 1
    assert not check(bytes(middle)).is_valid
    assert not check(pdf + b"\n%%EOF\n").is_valid
    assert len(verify_reports()) == 1
    with pytest.raises(Conflict) as refused:
        report_file(report)
    assert refused.value.code == "file_changed"


def test_a_signature_of_another_authority_is_not_ours(organization, approver, signer, settings, tmp_path):
    pdf = report_file(sign_report(report_of(adjusted(approver)), password=PASSWORD, actor=signer))
    settings.SIGNING_KEYS_DIR = tmp_path / "other"
    assert check(pdf).problem


def test_a_sealed_row_resists_sql(organization, approver, signer):
    report = sign_report(report_of(adjusted(approver)), password=PASSWORD, actor=signer)
    for sql in (
        "UPDATE reports_report SET comment = 'x'",
        "UPDATE reports_report SET state = 'replaced', signed_at = NULL",
        "UPDATE reports_report SET sha256 = repeat('0', 64)",
        "DELETE FROM reports_report",
    ):
        with pytest.raises(DatabaseError, match="sealed"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{sql} WHERE id = %s", [report.pk])
    assert Report.objects.get(pk=report.pk).sha256 == report.sha256


def test_the_password_is_asked(organization, approver, signer):
    report = report_of(adjusted(approver))
    for _ in range(5):
        with pytest.raises(RuleViolation) as refused:
            sign_report(report, password="wrong", actor=signer)
        assert refused.value.code == "wrong_password"
    with pytest.raises(Forbidden) as refused:
        sign_report(report, password=PASSWORD, actor=signer)
    assert refused.value.code == "too_many_attempts"
    report.refresh_from_db()
    assert report.state == "review"


def test_changed_figures_are_not_signed(organization, approver, signer, person):
    count = adjusted(approver)
    report = report_of(count)
    reverse_adjustment(count.adjustments.get(), reason="单据后到", actor=person("qin", "finance"))
    with pytest.raises(Conflict) as refused:
        sign_report(report, password=PASSWORD, actor=signer)
    assert refused.value.code == "content_changed"


def test_signed_is_posted(organization, signer):
    count = a_company()
    proposed(count)
    report = report_of(count)
    with pytest.raises(Conflict) as refused:
        sign_report(report, password=PASSWORD, actor=signer)
    assert refused.value.code == "adjustments_open"


def test_signing_twice_is_refused(organization, approver, signer):
    report = sign_report(report_of(adjusted(approver)), password=PASSWORD, actor=signer)
    with pytest.raises(Conflict) as refused:
        sign_report(report, password=PASSWORD, actor=signer)
    assert refused.value.code == "wrong_state"


def test_who_had_a_hand_in_it_does_not_sign(organization, approver, person):
    counter = person("lin", "finance", "counter")
    count = adjusted(approver, by=counter)
    report = report_of(count)
    assert Decision.objects.filter(member=approver).exists()
    for member in (counter, approver, person("zhou", "manager"), person("owner", "owner"), system_member()):
        with pytest.raises(Forbidden):
            sign_report(report, password=PASSWORD, actor=member)
    sign_report(report, password=PASSWORD, actor=person("shen", "finance"))


def test_the_proposer_does_not_sign(organization, approver, person):
    both = person("lin", "finance", "controller")
    count = a_company()
    adjustment = proposed(count, actor=both)
    approve_adjustment(adjustment, content_hash=adjustment.content_hash, actor=approver)
    post_adjustment(adjustment, actor=system_member())
    with pytest.raises(Forbidden) as refused:
        sign_report(report_of(count), password=PASSWORD, actor=both)
    assert "提出" in str(refused.value)


def test_comments_reach_whoever_prepared(organization, person, signer):
    author = person("lin", "controller")
    report = prepare_report(a_company(), actor=author)
    comment_report(report, text=" 请补充签收单 ", actor=signer)
    assert report.comments.get().text == "请补充签收单"
    assert Notification.objects.filter(member=author).count() == 1
    with pytest.raises(RuleViolation):
        comment_report(report, text="  ", actor=signer)


def test_mail_carries_the_pdf(organization, approver, signer, django_capture_on_commit_callbacks):
    signer.email = "shen@alpha.example.com"
    signer.save()
    report = sign_report(report_of(adjusted(approver)), password=PASSWORD, actor=signer)
    send_report(report, members=[signer], actor=approver)
    run_job(organization.pk, Job.objects.get(kind="reports.send").pk)
    [message] = mail.outbox
    assert message.to == ["shen@alpha.example.com"]
    assert message.subject == "盘点差异报告：PD-2023Q4-01"
    assert f"/o/alpha/reports/{report.pk}/" in message.body
    [(name, content, kind)] = message.attachments
    assert (name, content, kind) == ("PD-2023Q4-01-v1.pdf", report_file(report), "application/pdf")


def test_mail_goes_only_to_readers(organization, approver, person):
    report = report_of(adjusted(approver))
    counter = person("zhao", "counter")
    for members in ([counter], []):
        with pytest.raises(RuleViolation):
            send_report(report, members=members, actor=approver)
    assert not Job.objects.filter(kind="reports.send").exists()


def test_own_cause_names_are_printed(organization, tmp_path):
    own = save_cause_type("tasting", name="门店试饮", parent=cause_type("gift_unrecorded"), actor=system_member())
    stocked()
    count = counted({"HC-GL350-02": 1199})
    confirm_cause(variance_of(count), own, -1, note="店长张三签字", actor=system_member())
    text = text_of(report_file(report_of(count)), tmp_path)
    assert "门店试饮 −1" in text
    assert "店长张三签字" in text


def test_nothing_to_explain_is_a_report_too(organization, tmp_path):
    stocked()
    text = text_of(report_file(report_of(counted({"HC-GL350-02": 1200}))), tmp_path)
    assert "已盘 1 行与账面全部相符" in text


def test_a_report_that_takes_too_long_is_stopped(organization, monkeypatch):
    with pytest.raises(RuleViolation) as refused:
        render_pdf("<p>x</p>" * 200_000, [], seconds=1)
    assert refused.value.code in ("report_too_slow", "report_failed")
    with pytest.raises(RuleViolation) as refused:
        render_pdf("<p>x</p>", [], memory=100 * 1024**2)
    assert refused.value.code == "report_failed"
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2 * 1024**2


def test_files_of_two_organizations_lie_apart(organization, twin, approver):
    mine = report_of(adjusted(approver))
    with organization_scope(twin):
        theirs = report_of(a_company())
        assert list(Report.objects.all()) == [theirs]
    assert mine.file.name.split("/")[0] == str(organization.pk)
    assert theirs.file.name.split("/")[0] == str(twin.pk)
