import pytest
from rest_framework.test import APIClient

from apps.core.tenancy import organization_scope
from apps.organizations.models import ApiToken, Member
from apps.organizations.services import change_member, create_token
from tests.organizations.builders import make_job, make_operator

API = "/o/alpha/api/v1"


@pytest.fixture
def owner(person):
    return person("wang", "owner", name="王东")


@pytest.fixture
def client(owner):
    client = APIClient()
    client.force_login(owner.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def speaking(member, owner, *scopes):
    """A client with an API token."""
    _token, secret = create_token(member, name="ERP", scopes=list(scopes), actor=owner)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


def test_members_are_added_changed_and_never_deleted(client):
    added = client.post(f"{API}/members/", {"username": "S01", "name": "孙红", "roles": ["counter"]})
    assert (added.status_code, added.json()["roles"]) == (201, ["counter"])
    path = f"{API}/members/{added.json()['id']}/"
    changed = client.patch(path, {"is_active": False, "username": "other"})
    assert (changed.status_code, changed.json()["is_active"], changed.json()["username"]) == (200, False, "S01")
    assert client.delete(path).status_code == 405
    assert client.put(path, {}).status_code == 405
    twice = client.post(f"{API}/members/", {"username": "S01", "name": "孙二"})
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (422, "username_taken")


def test_departments(client, owner):
    made = client.post(f"{API}/departments/", {"code": "D1", "name": "仓储部", "manager": "wang"})
    assert (made.status_code, made.json()["manager"]) == (201, "wang")
    renamed = client.patch(f"{API}/departments/{made.json()['id']}/", {"name": "物流部"})
    assert (renamed.json()["name"], renamed.json()["manager"]) == ("物流部", "wang")
    unknown = client.patch(f"{API}/departments/{made.json()['id']}/", {"manager": "nobody\0"})
    assert unknown.status_code == 400


def test_invitations_tell_their_link_once(client):
    wish = {"email": "new@example.com", "name": "吴", "roles": ["finance"]}
    sent = client.post(f"{API}/invitations/", wish)
    assert (sent.status_code, sent.json()["link"][:4]) == (201, "http")
    path = f"{API}/invitations/{sent.json()['id']}/"
    assert client.get(path).json()["link"] == ""
    assert client.post(f"{path}revoke/").status_code == 200
    assert client.post(f"{path}revoke/").status_code == 409


def test_tokens(client, owner):
    made = client.post(f"{API}/tokens/", {"name": "ERP", "member": "wang"})
    secret = made.json()["secret"]
    other = APIClient()
    other.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    assert other.get(f"{API}/members/").status_code == 200
    assert "secret" not in client.get(f"{API}/tokens/{made.json()['id']}/").json()
    assert client.delete(f"{API}/tokens/{made.json()['id']}/").status_code == 204
    assert other.get(f"{API}/members/").status_code == 401


def test_a_reading_token_writes_nothing(owner):
    client = speaking(owner, owner, "read")
    assert client.get(f"{API}/members/").status_code == 200
    assert client.post(f"{API}/members/", {"username": "S01", "name": "孙红"}).status_code == 403
    assert Member.objects.filter(username="S01").exists() is False


def test_a_token_ends_with_its_member_and_its_login(owner, person):
    zhou = person("zhou", "auditor")
    client = speaking(zhou, owner)
    assert client.get(f"{API}/members/").status_code == 200
    zhou.user.is_active = False
    zhou.user.save()
    assert client.get(f"{API}/members/").status_code == 401
    zhou.user.is_active = True
    zhou.user.save()
    change_member(zhou, is_active=False, actor=owner)
    assert client.get(f"{API}/members/").status_code == 401


def test_a_token_of_another_organization_opens_nothing(owner, twin):
    client = speaking(owner, owner)
    assert client.get("/o/twin/api/v1/members/").status_code == 401
    with organization_scope(twin):
        assert ApiToken.objects.count() == 0


def test_a_role_change_reaches_the_next_request(owner, person):
    zhou = person("zhou", "auditor")
    client = speaking(zhou, owner)
    assert client.get(f"{API}/audit/").status_code == 200
    change_member(zhou, roles=["counter"], actor=owner)
    assert client.get(f"{API}/audit/").status_code == 403


def test_support_grants_and_the_organization(client):
    operator = make_operator()
    late = client.post(
        f"{API}/support-grants/", {"operator": "operator", "reason": "x", "ends_at": "2099-01-01T00:00:00Z"}
    )
    assert (late.status_code, late.json()["errors"][0]["code"]) == (422, "until")
    assert client.get(f"{API}/organization/current/").json()["code"] == "alpha"
    changed = client.patch(f"{API}/organization/current/", {"name": "甲公司二", "code": "other"})
    assert (changed.json()["name"], changed.json()["code"]) == ("甲公司二", "alpha")
    assert operator.memberships.count() == 0


def test_a_counter_lists_only_their_own_jobs(owner, person):
    counter = person("li", "counter")
    make_job(owner, key="other")
    mine = make_job(counter, key="mine")
    client = APIClient()
    client.force_login(counter.user, backend="django.contrib.auth.backends.ModelBackend")
    assert [row["id"] for row in client.get(f"{API}/jobs/").json()["results"]] == [str(mine.pk)]
    assert client.post(f"{API}/jobs/{mine.pk}/cancel/").json()["state"] == "cancelled"


def test_methods_that_do_not_exist_are_405_and_visitors_401(client):
    assert client.delete(f"{API}/jobs/").status_code == 405
    assert APIClient().get(f"{API}/members/").status_code == 401
