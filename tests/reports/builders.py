"""The case of A company, brought as far as a test needs it, and its report."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

from apps.counts.models import Count
from apps.organizations.models import Member
from apps.organizations.selectors import system_member
from apps.reports.models import Report
from apps.reports.services import prepare_report, render_report
from apps.variances.services import confirm_cause
from tests.conftest import PASSWORD
from tests.movements.builders import line, make_document
from tests.rectification.builders import posted
from tests.variances.builders import cause_type, counted, place, stocked, variance_of

__all__ = ["PASSWORD", "a_company", "adjusted", "report_of", "text_of"]


def a_company(count_no: str = "PD-2023Q4-01", **values: Any) -> Count:
    """Book 1200, counted 1160: −20 gifts, −10 scrap, −10 keyed wrong, each with its document."""
    item = stocked()
    warehouse = item.stock_lines.get().warehouse
    where = {"location": place(warehouse, "A-03-12")}
    gift = make_document("gift_issue", warehouse, line(item, 20, **where), doc_no="ZP-231118-07")
    scrap = make_document("scrap", warehouse, line(item, 10, **where), doc_no="BF-231206-02")
    receipt = make_document("receipt", warehouse, line(item, 160, **where), doc_no="RK-231212-04")
    count = counted({"HC-GL350-02": 1160}, count_no=count_no, name="2023 年第四季度全面盘点", **values)
    variance = variance_of(count)
    for code, quantity, document in (
        ("gift_unrecorded", -20, gift),
        ("scrap_unrecorded", -10, scrap),
        ("keying_error", -10, receipt),
    ):
        confirm_cause(variance, cause_type(code), quantity, document_lines=document.lines.all(), actor=system_member())
    return count


def adjusted(approver: Member, **values: Any) -> Count:
    """The same, its adjustment approved and posted."""
    count = a_company(**values)
    posted(count, approver)
    return count


def report_of(count: Count, *, language: str = "zh-hans") -> Report:
    """A rendered report, in review."""
    report = prepare_report(count, language=language, actor=system_member())
    return render_report(report, actor=system_member())


def text_of(pdf: bytes, folder: Path) -> str:
    """What a reader's computer reads in a PDF, on one line; Chinese that a line break parted is joined."""
    source = folder / "read.pdf"
    source.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", source, "-"], capture_output=True, check=True, text=True)
    return re.sub(r"(?<=[\u3001-\uffef]) (?=[\u3001-\uffef])", "", " ".join(done.stdout.split()))
