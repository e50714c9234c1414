"""Making, changing, submitting, approving and cancelling documents: what is refused, and with which words."""

from decimal import Decimal

import pytest
from django.db.models import F, Value

from apps.audit.models import AuditEntry
from apps.catalog.services import save_unit
from apps.core.errors import Conflict, Forbidden, RuleViolation
from apps.core.tenancy import organization_scope
from apps.movements.enums import DOCUMENT_TRANSITIONS, DocumentStatus
from apps.movements.models import Document, StockLine
from apps.movements.services import (
    LineDraft,
    StockMoves,
    approve_document,
    cancel_document,
    change_document,
    create_document,
    post_document,
    reverse_document,
    submit_document,
)
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import at, line, make_document, opened, posted


@pytest.fixture
def shop(organization):
    return make_warehouse("WH01", "A-01"), make_item("A-001")


def refused(code, *args, **kwargs):
    with pytest.raises(RuleViolation) as caught:
        make_document(*args, **kwargs)
    assert caught.value.code == code
    assert not Document.objects.exists()
    return caught.value


def test_lines_are_kept_in_their_unit_and_in_base_units(shop, system):
    warehouse, item = shop
    save_unit(item, name="箱", factor=Decimal("12.5"), actor=system)
    document = make_document(
        "receipt",
        warehouse,
        line(
            item, 2, unit="箱", location=place(warehouse, "A-01"), note=" 易碎 ", source_doc_no="CG-1", source_line_no=3
        ),
        line(item, "0.0001", unit="件"),
    )
    first, second = document.lines.order_by("line_no")
    assert (first.quantity, first.unit, first.base_quantity, first.note) == (2, "箱", 25, "易碎")
    assert (first.location.code, first.source_doc_no, first.source_line_no) == ("A-01", "CG-1", 3)
    assert (second.line_no, second.unit, second.base_quantity) == (2, "", Decimal("0.0001"))
    assert second.location == place(warehouse)


def test_numbers_run_by_type_and_day(shop):
    warehouse, item = shop
    numbers = [make_document("receipt", warehouse, line(item, 1)).doc_no for _ in range(3)]
    other = make_document("scrap", warehouse, line(item, 1)).doc_no
    prefix = numbers[0][:-4]
    assert prefix.startswith("RK-")
    assert numbers == [f"{prefix}000{n}" for n in (1, 2, 3)]
    assert other == prefix.replace("RK", "BF") + "0001"
    make_document("receipt", warehouse, line(item, 1), doc_no=f"{prefix}0009")
    assert make_document("receipt", warehouse, line(item, 1)).doc_no == f"{prefix}0010"


def test_own_numbers_are_unique_per_type(shop):
    warehouse, item = shop
    make_document("receipt", warehouse, line(item, 1), doc_no=" RK-1 ")
    make_document("scrap", warehouse, line(item, 1), doc_no="RK-1")
    with pytest.raises(Conflict) as caught:
        make_document("receipt", warehouse, line(item, 1), doc_no="RK-1")
    assert caught.value.code == "doc_no_taken"


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ("0", "zero_quantity"),
        ("-1", "negative_quantity"),
        ("0.00001", "number_places"),
        ("100000000000000", "number_range"),
        ("NaN", "number_format"),
        ("Infinity", "number_format"),
    ],
)
def test_quantities_that_are_refused(shop, quantity, code):
    refused(code, "receipt", shop[0], line(shop[1], quantity))


def test_adjustments_are_signed(shop):
    assert make_document("adjustment", shop[0], line(shop[1], -4)).lines.get().base_quantity == -4
    with pytest.raises(RuleViolation):
        make_document("adjustment", shop[0], line(shop[1], 0))


def test_base_quantities_stay_in_range(shop, system):
    save_unit(shop[1], name="船", factor=Decimal(1_000_000), actor=system)
    save_unit(shop[1], name="粒", factor=Decimal("0.0001"), actor=system)
    for unit, quantity in (("船", "99999999999"), ("粒", "0.1")):
        refused("number_range", "receipt", shop[0], line(shop[1], quantity, unit=unit))


