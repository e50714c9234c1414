"""Pages of items and warehouses, for every role."""

import pytest
from django.utils.html import escape

from apps.catalog.models import Item, Location, Unit, Warehouse
from apps.catalog.services import save_barcode, save_unit
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import line, posted

ROLES = ["owner", "manager", "counter", "controller", "finance", "assignee", "auditor"]


@pytest.fixture
def shop(organization, system):
    warehouse = make_warehouse("WH01", "A-01", "A-02", name="华东一仓")
    cup = make_item("A-001", "白瓷茶杯", category="餐具/茶具")
    box = save_unit(cup, name="箱", factor=24, actor=system)
    save_barcode("6900001", item=cup, unit=box, actor=system)
    posted("receipt", warehouse, line(cup, 7, location=place(warehouse, "A-01")))
    return warehouse, cup


@pytest.mark.parametrize("role", ROLES)
def test_everybody_reads(shop, person, browse, role):
    client = browse(person("zhou", role))
    for path in ("items/", f"items/{shop[1].pk}/", "warehouses/", "items/?export=csv", "warehouses/?export=xlsx"):
        response = client.get(f"/o/alpha/{path}")
        assert response.status_code == 200, path
    assert "白瓷茶杯" in client.get("/o/alpha/items/").content.decode()


@pytest.mark.parametrize("role", ROLES)
def test_writing_is_for_owners_and_managers(shop, person, browse, role):
    client = browse(person("zhou", role))
    expected = 200 if role in ("owner", "manager") else 403
    warehouse, cup = shop
    for path in (
        "items/new/",
        f"items/{cup.pk}/edit/",
        "warehouses/new/",
        f"warehouses/{warehouse.pk}/edit/",
        "locations/new/",
        f"locations/{place(warehouse, 'A-01').pk}/edit/",
    ):
        assert client.get(f"/o/alpha/{path}").status_code == expected, path


def test_the_item_page_shows_stock_only_to_those_who_may(shop, person, browse):
    path = f"/o/alpha/items/{shop[1].pk}/"
    assert "+7" in browse(person("zhou", "manager")).get(path).content.decode()
    assert "+7" not in browse(person("lin", "counter")).get(path).content.decode()


def test_an_item_is_entered_and_changed(organization, person, browse):
    client = browse(person("zhou", "manager"))
    data = {
        "sku": "B-1",
        "name": "紫砂壶",
        "base_unit": "把",
        "standard_cost": "１２．５",
        "tracking": "none",
        "is_active": "on",
    }
    response = client.post("/o/alpha/items/new/", data)
    item = Item.objects.get()
    assert response.headers["Location"] == f"/o/alpha/items/{item.pk}/"
    assert (str(item.standard_cost), item.sort_key) == ("12.5000", "zishahu zsh")
    assert client.post("/o/alpha/items/new/", data).status_code == 422
    wrong = client.post("/o/alpha/items/new/", {**data, "sku": "B-2", "standard_cost": "1,200"})
    assert wrong.status_code == 422
    changed = {**data, "name": "段泥壶", "category": "茶具/壶"}
    assert client.post(f"/o/alpha/items/{item.pk}/edit/", changed).status_code == 302
    item.refresh_from_db()
    assert (item.name, item.category.path) == ("段泥壶", "茶具/壶")


def test_units_and_barcodes_on_the_item_page(shop, person, browse):
    client, cup = browse(person("zhou", "manager")), shop[1]
    here = f"/o/alpha/items/{cup.pk}/"
    client.post(f"{here}units/", {"name": "盒", "factor": "6"})
    unit = Unit.objects.get(name="盒")
    client.post(f"{here}barcodes/", {"code": "6900002", "unit": str(unit.pk)})
    assert cup.barcodes.get(code="6900002").unit == unit
    refused = client.post(f"{here}barcodes/", {"code": "6900002", "unit": "nonsense"}, follow=True)
    assert refused.status_code == 200
    client.post(f"/o/alpha/barcodes/{cup.barcodes.get(code='6900002').pk}/remove/")
    assert [b.code for b in cup.barcodes.all()] == ["6900001"]


