"""Each family finds what it is for, and refuses what only looks like it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from apps.variances.attribution.evidence import DocumentLine, Dossier, Line
from apps.variances.attribution.explaining import Explanation, explain
from apps.variances.attribution.families import FAMILIES
from apps.variances.attribution.priors import SHIPPED
from tests.variances.attribution.cases import before, day, document, dossier, entry, line


def best(case: Dossier, number: int = 0) -> Explanation:
    return explain(case, SHIPPED)[number].explanations[0]


def said(case: Dossier, number: int = 0) -> list[tuple[str, int, str]]:
    """Cause, quantity and first document of each part of the best explanation."""
    found = best(case, number)
    assert (
        sum((part.quantity for part in found.parts), found.unexplained) == explain(case, SHIPPED)[number].line.variance
    )
    return [(part.option.cause, int(part.quantity), part.option.evidence[0].doc_no) for part in found.parts]


def seed() -> Dossier:
    """The textbook case: book 1200, counted 1160, with decoys of the same quantities."""
    return dossier(
        [line("A", 1200, 1160, earlier=before())],
        [
            document("gift_issue", "ZP-1", "A", 20, status="approved", operator="zeng"),
            document("scrap", "BF-1", "A", 10, status="draft", operator="gao"),
            document("delivery_note", "SH-1", "A", 200, location=""),
            document("receipt", "RK-1", "A", 210, source_no="SH-1", operator="lv"),
            document("gift_issue", "ZP-2", "A", 40, status="draft", reason="活动取消"),
            document("gift_issue", "ZP-3", "A", 40, status="cancelled"),
            document("gift_issue", "ZP-4", "A", 40),
            document("scrap", "BF-2", "A", 40, status="draft", occurred=None),
            document("purchase_return", "TG-1", "A", 30, status="approved", note="待供应商提货", occurred=None),
        ],
    )


def test_the_textbook_case_is_explained_by_itself() -> None:
    found = best(seed())
    assert said(seed()) == [
        ("gift_unrecorded", -20, "ZP-1"),
        ("keying_error", -10, "RK-1"),
        ("scrap_unrecorded", -10, "BF-1"),
    ]
    assert found.unexplained == 0
    assert found.probability > 0.95
    assert [part.option.person for part in found.parts] == ["", "lv", "gao"]


def test_shuffling_people_changes_no_ranking() -> None:
    def ranking(case: Dossier) -> list[object]:
        return [
            (one.probability, one.unexplained, [(part.option.cause, part.quantity) for part in one.parts])
            for one in explain(case, SHIPPED)[0].explanations
        ]

    people = ["li", "zeng", "gao", "lv"]
    for number in range(5):
        shuffled = seed()
        names = dict(zip(people, Random(number).sample(people, 4), strict=True))
        for row in shuffled.documents:
            row.operator = names[row.operator]
        assert ranking(shuffled) == ranking(seed())


ONE = line("A", 100, 88, earlier=before())
MORE = line("A", 100, 112, earlier=before())
GATE = {"location": ""}

CASES: list[tuple[str, Line, list[DocumentLine], list[tuple[str, int, str]]]] = [
    (
        "issue is a draft",
        ONE,
        [
            document("waybill", "YD-1", "A", 12, **GATE),
            document("sales_issue", "CK-1", "A", 12, status="draft", source_no="YD-1"),
        ],
        [("issue_not_posted", -12, "CK-1")],
    ),
    (
        "waybill without an issue",
        ONE,
        [
            document("sales_order", "XS-1", "A", 12, **GATE),
            document("waybill", "YD-1", "A", 12, source_no="XS-1", **GATE),
        ],
        [("issue_not_posted", -12, "YD-1")],
    ),
    (
        "outside order never arrived",
        ONE,
        [document("waybill", "YD-1", "A", 12, external="TB1", **GATE)],
        [("sync_failure", -12, "YD-1")],
    ),
    (
        "outside order arrived twice",
        MORE,
        [
            document("sales_order", "XS-1", "A", 12, external="TB1", posted=day(6)),
            document("waybill", "YD-1", "A", 12, source_no="XS-1", external="TB1", **GATE),
            document("sales_issue", "CK-1", "A", 12, source_no="YD-1"),
            document("sales_order", "XS-2", "A", 12, external="TB1"),
            document("sales_issue", "CK-2", "A", 12, source_no="XS-2", operator="api"),
        ],
        [("sync_failure", 12, "CK-2")],
    ),
    (
        "delivery without a receipt",
        MORE,
        [document("delivery_note", "SH-1", "A", 12, **GATE)],
        [("receipt_not_posted", 12, "SH-1")],
    ),
    (
        "delivery still on its way",
        MORE,
        [document("delivery_note", "SH-1", "A", 12, status="submitted", note="在途", **GATE)],
        [],
    ),
    (
        "return not booked",
        MORE,
        [document("return_note", "TH-1", "A", 12, **GATE)],
        [("return_not_restocked", 12, "TH-1")],
    ),
    ("return refused at the gate", MORE, [document("return_note", "TH-1", "A", 12, note="拒收", **GATE)], []),
    (
        "back to the supplier",
        ONE,
        [document("purchase_return", "TG-1", "A", 12, status="approved")],
        [("purchase_return_not_posted", -12, "TG-1")],
    ),
    (
        "booked as ordered",
        ONE,
        [
            document("purchase_order", "CG-1", "A", 92, **GATE),
            document("delivery_note", "SH-1", "A", 80, source_no="CG-1", **GATE),
            document("receipt", "RK-1", "A", 92, source_no="SH-1"),
        ],
        [("short_delivery", -12, "RK-1")],
    ),
    (
        "digits changed places",
        line("A", 100, 91, earlier=before()),
        [
            document("delivery_note", "SH-1", "A", 12, **GATE),
            document("receipt", "RK-1", "A", 21, source_no="SH-1"),
        ],
        [("keying_error", -9, "RK-1")],
    ),
    (
        "a slip that was corrected",
        ONE,
        [
            document("delivery_note", "SH-1", "A", 12, **GATE),
            document("receipt", "RK-1", "A", 24, source_no="SH-1"),
            document("adjustment", "TZ-1", "A", -12, source_no="RK-1", posted=day(3)),
        ],
        [],
    ),
    (
        "boxes booked as pieces",
        line("A", 100, 111, earlier=before()),
        [
            document("delivery_note", "SH-1", "A", 12, keyed=Decimal(1), unit="box", **GATE),
            document("receipt", "RK-1", "A", 1, source_no="SH-1"),
        ],
        [("unit_error", 11, "RK-1")],
    ),
    (
        "booked twice",
        MORE,
        [
            document("waybill", "YD-1", "A", 12, **GATE),
            document("sales_issue", "CK-1", "A", 12, source_no="YD-1"),
            document("sales_issue", "CK-2", "A", 12, source_no="YD-1", posted=day(2)),
        ],
        [("duplicate_posting", 12, "CK-2")],
    ),
    (
        "booked the other way",
        line("A", 100, 124, earlier=before()),
        [
            document("return_note", "TH-1", "A", 12, **GATE),
            document("sales_issue", "CK-1", "A", 12, source_no="TH-1"),
        ],
        [("reversed_posting", 24, "CK-1")],
    ),
    (
        "moved before, booked after",
        ONE,
        [document("sales_issue", "CK-1", "A", 12, occurred=day(0.2), posted=day(-1))],
        [("cutoff", -12, "CK-1")],
    ),
    (
        "booked before, moved after",
        MORE,
        [document("sales_issue", "CK-1", "A", 12, occurred=day(-1), posted=day(0.2))],
        [("cutoff", 12, "CK-1")],
    ),
    (
        "sent and not received",
        MORE,
        [document("transfer_out", "DC-1", "A", 12, warehouse="W2", to_warehouse="W1", to_location="A-01")],
        [("transfer_not_received", 12, "DC-1")],
    ),
    (
        "a gift on an order",
        ONE,
        [
            document("sales_order", "XS-1", "A", 3, **GATE),
            document("sales_order", "XS-1", "A", 12, line_no=2, note="赠品随单发出", **GATE),
            document("waybill", "YD-1", "A", 3, source_no="XS-1", **GATE),
            document("sales_issue", "CK-1", "A", 3, source_no="YD-1"),
        ],
        [("gift_unrecorded", -12, "XS-1")],
    ),
    (
        "before the last count",
        ONE,
        [document("gift_issue", "ZP-1", "A", 12, status="approved", occurred=day(40), recorded=day(40))],
        [],
    ),
    ("the last variance is still there", line("A", 100, 88, earlier=before(-12)), [], [("prior_variance", -12, "")]),
    (
        "the last variance was adjusted",
        line("A", 100, 88, earlier=before(-12)),
        [document("adjustment", "TZ-1", "A", -12)],
        [],
    ),
]


@pytest.mark.parametrize(
    ("counted", "documents", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_family(counted: Line, documents: list[DocumentLine], expected: list[tuple[str, int, str]]) -> None:
    assert said(dossier([counted], documents, machines=["api"])) == expected


def test_counted_twice_by_two_people() -> None:
    counted = replace(line("A", 15, 30), entries=[entry("E1", 15), entry("E2", 15, counter="zhao")])
    assert said(dossier([counted])) == [("count_error", 15, "")]


def test_boxes_counted_where_pieces_lay() -> None:
    counted = replace(line("A", 4, 48), entries=[entry("E1", 4, base=48, unit="box")])
    assert said(dossier([counted], units={"box": Decimal(12)})) == [("count_error", 44, "")]


def test_natural_loss_stays_within_the_rate() -> None:
    sold = [document("sales_issue", "CK-1", "A", 1000)]
    assert said(dossier([line("A", 100, 96)], sold, loss_rate="0.005")) == [("natural_loss", -4, "")]
    assert said(dossier([line("A", 100, 90)], sold, loss_rate="0.005")) == []


def test_moved_without_a_document() -> None:
    case = dossier([line("A", 50, 33, location="A-01"), line("A", 20, 37, location="B-02")])
    assert [said(case, 0), said(case, 1)] == [[("transfer_unrecorded", -17, "")], [("transfer_unrecorded", 17, "")]]


def test_confused_items_answer_each_other() -> None:
    names = {"72800D": "4 IVORY DINNER CANDLES", "72800E": "4 RED DINNER CANDLES", "10125": "MINI FUNKY TAPES"}
    case = dossier([line("72800D", 50, 33), line("72800E", 20, 37), line("10125", 9, 9)], names=names)
    assert [said(case, 0), said(case, 1)] == [[("wrong_item", -17, "")], [("wrong_item", 17, "")]]


def test_booked_as_another_item_shows_on_both() -> None:
    papers = [
        document("waybill", "YD-1", "B", 3, location=""),
        document("sales_issue", "CK-1", "A", 3, source_no="YD-1"),
    ]
    case = dossier([line("A", 10, 13), line("B", 10, 7)], papers)
    assert [said(case, 0), said(case, 1)] == [[("wrong_item", 3, "CK-1")], [("wrong_item", -3, "CK-1")]]


def test_a_document_without_a_place_explains_one_place() -> None:
    gift = document("gift_issue", "ZP-1", "A", 12, status="approved", location="")
    case = dossier([line("A", 50, 38), line("A", 50, 50, location="B-01"), line("A", 50, 49, location="C-01")], [gift])
    assert [said(case, 0), said(case, 1)] == [[("gift_unrecorded", -12, "ZP-1")], []]


def test_kits_built_without_their_components() -> None:
    builds = []
    for number in range(4):
        parts = (
            []
            if number == 3
            else [
                document("assembly_out", f"ZC-{number}", sku, n * 2, line_no=at)
                for at, (sku, n) in enumerate([("B", 1), ("C", 2), ("D", 3)], 1)
            ]
        )
        only = [document("assembly_out", f"ZC-{number}", "B", 2)] if number == 3 else []
        builds += [*parts, *only, document("assembly_in", f"ZR-{number}", "A", 2, source_no=f"ZC-{number}")]
    case = dossier([line("C", 100, 96), line("D", 100, 94)], builds)
    assert [said(case, 0), said(case, 1)] == [[("issue_not_posted", -4, "ZR-3")], [("issue_not_posted", -6, "ZR-3")]]


def test_nothing_is_made_up_where_nothing_shows() -> None:
    busy = [
        document("sales_issue", f"CK-{n}", "A", 1 + n % 7, occurred=day(n), posted=day(n - 0.1)) for n in range(1, 28)
    ]
    found = best(dossier([line("A", 100, 83, earlier=before())], busy))
    assert (found.parts, found.unexplained) == ((), -17)


BAD: list[tuple[str, list[DocumentLine]]] = [
    (
        "a loop in the chain",
        [
            document("transfer_in", "DC-1", "A", 5, source_no="DC-1"),
            document("transfer_out", "DC-1", "A", 5, source_no="DC-1"),
        ],
    ),
    ("a source that is not there", [document("receipt", "RK-1", "A", 5, source_no="SH-9")]),
    ("times in the future", [document("waybill", "YD-1", "A", 5, occurred=day(-400), posted=day(-400))]),
    ("no times at all", [document("waybill", "YD-1", "A", 5, occurred=None, recorded=None, posted=None)]),
    (
        "a unit that nobody knows",
        [
            document("delivery_note", "SH-1", "A", 5, unit="托"),
            document("receipt", "RK-1", "A", 60, unit="?", keyed=Decimal(5), source_no="SH-1"),
        ],
    ),
    (
        "zero quantities",
        [document("delivery_note", "SH-1", "A", 5), document("receipt", "RK-1", "A", 0, source_no="SH-1")],
    ),
    (
        "two papers that contradict",
        [
            document("delivery_note", "SH-1", "A", 5),
            document("delivery_note", "SH-1", "A", 7, line_no=1),
            document("receipt", "RK-1", "A", 9, source_no="SH-1"),
        ],
    ),
    (
        "fractions",
        [
            document("delivery_note", "SH-1", "A", "0.3333"),
            document("receipt", "RK-1", "A", "0.6666", source_no="SH-1"),
        ],
    ),
]


@pytest.mark.parametrize("documents", [case[1] for case in BAD], ids=[case[0] for case in BAD])
def test_strange_documents_never_fail(documents: list[DocumentLine]) -> None:
    case = dossier([line("A", "10.5", "7.25", earlier=before())], documents)
    assert said(case) is not None


def test_names_of_families_are_their_own() -> None:
    assert len({family.NAME for family in FAMILIES}) == len(FAMILIES)
