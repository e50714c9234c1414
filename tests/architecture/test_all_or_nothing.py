"""What the API answers with 400 or above it has not done, no part of it: requests that name several rows, one wrong."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from apps.core.tenancy import organization_scope
from apps.counts.models import Count, CountEntry, CountLine
from apps.movements.models import Document, DocumentLine
from apps.reports.models import Report
from apps.variances.models import Variance
from tests.architecture.code import tenant_models
from tests.architecture.isolation.world import World, build
from tests.organizations.builders import make_operator

LINE = {"item": "SKU-1", "location": "A-1", "quantity": "1"}
ENTRY = {"quantity": "91", "sku": "SKU-2", "location": "B-1"}


@pytest.fixture
def alpha(db: None) -> World:
    return build("alpha", make_operator(), mark="甲", cost="1.00", alone="ONLY-1")


def send(world: World, path: str, body: Any) -> tuple[int, Any]:
    client = Client()
    client.force_login(world.people["all"].user, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(f"/o/alpha/api/v1/{path}", body, content_type="application/json")
    return answer.status_code, answer.json()


def kept() -> dict[str, list[dict[str, Any]]]:
    """Every row of the organization, the audit log included."""
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in tenant_models()}


def test_several_rows_one_wrong(alpha):
    with organization_scope(alpha.organization):
        draft = Document.objects.get(doc_no="ZP-1")
        variance, report = Variance.objects.get(), Report.objects.get()
        line, known = CountLine.objects.get(count__count_no="PD-2"), DocumentLine.objects.first()
        entry, opened = CountEntry.objects.get(entry_no="E-2"), Count.objects.get(count_no="PD-2")
        wrong = [
            (400, "documents/", {"doc_type": "receipt", "warehouse": "W1", "lines": [LINE, {**LINE, "item": "?"}]}),
            (422, "documents/", {"doc_type": "receipt", "warehouse": "W1", "lines": [LINE, {**LINE, "unit": "?"}]}),
            (400, "counts/", {"warehouse": "W1", "locations": ["A-1", "Z-9"]}),
            (400, f"counts/{opened.pk}/recount/", {"lines": [line.pk, uuid4()], "assignee": "counter"}),
            (409, f"counts/{opened.pk}/entries/", [{**ENTRY, "entry_no": entry.entry_no, "quantity": "7"}]),
            (400, f"counts/{opened.pk}/entries/", [{**ENTRY, "entry_no": str(no)} for no in range(1001)]),
            (400, "adjustments/", {"count": "PD-1", "variances": [variance.pk, uuid4()], "reason": "x"}),
            (
                400,
                "causes/",
                {
                    "variance": variance.pk,
                    "cause": "gift_unrecorded",
                    "quantity": "-1",
                    "document_lines": [known.pk, uuid4()],
                },
            ),
            (400, f"reports/{report.pk}/send/", {"members": ["finance", "nobody"]}),
        ]
        before = kept()
    assert draft.status == "draft"
    assert [send(alpha, path, body)[0] for _status, path, body in wrong] == [status for status, _path, _body in wrong]
    with organization_scope(alpha.organization):
        assert kept() == before


def test_entries_answer_for_themselves_below_400(alpha):
    """A device sends its list again and again: what is wrong with one entry holds up no other."""
    with organization_scope(alpha.organization):
        opened = Count.objects.get(count_no="PD-2")
    body = [{**ENTRY, "entry_no": "E-2", "quantity": "7"}, {**ENTRY, "entry_no": "E-3", "sku": "SKU-1"}]
    status, answer = send(alpha, f"counts/{opened.pk}/entries/", body)
    told = [(row["entry_no"], row["result"], row["code"]) for row in answer["entries"]]
    assert (status, told) == (200, [("E-2", "refused", "entry_differs"), ("E-3", "accepted", "")])
    with organization_scope(alpha.organization):
        assert CountEntry.objects.filter(entry_no="E-3").count() == 1
