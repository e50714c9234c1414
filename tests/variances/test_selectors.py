from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.counts.services import set_tolerance
from apps.organizations.services import save_department
from apps.variances.models import Variance
from apps.variances.selectors import (
    DIMENSIONS,
    accuracy,
    candidate_lines,
    history,
    open_variances,
    staircase,
    summary,
    timeline,
    totals,
    variance_list,
    view_counts,
    visible_variances,
)
from apps.variances.services import confirm_cause
from tests.catalog.builders import place
from tests.movements.builders import line, make_document
from tests.variances.builders import (
    PLACE,
    cause_type,
    counted,
    document,
    enter,
    start_count,
    stocked,
    variance_of,
)


@pytest.fixture
def lin(person):
    return person("lin", "controller", name="林晓")


@pytest.fixture
def three(organization, lin):
    """Two shortages and an overage, partly explained; and a line that agrees."""
    stocked("CUP", 1200, "26.80", category="餐具/杯")
    stocked("POT", 100, "10", category="餐具")
    stocked("TEA", 50, "2")
    stocked("SAME", 10, "5")
    count = counted({"CUP": 1160, "POT": 95, "TEA": 60, "SAME": 10})
    market = save_department("MKT", name="市场部", actor=lin._meta.model.objects.get(kind="system"))
    gift = document("gift_issue", variance_of(count, "CUP").stock_line.item, 20)
    confirm_cause(
        variance_of(count, "CUP"),
        cause_type("keying_error"),
        -20,
        department=market,
        document_lines=[gift.lines.get()],
        actor=lin,
    )
    confirm_cause(variance_of(count, "CUP"), cause_type("gift_unrecorded"), -10, actor=lin)
    confirm_cause(variance_of(count, "TEA"), cause_type("receipt_not_posted"), 10, actor=lin)
    return count


def figures(rows):
    return [(row.key, row.lines, row.loss, row.gain) for row in rows]


def test_list_by_value(three):
    rows = list(variance_list(three))
    assert [(row.stock_line.item.sku, row.value) for row in rows] == [
        ("CUP", Decimal("-1072.00")),
        ("POT", Decimal("-50.00")),
        ("TEA", Decimal("20.00")),
    ]
    assert view_counts(variance_list(three)) == {"all": 3, "beyond": 3, "unexplained": 2, "loss": 2, "gain": 1}


def test_summaries_add_up(three):
    rows = Variance.objects.filter(count=three)
    whole = totals(rows)
    assert (whole.lines, whole.loss, whole.gain, whole.net, whole.gross) == (3, -1122, 20, -1102, 1142)
    for by in DIMENSIONS:
        groups = summary(rows, by)
        assert (sum(g.loss for g in groups), sum(g.gain for g in groups)) == (-1122, 20), by


def test_summary_by_cause_counts_parts(three):
    rows = Variance.objects.filter(count=three)
    assert figures(summary(rows, "cause")) == [
        ("keying_error", 1, -536, 0),
        ("gift_unrecorded", 1, -268, 0),
        ("receipt_not_posted", 1, 0, 20),
        ("unexplained", 2, -318, 0),
    ]
    assert figures(summary(rows, "node")) == [
        ("internal", 1, -804, 0),
        ("purchase", 1, 0, 20),
        ("unexplained", 2, -318, 0),
    ]
    assert [(row.label, row.loss) for row in summary(rows, "department")][:1] == [("市场部", -536)]
    assert [(row.label, row.lines) for row in summary(rows, "category")][:2] == [("餐具/杯", 1), ("餐具", 1)]


def test_cents_are_never_lost_in_parts(organization, lin):
    stocked("THIRD", 10, "0.3333")
    variance = variance_of(counted({"THIRD": 7}), "THIRD")
    for _part in range(3):
        confirm_cause(variance, cause_type("keying_error"), -1, actor=lin)
    assert figures(summary(Variance.objects.all(), "cause")) == [
        ("keying_error", 1, Decimal("-1.00"), 0),
        ("unexplained", 0, 0, 0),
    ]


def test_accuracy(organization, system):
    set_tolerance(percent=5, actor=system)
    for sku, cost in (("A", 10), ("B", 10), ("C", 10), ("D", 10), ("MISSED", 10)):
        stocked(sku, 100, cost)
    found = accuracy(counted({"A": 100, "B": 96, "C": 80, "D": 130}))
    assert (found.lines, found.counted, found.not_counted, found.matching, found.within, found.beyond) == (
        5,
        4,
        1,
        1,
        1,
        2,
    )
    assert (found.line_accuracy, found.tolerance_accuracy, found.book_value) == (
        Decimal("0.25"),
        Decimal("0.5"),
        4000,
    )
    assert (found.gross, found.net, found.value_accuracy) == (540, 60, Decimal("0.865"))


