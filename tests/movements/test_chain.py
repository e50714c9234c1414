"""The document chain on small data: each status derived by hand, and who may see it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.catalog.models import Item, Warehouse
from apps.catalog.services import save_unit
from apps.core.errors import Forbidden, RuleViolation
from apps.core.tenancy import organization_scope
from apps.movements.models import ChainFinding, ChainLink, ChainNode, Document, DocumentLine
from apps.movements.selectors import chain_links, document_chain, findings
from apps.movements.services import cancel_document, refresh_chain, reverse_document, set_limit
from apps.organizations.selectors import system_member
from tests.catalog.builders import make_item, make_warehouse
from tests.movements.builders import at, line, make_document, posted

pytestmark = pytest.mark.django_db

NOW = at("2024-03-10T12:00:00")
OLD = at("2024-03-01T10:00:00")
LATER = at("2024-03-01T15:00:00")
FRESH = at("2024-03-10T09:00:00")


@pytest.fixture
def warehouse(organization: Any) -> Warehouse:
    return make_warehouse("WH01", "A-01")


@pytest.fixture
def cup(organization: Any) -> Item:
    item = make_item("CUP")
    save_unit(item, name="盒", factor=Decimal(10), actor=system_member())
    return item


def gate(
    doc_type: str, doc_no: str, warehouse: Warehouse, item: Item, quantity: Any, *, moment: Any = OLD, **values: Any
) -> Document:
    """A document whose goods moved at `moment`, posted at once."""
    one = line(item, quantity, unit=values.pop("unit", ""))
    return posted(
        doc_type,
        warehouse,
        one,
        doc_no=doc_no,
        occurred_at=moment,
        posted_at=values.pop("posted_at", moment),
        **values,
    )


def booked(
    doc_type: str, doc_no: str, warehouse: Warehouse, item: Item, quantity: Any, source: str, **values: Any
) -> Document:
    moment = values.pop("moment", OLD)
    one = line(item, quantity, unit=values.pop("unit", ""), source_doc_no=source, source_line_no=values.pop("nr", 1))
    return posted(
        doc_type,
        warehouse,
        one,
        doc_no=doc_no,
        occurred_at=moment,
        posted_at=values.pop("posted_at", LATER),
        **values,
    )


def told() -> list[tuple[str, str, str, Decimal]]:
    """(number, finding, other number, effect on stock), by number."""
    refresh_chain(actor=system_member(), as_of=NOW)
    rows = ChainFinding.objects.order_by("line__document__doc_no", "kind")
    return [
        (no, kind, other or "", quantity)
        for no, kind, other, quantity in rows.values_list(
            "line__document__doc_no", "kind", "other__document__doc_no", "quantity"
        )
    ]


def test_equal_and_in_time_is_matched(warehouse, cup):
    gate("waybill", "YD-1", warehouse, cup, 10)
    booked("sales_issue", "CK-1", warehouse, cup, 6, "YD-1")
    booked("sales_issue", "CK-2", warehouse, cup, 4, "YD-1")
    assert told() == []
    assert ChainLink.objects.filter(guess=False).count() == 2


def test_missing_partial_and_open(warehouse, cup):
    gate("waybill", "YD-1", warehouse, cup, 10)
    gate("waybill", "YD-2", warehouse, cup, 10)
    booked("sales_issue", "CK-2", warehouse, cup, 4, "YD-2")
    gate("waybill", "YD-3", warehouse, cup, 10, moment=FRESH)
    gate("delivery_note", "SH-1", warehouse, cup, 7)
    gate("return_note", "TH-1", warehouse, cup, 2)
    assert told() == [
        ("SH-1", "missing", "", 7),
        ("TH-1", "missing", "", 2),
        ("YD-1", "missing", "", -10),
        ("YD-2", "partial", "CK-2", -6),
        ("YD-3", "open", "", -10),
    ]


def test_late_is_told_and_is_no_break(warehouse, cup, person):
    gate("waybill", "YD-1", warehouse, cup, 10)
    booked("sales_issue", "CK-1", warehouse, cup, 10, "YD-1", posted_at=at("2024-03-04T10:00:00"))
    assert told() == [("YD-1", "late", "CK-1", 0)]


def test_excess_and_duplicated(warehouse, cup):
    gate("delivery_note", "SH-1", warehouse, cup, 10)
    booked("receipt", "RK-1", warehouse, cup, 12, "SH-1")
    gate("delivery_note", "SH-2", warehouse, cup, 10)
    booked("receipt", "RK-2", warehouse, cup, 10, "SH-2")
    booked("receipt", "RK-3", warehouse, cup, 10, "SH-2", posted_at=at("2024-03-01T16:00:00"))
    gate("delivery_note", "SH-3", warehouse, cup, 10)
    booked("receipt", "RK-4", warehouse, cup, 9, "SH-3")
    booked("receipt", "RK-5", warehouse, cup, 9, "SH-3", posted_at=at("2024-03-01T16:00:00"))
    assert told() == [
        ("SH-1", "excess", "RK-1", -2),
        ("SH-2", "duplicated", "RK-3", -10),
        ("SH-3", "excess", "RK-5", -8),
    ]


def test_wrong_direction_unit_and_item(warehouse, cup):
    lid = make_item("LID")
    gate("return_note", "TH-1", warehouse, cup, 3)
    booked("sales_issue", "CK-1", warehouse, cup, 3, "TH-1")
    gate("delivery_note", "SH-1", warehouse, cup, 5, unit="盒")
    booked("receipt", "RK-1", warehouse, cup, 5, "SH-1")
    gate("waybill", "YD-1", warehouse, cup, 4)
    booked("sales_issue", "CK-2", warehouse, lid, 4, "YD-1")
    assert told() == [
        ("SH-1", "wrong_unit", "RK-1", 45),
        ("TH-1", "reversed", "CK-1", 6),
        ("YD-1", "wrong_item", "CK-2", -4),
    ]


def test_a_correction_counts_with_what_it_corrects(warehouse, cup):
    gate("waybill", "YD-1", warehouse, cup, 12)
    booked("sales_issue", "CK-1", warehouse, cup, 32, "YD-1")
    booked("adjustment", "TZ-1", warehouse, cup, 20, "CK-1")
    assert told() == []


def test_an_issue_that_was_reversed_leaves_its_waybill_missing(warehouse, cup):
    gate("waybill", "YD-1", warehouse, cup, 10)
    issue = booked("sales_issue", "CK-1", warehouse, cup, 10, "YD-1")
    assert told() == []
    reverse_document(issue, reason="数量录错", actor=system_member())
    assert told() == [("YD-1", "missing", "", -10)]


def test_what_waits_unposted_is_named_beside_its_source(warehouse, cup):
    gate("waybill", "YD-1", warehouse, cup, 10)
    one = line(cup, 10, source_doc_no="YD-1", source_line_no=1)
    waiting = make_document("sales_issue", warehouse, one, doc_no="CK-1", occurred_at=OLD)
    assert told() == [("YD-1", "missing", "CK-1", -10)]
    assert ChainFinding.objects.get().waiting == 10
    cancel_document(waiting, reason="重复", actor=system_member())
    assert told() == [("YD-1", "missing", "", -10)]


def test_gifts_and_scrap_need_no_next_document_but_must_be_posted(warehouse, cup):
    with time_machine.travel(OLD, tick=False):
        make_document("gift_issue", warehouse, line(cup, 20), doc_no="ZP-1", occurred_at=OLD)
    with time_machine.travel(FRESH, tick=False):
        make_document("scrap", warehouse, line(cup, 5), doc_no="BF-1", occurred_at=FRESH)
    gate("gift_issue", "ZP-2", warehouse, cup, 3, posted_at=at("2024-03-05T10:00:00"))
    assert told() == [("BF-1", "open", "", -5), ("ZP-1", "unposted", "", -20), ("ZP-2", "late", "", 0)]


def test_orders_move_no_goods(warehouse, cup):
    gate("sales_order", "XS-1", warehouse, cup, 10)
    gate("transfer_out", "DC-1", warehouse, cup, 10, to_warehouse=make_warehouse("WH02"))
    assert told() == [("DC-1", "missing", "", 10), ("XS-1", "missing", "", -10)]
    assert list(ChainFinding.objects.order_by("doc_type").values_list("moves_stock", flat=True)) == [False, True]


def test_one_order_of_a_shop_that_came_twice(warehouse, cup):
    gate("sales_order", "XS-1", warehouse, cup, 10, external_id="TB1", moment=FRESH)
    gate("sales_order", "XS-2", warehouse, cup, 10, external_id="TB1", moment=at("2024-03-10T09:05:00"))
    assert [row for row in told() if row[1] == "duplicated"] == [("XS-2", "duplicated", "XS-1", 10)]


def test_guesses_need_item_quantity_party_and_time(warehouse, cup):
    gate("waybill", "YD-1", warehouse, cup, 10, counterparty="甲")
    gate("waybill", "YD-2", warehouse, cup, 10, counterparty="乙")
    gate("waybill", "YD-3", warehouse, cup, 11, counterparty="丙")
    gate("sales_issue", "CK-1", warehouse, cup, 10, counterparty="乙", moment=LATER)
    assert [row[:2] for row in told()] == [("YD-1", "missing"), ("YD-3", "missing")]
    guess = ChainLink.objects.get()
    assert (guess.guess, guess.source.document.doc_no, guess.line.document.doc_no) == (True, "YD-2", "CK-1")
    assert chain_links(DocumentLine.objects.all(), guesses=False).count() == 0


def test_a_receipt_without_source_is_told_where_receipts_have_one(warehouse, cup):
    gate("receipt", "RK-1", warehouse, cup, 8)
    assert told() == []
    gate("delivery_note", "SH-1", warehouse, cup, 5)
    booked("receipt", "RK-2", warehouse, cup, 5, "SH-1")
    assert told() == [("RK-1", "no_source", "", -8)]


def test_a_receipt_that_names_the_order_belongs_to_the_delivery_note_between(warehouse, cup):
    gate("purchase_order", "CG-1", warehouse, cup, 10)
    booked("delivery_note", "SH-1", warehouse, cup, 10, "CG-1")
    booked("receipt", "RK-1", warehouse, cup, 10, "CG-1", moment=LATER)
    assert told() == []
    assert set(ChainLink.objects.values_list("source_type", "line_type", "guess")) == {
        ("purchase_order", "delivery_note", False),
        ("delivery_note", "receipt", True),
    }


def test_the_limit_is_the_organizations_own(warehouse, cup, person):
    gate("waybill", "YD-1", warehouse, cup, 10)
    assert told() == [("YD-1", "missing", "", -10)]
    manager = person("zhang", "manager")
    set_limit("waybill", hours=24 * 30, actor=manager)
    assert told() == [("YD-1", "open", "", -10)]
    set_limit("waybill", hours=None, actor=manager)
    assert told() == [("YD-1", "missing", "", -10)]
    with pytest.raises(RuleViolation, match="1"):
        set_limit("waybill", hours=0, actor=manager)
    with pytest.raises(Forbidden):
        set_limit("waybill", hours=5, actor=person("li", "controller"))


def test_lags_come_from_the_organizations_history(warehouse, cup):
    for number, hour in enumerate((11, 12, 14)):
        gate("waybill", f"YD-{number}", warehouse, cup, 10)
        done = at(f"2024-03-01T{hour}:00:00")
        booked("sales_issue", f"CK-{number}", warehouse, cup, 10, f"YD-{number}", posted_at=done)
    told()
    node = ChainNode.objects.get(doc_type="waybill")
    assert (node.lines, node.median.total_seconds(), node.as_of) == (3, 2 * 3600, NOW)


def test_refreshing_again_changes_nothing(warehouse, cup):
    gate("waybill", "YD-1", warehouse, cup, 10)
    booked("sales_issue", "CK-1", warehouse, cup, 4, "YD-1")
    told()
    before = [set(model.objects.values_list("pk", flat=True)) for model in (ChainLink, ChainFinding)]
    told()
    assert [set(model.objects.values_list("pk", flat=True)) for model in (ChainLink, ChainFinding)] == before


def test_a_documents_chain_reaches_both_ways(warehouse, cup, person):
    gate("purchase_order", "CG-1", warehouse, cup, 10)
    note = booked("delivery_note", "SH-1", warehouse, cup, 10, "CG-1")
    booked("receipt", "RK-1", warehouse, cup, 8, "SH-1")
    told()
    chain = document_chain(note, hidden=set())
    assert [(s.document.doc_no, s.column, s.broken) for s in chain.stations] == [
        ("CG-1", 0, False),
        ("SH-1", 1, True),
        ("RK-1", 2, False),
    ]
    assert sorted(step.difference for step in chain.steps) == [-2, 0]


def test_of_another_company_nothing_is_linked_or_seen(warehouse, cup, twin, person):
    gate("waybill", "YD-1", warehouse, cup, 10)
    with organization_scope(twin):
        other = make_warehouse("WH01")
        item = make_item("CUP")
        booked("sales_issue", "CK-1", other, item, 10, "YD-1")
        refresh_chain(actor=system_member(), as_of=NOW)
        assert (ChainLink.objects.count(), ChainFinding.objects.count()) == (0, 0)
    assert told() == [("YD-1", "missing", "", -10)]
    assert findings(person("zhang", "manager")).count() == 1


class TestPages:
    @pytest.fixture
    def data(self, warehouse, cup):
        gate("waybill", "YD-1", warehouse, cup, 10)
        gate("delivery_note", "SH-1", warehouse, cup, 10)
        booked("receipt", "RK-1", warehouse, cup, 4, "SH-1")
        gate("waybill", "YD-2", warehouse, cup, 10, moment=FRESH)
        told()

    def test_breaks(self, data, person, browse):
        page = browse(person("zhang", "manager")).get("/o/alpha/breaks/").content.decode()
        assert [no for no in ("YD-1", "SH-1", "YD-2") if no in page] == ["YD-1", "SH-1"]
        page = browse(person("li", "controller")).get("/o/alpha/breaks/?kind=open").content.decode()
        assert [no for no in ("YD-1 ", "SH-1 ", "YD-2 ") if no in page] == ["YD-2 "]

    def test_operators_are_for_some_roles(self, data, person, browse):
        for role, sees in (("auditor", True), ("finance", False)):
            client = browse(person(f"who-{role}", role))
            head = b"".join(client.get("/o/alpha/breaks/?export=csv").streaming_content).decode("utf-8-sig")
            assert ("operator" in head.splitlines()[0] or "经办人" in head.splitlines()[0]) is sees
            found = client.get("/o/alpha/api/v1/breaks/").json()["results"]
            assert len(found) == 3
        assert browse(person("wang", "counter")).get("/o/alpha/breaks/").status_code == 403

    @pytest.mark.parametrize("path", ["breaks/", "portrait/", "portrait/?node=waybill&show=lags", "api/v1/breaks/"])
    def test_queries_do_not_grow(self, path, warehouse, cup, person, browse):
        client = browse(person("zhang", "manager"))
        counts = []
        for number in (1, 4):
            for more in range(number):
                gate("waybill", f"YD-{number}-{more}", warehouse, cup, 10)
            told()
            with CaptureQueriesContext(connection) as captured:
                assert client.get(f"/o/alpha/{path}").status_code == 200
            counts.append(len(captured))
        assert counts[0] == counts[1]
        assert counts[0] <= 30

    def test_limits(self, data, person, browse):
        manager = browse(person("zhang", "manager"))
        assert manager.get("/o/alpha/breaks/limits/").status_code == 200
        assert manager.post("/o/alpha/breaks/limits/", {"waybill": "48"}).status_code == 302
        assert ChainNode.objects.get(doc_type="waybill").limit.total_seconds() == 48 * 3600
        assert manager.post("/o/alpha/breaks/limits/", {"waybill": "0"}).status_code == 200
        answer = browse(person("sun", "auditor")).post("/o/alpha/breaks/limits/", {"waybill": "5"})
        assert answer.status_code == 403

    @pytest.mark.parametrize("path", ["breaks/", "breaks/limits/", "portrait/", "portrait/?node=waybill"])
    def test_before_the_chain_is_derived(self, path, warehouse, cup, person, browse):
        gate("waybill", "YD-1", warehouse, cup, 10, moment=FRESH)
        assert browse(person("zhang", "manager")).get(f"/o/alpha/{path}").status_code == 200

    def test_portrait(self, data, person, browse):
        page = browse(person("zhang", "manager")).get("/o/alpha/portrait/?node=waybill").content.decode()
        assert page.count('class="nd') == 3
        assert "YD-1" in page

    def test_document_page_draws_the_chain(self, data, person, browse):
        note = Document.objects.get(doc_no="SH-1")
        page = browse(person("zhang", "manager")).get(f"/o/alpha/documents/{note.pk}/").content.decode()
        assert page.count('class="nd') == 2
        assert "4 (−6)" in page
