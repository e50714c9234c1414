"""Nothing of another company is reached by a foreign id, or seen in a list, whoever asks."""

from __future__ import annotations

import pytest

from apps.core.tenancy import organization_scope
from apps.organizations.selectors import system_member
from apps.organizations.services import add_member
from apps.rectification.models import Adjustment
from apps.variances.models import Cause, Evidence, Variance
from apps.variances.services import add_evidence, confirm_cause
from tests.rectification.builders import proposed
from tests.variances.builders import cause_type, counted, stocked, variance_of


def story():
    stocked("CANARY", 100, name="金丝雀")
    stocked("FREE", 100, name="金丝雀")
    count = counted({"CANARY": 90, "FREE": 95})
    system = system_member()
    confirm_cause(variance_of(count, "CANARY"), cause_type("keying_error"), -2, actor=system)
    add_evidence(variance_of(count, "CANARY"), kind="note", note="金丝雀", actor=system)
    adjustment = proposed(count, variances=[variance_of(count, "CANARY")], reason="金丝雀")
    return count, adjustment


@pytest.fixture
def foreign(organization, twin):
    with organization_scope(twin):
        add_member("spy", name="金丝雀", roles=["manager"], actor=system_member())
        count, adjustment = story()
        return {
            "count": count.pk,
            "variance": Variance.objects.get(stock_line__item__sku="FREE").pk,
            "held": variance_of(count, "CANARY").pk,
            "cause": Cause.objects.get().pk,
            "evidence": Evidence.objects.get().pk,
            "adjustment": adjustment.pk,
            "approval": adjustment.pk,
            "hash": adjustment.content_hash,
            "count_no": count.count_no,
        }


@pytest.mark.parametrize("roles", [["owner"], ["manager"], ["controller"], ["finance"], ["auditor"], ["counter"]])
def test_foreign_ids_are_absent(foreign, person, browse, roles):
    client = browse(person("m", *roles))
    api, variance, adjustment = "/o/alpha/api/v1", foreign["variance"], foreign["adjustment"]
    for address in (
        f"/o/alpha/variances/{variance}/",
        f"/o/alpha/variances/{variance}/documents/",
        f"/o/alpha/evidence/{foreign['evidence']}/",
        f"/o/alpha/adjustments/{adjustment}/",
        f"/o/alpha/adjustments/new/?count={foreign['count']}",
        f"{api}/variances/{variance}/",
        f"{api}/variances/{variance}/late_documents/",
        f"{api}/causes/{foreign['cause']}/",
        f"{api}/evidence/{foreign['evidence']}/",
        f"{api}/adjustments/{adjustment}/",
        f"{api}/adjustments/{adjustment}/lines/",
    ):
        assert client.get(address).status_code in (403, 404), address
    for address in (
        f"/o/alpha/variances/{variance}/causes/",
        f"/o/alpha/variances/{variance}/causes/{foreign['cause']}/remove/",
        f"/o/alpha/variances/{variance}/evidence/",
        f"/o/alpha/variances/{variance}/assign/",
        *(
            f"/o/alpha/adjustments/{adjustment}/{wish}/"
            for wish in ("approve", "reject", "withdraw", "post", "reverse")
        ),
        f"{api}/causes/{foreign['cause']}/remove/",
        *(f"{api}/adjustments/{adjustment}/{wish}/" for wish in ("approve", "reject", "withdraw", "post", "reverse")),
        f"{api}/variances/{variance}/assign/",
    ):
        body = {"reason": "x", "content_hash": foreign["hash"]}
        assert client.post(address, body).status_code in (403, 404), address


def test_foreign_ids_inside_a_body_are_refused(foreign, person, browse):
    stocked("MINE", 10)
    mine = variance_of(counted({"MINE": 9}), "MINE")
    client = browse(person("m", "controller", "manager"))
    api = "/o/alpha/api/v1"
    bodies = [
        ("/causes/", {"variance": str(foreign["variance"]), "cause": "cutoff", "quantity": "-1"}),
        ("/causes/", {"variance": str(mine.pk), "cause": "cutoff", "quantity": "-1", "person": "spy"}),
        ("/evidence/", {"variance": str(mine.pk), "cause": str(foreign["cause"]), "kind": "note", "note": "x"}),
        ("/adjustments/", {"count": mine.count.count_no, "variances": [str(foreign["variance"])], "reason": "x"}),
    ]
    for address, body in bodies:
        answer = client.post(f"{api}{address}", body, content_type="application/json")
        assert (answer.status_code, "金丝雀" in answer.content.decode()) == (400, False), address
    page = client.post("/o/alpha/adjustments/new/", {"ids": [foreign["variance"], foreign["held"]]})
    assert "金丝雀" not in page.content.decode()
    client.post("/o/alpha/adjustments/propose/", {"count": foreign["count"], "reason": "x"})
    assert Adjustment.objects.count() == 0


def test_lists_and_searches_hold_only_ones_own(foreign, person, browse):
    client = browse(person("m", "owner", "controller", "manager"))
    for address in (
        "/o/alpha/variances/",
        f"/o/alpha/variances/?count={foreign['count']}",
        "/o/alpha/variances/?q=CANARY",
        "/o/alpha/variances/?export=csv",
        "/o/alpha/adjustments/",
        f"/o/alpha/adjustments/?variance={foreign['held']}",
        "/o/alpha/adjustments/?export=csv",
        "/o/alpha/notifications/",
        "/o/alpha/api/v1/variances/",
        f"/o/alpha/api/v1/variances/?count={foreign['count']}",
        "/o/alpha/api/v1/causes/",
        f"/o/alpha/api/v1/causes/?variance={foreign['held']}",
        "/o/alpha/api/v1/evidence/",
        "/o/alpha/api/v1/adjustments/",
        "/o/alpha/api/v1/approvals/",
        "/o/alpha/admin/variances/variance/",
        "/o/alpha/admin/rectification/adjustment/",
    ):
        response = client.get(address)
        body = b"".join(response) if response.streaming else response.content
        assert (
            b"CANARY" in body.replace(b"q=CANARY", b"").replace(b'value="CANARY"', b""),
            "金丝雀".encode() in body,
        ) == (
            False,
            False,
        ), address
