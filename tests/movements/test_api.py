"""The API of catalog, stock, ledger and documents."""

import pytest

from apps.core.tenancy import organization_scope
from apps.movements.models import Document, LedgerEntry, StockLine
from apps.movements.signals import hidden_locations
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import at, line, make_document, opened, posted

API = "/o/alpha/api/v1"


@pytest.fixture
def shop(organization):
    warehouse = make_warehouse("WH01", "A-01")
    cup = make_item("A-001", standard_cost=2)
    opened(place(warehouse, "A-01"), cup, 100, at("2023-10-01T00:00:00"))
    posted(
        "receipt", warehouse, line(cup, 10), occurred_at=at("2023-12-01T08:00:00"), posted_at=at("2023-12-02T08:00:00")
    )
    return warehouse, cup


@pytest.fixture
def client(shop, person, browse):
    return browse(person("zhou", "manager"))


def send(client, path, data, method="post"):
    return getattr(client, method)(f"{API}/{path}", data, content_type="application/json")


def test_stock_at_moments(client):
    def shown(query):
        rows = client.get(f"{API}/stock/?{query}").json()["results"]
        return {row["location"]: (row["quantity"], row["value"]) for row in rows}

    assert shown("") == {"": ("10.0000", "20.0000"), "A-01": ("100.0000", "200.0000")}
    assert shown("as_of=2023-12-01T12:00:00%2B08:00&nonzero=true") == {"A-01": ("100.0000", "200.0000")}
    known = "as_of=2023-12-01T12:00:00%2B08:00&known_at=2023-12-31T00:00:00%2B08:00"
    assert shown(known)[""] == ("10.0000", "20.0000")
    assert shown("sku=nothing") == {}
    one = StockLine.objects.get(location__code="")
    assert client.get(f"{API}/stock/{one.pk}/").json()["quantity"] == "10.0000"


def test_the_ledger(client):
    rows = client.get(f"{API}/ledger/").json()["results"]
    assert [(r["kind"], r["sku"], r["quantity"], r["doc_type"]) for r in rows] == [
        ("posting", "A-001", "10.0000", "receipt"),
        ("opening", "A-001", "100.0000", None),
    ]
    assert client.post(f"{API}/ledger/", {}).status_code in (403, 405)


def test_a_document_from_draft_to_reversal(client, shop):
    body = {
        "doc_type": "gift_issue",
        "warehouse": "WH01",
        "reason": "展会赠品",
        "occurred_at": "2023-12-30T18:00:00+08:00",
        "lines": [{"item": "A-001", "location": "A-01", "quantity": "20"}],
    }
    made = send(client, "documents/", body)
    assert made.status_code == 201
    pk = made.json()["id"]
    assert (made.json()["status"], made.json()["operator"]) == ("draft", "zhou")
    changed = send(client, f"documents/{pk}/", {"lines": [{"item": "A-001", "quantity": "3"}]}, "patch")
    assert [x["quantity"] for x in changed.json()["lines"]] == ["3.0000"]
    assert send(client, f"documents/{pk}/post/", {}).json()["status"] == "posted"
    assert StockLine.objects.get(location__code="").quantity == 7
    assert send(client, f"documents/{pk}/post/", {}).status_code == 409
    assert send(client, f"documents/{pk}/", {"reason": "x"}, "patch").status_code == 409
    assert send(client, f"documents/{pk}/reverse/", {}).status_code == 400
    back = send(client, f"documents/{pk}/reverse/", {"reason": "录错"})
    assert back.json()["lines"][0]["quantity"] == "-3.0000"
    assert StockLine.objects.get(location__code="").quantity == 10
    rows = client.get(f"{API}/documents/{pk}/lines/").json()
    assert (rows["count"], rows["results"][0]["base_quantity"]) == (1, "3.0000")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"lines": []}, 422, "no_lines"),
        ({"lines": [{"item": "A-001", "quantity": "0"}]}, 422, "zero_quantity"),
        ({"lines": [{"item": "A-001", "quantity": "-1"}]}, 422, "negative_quantity"),
        ({"lines": [{"item": "A-001", "quantity": "1", "unit": "托盘"}]}, 422, "unknown_unit"),
        ({"lines": [{"item": "A-001", "quantity": "1", "lot": "B"}]}, 422, "item_not_tracked"),
        ({"lines": [{"item": "Z", "quantity": "1"}]}, 400, "does_not_exist"),
        ({"lines": [{"item": "A-001", "location": "Z-99", "quantity": "1"}]}, 400, "invalid"),
        ({"lines": [{"item": "A-001", "quantity": "1e5000"}]}, 400, None),
        ({"lines": [{"item": "A-001", "quantity": "99999999999999999"}]}, 400, None),
        ({"lines": "nonsense"}, 400, None),
        ({"warehouse": "W\u0000"}, 400, None),
        ({"doc_type": "gift"}, 400, "invalid_choice"),
        ({"doc_no": "N" * 61}, 400, "max_length"),
        ({"approver": "zhou", "lines": [{"item": "A-001", "quantity": "1"}]}, 201, None),
    ],
)
def test_what_is_refused(client, change, status, code):
    body = {"doc_type": "receipt", "warehouse": "WH01", "lines": [{"item": "A-001", "quantity": "1"}], **change}
    before = Document.objects.count()
    response = send(client, "documents/", body)
    assert response.status_code == status
    if code:
        assert response.json()["errors"][0]["code"] == code
    assert Document.objects.count() == before + (status == 201)
    if status == 201:
        assert response.json()["approver"] is None


