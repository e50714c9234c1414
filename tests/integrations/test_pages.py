"""The import page and its API: upload, job, findings."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.catalog.models import Item
from apps.core.tenancy import organization_scope
from apps.integrations.selectors import imports
from apps.integrations.services import import_stored
from apps.organizations.models import Job
from tests.integrations.builders import SHOP, as_rows, with_row, zipped

PAGE = "/o/alpha/imports/"
API = "/o/alpha/api/v1/imports/"


def upload(files, name="bundle.zip"):
    return SimpleUploadedFile(name, zipped(files).getvalue())


def work(job: Job, capture) -> Job:
    """What a worker does with the job."""
    with capture(execute=True):
        job.result = import_stored(job, lambda done, total, message="": None)
    job.state = "done"
    job.save()
    return job


@pytest.fixture
def manager(person, browse):
    return browse(person("zhang", "owner", "manager"))


def test_a_file_is_loaded_by_a_job(manager, django_capture_on_commit_callbacks):
    response = manager.post(PAGE, {"file": upload(SHOP)})
    job = imports().get()
    assert (response.status_code, response["Location"]) == (302, f"{PAGE}{job.pk}/")
    assert manager.get(f"{PAGE}{job.pk}/").status_code == 200
    stored = job.arguments["stored"]
    assert default_storage.exists(stored)
    work(job, django_capture_on_commit_callbacks)
    assert Item.objects.count() == 2
    assert not default_storage.exists(stored)
    page = manager.get(f"{PAGE}{job.pk}/").content.decode()
    assert all(f">{file['file']}<" in page for file in job.result["files"])
    assert "bundle.zip" in manager.get(PAGE).content.decode()


def test_findings_are_shown_and_can_be_downloaded(manager, django_capture_on_commit_callbacks):
    manager.post(PAGE, {"file": upload(with_row(SHOP, "items", "LID,壶盖,件,,abc,"))})
    job = work(imports().get(), django_capture_on_commit_callbacks)
    assert not Item.objects.exists()
    page = manager.get(f"{PAGE}{job.pk}/").content.decode()
    assert [word for word in ("standard_cost", "abc") if word not in page] == []
    answer = manager.get(f"{PAGE}{job.pk}/errors/")
    rows = as_rows(b"".join(answer.streaming_content).decode("utf-8-sig"))
    assert [row[:4] for row in rows[1:]] == [["items", "4", "standard_cost", "number_format"]]


def test_only_check(manager, django_capture_on_commit_callbacks):
    manager.post(PAGE, {"file": upload(SHOP), "dry_run": "on"})
    job = work(imports().get(), django_capture_on_commit_callbacks)
    assert job.result["refused"] is False
    assert not Item.objects.exists()


def test_a_single_csv_file(manager, django_capture_on_commit_callbacks):
    file = SimpleUploadedFile("items.csv", SHOP["items"].encode("gb18030"))
    manager.post(PAGE, {"file": file})
    job = work(imports().get(), django_capture_on_commit_callbacks)
    assert [(file["file"], file["new"]) for file in job.result["files"]] == [("items", 2)]


def test_no_file_is_an_error_of_the_form(manager):
    assert manager.post(PAGE, {}).status_code == 422
    assert not imports().exists()


@pytest.mark.parametrize("role", ["counter", "finance", "assignee", "auditor"])
def test_others_may_not(person, browse, role):
    client = browse(person("x", role))
    assert client.get(PAGE).status_code == 403
    assert client.get(API).status_code == 403
    assert client.post(API, {"file": upload(SHOP)}).status_code == 403
    assert not imports().exists()


def test_imports_of_others_do_not_exist(manager, twin):
    with organization_scope(twin):
        foreign = Job.objects.create(
            kind="integrations.bundle", key="x", requested_by=twin_member(), arguments={"file_name": "secret.zip"}
        )
    for address in (f"{PAGE}{foreign.pk}/", f"{PAGE}{foreign.pk}/errors/", f"{API}{foreign.pk}/"):
        assert manager.get(address).status_code == 404
    assert "secret" not in manager.get(PAGE).content.decode()
    assert manager.get(API).json()["count"] == 0


def twin_member():
    from apps.organizations.selectors import system_member

    return system_member()


def test_the_api_takes_a_bundle(manager, django_capture_on_commit_callbacks):
    answer = manager.post(API, {"file": upload(SHOP)})
    assert answer.status_code == 202
    job = work(imports().get(), django_capture_on_commit_callbacks)
    body = manager.get(f"{API}{answer.json()['id']}/").json()
    assert (body["state"], body["file_name"], body["result"]["found"]) == ("done", "bundle.zip", 0)
    assert body["result"]["files"] == job.result["files"]
    assert manager.post(API, {}).status_code == 400


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_any_number(manager, django_assert_max_num_queries, rows):
    for _number in range(rows):
        manager.post(PAGE, {"file": upload(SHOP)})
    with django_assert_max_num_queries(20):
        manager.get(PAGE)
    assert imports().count() == rows
