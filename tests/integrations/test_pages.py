"""The import page and its API: upload, job, findings."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
import xlsxwriter
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.catalog.models import Item
from apps.core.sheets_reading import Workbook
from apps.core.tenancy import organization_scope
from apps.integrations.models import Upload
from apps.integrations.selectors import imports
from apps.integrations.services import load_stored
from apps.organizations.models import Job
from tests.integrations.builders import SHOP, as_rows, with_row, zipped

PAGE = "/o/alpha/imports/"
API = "/o/alpha/api/v1/imports/"
UPLOADS = "/o/alpha/api/v1/uploads/"


def upload(files, name="bundle.zip"):
    return SimpleUploadedFile(name, zipped(files).getvalue())


def work(job: Job, capture) -> Job:
    """What a worker does with the job."""
    with capture(execute=True):
        job.result = load_stored(job, lambda done, total, message="": None)
    job.state = "done"
    job.save()
    return job


@pytest.fixture
def manager(person, browse):
    return browse(person("zhang", "owner", "manager"))


def send(manager, file, *, dry_run=False) -> Job:
    """Bring a file and press the button of the page that it leads to; returns the job."""
    response = manager.post(PAGE, {"file": file})
    upload = Upload.objects.first()
    assert (response.status_code, response["Location"]) == (302, f"/o/alpha/uploads/{upload.pk}/")
    assert manager.get(response["Location"]).status_code == 200
    response = manager.post(f"{response['Location']}load/", {"dry_run": "1"} if dry_run else {})
    job = imports().first()
    assert (response.status_code, response["Location"]) == (302, f"{PAGE}{job.pk}/")
    return job


def test_a_file_is_loaded_by_a_job(manager, django_capture_on_commit_callbacks):
    job = send(manager, upload(SHOP))
    assert manager.get(f"{PAGE}{job.pk}/").status_code == 200
    stored = Upload.objects.get().files[0]["stored"]
    assert default_storage.exists(stored)
    work(job, django_capture_on_commit_callbacks)
    assert Item.objects.count() == 2
    assert not default_storage.exists(stored)
    page = manager.get(f"{PAGE}{job.pk}/").content.decode()
    assert all(f">{file['file']}<" in page for file in job.result["files"])
    assert "bundle.zip" in manager.get(PAGE).content.decode()
    assert manager.get(f"/o/alpha/uploads/{Upload.objects.get().pk}/").status_code == 200


def test_findings_are_shown_downloaded_mended_and_brought_back(manager, django_capture_on_commit_callbacks):
    job = work(send(manager, upload(with_row(SHOP, "items", "LID,壶盖,件,,abc,"))), django_capture_on_commit_callbacks)
    assert not Item.objects.exists()
    page = manager.get(f"{PAGE}{job.pk}/").content.decode()
    assert [word for word in ("standard_cost", "abc") if word not in page] == []
    answer = manager.get(f"{PAGE}{job.pk}/errors/")
    rows = as_rows(b"".join(answer.streaming_content).decode("utf-8-sig"))
    assert [row[:4] for row in rows[1:]] == [["items", "4", "standard_cost", "number_format"]]
    bad = b"".join(manager.get(f"{PAGE}{job.pk}/rework/").streaming_content)
    [sheet] = sheets(bad)
    assert sheet[1][:1] + sheet[1][2:7] == ["4", "LID", "壶盖", "件", "", "abc"]
    assert manager.post(f"{PAGE}{job.pk}/rework/", {"file": mended(bad, "abc", "1.5")}).status_code == 302
    job = work(imports().get(), django_capture_on_commit_callbacks)
    assert (job.result["refused"], Item.objects.get(sku="LID").standard_cost) == (False, Decimal("1.5"))


def test_any_other_workbook_is_no_rework(manager, django_capture_on_commit_callbacks):
    job = work(send(manager, upload(with_row(SHOP, "items", "LID,壶盖,件,,abc,"))), django_capture_on_commit_callbacks)
    manager.post(f"{PAGE}{job.pk}/rework/", {"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")})
    assert Upload.objects.get().corrected == {}


def sheets(content: bytes) -> list[list[list[str]]]:
    book = Workbook(io.BytesIO(content), file_name="x.xlsx")
    return [[cells for _number, cells in book.grid(name).rows] for name in book.visible_sheets]


def mended(content: bytes, old: str, new: str) -> SimpleUploadedFile:
    """The workbook as somebody would bring it back."""
    names = Workbook(io.BytesIO(content), file_name="x.xlsx").visible_sheets
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name, rows in zip(names, sheets(content), strict=True):
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, [cell.replace(old, new) for cell in cells])
    return SimpleUploadedFile("mended.xlsx", out.getvalue())


def test_only_check(manager, django_capture_on_commit_callbacks):
    job = work(send(manager, upload(SHOP), dry_run=True), django_capture_on_commit_callbacks)
    assert job.result["refused"] is False
    assert not Item.objects.exists()
    page = manager.get(f"{PAGE}{job.pk}/").content.decode()
    assert f"/uploads/{Upload.objects.get().pk}/load/" in page


def test_several_files_at_once(manager, django_capture_on_commit_callbacks):
    files = [SimpleUploadedFile(f"{name}.csv", SHOP[name].encode("gb18030")) for name in ("items", "units")]
    job = work(send(manager, files), django_capture_on_commit_callbacks)
    assert [(file["file"], file["new"]) for file in job.result["files"]] == [("items", 2), ("units", 1)]


def test_columns_that_nothing_knows_are_said_once(manager, django_capture_on_commit_callbacks):
    strange = "甲,乙,丙,丁\nP1,壶,件,x\n".encode()
    manager.post(PAGE, {"file": SimpleUploadedFile("list.csv", strange)})
    made = Upload.objects.get()
    address = f"/o/alpha/uploads/{made.pk}/tables/0/"
    assert not made.tables[0]["is_sure"]
    manager.post(address, {"0-layout": "items", "0-header": "1", "0-height": "1"})
    page = manager.get(f"/o/alpha/uploads/{made.pk}/").content.decode()
    assert "disabled" in page
    manager.post(address, {"columns": "1", "field": ["sku", "name", "", "spec"], "constant-base_unit": "件"})
    manager.post(f"/o/alpha/uploads/{made.pk}/load/")
    work(imports().get(), django_capture_on_commit_callbacks)
    assert [(i.sku, i.name, i.base_unit, i.spec) for i in Item.objects.all()] == [("P1", "壶", "件", "x")]
    manager.post(PAGE, {"file": SimpleUploadedFile("again.csv", strange)})
    again = Upload.objects.first()
    assert again.tables[0]["reading"]["columns"] == {"甲": "sku", "乙": "name", "丁": "spec"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": "1", "field": ["sku", "sku"]},
        {"columns": "1", "field": ["nonsense"]},
        {"columns": "1", "field": ["sku"], "constant-nonsense": "1"},
        {"0-layout": "nonsense", "0-header": "1", "0-height": "1"},
        {"0-layout": "items", "0-header": "29", "0-height": "2"},
        {"0-layout": "items", "0-header": "x", "0-height": "7"},
        {},
    ],
)
def test_nonsense_about_columns_changes_nothing(manager, wrong):
    manager.post(PAGE, {"file": SimpleUploadedFile("items.csv", SHOP["items"].encode())})
    made = Upload.objects.get()
    assert manager.post(f"/o/alpha/uploads/{made.pk}/tables/0/", wrong).status_code in (302, 422)
    made.refresh_from_db()
    assert made.tables[0]["reading"]["columns"]["sku"] == "sku"


def test_what_was_loaded_is_not_loaded_again(manager, django_capture_on_commit_callbacks):
    work(send(manager, upload(SHOP)), django_capture_on_commit_callbacks)
    address = f"/o/alpha/uploads/{Upload.objects.get().pk}/"
    answer = manager.post(f"{address}load/", headers={"HX-Request": "true"})
    assert answer.status_code == 409


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
        made = Upload.objects.create(uploaded_by=twin_member(), files=[{"name": "secret.zip"}])
    for address in (
        f"{PAGE}{foreign.pk}/",
        f"{PAGE}{foreign.pk}/errors/",
        f"{PAGE}{foreign.pk}/rework/",
        f"{API}{foreign.pk}/",
        f"/o/alpha/uploads/{made.pk}/",
    ):
        assert manager.get(address).status_code == 404
    assert manager.post(f"/o/alpha/uploads/{made.pk}/load/").status_code == 404
    assert manager.post(f"/o/alpha/uploads/{made.pk}/tables/0/").status_code == 404
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
        send(manager, upload({"items": SHOP["items"]}))
    with django_assert_max_num_queries(20):
        manager.get(PAGE)
    assert imports().count() == rows


def test_the_api_lets_columns_be_corrected_before_it_loads(manager, django_capture_on_commit_callbacks):
    strange = SimpleUploadedFile("list.csv", "甲,乙,丙\nP1,壶,件\nP2,杯,x x x x x x x x x x x x\n".encode())
    made = manager.post(UPLOADS, {"file": strange})
    assert (made.status_code, made.json()["tables"][0]["is_sure"]) == (201, False)
    address = f"{UPLOADS}{made.json()['id']}/"
    body = {"table": "list.csv", "layout": "items", "columns": {"甲": "sku", "乙": "name", "丙": "base_unit"}}
    said = manager.post(f"{address}mapping/", body, content_type="application/json")
    assert (said.status_code, said.json()["tables"][0]["reading"]["columns"]) == (200, body["columns"])
    wrong = manager.post(f"{address}mapping/", body | {"columns": {"甲": "no"}}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "unknown_field")
    answer = manager.post(f"{address}load/", {"dry_run": False}, content_type="application/json")
    assert answer.status_code == 202
    job = work(imports().get(), django_capture_on_commit_callbacks)
    result = manager.get(f"{API}{job.pk}/").json()["result"]
    assert [(f["file"], f["row"], f["column"], f["code"]) for f in result["findings"]] == [
        ("list.csv", 3, "丙", "text_length")
    ]
    with default_storage.open(job.result["rework"]) as stored:
        bad = stored.read()
    back = manager.post(f"{address}rows/", {"file": mended(bad, "x x x x x x x x x x x x", "件")})
    assert back.status_code == 200
    manager.post(f"{address}load/", {}, content_type="application/json")
    work(imports().get(), django_capture_on_commit_callbacks)
    assert sorted(Item.objects.values_list("sku", "base_unit")) == [("P1", "件"), ("P2", "件")]


def test_uploads_of_others_do_not_exist_for_the_api(manager, twin):
    with organization_scope(twin):
        made = Upload.objects.create(uploaded_by=twin_member(), files=[{"name": "secret.zip"}])
    assert manager.get(UPLOADS).json()["count"] == 0
    for address in ("", "load/", "mapping/", "rows/"):
        method = manager.post if address else manager.get
        assert method(f"{UPLOADS}{made.pk}/{address}").status_code == 404