@pytest.mark.parametrize("role", ["owner", "auditor", "counter", "assignee"])
def test_roles(shop, person, browse, role):
    client = browse(person("lin", role))
    draft = make_document("receipt", shop[0], line(shop[1], 1))
    body = {"doc_type": "receipt", "warehouse": "WH01", "lines": [{"item": "A-001", "quantity": "1"}]}
    assert send(client, "documents/", body).status_code == 403
    for step in ("submit", "approve", "post", "reverse", "cancel"):
        assert send(client, f"documents/{draft.pk}/{step}/", {"reason": "x"}).status_code == 403
    reads = 200 if role in ("owner", "auditor") else 403
    for path in ("stock/", "ledger/", "documents/", f"documents/{draft.pk}/", "finance-balances/"):
        assert client.get(f"{API}/{path}").status_code == reads
    for path in ("items/", "units/", "barcodes/", "lots/", "warehouses/", "locations/", "categories/"):
        assert client.get(f"{API}/{path}").status_code == 200


def test_hidden_places(client, shop):
    shelf = place(shop[0], "A-01")
    document = posted("receipt", shop[0], line(shop[1], 5, location=shelf), line(shop[1], 1))
    hidden = StockLine.objects.get(location=shelf)

    def hide(sender, member, **kwargs):
        return [shelf.pk]

    hidden_locations.connect(hide)
    try:
        assert [row["location"] for row in client.get(f"{API}/stock/").json()["results"]] == [""]
        assert {row["location"] for row in client.get(f"{API}/ledger/").json()["results"]} == {""}
        assert len(client.get(f"{API}/documents/{document.pk}/").json()["lines"]) == 1
        assert client.get(f"{API}/documents/{document.pk}/lines/").json()["count"] == 1
        assert client.get(f"{API}/stock/{hidden.pk}/").status_code == 404
        assert client.get(f"{API}/ledger/{hidden.entries.first().pk}/").status_code == 404
    finally:
        hidden_locations.disconnect(hide)


def test_the_catalog_is_written(client):
    item = {"sku": "B-1", "name": "紫砂壶", "base_unit": "把", "category": "茶具/壶", "standard_cost": "12.5"}
    made = send(client, "items/", item)
    assert (made.status_code, made.json()["category"]) == (201, "茶具/壶")
    assert send(client, "items/", item).status_code == 409
    path = f"items/{made.json()['id']}/"
    assert send(client, path, {"name": "段泥壶", "category": ""}, "patch").json()["category"] is None
    assert send(client, path, {"standard_cost": "-1"}, "patch").status_code == 422
    assert send(client, "units/", {"item": "B-1", "name": "箱", "factor": "6"}).status_code == 201
    assert send(client, "units/", {"item": "B-1", "name": "盒", "factor": "0"}).status_code == 422
    code = send(client, "barcodes/", {"code": "6900001", "item": "B-1", "unit": "箱"})
    assert code.json()["unit"] == "箱"
    assert client.get(f"{API}/items/find/?code=6900001").json()["unit"] == "箱"
    assert client.get(f"{API}/items/find/?code=none").status_code == 422
    assert send(client, "barcodes/", {"code": "6900001", "item": "A-001"}).status_code == 409
    assert client.delete(f"{API}/barcodes/{code.json()['id']}/").status_code == 204
    assert send(client, "lots/", {"item": "B-1", "code": "L1"}).status_code == 422
    warehouse = send(client, "warehouses/", {"code": "WH02", "name": "华南仓", "storekeeper": "zhou"})
    assert warehouse.json()["storekeeper"] == "zhou"
    shelf = send(client, "locations/", {"warehouse": "WH02", "code": "B-01", "zone": "B"})
    assert shelf.status_code == 201
    assert send(client, f"locations/{shelf.json()['id']}/", {"zone": "C"}, "patch").json()["zone"] == "C"
    assert [i["sku"] for i in client.get(f"{API}/items/?q=dnh").json()["results"]] == ["B-1"]


def test_another_companys_rows(client, shop, twin):
    with organization_scope(twin):
        warehouse, item = make_warehouse("TW01"), make_item("T-1")
        document = posted("receipt", warehouse, line(item, 5))
        foreign = {
            "items": item.pk,
            "warehouses": warehouse.pk,
            "locations": place(warehouse).pk,
            "documents": document.pk,
            "stock": StockLine.objects.get().pk,
            "ledger": LedgerEntry.objects.get().pk,
        }
    for name, pk in foreign.items():
        assert client.get(f"{API}/{name}/{pk}/").status_code == 404, name
    for step in ("submit", "approve", "post", "reverse", "cancel"):
        assert send(client, f"documents/{foreign['documents']}/{step}/", {"reason": "x"}).status_code == 404
    body = {"doc_type": "receipt", "warehouse": "TW01", "lines": [{"item": "A-001", "quantity": "1"}]}
    assert send(client, "documents/", body).status_code == 400
    body = {"doc_type": "receipt", "warehouse": "WH01", "lines": [{"item": "T-1", "quantity": "1"}]}
    assert send(client, "documents/", body).status_code == 400


def test_lists_do_not_ask_more_with_more_rows(client, shop):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    paths = ["stock/", "ledger/", "documents/", "items/", "locations/", "warehouses/", "barcodes/"]

    def asked():
        counts = []
        for path in paths:
            client.get(f"{API}/{path}")
            with CaptureQueriesContext(connection) as queries:
                client.get(f"{API}/{path}")
            counts.append(len(queries))
        return counts

    before = asked()
    for number in range(3):
        warehouse, item = make_warehouse(f"W{number}", "B-01"), make_item(f"N-{number}", category=f"类{number}")
        posted("receipt", warehouse, line(item, 1, location=place(warehouse, "B-01")), line(item, 2))
    assert asked() == before
