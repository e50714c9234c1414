"""From a closed count to confirmed causes: the service, the command, the API and the page."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.catalog.models import Warehouse
from apps.core.errors import Conflict, Forbidden
from apps.core.tenancy import organization_scope
from apps.movements.services import LineDraft, create_document
from apps.organizations.models import Job
from apps.variances.attribution.gathering import gather
from apps.variances.models import Cause, ExplanationRun
from apps.variances.selectors import proposal_of
from apps.variances.services import accept_explanation, confirm_cause, explain_variances, request_explanations
from tests.variances.builders import PLACE, cause_type, counted, place, start_count, stocked, variance_of

CAUSES = [("gift_unrecorded", "-20"), ("scrap_unrecorded", "-10"), ("issue_not_posted", "-10")]


def unposted(doc_type, item, quantity, system, **values):
    warehouse = Warehouse.objects.get(code="WH01")
    return create_document(
        doc_type,
        doc_no=values.pop("doc_no"),
        warehouse=warehouse,
        status="approved",
        occurred_at=timezone.now() - timedelta(hours=5),
        lines=[LineDraft(item, Decimal(quantity), location=place(warehouse, PLACE))],
        actor=system,
        **values,
    )


@pytest.fixture
def loss(organization, system):
    """1,200 in the book, 1,160 on the shelf, and three documents that were never posted."""
    item = stocked()
    unposted("gift_issue", item, 20, system, doc_no="ZP-1")
    unposted("scrap", item, 10, system, doc_no="BF-1")
    unposted("sales_issue", item, 10, system, doc_no="CK-1")
    return variance_of(counted({"HC-GL350-02": 1160}))


def parts(variance):
    return [(part["cause"], part["quantity"]) for part in proposal_of(variance.pk).explanations[0]["parts"]]


def test_explained_and_accepted(loss, system, person):
    run = explain_variances(loss.count, actor=system)
    assert (run.rules, run.priors, run.lines) == ("1", "shipped", 1)
    assert sorted(parts(loss)) == sorted(CAUSES)
    accepted = accept_explanation(proposal_of(loss.pk), 1, actor=person("lin", "controller"))
    assert (accepted.unexplained, accepted.state) == (0, "explained")
    causes = Cause.objects.filter(variance=loss)
    assert {(row.cause_type.code, row.person, row.evidence.get().document_line.document.doc_no) for row in causes} == {
        ("gift_unrecorded", None, "ZP-1"),
        ("scrap_unrecorded", None, "BF-1"),
        ("issue_not_posted", None, "CK-1"),
    }


def test_what_was_confirmed_is_not_confirmed_again(loss, system, person):
    lin = person("lin", "controller")
    explain_variances(loss.count, actor=system)
    confirm_cause(loss, cause_type("gift_unrecorded"), -20, actor=lin)
    with pytest.raises(Conflict) as caught:
        accept_explanation(proposal_of(loss.pk), 1, actor=lin)
    assert caught.value.code == "partly_explained"


def test_the_same_facts_give_the_same_bytes(loss, system):
    first = explain_variances(loss.count, actor=system).proposals.get().explanations
    second = explain_variances(loss.count, actor=system).proposals.get().explanations
    assert json.dumps(first) == json.dumps(second)
    assert ExplanationRun.objects.filter(count=loss.count).count() == 2


def test_only_a_closed_count_is_kept_and_only_by_those_who_investigate(loss, system, person):
    with pytest.raises(Forbidden):
        request_explanations(loss.count, actor=person("zhou", "counter"))
    stocked("B-1")
    with pytest.raises(Conflict):
        explain_variances(start_count(), actor=system)


def test_closing_a_count_asks_for_its_explanations(loss):
    assert Job.objects.filter(kind="variances.explain", key=str(loss.count_id)).count() == 1


def test_command(loss, organization):
    out = StringIO()
    call_command("explain", loss.count.count_no, organization="alpha", format="jsonl", stdout=out, stderr=StringIO())
    row = json.loads(out.getvalue())
    assert {name: row[name] for name in ("warehouse", "location", "sku", "variance")} == {
        "warehouse": "WH01",
        "location": PLACE,
        "sku": "HC-GL350-02",
        "variance": "-40",
    }
    best = row["explanations"][0]
    assert (best["unexplained"], sorted((part["cause"], part["quantity"]) for part in best["parts"])) == (
        "0",
        sorted(CAUSES),
    )
    assert sum(one["confidence"] for one in row["explanations"]) <= 1
    evidence = [piece for part in best["parts"] for piece in part["evidence"]]
    assert {"kind": "document_line", "doc_type": "gift_issue", "doc_no": "ZP-1", "line_no": 1} in evidence


@pytest.mark.parametrize("arguments", [["PD-NONE", "--organization", "alpha"], ["PD-1", "--organization", "nobody"]])
def test_command_refuses_with_1(organization, arguments):
    with pytest.raises(SystemExit) as caught:
        call_command("explain", *arguments, stderr=StringIO())
    assert caught.value.code == 1


def test_queries_do_not_grow_with_lines(organization, system):
    def queries(count):
        with CaptureQueriesContext(connection) as found:
            gather(count)
        return len(found)

    stocked("A-1")
    few = counted({"A-1": 1100})
    for number in range(6):
        stocked(f"A-{number + 2}")
    many = counted({f"A-{number + 1}": 1100 for number in range(7)})
    assert abs(queries(many) - queries(few)) <= 2


def test_page_and_api(loss, system, person, browse):
    lin = browse(person("lin", "controller", name="林晓"))
    address = f"/o/alpha/variances/{loss.pk}/"
    assert lin.post(f"{address}look/").status_code == 302
    explain_variances(loss.count, actor=system)
    text = lin.get(address).content.decode()
    for word in ("ZP-1", "BF-1", "CK-1", "赠品未扣减"):
        assert word in text
    rows = lin.get(f"/o/alpha/api/v1/explanations/?count_no={loss.count.count_no}").json()["results"]
    assert [(row["variance"], row["rules"], row["proven"]) for row in rows] == [(str(loss.pk), "1", True)]
    asked = lin.post("/o/alpha/api/v1/explanations/", {"count": loss.count.count_no}, content_type="application/json")
    assert asked.status_code == 202
    proposal = proposal_of(loss.pk)
    assert lin.post(f"{address}explanations/{proposal.pk}/1/").status_code == 302
    loss.refresh_from_db()
    assert (loss.unexplained, loss.causes.count()) == (0, 3)


def test_another_organization_finds_nothing(loss, system, twin, person, browse):
    explain_variances(loss.count, actor=system)
    with organization_scope(twin):
        stranger = person("lin2", "controller")
        client = browse(stranger)
        assert client.get(f"/o/{twin.code}/api/v1/explanations/").json()["results"] == []
