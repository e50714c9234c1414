import pytest

from apps.organizations.models import Department, Member
from tests.organizations.builders import make_operator


@pytest.fixture
def owner(person):
    return person("wang", "owner", name="王东")


def test_the_index_shows_what_the_role_may_see(owner, person, browse):
    assert b"/admin/organizations/member/" in browse(owner).get("/o/alpha/admin/").content
    assert b"/admin/organizations/member/" not in browse(person("li", "counter")).get("/o/alpha/admin/").content


def test_visitors_log_in_and_strangers_find_nothing(owner, twin, client, browse):
    assert client.get("/o/alpha/admin/").url == "/accounts/login/?next=/o/alpha/admin/"
    client.force_login(make_operator(), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/o/alpha/admin/").status_code == 404
    assert client.get("/o/alpha/admin/organizations/member/").status_code == 404


def test_writing_goes_through_services(owner, browse):
    client = browse(owner)
    added = client.post(
        "/o/alpha/admin/organizations/member/add/", {"username": "S01", "name": "孙红", "roles": ["counter"]}
    )
    assert added.status_code == 302
    member = Member.objects.get(username="S01")
    path = f"/o/alpha/admin/organizations/member/{member.pk}/change/"
    assert client.get(path).status_code == 200
    client.post(path, {"name": "孙虹", "roles": ["counter"], "is_active": "on"})
    member.refresh_from_db()
    assert member.name == "孙虹"
    client.post("/o/alpha/admin/organizations/department/add/", {"code": "D1", "name": "仓储部"})
    assert Department.objects.get().name == "仓储部"
    assert client.post(f"/o/alpha/admin/organizations/member/{member.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_refusal_is_shown_and_nothing_is_written(owner, browse):
    client = browse(owner)
    path = f"/o/alpha/admin/organizations/member/{owner.pk}/change/"
    refused = client.post(path, {"name": "王东", "roles": ["auditor"], "is_active": "on"}, follow=True)
    assert "last" in Member.objects.get(pk=owner.pk).roles or Member.objects.get(pk=owner.pk).roles == ["owner"]
    assert "组织" in refused.content.decode() or "owner" in refused.content.decode()


def test_what_does_not_exist_is_404_not_a_hint(owner, browse):
    client = browse(owner)
    for wrong in ("01890000-0000-7000-8000-000000000000", "abc"):
        assert client.get(f"/o/alpha/admin/organizations/member/{wrong}/change/").status_code == 404


def test_search_answers_each_organization_for_itself(owner, browse, twin):
    """The theme would keep answers by login for five minutes, whichever organization asked."""
    from apps.core.tenancy import organization_scope
    from apps.organizations.models import Member as Row

    with organization_scope(twin):
        Row.objects.create(username="wang", name="王东", roles=["counter"], user=owner.user)
    client = browse(owner)
    assert b"/o/alpha/admin/organizations/member/" in client.get("/o/alpha/admin/search/?s=member").content or (
        "/o/alpha/admin/organizations/member/" in client.get("/o/alpha/admin/search/?s=成员").content.decode()
    )
    twins = client.get("/o/twin/admin/search/?s=member").content + client.get("/o/twin/admin/search/?s=成员").content
    assert b"/o/alpha/" not in twins
    assert b"member/" not in twins
    assert client.get("/o/alpha/admin/search/?s=w&extended=1&page=x").status_code == 200
