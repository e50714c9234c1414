import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.reports.models import Report
from apps.reports.selectors.reports import report_file
from apps.reports.services import sign_report
from tests.reports.builders import PASSWORD, a_company, adjusted, report_of, text_of
from tests.variances.builders import start_count, stocked


def test_report_writes_a_draft(organization, tmp_path, capsys):
    count = a_company()
    out = tmp_path / "report.pdf"
    call_command("report", count.count_no, organization="alpha", out=out)
    text = text_of(out.read_bytes(), tmp_path)
    assert "账面 1,200、实物 1,160、差异 −40" in text
    assert "草稿" in text
    assert Report.objects.count() == 0
    call_command("report", count.count_no, organization="alpha", out=out, language="en")
    assert "Book 1,200, counted 1,160, variance −40" in text_of(out.read_bytes(), tmp_path)


def test_report_writes_the_signed_one(organization, person, tmp_path):
    report = sign_report(
        report_of(adjusted(person("gu", "finance"))), password=PASSWORD, actor=person("shen", "finance")
    )
    out = tmp_path / "report.pdf"
    call_command("report", report.count.count_no, organization="alpha", out=out)
    assert out.read_bytes() == report_file(report)


@pytest.mark.parametrize(
    ("count", "code", "words"),
    [("PD-0", "alpha", "没有盘点单“PD-0”"), ("OPEN", "alpha", "尚未收盘"), ("OPEN", "nobody", "nobody")],
)
def test_report_says_why_not(organization, tmp_path, capsys, count, code, words):
    stocked()
    start_count(count_no="OPEN")
    with pytest.raises(SystemExit) as stopped:
        call_command("report", count, organization=code, out=tmp_path / "report.pdf")
    assert stopped.value.code == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "report.pdf").exists()


def test_report_needs_its_arguments():
    with pytest.raises(CommandError):
        call_command("report", "PD-1", organization="alpha")


def verify(capsys):
    try:
        call_command("verify", organization="alpha")
        code = 0
    except SystemExit as stopped:
        code = stopped.code
    said = capsys.readouterr()
    return code, [line.split(" ", 1)[0] for line in said.out.splitlines()], said.err


def test_verify_finds_nothing_wrong(organization, person, capsys):
    sign_report(report_of(adjusted(person("gu", "finance"))), password=PASSWORD, actor=person("shen", "finance"))
    assert verify(capsys) == (0, ["ok"] * 6, "")


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ("UPDATE counts_countline SET snapshot = snapshot + 1, moved_out = moved_out + 1", None),
        ("UPDATE counts_countline SET counted = counted - 1", 2),
        ("UPDATE rectification_adjustmentline SET quantity = quantity + 1", 4),
        ("UPDATE rectification_adjustment SET content_hash = repeat('0', 64)", 4),
    ],
)
def test_verify_finds_what_was_changed(organization, person, capsys, broken, line):
    adjusted(person("gu", "finance"))
    with connection.cursor() as cursor:
        cursor.execute(broken)
    code, lines, said = verify(capsys)
    expected = ["ok"] * 6
    if line is not None:
        expected[line] = "FAIL"
    assert (code, lines) == (0 if line is None else 1, expected), said


def test_verify_finds_a_changed_file(organization, person, capsys):
    report = sign_report(
        report_of(adjusted(person("gu", "finance"))), password=PASSWORD, actor=person("shen", "finance")
    )
    with open(report.file.storage.path(report.file.name), "r+b") as stored:
        stored.seek(1000)
        stored.write(b"\x00")
    code, lines, said = verify(capsys)
    assert (code, lines) == (1, ["ok", "ok", "ok", "ok", "ok", "FAIL"])
    assert "PD-2023Q4-01 v1" in said


def test_verify_finds_causes_that_do_not_add_up(organization, capsys):
    a_company()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE variances_cause DISABLE TRIGGER USER")
        cursor.execute("UPDATE variances_cause SET quantity = quantity - 1")
        cursor.execute("ALTER TABLE variances_cause ENABLE TRIGGER USER")
    code, lines, _said = verify(capsys)
    assert (code, lines) == (1, ["ok", "ok", "ok", "FAIL", "ok", "ok"])
