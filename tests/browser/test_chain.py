"""From the picture of the flow to its documents, and from a difference between the books to what explains it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from apps.catalog.models import Item, Warehouse
from apps.core.tenancy import organization_scope
from apps.integrations.management.commands._demo_company import PASSWORD
from apps.movements.models import FinanceBalance
from apps.movements.services import LineDraft, create_document, post_document, refresh_chain
from apps.organizations.selectors import find_organization, system_member
from tests.browser.conftest import Enter, backstage

HOME = "/o/hechuan/"


def flow() -> None:
    """A waybill of two days ago that nobody booked, and a finance book that has its goods out already."""
    call_command("demo", stdout=StringIO())
    company = find_organization("hechuan")
    assert company is not None
    with organization_scope(company):
        actor, now = system_member(), timezone.now()
        warehouse, item = Warehouse.objects.order_by("code")[0], Item.objects.order_by("sku")[0]
        line = LineDraft(item=item, quantity=Decimal(3))
        moved = now - timedelta(days=2)
        waybill = create_document(
            "waybill", doc_no="YD-BROWSER-1", warehouse=warehouse, lines=[line], occurred_at=moved, actor=actor
        )
        post_document(waybill, actor=actor)
        create_document(
            "sales_issue", doc_no="CK-BROWSER-1", warehouse=warehouse, lines=[line], occurred_at=moved, actor=actor
        )
        FinanceBalance.objects.create(
            item=item, warehouse=warehouse, as_of=now, quantity=Decimal(-3), amount=Decimal(0)
        )
        refresh_chain(actor=actor)


@pytest.fixture(scope="module", autouse=True)
def demo(db: None) -> None:
    backstage(flow)


def test_a_node_of_the_portrait_leads_to_its_documents(enter: Enter) -> None:
    page = enter("linxiao", PASSWORD, home=HOME)
    page.goto(f"{HOME}portrait/")
    page.locator("svg.pf a:has(.nd)", has_text="运单").click()
    expect(page.locator("aside")).to_contain_text("YD-BROWSER-1")
    page.locator("aside .btn.main").click()
    expect(page).to_have_url(re.compile(r"/breaks/\?doc_type=waybill"))
    page.locator("tbody a.nm").first.click()
    expect(page.locator("svg.chain, .badge").first).to_be_visible()


def test_a_difference_between_the_books_opens_its_documents(enter: Enter) -> None:
    page = enter("linxiao", PASSWORD, home=HOME, phone=True)
    page.goto(f"{HOME}reconciliation/?show=all&sort=item")
    page.locator("td a[href*='#opened']").first.click()
    expect(page.locator("#opened")).to_contain_text("CK-BROWSER-1")
