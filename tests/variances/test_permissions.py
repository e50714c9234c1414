"""Role × action of the four apps, by the table, the pages and the API alike."""

from __future__ import annotations

import pytest

from apps.core.permissions import PERMISSIONS, refusal
from apps.organizations.enums import Role
from apps.rectification.models import Adjustment
from tests.rectification.builders import proposed
from tests.variances.builders import counted, stocked, variance_of

READ = {"owner", "manager", "controller", "finance", "auditor"}
TABLE = {
    "variances.variance.view": READ,
    "variances.variance.assign": {"manager", "controller"},
    "variances.explanation.view": READ,
    "variances.explanation.make": {"manager", "controller"},
    "variances.cause.confirm": {"controller"},
    "variances.cause.remove": {"controller"},
    "variances.evidence.add": {"manager", "controller"},
    "variances.cause_type.view": READ,
    "variances.cause_type.save": {"owner"},
    "approvals.approval.view": READ,
    "rectification.adjustment.view": READ,
    "rectification.adjustment.propose": {"controller"},
    "rectification.adjustment.withdraw": {"controller"},
    "rectification.adjustment.approve": {"manager", "finance"},
    "rectification.adjustment.reject": {"manager", "finance"},
    "rectification.adjustment.post": {"manager", "controller", "finance"},
    "rectification.adjustment.reverse": {"manager", "finance"},
    "notifications.notification.view": set(Role.values),
    "notifications.notification.read": set(Role.values),
}


def test_every_action_is_in_the_table():
    apps = ("variances.", "approvals.", "rectification.", "notifications.")
    assert {name for name in PERMISSIONS if name.startswith(apps)} == set(TABLE)


@pytest.mark.parametrize("role", Role.values)
def test_table(organization, person, role):
    member = person("m", role)
    assert {action for action in TABLE if refusal(member, action) is None} == {
        action for action, roles in TABLE.items() if role in roles
    }


@pytest.mark.parametrize("role", Role.values)
def test_pages_and_api_ask_the_table(organization, person, browse, role):
    stocked(quantity=100)
    stocked("OTHER", 50)
    count = counted({"HC-GL350-02": 90, "OTHER": 40})
    variance = variance_of(count, "OTHER")
    adjustment = proposed(count, variances=[variance_of(count)])
    client = browse(person("m", role), HTTP_REFERER="")
    api, here = "/o/alpha/api/v1", f"/o/alpha/variances/{variance.pk}"
    held = f"/o/alpha/adjustments/{adjustment.pk}"
    requests = [
        ("variances.variance.view", "get", "/o/alpha/variances/"),
        ("variances.variance.view", "get", "/o/alpha/variances/?export=csv"),
        ("variances.variance.view", "get", f"{here}/"),
        ("variances.variance.view", "get", f"{here}/documents/"),
        ("variances.variance.view", "get", f"{api}/variances/"),
        ("variances.variance.view", "get", f"{api}/causes/"),
        ("variances.variance.view", "get", f"{api}/evidence/"),
        ("variances.cause_type.view", "get", f"{api}/cause-types/"),
        ("variances.variance.assign", "post", f"{here}/assign/"),
        ("variances.explanation.make", "post", f"{here}/look/"),
        ("variances.explanation.view", "get", f"{api}/explanations/"),
        ("variances.cause.confirm", "post", f"{here}/causes/"),
        ("variances.cause.confirm", "post", f"{api}/causes/"),
        ("variances.evidence.add", "post", f"{here}/evidence/"),
        ("variances.evidence.add", "post", f"{api}/evidence/"),
        ("variances.cause_type.save", "post", f"{api}/cause-types/"),
        ("approvals.approval.view", "get", f"{api}/approvals/"),
        ("rectification.adjustment.view", "get", "/o/alpha/adjustments/"),
        ("rectification.adjustment.view", "get", f"{held}/"),
        ("rectification.adjustment.view", "get", f"{api}/adjustments/"),
        ("rectification.adjustment.propose", "get", f"/o/alpha/adjustments/new/?count={count.pk}"),
        ("rectification.adjustment.propose", "post", f"{api}/adjustments/"),
        ("rectification.adjustment.approve", "post", f"{held}/approve/"),
        ("rectification.adjustment.approve", "post", f"{api}/adjustments/{adjustment.pk}/approve/"),
        ("rectification.adjustment.reject", "post", f"{held}/reject/"),
        ("rectification.adjustment.reverse", "post", f"{held}/reverse/"),
        ("rectification.adjustment.post", "post", f"{held}/post/"),
        ("notifications.notification.view", "get", "/o/alpha/notifications/"),
    ]
    forbidden = {
        (action, address) for action, method, address in requests if getattr(client, method)(address).status_code == 403
    }
    assert forbidden == {(action, address) for action, _m, address in requests if role not in TABLE[action]}
    assert Adjustment.objects.get().state == "proposed"
