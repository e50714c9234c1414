"""Items, units, barcodes, lots and places."""

from decimal import Decimal

import pytest

from apps.audit.models import AuditEntry
from apps.catalog.models import Barcode, Category, Item, Location, Warehouse
from apps.catalog.pinyin import sort_key
from apps.catalog.selectors import find_by_code, search_items, unit_factor
from apps.catalog.services import (
    remove_barcode,
    save_barcode,
    save_item,
    save_location,
    save_lot,
    save_unit,
    save_warehouse,
)
from apps.core.errors import Conflict, Forbidden, RuleViolation
from apps.core.tenancy import organization_scope
from tests.catalog.builders import make_item, make_warehouse, place


def test_an_item_is_made_and_changed_by_its_code(organization, system):
    made = save_item(" A-1 ", name=" 白瓷茶杯 ", base_unit="件", standard_cost=Decimal("2.5"), actor=system)
    assert (made.sku, made.name, made.sort_key) == ("A-1", "白瓷茶杯", "baicichabei bccb")
    save_item("A-1", name="青花茶杯", base_unit="件", category="餐具/ 茶具 ", actor=system)
    item = Item.objects.get()
    assert (item.pk, item.name, item.standard_cost, item.category.path) == (
        made.pk,
        "青花茶杯",
        Decimal("2.5"),
        "餐具/茶具",
    )
    save_item("A-1", name="青花茶杯", base_unit="件", category=None, actor=system)
    assert Item.objects.get().category is None
    assert Category.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"standard_cost": Decimal(-1)}, "invalid"),
        ({"natural_loss_rate": Decimal(2)}, "invalid"),
        ({"tracking": "magic"}, "invalid"),
        ({"name": "茶" * 201}, "invalid"),
        ({"base_unit": "  "}, "invalid"),
        ({"standard_cost": Decimal("123456789012345")}, "invalid"),
    ],
)
def test_what_an_item_cannot_be(organization, system, values, code):
    with pytest.raises(RuleViolation) as caught:
        save_item(**{"sku": "A-1", "name": "茶", "base_unit": "件", **values}, actor=system)
    assert caught.value.code == code
    assert not Item.objects.exists()


def test_the_unit_of_stock_stays(organization, system):
    from tests.movements.builders import line, posted

    item = make_item()
    save_item(item.sku, name=item.name, base_unit="个", actor=system)
    posted("receipt", make_warehouse(), line(item, 1))
    for values in ({"base_unit": "箱"}, {"base_unit": "个", "tracking": "lot"}):
        with pytest.raises(RuleViolation) as caught:
            save_item(item.sku, name=item.name, **values, actor=system)
        assert caught.value.code == "item_in_use"


def test_units_and_their_factors(organization, system):
    item = make_item()
    save_unit(item, name="箱", factor=Decimal(24), barcode="690000000024", actor=system)
    save_unit(item, name="箱", factor=Decimal(12), actor=system)
    assert [unit_factor(item, name) for name in ("", "件", "箱")] == [1, 1, 12]
    for name, factor, code in (("件", 1, "unit_is_base"), ("盒", 0, "invalid"), ("盒", -3, "invalid")):
        with pytest.raises(RuleViolation) as caught:
            save_unit(item, name=name, factor=Decimal(factor), actor=system)
        assert caught.value.code == code
    with pytest.raises(RuleViolation) as caught:
        unit_factor(item, "托盘")
    assert caught.value.code == "unknown_unit"


def test_a_code_means_one_item(organization, system):
    cup, pot = make_item("A-001"), make_item("A-002", "紫砂壶")
    box = save_unit(cup, name="箱", factor=Decimal(24), barcode="6900001", actor=system)
    save_barcode("6900002", item=pot, actor=system)
    assert find_by_code(" 6900001 ") == (cup, box)
    assert find_by_code("６９００００２") == (pot, None)
    assert find_by_code("A-002") == (pot, None)
    with pytest.raises(RuleViolation):
        find_by_code("6900009")
    with pytest.raises(Conflict):
        save_barcode("6900001", item=pot, actor=system)
    with pytest.raises(RuleViolation):
        save_barcode("6900003", item=pot, unit=box, actor=system)
    remove_barcode(Barcode.objects.get(code="6900001"), actor=system)
    save_barcode("6900001", item=pot, actor=system)
    assert find_by_code("6900001") == (pot, None)