def test_lines_that_are_refused(shop, organization):
    warehouse, item = shop
    other = make_warehouse("WH02", "B-01")
    serial = make_item("S-1", tracking="serial")
    refused("no_lines", "receipt", warehouse)
    refused("unknown_unit", "receipt", warehouse, line(item, 1, unit="托盘"))
    refused("other_warehouse", "receipt", warehouse, line(item, 1, location=place(other, "B-01")))
    refused("other_warehouse", "receipt", warehouse, line(item, 1, to_location=place(other, "B-01")))
    refused("item_not_tracked", "receipt", warehouse, line(item, 1, lot="B1"))
    refused("serial_quantity", "receipt", warehouse, line(serial, 2, lot="SN1"))
    refused("too_long", "receipt", warehouse, line(serial, 1, lot="S" * 61))
    refused("negative_cost", "receipt", warehouse, line(item, 1, unit_cost=Decimal(-1)))
    error = refused("invalid_lines", "receipt", warehouse, line(item, 0), line(item, 5), line(item, 1, unit="托盘"))
    assert [row.split(" ")[1].rstrip(":：") for row in error.rows] == ["1", "3"] or len(error.rows) == 2


def test_heads_that_are_refused(shop):
    warehouse, item = shop
    other = make_warehouse("WH02")
    refused("doc_type", "gift", warehouse, line(item, 1))
    refused("status", "receipt", warehouse, line(item, 1), status="posted")
    refused("to_warehouse_missing", "transfer_out", warehouse, line(item, 1))
    refused("to_warehouse_unexpected", "receipt", warehouse, line(item, 1), to_warehouse=other)
    refused("invalid", "receipt", warehouse, line(item, 1), counterparty="供" * 101)
    refused("invalid", "receipt", warehouse, line(item, 1), doc_no="N" * 61)


def test_an_item_of_another_company_is_unknown(shop, twin):
    with organization_scope(twin):
        foreign = make_item("X-1")
    refused("unknown_item", "receipt", shop[0], line(foreign, 1))


def test_too_many_lines(shop, monkeypatch):
    monkeypatch.setattr("apps.movements.services.lines.MAX_LINES", 2)
    refused("too_many_lines", "receipt", shop[0], *[line(shop[1], 1)] * 3)


def stock(shop):
    warehouse, item = shop
    for where in (place(warehouse), place(warehouse, "A-01")):
        opened(where, item, 10, at("2023-12-01T08:00:00"))
    return warehouse


def test_an_adjustment_takes_its_lines_from_stock(shop, system):
    moves = StockMoves(StockLine.objects.values_list("pk", F("quantity") - 12, Value(Decimal("1.5"))))
    document = create_document("adjustment", warehouse=stock(shop), lines=moves, actor=system)
    rows = [
        (row.line_no, row.location.code, row.quantity, row.base_quantity, row.unit_cost) for row in document.lines.all()
    ]
    assert rows == [(1, "", -2, -2, Decimal("1.5")), (2, "A-01", -2, -2, Decimal("1.5"))]


def test_stock_of_another_warehouse_is_no_line_of_this_document(shop, system):
    warehouse, other = stock(shop), make_warehouse("WH02", "B-1")
    moves = StockMoves(StockLine.objects.values_list("pk", "quantity", "quantity"))
    for doc_type, home, reason in (("adjustment", other, "another warehouse"), ("receipt", warehouse, "signed")):
        with pytest.raises(ValueError, match=reason):
            create_document(doc_type, warehouse=home, lines=moves, actor=system)
    with pytest.raises(RuleViolation) as caught:
        nothing = StockMoves(StockLine.objects.filter(quantity=99).values_list("pk", "quantity", "quantity"))
        create_document("adjustment", warehouse=warehouse, lines=nothing, actor=system)
    assert caught.value.code == "no_lines"


def test_a_draft_is_changed(shop, system):
    warehouse, item = shop
    document = make_document("receipt", warehouse, line(item, 1))
    change_document(
        document,
        lines=[line(item, 3), line(item, 4)],
        counterparty="供应商甲",
        occurred_at=at("2023-12-01T08:00:00"),
        actor=system,
    )
    document.refresh_from_db()
    assert (document.counterparty, document.occurred_at) == ("供应商甲", at("2023-12-01T08:00:00"))
    assert [x.quantity for x in document.lines.order_by("line_no")] == [3, 4]


