"""Bringing files by page or API: kept, looked at, corrected, then loaded by a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import Conflict, RuleViolation
from apps.core.permissions import require
from apps.core.sheets_reading import MAX_FILE, MEGABYTE
from apps.core.tenancy import require_organization_id
from apps.integrations.bundle.findings import BundleRefused, Finding, Findings, write_errors
from apps.integrations.bundle.source import Brought, Found, found_tables
from apps.integrations.enums import KIND, SHOWN
from apps.integrations.layouts.catalogue import LAYOUTS
from apps.integrations.layouts.recognition import Reading, read_as
from apps.integrations.models import ColumnMapping, Delivery, Upload
from apps.integrations.rework import corrected_rows, write_bad_rows
from apps.integrations.selectors import choices_for
from apps.integrations.services.loading import load_bundle
from apps.notifications.services import notify
from apps.organizations.models import Job, Member
from apps.organizations.services import Progress, request_job

KEPT = timedelta(days=30)
"""How long files are kept that nobody loads."""
MAX_FILES = 20
SAMPLE = 20
"""First rows that are kept to show what a table holds."""


@audited("integrations.upload.made")
def upload_files(files: Sequence[File], *, actor: Member) -> Upload:
    """Keep files that somebody brings and look at their tables. Raises RuleViolation where nothing of them can be
    read."""
    require(actor, "integrations.bundle.load")
    if not 0 < len(files) <= MAX_FILES:
        raise RuleViolation("upload_files", _("Choose 1 to %(limit)s files.") % {"limit": MAX_FILES})
    upload = Upload(uploaded_by=actor)
    names: dict[str, int] = {}
    for number, file in enumerate(files):
        name = Path(file.name or "").name or _("file")
        if (file.size or 0) > MAX_FILE:
            raise RuleViolation(
                "file_too_large",
                _("%(file)s is too large (%(limit)s MB at most). Please split it.")
                % {"file": name, "limit": MAX_FILE // MEGABYTE},
            )
        names[name] = names.get(name, 0) + 1
        shown = name if names[name] == 1 else f"{names[name]}-{name}"
        stored = default_storage.save(_stored_name(upload, f"{number}"), file)
        upload.files.append({"name": shown, "stored": stored, "size": file.size})
    upload.tables = _inspected(upload, actor)
    upload.save()
    _forget_old()
    record(files=[file["name"] for file in upload.files])
    return upload


def _inspected(upload: Upload, actor: Member) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        tables = stack.enter_context(found_tables(_brought(upload), choices_for(actor)))
        return [_as_json(found) for found in tables]


def _as_json(found: Found) -> dict[str, Any]:
    return {
        "label": found.sheet.label,
        "reading": found.reading.as_json() if found.reading is not None else None,
        "is_sure": found.is_known,
        "left_out": False,
        "sample": [
            [number, [cell[:80] for cell in cells[:200]]]
            for number, cells in found.head
            if found.reading is None or number >= found.reading.first_row
        ][:SAMPLE],
        "error": str(found.error) if found.error is not None else "",
    }


def _brought(upload: Upload) -> list[Brought]:
    return [Brought(default_storage.open(file["stored"]), file["name"]) for file in upload.files]


@audited("integrations.upload.mapped")
def map_columns(
    upload: Upload,
    label: str,
    *,
    layout: str,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    header: int | None = None,
    height: int | None = None,
    left_out: bool = False,
    actor: Member,
) -> Upload:
    """Say how a table of an upload is read: its layout, where its headings stand, what each of them means.

    Without `columns` they are found anew for the layout. What is said is remembered for the next table with these
    headings. Raises RuleViolation: `unknown_table`, `unknown_layout`, `unknown_field`, `field_twice`, `no_headings`.
    """
    require(actor, "integrations.bundle.load")
    upload = _open_upload(upload)
    table = next((each for each in upload.tables if each["label"] == label), None)
    if table is None:
        raise RuleViolation("unknown_table", _("This upload has no table “%(label)s”.") % {"label": label[:100]})
    table["left_out"] = left_out
    if not left_out:
        reading = _chosen(upload, table, layout, header=header, height=height, actor=actor)
        if columns is not None:
            reading = replace(reading, columns=_checked(reading, columns), doubled=())
        given = {name: text.strip() for name, text in (constants or {}).items() if text.strip()}
        unknown = next((name for name in given if name not in LAYOUTS[layout].fields), None)
        if unknown is not None:
            raise _unknown_field(unknown)
        reading = replace(reading, constants=given if constants is not None else reading.constants)
        table["reading"], table["is_sure"] = reading.as_json(), True
        _remember(reading, actor)
    upload.save()
    record(table=label, layout=layout)
    return upload


def _chosen(
    upload: Upload, table: dict[str, Any], layout: str, *, header: int | None, height: int | None, actor: Member
) -> Reading:
    known = LAYOUTS.get(layout)
    if known is None:
        raise RuleViolation("unknown_layout", _("There is no layout “%(layout)s”.") % {"layout": layout[:60]})
    old = Reading.from_json(table["reading"]) if table["reading"] else None
    row = header if header is not None else (old.header if old else 1)
    rows = height if height is not None else (old.height if old and old.header == row else 1)
    if old and (old.layout, old.header, old.height) == (layout, row, rows):
        return old
    with found_tables(_brought(upload), choices_for(actor)) as tables:
        found = next(each for each in tables if each.sheet.label == table["label"])
        reading = read_as(known, found.head, header=row, height=rows, merged=found.sheet.open().merged)
    if reading is None:
        raise RuleViolation("no_headings", _("There are no headings in row %(row)s.") % {"row": row})
    table["sample"] = [
        [number, [cell[:80] for cell in cells[:200]]] for number, cells in found.head if number >= reading.first_row
    ][:SAMPLE]
    return reading


def _checked(reading: Reading, columns: Mapping[str, str]) -> dict[str, str]:
    layout = LAYOUTS[reading.layout]
    chosen = {heading: columns[heading] for heading in reading.headings if columns.get(heading)}
    for name in chosen.values():
        if name not in layout.fields:
            raise _unknown_field(name)
    twice = next((name for name in chosen.values() if list(chosen.values()).count(name) > 1), None)
    if twice is not None:
        raise RuleViolation(
            "field_twice", _("Two columns are both said to be “%(field)s”.") % {"field": layout.label(twice)}
        )
    return chosen


def _unknown_field(name: str) -> RuleViolation:
    return RuleViolation("unknown_field", _("There is no column “%(field)s” here.") % {"field": name[:60]})


def _remember(reading: Reading, actor: Member) -> None:
    """Columns are the same next time; what stands for a whole table (a date, a number) is asked again."""
    ColumnMapping.objects.update_or_create(
        fingerprint=reading.fingerprint,
        defaults={
            "layout": reading.layout,
            "columns": reading.columns,
            "constants": {},
            "saved_by": actor,
            "saved_at": timezone.now(),
        },
    )


def _open_upload(upload: Upload) -> Upload:
    upload = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if upload.loaded_at is not None:
        raise Conflict("upload_loaded", _("These files were loaded already. Upload them again to load them anew."))
    return upload


@audited("integrations.upload.corrected")
def correct_rows(upload: Upload, file: File, *, actor: Member) -> Upload:
    """Take rows back that were mended in a file of errors: they stand for the rows of their number from now on.

    Raises RuleViolation("not_a_rework") for any other file.
    """
    require(actor, "integrations.bundle.load")
    upload = _open_upload(upload)
    labels = [table["label"] for table in upload.tables]
    rows = corrected_rows(file, file_name=Path(file.name or "").name, labels=labels)
    for label, mended in rows.items():
        upload.corrected[label] = {**upload.corrected.get(label, {}), **mended}
    upload.save()
    record(rows=sum(map(len, rows.values())))
    return upload


def request_load(upload: Upload, *, dry_run: bool = False, actor: Member) -> Job:
    """Want the job that loads an upload, or only checks it (`load_stored`)."""
    require(actor, "integrations.bundle.load")
    upload = _open_upload(upload)
    return request_job(
        KIND,
        key=f"{upload.pk}:{'check' if dry_run else 'load'}",
        actor=actor,
        upload=str(upload.pk),
        file_name=upload.name[:200],
        dry_run=dry_run,
    )


def request_import(file: File, *, dry_run: bool = False, actor: Member) -> Job:
    """Bring one file and want it loaded as it is understood."""
    return request_load(upload_files([file], actor=actor), dry_run=dry_run, actor=actor)


def load_stored(job: Job, progress: Progress) -> dict[str, Any]:
    """Load the upload of a job. A refused load is a finished job too: its result lists the findings, the first
    `SHOWN` of them by themselves and all of them as a stored CSV file; the rows they name are a workbook to mend."""
    upload = Upload.objects.get(pk=job.arguments["upload"])
    found = Findings()
    files: list[dict[str, Any]] = []
    choices = choices_for(job.requested_by, upload)
    try:
        loaded = load_bundle(
            _brought(upload),
            actor=job.requested_by,
            dry_run=job.arguments["dry_run"],
            progress=progress,
            choices=choices,
        )
    except BundleRefused as refused:
        found.errors, found.notices = refused.rows, refused.notices
        _tell_of_refusal(job)
    else:
        found.notices = loaded.notices
        files = [
            {"file": name, "rows": t.rows, "new": t.new, "changed": t.changed, "unchanged": t.unchanged}
            for name, t in loaded.tallies.items()
        ]
        if not job.arguments["dry_run"]:
            _finish(upload)
    return {
        "url": f"imports/{job.pk}/",
        "refused": bool(found),
        "findings": [finding._asdict() for finding in found.errors[:SHOWN]],
        "found": len(found.errors),
        "notices": [notice._asdict() for notice in found.notices[:SHOWN]],
        "errors": _store_errors(job, found) if found else "",
        "rework": _store_rework(job, upload, found.errors) if found else "",
        "files": files,
    }


def _tell_of_refusal(job: Job) -> None:
    """What a scheduled import brought was refused while nobody watched: who set it up is told."""
    delivery = Delivery.objects.select_related("pull__set_up_by").filter(job=job.pk).first()
    if delivery is None:
        return
    pull = delivery.pull
    notify(
        [pull.set_up_by],
        key=f"pull:{pull.pk}:{delivery.period}",
        text=lambda: _("What the scheduled import “%(name)s” brought was refused.") % {"name": pull.name},
        path=f"imports/{job.pk}/",
        mail=True,
        actor=job.requested_by,
    )


def _finish(upload: Upload) -> None:
    upload.loaded_at = timezone.now()
    upload.save()
    _delete_stored([upload])


def _forget_old() -> None:
    """Files that nobody loaded in `KEPT` go, and what is known of them."""
    old = list(Upload.objects.filter(created_at__lt=timezone.now() - KEPT, loaded_at=None)[:100])
    Upload.objects.filter(pk__in=[upload.pk for upload in old]).delete()
    _delete_stored(old)


def _delete_stored(uploads: list[Upload]) -> None:
    """Their files go when the transaction is through."""
    names = [file["stored"] for upload in uploads for file in upload.files]

    def delete() -> None:
        for name in names:
            default_storage.delete(name)

    transaction.on_commit(delete)


def _store_errors(job: Job, found: Findings) -> str:
    out = StringIO()
    write_errors(out, found)
    return _store(job, "errors.csv", out.getvalue().encode("utf-8-sig"))


def _store_rework(job: Job, upload: Upload, findings: list[Finding]) -> str:
    out = BytesIO()
    with found_tables(_brought(upload), choices_for(job.requested_by, upload)) as tables:
        rows = write_bad_rows(out, tables, findings, corrected=upload.corrected)
    return _store(job, "rework.xlsx", out.getvalue()) if rows else ""


def _store(job: Job, name: str, content: bytes) -> str:
    path = f"imports/{require_organization_id()}/{job.pk}/{name}"
    default_storage.delete(path)
    return default_storage.save(path, ContentFile(content))


def _stored_name(upload: Upload, name: str) -> str:
    return f"imports/{require_organization_id()}/{upload.pk}/{name}"
