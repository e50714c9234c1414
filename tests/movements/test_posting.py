"""Posting and reversing."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from apps.core.errors import Conflict, Forbidden, RuleViolation
from apps.core.tenancy import organization_scope
from apps.movements.enums import EFFECT, DocumentType
from apps.movements.models import Document, LedgerEntry, StockLine
from apps.movements.selectors import verify_balances
from apps.movements.services import cancel_document, open_stock, post_document, reverse_document
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import at, line, make_document, opened, posted


@pytest.fixture
def shop(organization):
    warehouse = make_warehouse("WH01", "A-01", "A-02")
    return warehouse, make_item("A-001"), make_item("A-002", "紫砂壶", standard_cost=Decimal("12.5"))


def balances():
    return {
        (s.item.sku, s.location.code, s.lot): s.quantity for s in StockLine.objects.select_related("item", "location")
    }


@pytest.mark.parametrize("doc_type", DocumentType.values)
def test_every_type_moves_what_it_says(shop, doc_type):
    warehouse, item, _other = shop
    other = make_warehouse("WH02") if doc_type == "transfer_out" else None
    document = posted(doc_type, warehouse, line(item, 3), to_warehouse=other)
    effect = EFFECT.get(doc_type, 0)
    assert balances() == ({("A-001", "", ""): Decimal(3 * effect)} if effect else {})
    assert document.status == "posted"
    assert verify_balances() == []


def test_many_lines_of_one_stock_line_add_up(shop):
    warehouse, item, other = shop
    posted(
        "receipt",
        warehouse,
        line(item, 10),
        line(item, "2.5"),
        line(other, 1, location=place(warehouse, "A-01")),
    )
    posted("sales_issue", warehouse, line(item, 20))
    assert balances() == {("A-001", "", ""): Decimal("-7.5"), ("A-002", "A-01", ""): Decimal(1)}
    assert verify_balances() == []


def test_posting_twice_is_refused(shop, system):
    document = posted("receipt", shop[0], line(shop[1], 1))
    with pytest.raises(Conflict) as caught:
        post_document(document, actor=system)
    assert caught.value.code == "wrong_state"
    assert LedgerEntry.objects.count() == 1


def test_cancelled_is_not_posted(shop, system):
    document = cancel_document(make_document("receipt", shop[0], line(shop[1], 1)), reason="重复录入", actor=system)
    with pytest.raises(Conflict):
        post_document(document, actor=system)
    assert LedgerEntry.objects.count() == 0


def test_three_moments_and_cost(shop, system):
    warehouse, _item, item = shop
    occurred = at("2023-12-30T18:00:00")
    document = posted(
        "receipt", warehouse, line(item, 2), line(item, 1, unit_cost=Decimal("9.9")), occurred_at=occurred
    )
    entries = list(LedgerEntry.objects.order_by("line__line_no"))
    assert [entry.unit_cost for entry in entries] == [Decimal("12.5"), Decimal("9.9")]
    assert {entry.occurred_at for entry in entries} == {occurred}
    assert {entry.posted_at for entry in entries} == {document.posted_at}
    assert {entry.recorded_at for entry in entries} == {document.recorded_at}


def test_lots_are_asked_for_when_posting(shop, system):
    item = make_item("L-1", tracking="lot")
    document = make_document("receipt", shop[0], line(item, 1), line(item, 1, lot="B1"))
    with pytest.raises(RuleViolation) as caught:
        post_document(document, actor=system)
    assert (caught.value.code, len(caught.value.rows)) == ("lot_missing", 1)
    order = posted("purchase_order", shop[0], line(item, 1))
    assert order.status == "posted"


def test_reversal_restores_and_happens_once(shop, system):
    warehouse, item, other = shop
    before = posted("receipt", warehouse, line(item, 10), line(other, 4))
    issue = posted("sales_issue", warehouse, line(item, 6), line(other, 5), occurred_at=at("2023-12-30T10:00:00"))
    back = reverse_document(issue, reason="客户取消", actor=system)
    assert balances() == {("A-001", "", ""): Decimal(10), ("A-002", "", ""): Decimal(4)}
    assert (back.doc_no, back.doc_type, back.reverses_id) == (f"{issue.doc_no}-R", "sales_issue", issue.pk)
    assert [entry.occurred_at for entry in LedgerEntry.objects.filter(kind="reversal")] == [issue.occurred_at] * 2
    for wrong in (issue, back, make_document("receipt", warehouse, line(item, 1))):
        with pytest.raises(Conflict):
            reverse_document(wrong, reason="再次", actor=system)
    with pytest.raises(RuleViolation):
        reverse_document(before, reason="  ", actor=system)
    assert verify_balances() == []


def test_opening_contains_what_was_posted_before(shop, system):
    """Whichever comes first, the opening or the older documents: the numbers are the same."""
    warehouse, first, second = shop
    home, moment = place(warehouse), at("2023-10-01T00:00:00")
    opened(home, first, 100, moment)
    for item in (first, second):
        posted("receipt", warehouse, line(item, 7), posted_at=at("2023-09-30T12:00:00"))
        posted("receipt", warehouse, line(item, 5), posted_at=moment)
        posted("receipt", warehouse, line(item, 3), posted_at=at("2023-10-01T00:00:01"))
    opened(home, second, 100, moment)
    opened(home, second, 100, moment)
    assert balances() == {("A-001", "", ""): Decimal(103), ("A-002", "", ""): Decimal(103)}
    with pytest.raises(RuleViolation) as caught:
        opened(home, first, 99, moment)
    assert caught.value.code == "opening_differs"
    with pytest.raises(RuleViolation) as caught:
        reverse_document(Document.objects.filter(lines__item=first).earliest("posted_at"), reason="x", actor=system)
    assert caught.value.code == "before_opening"
    assert verify_balances() == []


def test_opening_of_zero_is_kept(shop):
    warehouse, item, _other = shop
    opened(place(warehouse), item, 0, at("2023-10-01T00:00:00"))
    posted("receipt", warehouse, line(item, 5), posted_at=at("2023-09-01T00:00:00"))
    assert balances() == {("A-001", "", ""): Decimal(0)}


COPY_STOCK = """
    INSERT INTO movements_stockline (id, organization_id, warehouse_id, location_id, item_id, lot, quantity)
    SELECT gen_random_uuid(), organization_id, warehouse_id, location_id, item_id, 'X', 5 FROM movements_stockline