def test_accuracy_of_nothing(organization):
    stocked("A", 100)
    found = accuracy(counted({}))
    assert (found.counted, found.line_accuracy, found.value_accuracy) == (0, None, None)


def test_open_counts_as_they_stand(organization, system):
    stocked()
    count = start_count()
    enter(count, system, {"HC-GL350-02": 1160})
    assert [(row.sku, row.expected, row.counted, row.variance) for row in open_variances(count)] == [
        ("HC-GL350-02", 1200, 1160, -40)
    ]
    assert Variance.objects.count() == 0


def test_staircase_of_the_case(organization, lin):
    stocked()
    variance = variance_of(counted({"HC-GL350-02": 1160}))
    for code, quantity in (("gift_unrecorded", -20), ("scrap_unrecorded", -10)):
        confirm_cause(variance, cause_type(code), quantity, actor=lin)
    variance.refresh_from_db()
    stairs = staircase(variance, variance.causes.all())
    assert (stairs.book, stairs.counted) == (92.31, 15.38)
    assert [(step.start, step.width, step.before, step.after) for step in stairs.steps] == [
        (53.85, 38.46, 92.31, 53.85),
        (34.62, 19.23, 53.85, 34.62),
    ]
    assert (stairs.rest.start, stairs.rest.width, stairs.rest.quantity) == (15.38, 19.23, -10)
    assert [value for _place, value in stairs.ticks] == [1160, 1170, 1180, 1190, 1200]


@pytest.mark.parametrize(("book", "found"), [(100, 0), (0, 24), ("0.5", "0.4999"), (1, 100000)])
def test_staircase_fits_any_size(organization, book, found):
    stocked(quantity=book)
    variance = variance_of(counted({"HC-GL350-02": found}))
    stairs = staircase(variance, [])
    places = [stairs.book, stairs.counted, stairs.rest.start, stairs.rest.start + stairs.rest.width]
    assert [place for place in places if not 0 <= place <= 100] == []
    assert len(stairs.ticks) <= 6
    assert stairs.rest.width > 0


def test_timeline_tells_postings_papers_and_counts(organization, lin, person):
    item = stocked()
    counted({"HC-GL350-02": 1200})
    for _n in range(3):
        document("sales_issue", item, 5)
    warehouse = variance_warehouse()
    make_document(
        "scrap",
        warehouse,
        line(item, 10, location=place(warehouse, PLACE)),
        operator=person("wu", "manager", name="吴强"),
    )
    variance = variance_of(counted({"HC-GL350-02": 1160}, by=lin))
    document("sales_issue", item, 3, occurred_at=timezone.now() - timedelta(days=1))
    events = timeline(variance, lin)
    assert [(event.mark, event.quantity) for event in events] == [
        ("ok", None),
        ("", -15),
        ("hit", -10),
        ("ok", None),
        ("", None),
        ("ok", None),
        ("hit", -3),
    ]
    assert [event.text for event in events][2].endswith("吴强")


def variance_warehouse():
    from apps.catalog.models import Warehouse

    return Warehouse.objects.get(code="WH01")


def test_candidates_are_of_the_window_drafts_first(organization, lin):
    item = stocked()
    old = document("sales_issue", item, 1)
    counted({"HC-GL350-02": 1199})
    issue = document("sales_issue", item, 5)
    warehouse = variance_warehouse()
    draft = make_document("gift_issue", warehouse, line(item, 20, location=place(warehouse, PLACE)))
    variance = variance_of(counted({"HC-GL350-02": 1160}))
    assert [row.document for row in candidate_lines(variance, lin)] == [draft, issue]
    assert [row.document for row in candidate_lines(variance, lin, search=old.doc_no)] == [old]


def test_history(organization):
    stocked()
    counted({"HC-GL350-02": 1200})
    first = counted({"HC-GL350-02": 1190})
    variance = variance_of(counted({"HC-GL350-02": 1160}))
    past = history(variance)
    assert [(row.quantity, row.height, row.is_this) for row in past] == [
        (0, 0.0, False),
        (-10, 25.0, False),
        (-40, 100.0, True),
    ]
    assert past[1].variance == variance_of(first)


def test_who_counts_blindly_here_sees_no_old_variance(organization, lin):
    stocked()
    variance = variance_of(counted({"HC-GL350-02": 1160}))
    assert list(visible_variances(lin)) == [variance]
    enter(start_count(lin, blind=True), lin, {"HC-GL350-02": 1})
    assert list(visible_variances(lin)) == []