@pytest.mark.parametrize("status", ["approved", "posted", "cancelled"])
def test_what_is_decided_is_not_edited(shop, system, status):
    document = make_document("receipt", shop[0], line(shop[1], 1))
    if status == "approved":
        approve_document(document, actor=system)
    elif status == "posted":
        post_document(document, actor=system)
    else:
        cancel_document(document, reason="录错", actor=system)
    with pytest.raises(Conflict) as caught:
        change_document(document, lines=[line(shop[1], 9)], actor=system)
    assert caught.value.code == "not_editable"
    assert document.lines.get().quantity == 1


STEPS = {
    "submitted": submit_document,
    "approved": approve_document,
    "posted": post_document,
    "cancelled": lambda document, actor: cancel_document(document, reason="x", actor=actor),
}


@pytest.mark.parametrize("to", STEPS)
@pytest.mark.parametrize("status", DocumentStatus.values)
def test_every_pair_of_states(shop, system, status, to):
    document = make_document("receipt", shop[0], line(shop[1], 1))
    if status in STEPS:
        STEPS[status](document, actor=system)
    if to in DOCUMENT_TRANSITIONS[status]:
        assert STEPS[to](document, actor=system).status == to
    else:
        with pytest.raises(Conflict):
            STEPS[to](document, actor=system)
        document.refresh_from_db()
        assert document.status == status


ALLOWED = {
    "create": {"manager", "controller", "finance"},
    "approve": {"manager", "finance"},
    "post": {"manager", "controller", "finance"},
    "reverse": {"manager", "controller", "finance"},
    "cancel": {"manager", "controller", "finance"},
}


@pytest.mark.parametrize("role", ["owner", "manager", "counter", "controller", "finance", "assignee", "auditor"])
@pytest.mark.parametrize("action", ALLOWED)
def test_roles(shop, person, role, action):
    warehouse, item = shop
    member = person("zhou", role)
    draft, done = make_document("receipt", warehouse, line(item, 1)), posted("receipt", warehouse, line(item, 1))
    services = {
        "create": lambda: create_document(
            "receipt", warehouse=warehouse, lines=[LineDraft(item, Decimal(1))], actor=member
        ),
        "approve": lambda: approve_document(draft, actor=member),
        "post": lambda: post_document(draft, actor=member),
        "reverse": lambda: reverse_document(done, reason="录错", actor=member),
        "cancel": lambda: cancel_document(draft, reason="录错", actor=member),
    }
    if role in ALLOWED[action]:
        services[action]()
    else:
        with pytest.raises(Forbidden):
            services[action]()


def test_nobody_approves_what_they_entered(shop, person):
    zhou = person("zhou", "manager")
    document = create_document("receipt", warehouse=shop[0], lines=[line(shop[1], 1)], actor=zhou)
    with pytest.raises(Forbidden):
        approve_document(document, actor=zhou)
    assert document.operator == zhou
    assert approve_document(document, actor=person("lin", "manager")).approver.username == "lin"


def test_each_step_is_one_audit_entry(shop, system):
    before = AuditEntry.objects.count()
    document = make_document("receipt", shop[0], line(shop[1], 1), line(shop[1], 2))
    post_document(document, actor=system)
    reverse_document(document, reason="录错", actor=system)
    cancel_document(make_document("scrap", shop[0], line(shop[1], 1)), reason="不报废了", actor=system)
    entries = list(AuditEntry.objects.order_by("sequence"))[before:]
    assert [(e.action, e.facts.get("lines"), e.facts.get("reason")) for e in entries] == [
        ("movements.document.created", 2, None),
        ("movements.document.posted", 2, None),
        ("movements.document.reversed", 2, "录错"),
        ("movements.document.created", 1, None),
        ("movements.document.cancelled", None, "不报废了"),
    ]


def test_negative_stock_is_told(shop):
    posted("sales_issue", shop[0], line(shop[1], 3))
    entry = AuditEntry.objects.get(action="movements.document.posted")
    assert entry.facts == {"lines": 1, "negative_stock_lines": 1}