"""
COPY_ENTRY = """
    INSERT INTO movements_ledgerentry (id, organization_id, stock_line_id, kind, quantity, unit_cost, occurred_at,
        recorded_at, posted_at, line_id)
    SELECT gen_random_uuid(), organization_id, stock_line_id, kind, quantity, unit_cost, occurred_at, recorded_at,
        posted_at, line_id
    FROM movements_ledgerentry
"""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE movements_stockline SET quantity = 99",
        "UPDATE movements_ledgerentry SET quantity = 99",
        "DELETE FROM movements_ledgerentry",
        COPY_STOCK,
        COPY_ENTRY,
    ],
)
def test_the_database_refuses_tampering(shop, statement):
    posted("receipt", shop[0], line(shop[1], 1))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert balances() == {("A-001", "", ""): Decimal(1)}


def test_manual_adjustments_need_two_persons(shop, person):
    from apps.movements.services import approve_document, create_document

    zhou, lin = person("zhou", "manager"), person("lin", "manager")
    document = create_document("adjustment", warehouse=shop[0], lines=[line(shop[1], -3)], actor=zhou)
    for service in (post_document, approve_document):
        with pytest.raises(Forbidden):
            service(document, actor=zhou)
    approve_document(document, actor=lin)
    post_document(document, actor=zhou)
    assert balances() == {("A-001", "", ""): Decimal(-3)}


def test_another_company_posts_beside(shop, twin):
    posted("receipt", shop[0], line(shop[1], 1))
    with organization_scope(twin):
        warehouse = make_warehouse("WH01")
        posted("receipt", warehouse, line(make_item("A-001"), 50))
        assert balances() == {("A-001", "", ""): Decimal(50)}
    assert balances() == {("A-001", "", ""): Decimal(1)}


def test_open_stock_lists_what_is_wrong(shop, system):
    from apps.movements.services import OpeningDraft

    warehouse, item, _other = shop
    lot_item = make_item("L-1", tracking="lot")
    drafts = [
        OpeningDraft(item, place(warehouse), Decimal(1)),
        OpeningDraft(item, place(warehouse), Decimal(2)),
        OpeningDraft(lot_item, place(warehouse), Decimal(2)),
        OpeningDraft(item, place(warehouse, "A-01"), Decimal(2), as_of=at("2999-01-01T00:00:00")),
    ]
    with pytest.raises(RuleViolation) as caught:
        open_stock(drafts, as_of=at("2023-10-01T00:00:00"), actor=system)
    assert len(caught.value.rows) == 3
    assert LedgerEntry.objects.count() == 0
