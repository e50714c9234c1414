"""The self-check: each check finds what was planted, and only that."""

from __future__ import annotations

from decimal import Decimal

import pytest
import time_machine

from apps.catalog.services import save_barcode, save_unit
from apps.core.tenancy import organization_scope
from apps.notifications.models import Notification
from apps.organizations.models import Job
from apps.organizations.selectors import system_member
from apps.reports.selectors.selfcheck import CHECKS, self_check_figures
from apps.reports.services.selfcheck import request_self_check, tell_self_check
from tests.catalog.builders import make_item, make_warehouse, place
from tests.movements.builders import at, line, make_document, opened, posted

pytestmark = pytest.mark.django_db


def subjects(key):
    return [row.subject for row in CHECKS[key].rows(system_member())]


def test_clean_data_has_no_trouble(organization):
    make_warehouse("WH01", "A-01")
    make_item("CUP", standard_cost=Decimal(2))
    assert self_check_figures(system_member()) == dict.fromkeys(CHECKS, 0)


def test_units(organization, system):
    for number, units in enumerate(
        ([("箱", 1)], [("盒", 10), ("包", 10)], [("盒", 24), ("箱", 12)], [("盒", 12), ("箱", 144)])
    ):
        item = make_item(f"U-{number}")
        for name, factor in units:
            save_unit(item, name=name, factor=Decimal(factor), actor=system)
    assert subjects("units") == ["U-0", "U-1", "U-1", "U-2"]


def test_barcodes(organization, system):
    cup, pot, lid = make_item("CUP"), make_item("POT"), make_item("6901")
    save_barcode("0690001", item=cup, actor=system)
    save_barcode("690001", item=pot, actor=system)
    save_barcode("6901", item=cup, actor=system)
    save_barcode("777", item=lid, actor=system)
    assert subjects("barcodes") == ["0690001", "690001", "6901"]


def test_look_alikes(organization):
    for sku, name in (
        ("82613A", "METAL SIGN CUPCAKE HOOK"),
        ("82613B", "METAL SIGN CUPCAKE HOOKS"),
        ("10001", "白瓷茶杯大号"),
        ("99999", "竹编茶盘"),
    ):
        make_item(sku, name=name)
    assert subjects("alike") == ["82613A"]


def test_stock(organization, system):
    warehouse = make_warehouse("WH01", "A-01")
    cup, pot = make_item("CUP", standard_cost=Decimal(2)), make_item("POT")
    there = place(warehouse, "A-01")
    opened(there, cup, 5, at("2024-01-01T00:00:00"))
    issues = (("2024-01-02", -3), ("2024-01-03", -3), ("2024-01-04", 4), ("2024-01-05", -9), ("2024-01-06", -1))
    for day, quantity in issues:
        posted("adjustment", warehouse, line(cup, quantity, location=there), posted_at=at(f"{day}T12:00:00"))
    posted("receipt", warehouse, line(pot, 4), posted_at=at("2024-01-02T12:00:00"))
    (row,) = CHECKS["negative"].rows(system)
    assert (row.subject, row.quantity, row.since) == ("CUP", -7, at("2024-01-05T12:00:00"))
    assert subjects("uncounted") == ["CUP", "POT"]
    assert subjects("placeless") == ["POT"]
    assert subjects("costless") == ["POT"]


def test_documents_and_roles(organization, person):
    warehouse, cup = make_warehouse("WH01"), make_item("CUP")
    person("zhang", "manager")
    person("li", "counter", "controller")
    with time_machine.travel(at("2024-01-01T10:00:00")):
        make_document("gift_issue", warehouse, line(cup, 2), doc_no="ZP-1")
    make_document("gift_issue", warehouse, line(cup, 2), doc_no="ZP-2")
    assert subjects("unposted") == ["ZP-1"]
    assert subjects("roles") == ["li"]


def test_it_tells_owner_and_managers_once_a_week(organization, person, system):
    owner = person("chen", "owner")
    person("wang", "counter")
    for _again in range(2):
        tell_self_check({"negative": 3}, actor=system)
    tell_self_check({"negative": 0}, actor=system)
    assert [line.member for line in Notification.objects.all()] == [owner]


def test_pages(organization, person, browse, twin):
    make_item("CUP")
    warehouse = make_warehouse("WH01")
    posted("receipt", warehouse, line(make_item("POT"), 4), posted_at=at("2024-01-02T12:00:00"))
    manager = browse(person("zhang", "manager"))
    for key in CHECKS:
        assert manager.get(f"/o/alpha/self-check/?check={key}").status_code == 200
    assert "POT" in manager.get("/o/alpha/self-check/?check=uncounted").content.decode()
    text = b"".join(manager.get("/o/alpha/self-check/?check=uncounted&export=csv").streaming_content)
    assert len(text.decode("utf-8-sig").splitlines()) == 2
    assert manager.post("/o/alpha/self-check/run/").status_code == 302
    assert Job.objects.get(kind="reports.selfcheck").state == "queued"
    assert browse(person("sun", "auditor")).post("/o/alpha/self-check/run/").status_code == 403
    assert browse(person("li", "counter")).get("/o/alpha/self-check/").status_code == 403
    with organization_scope(twin):
        assert self_check_figures(system_member()) == dict.fromkeys(CHECKS, 0)


def test_it_remembers_what_the_last_one_found(organization, system):
    job = request_self_check(actor=system)
    Job.objects.filter(pk=job.pk).update(state="done", result={"figures": {"units": 2, "roles": 1}})
    assert request_self_check(actor=system).arguments["before"] == 3
