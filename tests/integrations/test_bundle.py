"""The import bundle, sentence by sentence of its format."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from apps.audit.models import AuditEntry
from apps.catalog.models import Barcode, Item, Location, Lot, Unit, Warehouse
from apps.core.tenancy import organization_scope
from apps.counts.models import Count, CountEntry, CountLine
from apps.integrations.bundle.findings import BundleRefused
from apps.movements.models import Document, DocumentLine, FinanceBalance, LedgerEntry, StockLine
from apps.movements.selectors import stock_rows, verify_balances
from apps.organizations.models import Department, Member
from apps.variances.models import Cause, Variance
from tests.integrations.builders import COUNTED, SHOP, counts_of, edited, load, refusal, with_row


def stock() -> dict[tuple[str, str], Decimal]:
    return {
        (line.item.sku, line.location.code): line.quantity
        for line in StockLine.objects.select_related("item", "location")
    }


def everything() -> dict[str, list[tuple]]:
    """Every row that a bundle writes, ids included."""
    models = (Department, Member, Warehouse, Location, Item, Unit, Barcode, Lot, Document, DocumentLine, StockLine)
    models += (LedgerEntry, FinanceBalance, Count, CountLine, CountEntry, Variance, Cause)
    return {model.__name__: sorted(model.objects.values_list(), key=str) for model in models}


@pytest.fixture
def shop(organization):
    return load(SHOP)


def test_a_load_writes_every_file(organization):
    finance = "sku,warehouse,as_of,quantity,amount\nPOT,W1,2025-01-31,106,2173\nCUP,,2025-01-31,300,900\n"
    loaded = load(COUNTED | {"ledger": finance})
    assert counts_of(loaded) == {
        "departments": (2, 2, 0),
        "staff": (2, 2, 0),
        "warehouses": (2, 2, 0),
        "locations": (3, 3, 0),
        "items": (2, 2, 0),
        "units": (1, 1, 0),
        "opening": (2, 2, 0),
        "documents": (4, 4, 0),
        "ledger": (2, 2, 0),
        "counts": (1, 1, 0),
        "count_entries": (4, 4, 0),
        "confirmed_causes": (1, 1, 0),
    }
    assert stock() == {("POT", "A-01"): 106, ("CUP", "A-02"): 300, ("POT", "A-02"): 0}
    assert verify_balances() == []
    zhou = Member.objects.get(username="zhou")
    assert (zhou.name, zhou.email, zhou.roles, zhou.kind, zhou.department.code) == (
        "周敏", "zhou@example.com", ["counter", "manager"], "person", "CK",
    )  # fmt: skip
    assert Department.objects.get(code="CK").manager == zhou
    pot = Item.objects.get(sku="POT")
    assert (pot.standard_cost, pot.category.path, pot.sort_key) == (Decimal("20.5"), "茶具/壶", "zishahu zsh")
    assert [(b.code, b.item.sku, b.unit and b.unit.name) for b in Barcode.objects.order_by("code")] == [
        ("690001", "POT", None),
        ("690099", "CUP", "盒"),
    ]
    assert set(Location.objects.filter(warehouse__code="W2").values_list("code", flat=True)) == {"", "B-01"}
    assert AuditEntry.objects.filter(action="integrations.bundle.loaded").count() == 1


def test_the_same_rows_again_change_nothing(organization):
    load(COUNTED)
    before = everything()
    assert load(COUNTED).changed_nothing
    assert everything() == before


def test_it_sets_and_never_adds(shop):
    changed = edited(SHOP, "items", "20.5", "22")
    assert counts_of(load(changed | {"units": "sku,unit,factor\nCUP,盒,10\n"})) == {
        **{name: (tally.rows, 0, 0) for name, tally in shop.tallies.items()},
        "items": (2, 0, 1),
        "units": (1, 0, 1),
    }
    assert Item.objects.get(sku="POT").standard_cost == 22
    assert Unit.objects.get().factor == 10
    assert stock() == {("POT", "A-01"): 106, ("CUP", "A-02"): 300}


def test_an_empty_cell_keeps_what_is_there(shop):
    load({"items": "sku,name,base_unit,standard_cost\nPOT,紫砂壶,件,\n"})
    assert Item.objects.get(sku="POT").standard_cost == Decimal("20.5")


def test_a_dry_run_keeps_nothing(organization):
    assert counts_of(load(SHOP, dry_run=True))["documents"] == (4, 4, 0)
    assert not Item.objects.exists()
    assert not AuditEntry.objects.filter(action="integrations.bundle.loaded").exists()


def test_one_bad_row_and_nothing_lands_and_all_are_named(organization):
    bad = with_row(SHOP, "items", "LID,壶盖,件,,abc,")
    bad = with_row(bad, "items", "BAG,布袋,件,,1.23456,")
    bad = with_row(bad, "documents", "scrap,BF1,1,posted,W1,A-01,NIX,1,,,2025-01-07,zhou")
    bad = with_row(bad, "documents", "scrap,BF2,1,posted,W9,A-01,POT,1,,,2025-01-07,wer")
    assert refusal(bad) == [
        ("items", 4, "standard_cost", "number_format"),
        ("items", 5, "standard_cost", "number_places"),
        ("documents", 6, "sku", "unknown_item"),
        ("documents", 7, "warehouse", "unknown_warehouse"),
        ("documents", 7, "operator", "unknown_member"),
    ]
    assert not Item.objects.exists()
    assert not Warehouse.objects.exists()


@pytest.mark.parametrize(
    ("file", "row", "found"),
    [
        ("items", "LID,壶盖,件,,１２．５,", None),
        ("items", 'LID,壶盖,件,,"1,200",', ("standard_cost", "number_format")),
        ("items", "LID,壶盖,件,,1.2E+13,", ("standard_cost", "number_format")),
        ("items", "LID,壶盖,件,,-1,", ("standard_cost", "negative")),
        ("items", "LID,,件,,1,", ("name", "missing_value")),
        ("items", f"LID,{'壶' * 201},件,,1,", ("name", "text_length")),
        ("items", "LID,壶盖,件,,1,690001", ("barcode", "barcode_taken")),
        ("units", "POT,件,2,", ("unit", "unit_is_base")),
        ("units", "POT,箱,0,", ("factor", "not_positive")),
        ("units", "NIX,箱,2,", ("sku", "unknown_item")),
        ("units", "POT,箱,6,690001", ("barcode", "barcode_taken")),
        ("staff", "wu,吴,CK,boss,", ("roles", "unknown_choice")),
        ("staff", "wu,吴,NIX,,", ("department", "unknown_department")),
        ("staff", "wu,吴,,,wu-at-example", ("email", "email")),
        ("staff", "system,吴,,,", ("username", "reserved_username")),
        ("departments", "CW,财务部,nobody", ("manager", "unknown_member")),
        ("warehouses", "W3,三仓,,nobody", ("storekeeper", "unknown_member")),
        ("locations", "W9,A,,,", ("warehouse", "unknown_warehouse")),
        ("locations", "W1,A,,,1.5", ("walk_order", "not_whole")),
        ("opening", "W1,A-09,POT,1,2025-01-01", ("location", "unknown_location")),
        ("opening", "W1,,POT,-1,2025-01-01", ("quantity", "negative")),
        ("opening", "W1,,POT,1,2025-02-30", ("as_of", "time_missing")),
        ("opening", "W1,,POT,1,gestern", ("as_of", "time_format")),
        ("opening", "W1,,POT,1,2150-01-01", ("as_of", "in_future")),
    ],
)
def test_cells_and_references(organization, file, row, found):
    bundle = with_row(SHOP, file, row)
    if found is None:
        load(bundle)
        return
    number = bundle[file].count("\n")
    assert refusal(bundle) == [(file, number, *found)]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("scrap,BF1,1,posted,W1,A-01,POT,1,,,,zhou", ("posted_at", "posted_without_time")),
        ("scrap,BF1,1,posted,W1,A-01,POT,-1,,,2025-01-07,zhou", ("quantity", "negative")),
        ("adjustment,TZ1,1,posted,W1,A-01,POT,-1,,,2025-01-07,zhou", None),
        ("scrap,BF1,1,posted,W1,A-09,POT,1,,,2025-01-07,zhou", ("location", "unknown_location")),
        ("scrap,BF1,1,posted,W1,A-01,POT,1,箱,,2025-01-07,zhou", ("unit", "unknown_unit")),
        ("scrap,BF1,1,posted,W1,A-01,POT,1,件,,2025-01-07,zhou", None),
        ("scrap,BF1,1,posted,W1,A-01,POT,1,,,2150-01-07,zhou", ("posted_at", "in_future")),
        ("broken,BF1,1,posted,W1,A-01,POT,1,,,2025-01-07,zhou", ("doc_type", "unknown_choice")),
        ("scrap,BF1,1,done,W1,A-01,POT,1,,,2025-01-07,zhou", ("status", "unknown_choice")),
        ("scrap,BF1,-1,draft,W1,A-01,POT,1,,,,zhou", ("line_no", "number_range")),
        ("scrap,BF1,1,draft,W1,A-02,CUP,99999999999999,盒,,,zhou", ("quantity", "number_range")),
    ],
)
def test_documents_one_by_one(organization, row, found):
    bundle = with_row(SHOP, "documents", row)
    if found is None:
        load(bundle)
        return
    assert refusal(bundle) == [("documents", 6, *found)]


def test_the_three_moments_are_kept(shop):
    entry = LedgerEntry.objects.get(line__document__doc_no="CK1")
    assert entry.quantity == -4
    assert entry.posted_at == entry.occurred_at == entry.recorded_at == datetime(2025, 1, 6, 2, tzinfo=UTC)
    entry = LedgerEntry.objects.get(line__document__doc_no="RK1", line__line_no=2)
    assert (entry.quantity, entry.occurred_at) == (60, datetime(2025, 1, 5, 1, tzinfo=UTC))
    assert entry.unit_cost == 3


def test_an_offset_wins_over_the_zone(organization):
    load(SHOP | {"opening": "warehouse,location,sku,quantity,as_of\nW1,A-01,POT,1,2025-01-01T00:00:00Z\n"})
    assert LedgerEntry.objects.get(kind="opening").posted_at == datetime(2025, 1, 1, tzinfo=UTC)


def test_the_opening_contains_what_was_posted_up_to_it(organization):
    early = "scrap,BF0,1,posted,W1,A-01,POT,7,,,2025-01-01T00:00:00,zhou"
    bundle = with_row(SHOP, "documents", early)
    load(bundle)
    assert stock()["POT", "A-01"] == 106
    assert load(bundle).changed_nothing


def test_the_order_of_loading_does_not_matter(organization):
    bundle = with_row(SHOP, "documents", "scrap,BF0,1,posted,W1,A-01,POT,7,,,2025-01-01T00:00:00,zhou")
    load({name: text for name, text in bundle.items() if name != "opening"})
    assert stock()["POT", "A-01"] == -1
    load(bundle)
    assert stock()["POT", "A-01"] == 106
    assert verify_balances() == []


def test_an_opening_is_not_changed(shop):
    other = edited(SHOP, "opening", "100,", "101,")
    assert refusal(other) == [("opening", 2, "quantity", "opening_differs")]


def test_the_same_key_twice(organization):
    twice = with_row(SHOP, "items", "POT,紫砂壶,件,茶具/壶,20.5,690001")
    assert counts_of(load(twice, dry_run=True))["items"] == (2, 2, 0)
    different = with_row(SHOP, "items", "POT,紫砂壶,件,茶具/壶,21,690001")
    with pytest.raises(BundleRefused) as refused:
        load(different)
    assert [finding[:4] for finding in refused.value.rows] == [("items", 4, "standard_cost", "duplicate_row")]
    assert "2" in refused.value.rows[0].message
    assert "4" in refused.value.rows[0].message


def test_the_same_line_twice(organization):
    line = "receipt,RK1,2,posted,W1,A-02,CUP,5,盒,2025-01-05T09:00:00,2025-01-05T10:00:00,zhou"
    assert counts_of(load(with_row(SHOP, "documents", line), dry_run=True))["documents"] == (4, 4, 0)
    other = with_row(SHOP, "documents", line.replace(",5,", ",6,"))
    assert refusal(other) == [("documents", 6, "quantity", "duplicate_row")]


def test_the_head_is_the_same_on_all_lines(organization):
    line = "receipt,RK1,3,posted,W1,A-02,CUP,5,盒,2025-01-05T09:00:00,2025-01-05T10:30:00,li"
    with pytest.raises(BundleRefused) as refused:
        load(with_row(SHOP, "documents", line))
    finding = refused.value.rows[0]
    assert finding[:4] == ("documents", 6, "posted_at", "head_differs")
    assert [word for word in ("2", "6", "posted_at", "operator") if word not in finding.message] == []


def test_sources_are_scoped_by_the_chain(organization):
    head = "doc_type,doc_no,line_no,status,warehouse,sku,quantity,posted_at,source_doc_no\n"
    order = "purchase_order,X1,1,approved,W1,POT,5,,\nsales_order,X1,1,approved,W1,POT,5,,\n"
    receipt = "receipt,RK9,1,posted,W1,POT,5,2025-01-07,X1\n"
    load(SHOP | {"documents": head + order + receipt}, dry_run=True)
    ambiguous = "adjustment,TZ9,1,posted,W1,POT,5,2025-01-07,X1\n"
    assert refusal(SHOP | {"documents": head + order + ambiguous}) == [
        ("documents", 4, "source_doc_no", "ambiguous_document")
    ]
    both = order + "delivery_note,X1,1,approved,W1,POT,5,,\n" + receipt
    assert refusal(SHOP | {"documents": head + both}) == [("documents", 5, "source_doc_no", "ambiguous_document")]
    assert refusal(SHOP | {"documents": head + receipt}) == [("documents", 2, "source_doc_no", "unknown_document")]


def test_a_draft_becomes_posted(shop):
    posted = edited(SHOP, "documents", "ZP1,1,draft,W1,A-01,POT,2,,,,li", "ZP1,1,posted,W1,A-01,POT,3,,,2025-01-08,li")
    assert counts_of(load(posted))["documents"] == (4, 0, 1)
    assert stock()["POT", "A-01"] == 103
    assert load(posted).changed_nothing
    assert verify_balances() == []


def test_what_is_posted_is_not_changed(shop):
    assert refusal(edited(SHOP, "documents", "RK1,1,posted,W1,A-01,POT,10", "RK1,1,posted,W1,A-01,POT,11")) == [
        ("documents", 2, "quantity", "document_is_final")
    ]
    assert refusal(edited(SHOP, "documents", "CK1,1,posted", "CK1,1,cancelled")) == [
        ("documents", 4, "status", "document_is_final")
    ]
    more = "sales_issue,CK1,2,posted,W1,A-01,POT,1,,,2025-01-06T10:00:00,zhou"
    assert refusal(with_row(SHOP, "documents", more)) == [("documents", 6, "line_no", "document_is_final")]


def test_drafts_grow(shop):
    more = with_row(SHOP, "documents", "gift_issue,ZP1,2,draft,W1,A-02,CUP,1,,,,li")
    assert counts_of(load(more))["documents"] == (5, 1, 0)
    assert DocumentLine.objects.filter(document__doc_no="ZP1").count() == 2


def test_the_base_unit_stays_once_stock_was_kept(shop):
    assert refusal(edited(SHOP, "items", "紫砂壶,件", "紫砂壶,把")) == [("items", 2, "base_unit", "base_unit_fixed")]


def test_counts_with_their_five_numbers(organization):
    load(COUNTED)
    count = Count.objects.get()
    assert (count.state, count.closed_at) == ("closed", datetime(2025, 1, 10, 11, 30, tzinfo=UTC))
    lines = CountLine.objects.values_list(
        "stock_line__item__sku", "stock_line__location__code", "round", "is_found", "snapshot", "expected", "counted"
    )
    assert sorted(lines) == [
        ("CUP", "A-02", 1, False, 300, 300, 300),
        ("POT", "A-01", 2, False, 106, 106, 104),
        ("POT", "A-02", 1, True, 0, 0, 1),
    ]
    assert not CountLine.objects.filter(is_open=True).exists()
    loss = Variance.objects.get(quantity=-2)
    assert (loss.unexplained, loss.state) == (0, "explained")
    cause = loss.causes.get()
    assert (cause.cause_type.code, cause.quantity, cause.department.code) == ("gift_unrecorded", -2, "XS")
    assert cause.evidence.get().document_line.document.doc_no == "ZP1"
    assert Variance.objects.get(quantity=1).unexplained == 1


def test_a_dynamic_count_is_cut_at_each_lines_own_time(organization):
    bundle = edited(COUNTED, "counts", "static", "dynamic")
    bundle = with_row(bundle, "documents", "sales_issue,CK2,1,posted,W1,A-01,POT,3,,,2025-01-10T19:30:00,zhou")
    load(with_row(bundle, "documents", "sales_issue,CK3,1,posted,W1,A-01,POT,5,,,2025-01-10T19:30:01,zhou"))
    line = CountLine.objects.get(stock_line__location__code="A-01")
    assert (line.snapshot, line.moved_out, line.expected, line.variance) == (106, 3, 103, 1)


@pytest.mark.parametrize(
    ("file", "row", "found"),
    [
        ("counts", "PD2,W9,2025-01-11,static,1,closed", ("warehouse", "unknown_warehouse")),
        ("counts", "PD2,W1,2025-01-11,static,2,closed", ("blind", "unknown_choice")),
        ("count_entries", "PD9,E9,1,A-01,POT,1,,zhou,2025-01-10T19:00:00,scan", ("count_no", "unknown_count")),
        ("count_entries", "PD1,E9,1,B-01,POT,1,,zhou,2025-01-10T19:00:00,scan", ("location", "unknown_location")),
        ("count_entries", "PD1,E9,1,A-01,NIX,1,,zhou,2025-01-10T19:00:00,scan", ("sku", "unknown_item")),
        ("count_entries", "PD1,E9,1,A-01,POT,1,箱,zhou,2025-01-10T19:00:00,scan", ("unit", "unknown_unit")),
        ("count_entries", "PD1,E9,1,A-01,POT,-1,,zhou,2025-01-10T19:00:00,scan", ("quantity", "negative")),
        ("count_entries", "PD1,E9,1,A-01,POT,1,,wer,2025-01-10T19:00:00,scan", ("counter", "unknown_member")),
        ("count_entries", "PD1,E1,1,A-01,POT,9,,zhou,2025-01-10T19:00:00,scan", ("quantity", "duplicate_row")),
        ("confirmed_causes", "PD1,W1,A-02,CUP,unknown,-2,,,", ("sku", "no_variance")),
        ("confirmed_causes", "PD1,W2,A-01,POT,unknown,-2,,,", ("warehouse", "other_warehouse")),
        ("confirmed_causes", "PD1,W1,A-01,POT,gremlins,-2,,,", ("cause", "unknown_cause")),
        ("confirmed_causes", "PD1,W1,A-01,POT,unknown,0,,,", ("quantity", "zero_quantity")),
        ("confirmed_causes", "PD1,W1,A-01,POT,unknown,-2,,,NIX", ("doc_no", "unknown_document")),
    ],
)
def test_counting_rows_that_are_wrong(organization, file, row, found):
    bundle = with_row(COUNTED, file, row)
    assert refusal(bundle) == [(file, bundle[file].count("\n"), *found)]


def test_open_counts_never_overlap(organization):
    bundle = edited(COUNTED, "counts", "closed", "counting")
    del bundle["confirmed_causes"]
    overlapping = with_row(bundle, "counts", "PD2,W1,2025-01-11,static,1,counting")
    assert refusal(overlapping) == [("counts", 3, "warehouse", "count_overlaps")]
    load(bundle)
    other = SHOP | {"counts": "count_no,warehouse,snapshot_at,status\nPD2,W1,2025-01-11,counting\n"}
    assert refusal(other) == [("counts", 2, "warehouse", "count_overlaps")]


def test_an_open_count_is_continued_and_closed(organization):
    opened = edited(COUNTED, "counts", "closed", "counting")
    causes = opened.pop("confirmed_causes")
    assert refusal(opened | {"confirmed_causes": causes}) == [("confirmed_causes", 2, "count_no", "count_open")]
    load(opened)
    assert load(opened).changed_nothing
    assert not Variance.objects.exists()
    more = with_row(opened, "count_entries", "PD1,E9,1,A-02,CUP,1,,zhou,2025-01-10T19:10:00,keyed")
    assert counts_of(load(more))["count_entries"] == (5, 1, 0)
    assert CountLine.objects.get(stock_line__item__sku="CUP").counted == 301
    closed = edited(more, "counts", "counting", "closed") | {"confirmed_causes": causes}
    assert counts_of(load(closed))["counts"] == (1, 0, 1)
    assert Variance.objects.count() == 3
    assert refusal(opened)[0] == ("counts", 2, "status", "count_differs")


def test_an_entry_is_for_ever(organization):
    load(COUNTED)
    other = edited(COUNTED, "count_entries", "E1,1,A-01,POT,100", "E1,1,A-01,POT,99")
    assert refusal(other) == [("count_entries", 2, "entry_no", "entry_differs")]


def test_causes_come_in_parts(organization):
    parts = with_row(
        with_row(COUNTED, "confirmed_causes", "PD1,W1,A-02,POT,unknown,3,,,"),
        "confirmed_causes",
        "PD1,W1,A-02,POT,unknown,-2,,,",
    )
    load(parts)
    assert load(parts).changed_nothing
    assert sorted(Cause.objects.filter(variance__quantity=1).values_list("quantity", flat=True)) == [-2, 3]
    changed = edited(parts, "confirmed_causes", "unknown,3", "unknown,4")
    assert counts_of(load(changed))["confirmed_causes"] == (3, 0, 1)
    assert Variance.objects.get(quantity=1).unexplained == -1


def test_columns_come_in_any_order_and_by_other_names(organization):
    loaded = load(
        {
            "商品": "备注栏,x_colour,计量,基本单位,商品名称,存货编码\n-,red,,件,茶匙,SPOON\n",
            "readme": "hello\n",
        }
    )
    assert Item.objects.get().name == "茶匙"
    assert sorted((n.file, n.column, n.code) for n in loaded.notices) == [
        ("items", "x_colour", "custom_column"),
        ("items", "备注栏", "unknown_column"),
        ("items", "计量", "unknown_column"),
        ("readme.csv", "", "unknown_file"),
    ]


def test_missing_columns_are_named(organization):
    assert refusal({"items": "sku,spec\nPOT,big\n"}) == [
        ("items", 1, "name", "missing_column"),
        ("items", 1, "base_unit", "missing_column"),
    ]


def test_rows_are_numbered_as_a_spreadsheet_shows_them(organization):
    text = 'sku,name,base_unit,spec\nPOT,紫砂壶,件,"two\nlines"\n\n , ,,\nCUP,,件,\n'
    assert refusal({"items": text}) == [("items", 5, "name", "missing_value")]


def test_a_row_with_too_many_cells(organization):
    assert refusal({"items": "sku,name,base_unit\nPOT,pot,Jug,件\n"}) == [("items", 2, "", "too_many_cells")]


def test_a_company_sees_nothing_of_another(organization, twin):
    load(COUNTED)
    before = everything()
    with organization_scope(twin):
        assert everything()["Item"] == []
        load(COUNTED)
        assert len(everything()["Document"]) == 3
    assert everything() == before
    assert load(COUNTED).changed_nothing


def test_rights_of_who_loads(organization, person):
    controller = person("kong", "controller")
    assert refusal(SHOP, actor=controller) == [
        (name, 0, "", "forbidden") for name in ("departments", "staff", "warehouses", "locations", "items", "units")
    ]
    load(SHOP)
    more = with_row(SHOP, "documents", "scrap,BF1,1,posted,W1,A-01,POT,1,,,2025-01-07,zhou")
    assert counts_of(load(more, actor=controller))["documents"] == (5, 1, 0)


def test_the_last_owner_stays(organization, person):
    person("boss", "owner")
    assert refusal({"staff": "username,name,roles\nboss,Boss,auditor\n"}) == [("staff", 0, "roles", "last_owner")]


def test_a_late_document_is_flagged(organization):
    load(COUNTED)
    late = "receipt,RK7,1,posted,W1,A-01,POT,5,,2025-01-09T09:00:00,2025-01-12T09:00:00,zhou"
    load(with_row(COUNTED, "documents", late))
    line = CountLine.objects.get(stock_line__location__code="A-01")
    assert [flag.quantity for flag in line.late_documents.all()] == [5]


def test_stock_is_what_the_command_says(shop):
    assert sorted((row.sku, row.quantity) for row in stock_rows()) == [("CUP", 300), ("POT", 106)]
