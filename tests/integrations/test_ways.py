"""The same bundle by command, page and API: the same rows in the database."""

from __future__ import annotations

from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from apps.catalog.models import Item
from apps.core.tenancy import organization_scope, require_organization_id
from apps.integrations.selectors import imports
from apps.movements.models import Document, DocumentLine, StockLine
from apps.organizations.models import Organization
from apps.organizations.services import open_organization
from tests.integrations.builders import COUNTED, zipped
from tests.integrations.test_pages import work

WAYS = ("command", "page", "api")


def bring(way: str, content: bytes, person, browse, tmp_path: Path, capture) -> None:
    """Load a zip into the active organization in one of the ways."""
    code = Organization.objects.get(pk=require_organization_id()).code
    if way == "command":
        path = tmp_path / "bundle.zip"
        path.write_bytes(content)
        call_command("load_bundle", str(path), "--organization", code)
        return
    client = browse(person("bringer", "owner", "manager"))
    file = SimpleUploadedFile("bundle.zip", content)
    if way == "page":
        address = client.post(f"/o/{code}/imports/", {"file": file})["Location"]
        client.post(f"{address}load/")
    else:
        assert client.post(f"/o/{code}/api/v1/imports/", {"file": file}).status_code == 202
    job = work(imports().get(), capture)
    assert job.result["findings"] == []


def everything() -> dict[str, list]:
    return {
        "items": sorted(Item.objects.values_list("sku", "name", "base_unit", "standard_cost")),
        "stock": sorted(StockLine.objects.values_list("location__code", "item__sku", "lot", "quantity")),
        "documents": sorted(
            Document.objects.values_list("doc_type", "doc_no", "status", "posted_at", "occurred_at"), key=str
        ),
        "lines": sorted(
            DocumentLine.objects.values_list("document__doc_no", "line_no", "item__sku", "quantity", "source_doc_no"),
            key=str,
        ),
    }


def loaded_by(way: str, content: bytes, *rest) -> dict[str, list]:
    with organization_scope(open_organization(f"by-{way}", name=way)):
        bring(way, content, *rest)
        return everything()


def test_three_ways_one_result(db, person, browse, tmp_path, django_capture_on_commit_callbacks):
    content = zipped(COUNTED).getvalue()
    rest = (person, browse, tmp_path, django_capture_on_commit_callbacks)
    results = [loaded_by(way, content, *rest) for way in WAYS]
    assert results[0] == results[1] == results[2]
    assert len(results[0]["documents"]) == 3
