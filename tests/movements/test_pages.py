"""Pages of stock, ledger and documents, for every role."""

import csv
import io

import pytest

from apps.core.tenancy import organization_scope
from apps.movements.models import Document, StockLine
from apps.movements.services import create_document
from apps.movements.signals import hidden_locations
from apps.organizations.models import User
from apps.organizations.selectors import system_member
from apps.organizations.services import add_member
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import at, line, make_document, opened, posted

READERS = {"owner", "manager", "controller", "finance", "auditor"}
ROLES = [*sorted(READERS), "counter", "assignee"]


@pytest.fixture
def shop(organization):
    warehouse = make_warehouse("WH01", "A-01", name="华东一仓")
    cup, pot = make_item("A-001", "白瓷茶杯", standard_cost=2), make_item("A-002", "紫砂壶")
    opened(place(warehouse, "A-01"), cup, 1234, at("2023-10-01T00:00:00"))
    posted(
        "receipt", warehouse, line(cup, 10, source_doc_no="CG-1"), posted_at=at("2023-12-31T23:30:00"), doc_no="RK-1"
    )
    posted("sales_issue", warehouse, line(pot, 3), doc_no="CK-1", counterparty="客户乙")
    make_document("purchase_order", warehouse, line(cup, 10), doc_no="CG-1")
    return warehouse, cup, pot


def read(response):
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", ["stock/", "ledger/", "documents/", "documents/{pk}/", "stock/?export=csv"])
def test_who_reads(shop, person, browse, role, path):
    path = path.format(pk=Document.objects.get(doc_no="RK-1").pk)
    response = browse(person("zhou", role)).get(f"/o/alpha/{path}")
    assert response.status_code == (200 if role in READERS else 403)


def test_stock_now_and_then(shop, person, browse):
    client = browse(person("zhou", "manager"))

    def shown(query):
        page = client.get(f"/o/alpha/stock/?{query}").context["page"]
        return [(row.item.sku, row.location.code, row.on_hand) for row in page]

    assert shown("") == [("A-001", "", 10), ("A-002", "", -3), ("A-001", "A-01", 1234)]
    assert shown("show=negative") == [("A-002", "", -3)]
    assert shown("sort=-value") == [("A-001", "A-01", 1234), ("A-001", "", 10), ("A-002", "", -3)]
    assert shown("q=bccb&location=a") == [("A-001", "A-01", 1234)]
    assert shown("as_of=2023-12-30") == [("A-001", "", 0), ("A-002", "", 0), ("A-001", "A-01", 1234)]
    assert shown("as_of=2023-12-31") == [("A-001", "", 10), ("A-002", "", 0), ("A-001", "A-01", 1234)]
    assert shown("as_of=nonsense")[0] == ("A-001", "", 10)
    text = client.get("/o/alpha/stock/").content.decode()
    assert "1,234" in text
    assert "¥2,488.00" in text


def test_exports_carry_the_filter(shop, person, browse):
    client = browse(person("zhou", "manager"))
    rows = read(client.get("/o/alpha/stock/?export=csv&show=negative"))
    assert len(rows) == 1
    assert "-3" in rows[0].values()
    assert len(read(client.get("/o/alpha/ledger/?export=csv"))) == 3
    rows = read(client.get("/o/alpha/documents/?export=csv&doc_type=receipt"))
    assert [(r["doc_type"], r["doc_no"], r["sku"], r["quantity"], r["posted_at"]) for r in rows] == [
        ("receipt", "RK-1", "A-001", "10", "2023-12-31 23:30:00")
    ]


def test_documents_are_found(shop, person, browse):
    client = browse(person("zhou", "auditor"))

    def shown(query):
        return {d.doc_no for d in client.get(f"/o/alpha/documents/?{query}").context["page"]}

    assert shown("") == {"RK-1", "CK-1", "CG-1"}
    assert shown("q=客户") == {"CK-1"}
    assert shown("q=A-002") == {"CK-1"}
    assert shown("q=CG-1") == {"CG-1", "RK-1"}
    assert shown("status=draft") == {"CG-1"}
    assert shown("since=2999-01-01") == set()


def test_the_document_page(shop, person, browse):
    client = browse(person("zhou", "manager"))
    receipt = Document.objects.get(doc_no="RK-1")
    response = client.get(f"/o/alpha/documents/{receipt.pk}/")
    assert [d.doc_no for d in response.context["sources"]] == ["CG-1"]
    assert [step["name"] for step in response.context["steps"]] == ["reverse"]
    text = response.content.decode()
    for expected in ("2023-12-31 23:30", "+10", "白瓷茶杯"):
        assert expected in text
    order = client.get(f"/o/alpha/documents/{Document.objects.get(doc_no='CG-1').pk}/")
    assert [d.doc_no for d in order.context["followers"]] == ["RK-1"]
    assert [step["name"] for step in order.context["steps"]] == ["submit", "approve", "post", "cancel"]


