import json

import pytest

from apps.core.tenancy import organization_scope
from apps.organizations.models import Job
from apps.organizations.services import run_job
from apps.reports.selectors.reports import report_file
from tests.reports.builders import PASSWORD, a_company, adjusted, report_of


@pytest.fixture
def finance(person):
    return person("shen", "finance", name="沈洁", email="shen@alpha.example.com")


def post(client, address, **body):
    return client.post(f"/o/alpha/api/v1/reports/{address}", json.dumps(body), content_type="application/json")


def test_prepare_sign_send_by_api(organization, finance, person, browse):
    count = adjusted(person("gu", "finance"))
    client = browse(finance)
    answer = post(client, "", count=count.count_no)
    row = answer.json()
    assert (answer.status_code, row["state"], row["version"], row["summary"]) == (202, "draft", 1, {})
    assert client.get(f"/o/alpha/api/v1/reports/{row['id']}/file/").status_code == 409
    run_job(organization.pk, Job.objects.get(kind="reports.render").pk)
    row = client.get(f"/o/alpha/api/v1/reports/{row['id']}/").json()
    assert (row["state"], row["summary"]["net"]) == ("review", {"quantity": "-40", "value": "-1072"})
    wrong = post(client, f"{row['id']}/sign/", password="wrong")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "wrong_password")
    signed = post(client, f"{row['id']}/sign/", password=PASSWORD, comment="同意")
    assert (signed.status_code, signed.json()["state"], signed.json()["signer_name"]) == (200, "signed", "沈洁")
    again = post(client, f"{row['id']}/sign/", password=PASSWORD)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "wrong_state")
    seal = client.get(f"/o/alpha/api/v1/reports/{row['id']}/verify/").json()
    assert (seal["valid"], seal["problem"], seal["signer"]) == (True, "", "沈洁")
    assert post(client, f"{row['id']}/send/", members=["shen"]).status_code == 202
    assert post(client, f"{row['id']}/send/", members=["nobody"]).status_code == 400


def test_the_list_filters(organization, finance, browse):
    report = report_of(a_company())
    client = browse(finance)
    for query, number in (("", 1), ("?state=signed", 0), ("?count=PD-2023Q4-01", 1), ("?language=en", 0)):
        assert client.get(f"/o/alpha/api/v1/reports/{query}").json()["count"] == number
    file = client.get(f"/o/alpha/api/v1/reports/{report.pk}/file/")
    assert (file["Content-Type"], file.content) == ("application/pdf", report_file(report))


def test_roles_and_strangers(organization, twin, finance, person, browse):
    report = report_of(a_company())
    with organization_scope(twin):
        theirs = report_of(a_company())
    counter, manager = browse(person("wu", "counter")), browse(person("zhou", "manager"))
    assert counter.get("/o/alpha/api/v1/reports/").status_code == 403
    assert post(manager, f"{report.pk}/sign/", password=PASSWORD).status_code == 403
    assert post(counter, "", count="PD-2023Q4-01").status_code == 403
    client = browse(finance)
    for address in ("", "file/", "verify/"):
        assert client.get(f"/o/alpha/api/v1/reports/{theirs.pk}/{address}").status_code == 404
    assert post(client, f"{theirs.pk}/sign/", password=PASSWORD).status_code == 404
