import re
from datetime import timedelta

import pytest
from django.conf import settings as site
from django.test import Client
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.core.tenancy import organization_scope
from apps.organizations.models import ApiToken, Department, Invitation, Member, Organization, User
from apps.organizations.selectors import system_member
from apps.organizations.services import accept_invitation, invite_member, revoke_support
from tests.conftest import PASSWORD
from tests.organizations.builders import make_grant, make_job, make_operator


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))


@pytest.fixture
def owner(person):
    return person("wang", "owner", name="王东")


def test_members_list_searches_filters_sorts_and_exports(owner, person, browse):
    person("zhou", "manager", name="周敏")
    person("li", "counter", name="李强")
    client = browse(owner)

    def names(query):
        return [row.username for row in client.get(f"/o/alpha/members/{query}").context["page"]]

    assert names("") == ["li", "wang", "zhou"]
    assert names("?q=周") == ["zhou"]
    assert names("?role=counter") == ["li"]
    assert names("?sort=-username") == ["zhou", "wang", "li"]
    assert names("?q=nobody") == []
    lines = b"".join(client.get("/o/alpha/members/?export=csv")).decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["li", "wang", "zhou"]


def test_members_list_asks_as_many_queries_for_one_row_as_for_three(owner, person, browse, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = browse(owner)
    client.get("/o/alpha/members/")
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get("/o/alpha/members/")
    person("zhou", "manager")
    person("li", "counter")
    with django_assert_num_queries(len(one)):
        client.get("/o/alpha/members/")


def test_add_and_change_a_member(owner, browse):
    client = browse(owner)
    added = client.post("/o/alpha/members/add/", {"username": "S01", "name": "孙红", "roles": ["counter"]})
    assert (added.status_code, added.url) == (302, "/o/alpha/members/")
    member = Member.objects.get(username="S01")
    changed = client.post(
        f"/o/alpha/members/{member.pk}/",
        {"name": "孙虹", "roles": ["counter", "manager"], "is_active": "on", "username": "other"},
    )
    assert changed.status_code == 302
    member.refresh_from_db()
    assert (member.username, member.name, member.roles) == ("S01", "孙虹", ["counter", "manager"])
    assert actions()[-2:] == ["organizations.member.added", "organizations.member.changed"]


def test_the_same_staff_code_twice_is_refused_in_the_form(owner, browse):
    refused = browse(owner).post("/o/alpha/members/add/", {"username": "wang", "name": "王二"})
    assert refused.status_code == 422
    assert len(refused.context["form"].non_field_errors()) == 1


def test_the_last_owner_stays(owner, person, browse):
    client = browse(owner)
    refused = client.post(f"/o/alpha/members/{owner.pk}/", {"name": "王东", "roles": ["auditor"], "is_active": "on"})
    assert refused.status_code == 422
    owner.refresh_from_db()
    assert owner.roles == ["owner"]
    person("second", "owner")
    allowed = client.post(f"/o/alpha/members/{owner.pk}/", {"name": "王东", "roles": ["auditor"], "is_active": "on"})
    assert allowed.status_code == 302


def test_who_is_no_owner_changes_nothing(person, browse):
    auditor = person("sun", "auditor")
    client = browse(auditor)
    assert client.get("/o/alpha/members/").status_code == 200
    assert client.get("/o/alpha/settings/").status_code == 200
    for path in (
        "members/add/",
        f"members/{auditor.pk}/",
        "members/invite/",
        "settings/departments/add/",
        "settings/support/grant/",
        "settings/tokens/add/",
    ):
        assert client.get(f"/o/alpha/{path}").status_code == 403
        assert client.post(f"/o/alpha/{path}", {}).status_code == 403
    assert client.post("/o/alpha/settings/", {"name": "x"}).status_code == 422


def test_invite_shows_the_link_once_and_mails_it(owner, browse, mailoutbox, django_capture_on_commit_callbacks):
    client = browse(owner)
    with django_capture_on_commit_callbacks(execute=True):
        sent = client.post("/o/alpha/members/invite/", {"email": "new@example.com", "name": "吴", "roles": ["finance"]})
    link = re.search(r"http[^\s\"<]+/invitations/[\w-]+/", sent.content.decode()).group()
    assert [mail.to for mail in mailoutbox] == [["new@example.com"]]
    assert link in mailoutbox[0].body
    assert sent["Cache-Control"] == "no-store"
    assert link not in client.get("/o/alpha/members/").content.decode()
    invitation = Invitation.objects.get()
    assert client.post(f"/o/alpha/invitations/{invitation.pk}/revoke/").status_code == 302
    assert Client().get(link.removeprefix(site.PUBLIC_URL)).status_code == 410


def invited(owner, **values):
    invitation = invite_member("new@example.com", name="吴", roles=["finance"], actor=owner, **values)
    return invitation, invitation.link.removeprefix(site.PUBLIC_URL)


def test_accept_with_a_new_login(owner):
    _invitation, path = invited(owner)
    client = Client()
    assert client.get(path).status_code == 200
    weak = client.post(path, {"username": "wu", "password": "12345", "again": "12345"})
    assert weak.status_code == 422
    good = client.post(path, {"username": "wu", "password": "a-good-passphrase", "again": "a-good-passphrase"})
    assert (good.status_code, good.url) == (302, "/o/alpha/")
    member = Member.objects.get(username="wu")
    assert (member.roles, member.user.email) == (["finance"], "new@example.com")
    assert client.get("/o/alpha/members/").status_code == 403
    entry = AuditEntry.objects.get(action="organizations.invitation.accepted")
    assert (entry.actor_id, entry.facts["invited_by"]) == (member.pk, "wang")
    assert client.get(path).status_code == 410


def test_accept_with_the_login_that_is_signed_in(owner, twin, browse):
    with organization_scope(twin):
        user = User.objects.create_user("both", "both@example.com", PASSWORD)
        accept_invitation(
            invite_member("both@example.com", name="双", roles=["auditor"], actor=system_member()), user=user
        )
    _invitation, path = invited(owner)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(path).status_code == 302
    chooser = client.get("/")
    assert [row.organization.code for row in chooser.context["memberships"]] == ["twin", "alpha"]
    _second, again = invited(owner)
    assert client.post(again).status_code == 422


def test_a_staff_row_gets_its_login_by_invitation(owner, browse):
    client = browse(owner)
    client.post("/o/alpha/members/add/", {"username": "S01", "name": "孙红", "roles": ["counter"]})
    member = Member.objects.get(username="S01")
    _invitation, path = invited(owner, member=member)
    Client().post(path, {"username": "sun", "password": "a-good-passphrase", "again": "a-good-passphrase"})
    member.refresh_from_db()
    assert (member.user.username, member.roles) == ("sun", ["counter", "finance"])


def test_settings_departments(owner, browse):
    client = browse(owner)
    company = {"name": "甲公司二", "time_zone": "Asia/Shanghai", "currency": "CNY", "language": "en"}
    assert client.post("/o/alpha/settings/", company).status_code == 302
    assert Organization.objects.get(code="alpha").name == "甲公司二"
    assert client.post("/o/alpha/settings/", {**company, "currency": "xx"}).status_code == 422
    assert client.post("/o/alpha/settings/departments/add/", {"code": "D1", "name": "仓储部"}).status_code == 302
    row = Department.objects.get(code="D1")
    client.post(f"/o/alpha/settings/departments/{row.pk}/", {"name": "仓储物流部", "manager": str(owner.pk)})
    row.refresh_from_db()
    assert (row.code, row.name, row.manager_id) == ("D1", "仓储物流部", owner.pk)


def test_a_token_shows_its_secret_once_and_speaks_for_its_member_in_the_api_only(owner, person, browse):
    client = browse(owner)
    made = client.post("/o/alpha/settings/tokens/add/", {"name": "ERP", "member": str(owner.pk), "scopes": ["read"]})
    secret = made.context["secret"]
    assert secret not in client.get("/o/alpha/settings/").content.decode()
    headers = {"Authorization": f"Token {secret}"}
    assert Client(headers=headers).get("/o/alpha/settings/").status_code == 302
    token = ApiToken.objects.get()
    assert client.post(f"/o/alpha/settings/tokens/{token.pk}/revoke/").status_code == 302
    assert ApiToken.objects.count() == 0


def test_support_looks_only_under_a_grant_and_every_day_is_logged(owner, browse):
    operator = make_operator()
    client = Client()
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/o/alpha/members/").status_code == 404
    owners = browse(owner)
    assert (
        owners.post(
            "/o/alpha/settings/support/grant/", {"operator": str(operator.pk), "reason": "导入失败", "days": "7"}
        ).status_code
        == 302
    )
    assert client.get("/o/alpha/members/").status_code == 200
    assert client.get("/o/alpha/audit/").status_code == 200
    assert client.get("/o/alpha/members/add/").status_code == 403
    assert actions().count("organizations.support.entered") == 1
    grant = Member.objects.get(kind="support")
    assert grant.roles == ["auditor"]
    revoke = re.search(r"/settings/support/[0-9a-f-]+/revoke/", owners.get("/o/alpha/settings/").content.decode())
    assert owners.post(f"/o/alpha{revoke.group()}").status_code == 302
    assert client.get("/o/alpha/members/").status_code == 404
    assert [a for a in actions() if "support" in a] == [
        "organizations.support.granted",
        "organizations.support.entered",
        "organizations.support.revoked",
    ]


def test_a_grant_ends_by_itself(owner, time_machine):
    operator = make_operator()
    make_grant(owner, operator, until=timezone.now() + timedelta(hours=1))
    client = Client()
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/o/alpha/members/").status_code == 200
    time_machine.move_to(timezone.now() + timedelta(hours=2))
    assert client.get("/o/alpha/members/").status_code == 404


def test_a_second_grant_after_a_revoked_one(owner):
    operator = make_operator()
    revoke_support(make_grant(owner, operator), actor=owner)
    again = make_grant(owner, operator)
    assert again.member.is_active is True


def test_a_job_page_is_also_the_fragment_it_polls(owner, browse):
    job = make_job(owner)
    client = browse(owner)
    page = client.get(f"/o/alpha/jobs/{job.pk}/")
    fragment = client.get(f"/o/alpha/jobs/{job.pk}/", headers={"HX-Request": "true"})
    assert b"<html" in page.content
    assert fragment.content.strip().startswith(b"<div")
    assert client.post(f"/o/alpha/jobs/{job.pk}/cancel/").status_code == 302
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_counter_sees_only_the_jobs_they_asked_for(owner, person, browse):
    counter = person("li", "counter")
    mine, other = make_job(counter, key="mine"), make_job(owner, key="other")
    client = browse(counter)
    assert client.get(f"/o/alpha/jobs/{mine.pk}/").status_code == 200
    assert client.get(f"/o/alpha/jobs/{other.pk}/").status_code == 404
    assert client.post(f"/o/alpha/jobs/{other.pk}/cancel/").status_code == 404


def test_the_root_leads_to_the_only_organization(owner, browse):
    assert browse(owner).get("/").url == "/o/alpha/"
    assert Client().get("/").url == "/accounts/login/?next=/"
    operator = Client()
    operator.force_login(make_operator(), backend="django.contrib.auth.backends.ModelBackend")
    assert operator.get("/").url == "/platform/organizations/"


def test_an_operator_opens_an_organization_and_sees_figures_only(owner, browse, mailoutbox):
    assert browse(owner).get("/platform/organizations/").status_code == 404
    client = Client()
    client.force_login(make_operator(), backend="django.contrib.auth.backends.ModelBackend")
    wish = {
        "code": "beta",
        "name": "乙公司",
        "owner_name": "陈",
        "owner_email": "chen@beta.example.com",
        "time_zone": "Asia/Shanghai",
        "currency": "CNY",
    }
    opened = client.post("/platform/organizations/", wish)
    assert opened.status_code == 200
    beta = Organization.objects.get(code="beta")
    assert [(row.organization.code, row.members) for row in opened.context["rows"]] == [("beta", 0), ("alpha", 1)]
    assert "王东" not in opened.content.decode()
    path = opened.context["invitation"].link.removeprefix(site.PUBLIC_URL)
    Client().post(path, {"username": "chen", "password": "a-good-passphrase", "again": "a-good-passphrase"})
    with organization_scope(beta):
        assert list(Member.objects.filter(kind="person").values_list("username", "roles")) == [("chen", ["owner"])]
        assert AuditEntry.objects.order_by("sequence").first().facts == {"platform_operator": "operator"}
    assert client.post("/platform/organizations/", wish).status_code == 422


def test_language_is_kept_with_the_login_and_in_the_cookie(owner, browse):
    client = browse(owner)
    chosen = client.post("/language/", {"language": "en", "next": "/o/alpha/members/"})
    assert (chosen.url, chosen.cookies["django_language"].value) == ("/o/alpha/members/", "en")
    assert User.objects.get(pk=owner.user_id).language == "en"
    assert client.post("/language/", {"language": "xx", "next": "https://evil.example"}).url == "/"
    assert User.objects.get(pk=owner.user_id).language == "en"


def test_an_ended_session_finds_the_way_back():
    Organization.objects.create(code="gamma", name="丙")
    client = Client()
    assert client.get("/o/gamma/members/?q=x").url == "/accounts/login/?next=/o/gamma/members/%3Fq%3Dx"
    fragment = client.get(
        "/o/gamma/jobs/01890000-0000-7000-8000-000000000000/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/o/gamma/counts/"},
    )
    assert (fragment.status_code, fragment["HX-Redirect"]) == (401, "/accounts/login/?next=/o/gamma/counts/")


test_an_ended_session_finds_the_way_back = pytest.mark.django_db(test_an_ended_session_finds_the_way_back)