def test_steps_by_the_buttons(shop, person, browse):
    client = browse(person("zhou", "manager"))
    draft = make_document("scrap", shop[0], line(shop[2], 1), doc_no="BF-1")
    here = f"/o/alpha/documents/{draft.pk}/"
    for step, status in (("submit", "submitted"), ("approve", "approved"), ("post", "posted")):
        assert client.get(f"{here}{step}/").status_code == 405
        assert client.post(f"{here}{step}/").status_code == 302
        draft.refresh_from_db()
        assert draft.status == status
    assert client.post(f"{here}post/", HTTP_REFERER=f"http://testserver{here}").status_code == 302
    assert StockLine.objects.get(item=shop[2]).quantity == -4
    response = client.post(f"{here}reverse/", {"reason": "录错"})
    reversal = draft.reversals.get()
    assert response.headers["Location"] == f"/o/alpha/documents/{reversal.pk}/"
    assert client.post(f"{here}reverse/", {"reason": "再来"}).status_code == 409
    assert StockLine.objects.get(item=shop[2]).quantity == -3
    order = Document.objects.get(doc_no="CG-1")
    assert client.post(f"/o/alpha/documents/{order.pk}/cancel/", {"reason": ""}).status_code == 422
    assert client.post(f"/o/alpha/documents/{order.pk}/cancel/", {"reason": "不买了"}).status_code == 302
    order.refresh_from_db()
    assert order.status == "cancelled"


@pytest.mark.parametrize("step", ["submit", "approve", "post", "reverse", "cancel"])
@pytest.mark.parametrize("role", ["owner", "auditor", "counter", "assignee"])
def test_readers_change_nothing(shop, person, browse, role, step):
    order = Document.objects.get(doc_no="CG-1")
    response = browse(person("zhou", role)).post(f"/o/alpha/documents/{order.pk}/{step}/", {"reason": "x"})
    assert response.status_code == 403
    order.refresh_from_db()
    assert order.status == "draft"


def test_own_adjustments_show_a_closed_button_and_why(shop, person, browse):
    zhou = person("zhou", "manager")
    document = create_document("adjustment", warehouse=shop[0], lines=[line(shop[1], -1)], actor=zhou)
    steps = browse(zhou).get(f"/o/alpha/documents/{document.pk}/").context["steps"]
    assert {step["name"]: bool(step["reason"]) for step in steps} == {
        "submit": False,
        "approve": True,
        "post": True,
        "cancel": False,
    }


def test_what_is_hidden_shows_nowhere(shop, person, browse):
    """A place that is counted blind: its canary quantities are on no page and in no file."""
    zhou = person("zhou", "manager")
    client, shelf = browse(zhou), place(shop[0], "A-01")
    document = posted("receipt", shop[0], line(shop[1], 5678, location=shelf), line(shop[1], 1), doc_no="RK-9")

    def hide(sender, member, **kwargs):
        return [shelf.pk] if member == zhou else []

    pages = ["stock/", "stock/?show=all", "stock/?as_of=2023-12-01", "ledger/", f"items/{shop[1].pk}/"]
    pages += [f"documents/{document.pk}/", "documents/"]
    files = ["stock/?export=csv", "ledger/?export=csv", "documents/?export=csv"]
    canaries = ("1,234", "5,678", "6,912", "1234", "5678", "6912")

    def told(content):
        return any(canary in content for canary in canaries)

    assert [path for path in pages if told(client.get(f"/o/alpha/{path}").content.decode())] == pages[:-1]
    hidden_locations.connect(hide)
    try:
        for path in pages:
            assert not told(client.get(f"/o/alpha/{path}").content.decode()), path
        for path in files:
            assert not told(b"".join(client.get(f"/o/alpha/{path}").streaming_content).decode()), path
    finally:
        hidden_locations.disconnect(hide)


def test_lists_do_not_ask_more_with_more_rows(shop, person, browse):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = browse(person("zhou", "manager"))
    document = Document.objects.get(doc_no="RK-1")
    paths = ["stock/", "stock/?as_of=2023-12-31", "ledger/", "documents/", f"documents/{document.pk}/"]

    def asked():
        counts = []
        for path in paths:
            client.get(f"/o/alpha/{path}")
            with CaptureQueriesContext(connection) as queries:
                client.get(f"/o/alpha/{path}")
            counts.append(len(queries))
        return counts

    before = asked()
    for number in range(3):
        warehouse, item = make_warehouse(f"W{number}", "B-01"), make_item(f"N-{number}")
        posted(
            "receipt", warehouse, line(item, 1, location=place(warehouse, "B-01"), source_doc_no="RK-1"), line(item, 2)
        )
    assert asked() == before
    assert max(before) <= 20


def test_another_companys_documents_do_not_exist(shop, twin, browse):
    with organization_scope(twin):
        user = User.objects.create_user(username="wu", email="wu@example.com")
        stranger = add_member("wu", name="吴", roles=["owner", "manager"], user=user, actor=system_member())
    client = browse(stranger)
    document = Document.objects.get(doc_no="CG-1")
    for code in ("twin", "alpha"):
        assert client.get(f"/o/{code}/documents/{document.pk}/").status_code == 404
        for step in ("submit", "approve", "post", "reverse", "cancel"):
            url = f"/o/{code}/documents/{document.pk}/{step}/"
            assert client.post(url, {"reason": "x"}).status_code == 404
    text = "".join(client.get(f"/o/twin/{path}/").content.decode() for path in ("stock", "ledger", "documents"))
    for canary in ("白瓷茶杯", "RK-1", "1,234"):
        assert canary not in text
    assert client.get(f"/o/twin/stock/?item={shop[1].pk}").context["page"].paginator.count == 0
    assert client.get(f"/o/twin/stock/?warehouse={shop[0].pk}").context["page"].paginator.count == 0
