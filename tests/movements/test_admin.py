"""The admin of catalog and movements: by the same permissions and services."""

import pytest

from apps.audit.models import AuditEntry
from apps.catalog.models import Item
from apps.movements.models import LedgerEntry, StockLine
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import line, make_document, posted

MODELS = ["item", "category", "unit", "barcode", "lot", "warehouse", "location"]
MOVEMENTS = ["document", "documentline", "stockline", "ledgerentry", "financebalance"]


@pytest.fixture
def shop(organization):
    warehouse, cup = make_warehouse("WH01", "A-01"), make_item("A-001", "白瓷茶杯", category="餐具")
    return warehouse, cup, posted("receipt", warehouse, line(cup, 7, location=place(warehouse, "A-01")))


def shown(*inlines):
    """What the browser sends along for rows that are only shown."""
    return {f"{name}-{what}_FORMS": "0" for name in inlines for what in ("TOTAL", "INITIAL")}


def url(app, model, rest=""):
    return f"/o/alpha/admin/{app}/{model}/{rest}"


@pytest.mark.parametrize("role", ["owner", "manager", "controller", "finance", "auditor", "counter"])
def test_lists(shop, person, browse, role):
    client = browse(person("zhou", role))
    for model in MODELS:
        assert client.get(url("catalog", model)).status_code == 200, model
    for model in MOVEMENTS:
        assert client.get(url("movements", model)).status_code == (403 if role == "counter" else 200), model


def test_rows_open(shop, person, browse):
    client = browse(person("zhou", "owner"))
    warehouse, cup, document = shop
    pages = {
        ("catalog", "item"): cup.pk,
        ("catalog", "warehouse"): warehouse.pk,
        ("catalog", "location"): place(warehouse, "A-01").pk,
        ("movements", "document"): document.pk,
        ("movements", "stockline"): StockLine.objects.get().pk,
        ("movements", "ledgerentry"): LedgerEntry.objects.get().pk,
    }
    for (app, model), pk in pages.items():
        assert client.get(url(app, model, f"{pk}/change/")).status_code == 200, model


def test_items_are_saved_by_the_service(shop, person, browse):
    client = browse(person("zhou", "manager"))
    data = {"sku": "B-1", "name": "紫砂壶", "base_unit": "把", "standard_cost": "12.5", "tracking": "none"}
    data |= {"natural_loss_rate": "0", "is_active": "on", "_save": "1", **shown("units", "barcodes")}
    assert client.post(url("catalog", "item", "add/"), data).status_code == 302
    item = Item.objects.get(sku="B-1")
    assert item.sort_key == "zishahu zsh"
    changed = {**data, "name": "段泥壶", "sku": "HACK"}
    assert client.post(url("catalog", "item", f"{item.pk}/change/"), changed).status_code == 302
    assert list(Item.objects.order_by("sku").values_list("sku", "name")) == [("A-001", "白瓷茶杯"), ("B-1", "段泥壶")]
    assert AuditEntry.objects.filter(action="catalog.item.saved", channel="admin").count() == 2


def test_the_unit_of_stock_is_refused_with_words(shop, person, browse):
    client, cup = browse(person("zhou", "manager")), shop[1]
    data = {"name": cup.name, "base_unit": "箱", "standard_cost": "0", "tracking": "none", "natural_loss_rate": "0"}
    data |= shown("units", "barcodes")
    response = client.post(url("catalog", "item", f"{cup.pk}/change/"), data, follow=True)
    assert "A-001" in "".join(str(message) for message in response.context["messages"])
    cup.refresh_from_db()
    assert cup.base_unit == "件"


@pytest.mark.parametrize("model", MOVEMENTS)
def test_nothing_is_added_or_deleted_there(shop, person, browse, model):
    client = browse(person("zhou", "manager"))
    assert client.get(url("movements", model, "add/")).status_code == 403
    rows = {"stockline": StockLine, "ledgerentry": LedgerEntry}
    if model in rows:
        pk = rows[model].objects.get().pk
        assert client.post(url("movements", model, f"{pk}/delete/"), {"post": "yes"}).status_code == 403
        assert client.post(url("movements", model, f"{pk}/change/"), {"quantity": "9"}).status_code == 403


def test_the_head_of_a_draft_is_mended_a_posted_one_is_read(shop, person, browse):
    client = browse(person("zhou", "manager"))
    warehouse, cup, done = shop
    draft = make_document("receipt", warehouse, line(cup, 1))
    data = {"counterparty": "供应商甲", "_save": "1", **shown("lines")}
    assert client.post(url("movements", "document", f"{draft.pk}/change/"), data).status_code == 302
    draft.refresh_from_db()
    assert draft.counterparty == "供应商甲"
    assert client.post(url("movements", "document", f"{done.pk}/change/"), data).status_code == 403


def test_rows_of_another_company_are_absent(shop, person, browse, twin):
    from apps.core.tenancy import organization_scope

    with organization_scope(twin):
        foreign = make_item("X-1")
    client = browse(person("zhou", "owner"))
    assert client.get(url("catalog", "item", f"{foreign.pk}/change/")).status_code == 404
