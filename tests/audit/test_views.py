import json

import pytest
from rest_framework.test import APIClient

from apps.audit.enums import CHANNELS, DONE
from apps.audit.services import ACTIONS
from apps.organizations.services import change_member, save_department


@pytest.fixture
def owner(person):
    return person("wang", "owner", name="王东")


def shown(client, query=""):
    return [row.entry.action for row in client.get(f"/o/alpha/audit/{query}").context["entries"]]


def test_who_what_object_and_period(owner, person, browse):
    department = save_department("D1", name="仓储部", actor=owner)
    zhou = person("zhou", "manager")
    change_member(zhou, department=department, actor=owner)
    client = browse(owner)
    assert shown(client)[0] == "organizations.member.changed"
    assert shown(client, f"?actor={owner.pk}") == [
        "organizations.member.changed",
        "organizations.department.saved",
    ]
    assert shown(client, "?action=organizations.department") == ["organizations.department.saved"]
    assert shown(client, f"?target_id={department.pk}") == ["organizations.department.saved"]
    assert shown(client, "?since=2999-01-01") == []
    assert shown(client, "?q=仓储部") == ["organizations.department.saved"]
    row = client.get("/o/alpha/audit/").context["entries"][0]
    assert [(str(label), before, after) for label, before, after in row.changes] == [
        (str(zhou._meta.get_field("department").verbose_name).capitalize(), None, "仓储部")
    ]


def test_check_export_and_heads(owner, browse, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        save_department("D1", name="=1+1", actor=owner)
    client = browse(owner)
    checked = client.post("/o/alpha/audit/")
    assert (checked.context["checked"], checked.context["problems"]) == (True, [])
    exported = b"".join(client.get("/o/alpha/audit/?export=csv")).decode("utf-8-sig")
    assert len(exported.splitlines()) == 4
    lines = [json.loads(line) for line in client.get("/o/alpha/audit/heads/").content.decode().splitlines()]
    assert set(lines[0]) == {"public_key"}
    assert lines[-1]["organization"] == str(owner.organization_id)


def test_only_owner_and_auditor_read_it(owner, person, browse):
    for role in ("manager", "counter", "controller", "finance", "assignee"):
        assert browse(person(role, role)).get("/o/alpha/audit/").status_code == 403
    assert browse(person("sun", "auditor")).get("/o/alpha/audit/").status_code == 200


def test_the_api_only_reads(owner):
    client = APIClient()
    client.force_login(owner.user, backend="django.contrib.auth.backends.ModelBackend")
    path = "/o/alpha/api/v1/audit/"
    rows = client.get(path).json()["results"]
    assert [row["sequence"] for row in rows] == [2, 1]
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(path).status_code == 405
        assert method(f"{path}{rows[0]['id']}/").status_code == 405


def test_entries_ask_no_more_queries_for_more_rows(owner, person, browse, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = browse(owner)
    client.get("/o/alpha/audit/")
    with CaptureQueriesContext(connection) as few:
        client.get("/o/alpha/audit/")
    for number in range(3):
        person(f"m{number}", "counter")
    with django_assert_num_queries(len(few)):
        client.get("/o/alpha/audit/")


def test_every_action_can_be_told_in_words():
    codes = [code for code in ACTIONS if not code.startswith("tests.")]
    assert [code for code in codes if code.rpartition(".")[2] not in DONE] == []
    assert set(CHANNELS) == {"page", "api", "admin", "command", "job", "shell"}