@pytest.mark.parametrize("text", ["nongfu", "NFSQ", "nong fu shan", "农夫", "b-77", "550ml", "69213"])
def test_search_finds_by_sound_code_and_barcode(organization, system, text):
    water = make_item("B-77", "农夫山泉", spec="550ml")
    save_barcode("6921300001", item=water, actor=system)
    make_item("C-1", "白瓷茶杯")
    assert list(search_items(Item.objects.all(), text)) == [water]


def test_search_takes_wildcards_literally(organization):
    make_item("A_1", "100%棉")
    make_item("AB1", "棉")
    assert [i.sku for i in search_items(Item.objects.all(), "%")] == ["A_1"]
    assert [i.sku for i in search_items(Item.objects.all(), "A_")] == ["A_1"]


def test_sort_key_of_long_and_mixed_names():
    assert sort_key("USB线 2m") == "usbxian2m usbx2m"
    assert len(sort_key("茶" * 200)) <= 200
    assert sort_key("cup") == "cup"


def test_lots_belong_to_tracked_items(organization, system):
    from datetime import date

    tea = make_item("T-1", "绿茶", tracking="lot")
    lot = save_lot(tea, "B1", produced_on=date(2023, 1, 1), expires_on=date(2024, 1, 1), actor=system)
    assert save_lot(tea, "B1", actor=system).expires_on == lot.expires_on
    with pytest.raises(RuleViolation):
        save_lot(tea, "B2", produced_on=date(2024, 1, 1), expires_on=date(2023, 1, 1), actor=system)
    with pytest.raises(RuleViolation):
        save_lot(make_item("A-001"), "B1", actor=system)


def test_a_warehouse_starts_with_the_place_without_a_code(organization, system):
    warehouse = save_warehouse("WH01", name="华东一仓", actor=system)
    save_warehouse("WH01", name="华东仓", actor=system)
    assert [p.code for p in Location.objects.all()] == [""]
    assert Warehouse.objects.get().name == "华东仓"
    for code in ("A-01", "A-02"):
        save_location(warehouse, code, zone="A", actor=system)
    save_location(warehouse, "A-01", name="货架一", actor=system)
    assert [(p.code, p.name, p.zone, p.walk_order) for p in Location.objects.order_by("walk_order")] == [
        ("", "", "", 0),
        ("A-01", "货架一", "A", 1),
        ("A-02", "", "A", 2),
    ]


def test_another_companys_rows_are_refused(organization, system, twin):
    from apps.organizations.selectors import system_member

    with organization_scope(twin):
        stranger = system_member()
        foreign = make_item("X-1")
    with pytest.raises(RuleViolation):
        save_warehouse("WH01", name="仓", storekeeper=stranger, actor=system)
    with pytest.raises(RuleViolation):
        save_barcode("6900001", item=foreign, actor=system)


@pytest.mark.parametrize("role", ["counter", "controller", "finance", "assignee", "auditor"])
def test_only_owners_and_managers_write(organization, person, role):
    member = person("zhou", role)
    with pytest.raises(Forbidden):
        save_item("A-1", name="茶", base_unit="件", actor=member)
    with pytest.raises(Forbidden):
        save_warehouse("WH01", name="仓", actor=member)


def test_each_write_is_one_audit_entry(organization):
    before = AuditEntry.objects.count()
    make_item()
    make_warehouse("WH01", "A-01")
    actions = list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))[before:]
    assert actions == ["catalog.item.saved", "catalog.warehouse.saved", "catalog.location.saved"]
    assert place(Warehouse.objects.get(), "A-01").code == "A-01"
