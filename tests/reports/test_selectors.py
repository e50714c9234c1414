from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F, Sum
from django.utils import timezone

from apps.catalog.models import Item
from apps.core.errors import RuleViolation
from apps.counts.models import CountLine
from apps.organizations.selectors import system_member
from apps.rectification.services import reject_adjustment, reverse_adjustment
from apps.reports.selectors import content_hash, report_content, report_lines
from apps.reports.selectors.trend import figures_of
from apps.variances.models import Cause, Variance
from apps.variances.services import confirm_cause
from tests.rectification.builders import approved, proposed
from tests.reports.builders import a_company, adjusted
from tests.variances.builders import cause_type, counted, document, start_count, stocked, variance_of


def test_the_case_of_a_company(organization, person):
    content = report_content(adjusted(person("gu", "finance")))
    summary = content["summary"]
    assert (summary["listed"], summary["counted"], summary["uncounted"], summary["matching"], summary["differing"]) == (
        1,
        1,
        0,
        0,
        1,
    )
    assert summary["loss"] == {"lines": 1, "quantity": Decimal(-40), "value": Decimal("-1072.00")}
    assert summary["net"] == {"quantity": Decimal(-40), "value": Decimal("-1072.00")}
    assert summary["absolute"] == {"quantity": Decimal(40), "value": Decimal("1072.00")}
    assert summary["value_accuracy"] == Decimal("0.966667")
    assert summary["unexplained"] == {"lines": 0, "quantity": 0, "net": 0, "absolute": 0}
    assert [(row["code"], row["quantity"], row["net"]) for row in content["by_cause"]] == [
        ("gift_unrecorded", Decimal(-20), Decimal("-536.00")),
        ("scrap_unrecorded", Decimal(-10), Decimal("-268.00")),
        ("keying_error", Decimal(-10), Decimal("-268.00")),
        ("", Decimal(0), Decimal(0)),
    ]
    [line] = content["lines"]
    assert [part["evidence"][0]["doc_no"] for part in line["parts"]] == ["ZP-231118-07", "BF-231206-02", "RK-231212-04"]
    assert summary["adjusted"] == {"lines": 1, "net": Decimal("-1072.00"), "value": Decimal("1072.00"), "waiting": 0}


def _mixed():
    """Five items: short with a rest, over, matching, zero, and one nobody counted."""
    for number, cost in enumerate(["3.333", "10", "7.5", "2", "4"], start=1):
        stocked(f"S-{number}", 100, cost, name=f"商品 {number}")
    count = counted({"S-1": 91, "S-2": "112.5", "S-3": 100, "S-4": 0})
    actor = system_member()
    confirm_cause(variance_of(count, "S-1"), cause_type("receipt_not_posted"), Decimal(2), actor=actor)
    confirm_cause(variance_of(count, "S-1"), cause_type("issue_not_posted"), Decimal(-10), actor=actor)
    confirm_cause(variance_of(count, "S-4"), cause_type("gift_unrecorded"), Decimal(-100), actor=actor)
    return count


def test_figures_equal_independent_sums(organization):
    count = _mixed()
    content = report_content(count)
    summary = content["summary"]
    lines, variances = CountLine.objects.filter(count=count), Variance.objects.filter(count=count)
    assert summary["counted"] == lines.filter(counted__isnull=False).count() == 4
    assert (summary["uncounted"], summary["zero"], summary["matching"]) == (1, 1, 1)
    assert summary["net"]["value"] == variances.aggregate(x=Sum("value"))["x"]
    assert summary["loss"]["value"] == variances.filter(quantity__lt=0).aggregate(x=Sum("value"))["x"]
    assert summary["gain"]["value"] == variances.filter(quantity__gt=0).aggregate(x=Sum("value"))["x"]
    book = lines.filter(counted__isnull=False).aggregate(x=Sum(F("expected") * F("unit_cost")))["x"]
    assert summary["book"]["value"] == book.quantize(Decimal("0.01"))
    assert summary["unexplained"]["quantity"] == variances.aggregate(x=Sum("unexplained"))["x"]
    assert sum(row["net"] for row in content["by_cause"]) == summary["net"]["value"]
    assert sum(row["quantity"] for row in content["by_cause"]) == summary["net"]["quantity"]
    for group in ("by_warehouse", "by_zone", "by_category"):
        assert sum(row["net"]["value"] for row in content[group]) == summary["net"]["value"]
        assert sum(row["counted"] for row in content[group]) == 4
    assert figures_of([count.pk])[count.pk].value_accuracy.quantize(Decimal("0.000001")) == summary["value_accuracy"]
    assert figures_of([count.pk])[count.pk].line_accuracy == summary["line_accuracy"]


def test_parts_add_up_to_the_cent(organization):
    for line in report_lines(_mixed()):
        if line.differs:
            assert sum(part.quantity for part in line.parts) == line.variance
            assert sum(part.value for part in line.parts) == line.value
    assert Cause.objects.count() == 3


def test_every_line_is_there(organization):
    lines = list(report_lines(_mixed()))
    assert [(line.sku, line.counted) for line in lines] == [
        ("S-1", Decimal(91)),
        ("S-2", Decimal("112.5")),
        ("S-3", Decimal(100)),
        ("S-4", Decimal(0)),
        ("S-5", None),
    ]


def test_open_counts_have_no_report(organization):
    stocked()
    with pytest.raises(RuleViolation) as refused:
        report_content(start_count())
    assert refused.value.code == "count_not_closed"


def test_only_posted_adjustments_count(organization, person):
    finance = person("gu", "finance")
    count = a_company()
    adjustment = proposed(count)
    assert report_content(count)["summary"]["adjusted"] == {"lines": 0, "net": 0, "value": 0, "waiting": 1}
    assert report_content(count)["adjustments"] == []
    reject_adjustment(adjustment, content_hash=adjustment.content_hash, reason="缺签收单", actor=finance)
    content = report_content(count)
    assert (content["adjustments"], content["approvals"], content["summary"]["adjusted"]["waiting"]) == ([], [], 0)
    approved(count, finance)
    content = report_content(count)
    assert [row["state"] for row in content["adjustments"]] == ["approved"]
    assert content["summary"]["adjusted"]["lines"] == 0


def test_a_reversed_adjustment_no_longer_counts(organization, person):
    count = adjusted(person("gu", "finance"))
    before = report_content(count)
    reverse_adjustment(count.adjustments.get(), reason="单据后到", actor=person("qin", "finance"))
    after = report_content(count)
    assert after["summary"]["adjusted"]["lines"] == 0
    assert after["adjustments"][0]["reversal"]
    assert _hash(before) != _hash(after)


def _hash(content):
    return content_hash(content, version=1, language="zh-hans", replaces=None)


def test_the_same_content_has_the_same_hash(organization):
    count = a_company()
    assert _hash(report_content(count)) == _hash(report_content(count))
    assert _hash(report_content(count)) != content_hash(
        report_content(count), version=2, language="zh-hans", replaces=None
    )


def test_the_approvals_trail(organization, person):
    gu = person("gu", "finance", name="顾岚")
    content = report_content(adjusted(gu))
    [decision] = content["approvals"]
    assert (decision["who"], decision["answer"], decision["target"]) == (
        "顾岚",
        "approve",
        content["adjustments"][0]["number"],
    )


def test_late_documents_are_named(organization):
    count = a_company()
    late = document("receipt", Item.objects.get(), 5, occurred_at=timezone.now() - timedelta(hours=3))
    assert [row["doc_no"] for row in report_content(count)["late_documents"]] == [late.doc_no]