def test_places_are_entered_and_changed(organization, person, browse):
    client = browse(person("zhou", "owner"))
    assert (
        client.post("/o/alpha/warehouses/new/", {"code": "WH01", "name": "总仓", "is_active": "on"}).status_code == 302
    )
    warehouse = Warehouse.objects.get()
    data = {"warehouse": str(warehouse.pk), "code": "A-01", "zone": "A", "walk_order": "", "is_active": "on"}
    response = client.post("/o/alpha/locations/new/", data)
    assert response.headers["Location"] == f"/o/alpha/warehouses/?warehouse={warehouse.pk}"
    assert client.post("/o/alpha/locations/new/", data).status_code == 422
    shelf = Location.objects.get(code="A-01")
    client.post(f"/o/alpha/locations/{shelf.pk}/edit/", {"name": "货架一", "zone": "B", "walk_order": "9"})
    shelf.refresh_from_db()
    assert (shelf.name, shelf.zone, shelf.walk_order, shelf.is_active) == ("货架一", "B", 9, False)


def test_filters_and_order(shop, person, browse):
    make_item("B-001", "矿泉水", category="饮料")
    make_item("B-002", "茶叶", category="饮料/茶", tracking="lot")
    client = browse(person("zhou", "manager"))

    def found(query):
        return [item.sku for item in client.get(f"/o/alpha/items/?{query}").context["page"]]

    drinks = Item.objects.get(sku="B-001").category_id
    assert found("") == ["A-001", "B-001", "B-002"]
    assert found("sort=-sku") == ["B-002", "B-001", "A-001"]
    assert found("sort=name") == ["A-001", "B-002", "B-001"]
    assert found("sort=nonsense") == ["A-001", "B-001", "B-002"]
    assert found(f"category={drinks}") == ["B-001", "B-002"]
    assert found("q=kqs") == ["B-001"]
    assert found("tracking=lot") == ["B-002"]
    assert found("q=nothing") == []


def test_lists_do_not_ask_more_with_more_rows(shop, person, browse, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = browse(person("zhou", "manager"))
    for path in ("items/", "warehouses/"):
        counts = []
        for number in range(2):
            client.get(f"/o/alpha/{path}")
            with CaptureQueriesContext(
                connection,
            ) as queries:
                client.get(f"/o/alpha/{path}")
            counts.append(len(queries))
            for n in range(3):
                make_item(f"N-{path}{number}{n}", category=f"类/{number}{n}")
                make_warehouse(f"W{path[:1]}{number}{n}", "A-01")
        assert counts[0] == counts[1] <= 20, path


def test_another_companys_rows_do_not_exist(shop, twin, browse, person):
    from apps.core.tenancy import organization_scope
    from apps.organizations.models import User
    from apps.organizations.selectors import system_member
    from apps.organizations.services import add_member

    warehouse, cup = shop
    with organization_scope(twin):
        user = User.objects.create_user(username="wu", email="wu@example.com")
        stranger = add_member("wu", name="吴", roles=["owner", "manager"], user=user, actor=system_member())
    client = browse(stranger)
    shelf, barcode = place(warehouse, "A-01"), cup.barcodes.get()
    for path in (
        f"items/{cup.pk}/",
        f"items/{cup.pk}/edit/",
        f"warehouses/{warehouse.pk}/edit/",
        f"locations/{shelf.pk}/edit/",
    ):
        assert client.get(f"/o/twin/{path}").status_code == 404, path
        assert client.get(f"/o/alpha/{path}").status_code == 404, path
    for path in (f"items/{cup.pk}/units/", f"items/{cup.pk}/barcodes/", f"barcodes/{barcode.pk}/remove/"):
        assert client.post(f"/o/twin/{path}", {"name": "x", "factor": "1", "code": "1"}).status_code == 404, path
    assert "白瓷茶杯" not in client.get("/o/twin/items/").content.decode()


def test_names_are_escaped(organization, person, browse):
    item = make_item("X-1", "<script>alert(1)</script>")
    page = browse(person("zhou", "manager")).get(f"/o/alpha/items/{item.pk}/").content.decode()
    assert escape(item.name) in page
    assert item.name not in page
