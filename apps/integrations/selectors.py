"""Reads about imports: each is a job of one kind; and what helps to read tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from apps.catalog.models import Warehouse
from apps.integrations.bundle.source import Choices
from apps.integrations.enums import KIND
from apps.integrations.models import ColumnMapping, Upload
from apps.organizations.enums import MemberKind
from apps.organizations.models import Department, Job, Member


def imports() -> QuerySet[Job]:
    """Imports by page, API and schedule, the newest first."""
    return Job.objects.filter(kind=KIND).select_related("requested_by").order_by("-created_at")


def uploads() -> QuerySet[Upload]:
    return Upload.objects.select_related("uploaded_by")


def remembered() -> dict[str, dict[str, Any]]:
    """Corrected mappings by the fingerprint of their headings."""
    return {
        mapping.fingerprint: {"layout": mapping.layout, "columns": mapping.columns, "constants": mapping.constants}
        for mapping in ColumnMapping.objects.all()
    }


def codes_by_name() -> dict[str, dict[str, str]]:
    """{our column: {name: code}} of warehouses, departments and people whose name is theirs alone."""
    warehouses = _unique(Warehouse.objects.values_list("name", "code"))
    departments = _unique(Department.objects.values_list("name", "code"))
    people = _unique(Member.objects.filter(kind=MemberKind.PERSON).values_list("name", "username"))
    return {
        **dict.fromkeys(("warehouse", "to_warehouse"), warehouses),
        "department": departments,
        **dict.fromkeys(("operator", "approver", "counter", "storekeeper", "manager", "person"), people),
    }


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    known = list(pairs)
    codes = {code for _name, code in known}
    times = Counter(name for name, _code in known)
    return {name: code for name, code in known if times[name] == 1 and name not in codes}


def choices_for(actor: Member, upload: Upload | None = None) -> Choices:
    """How an organization's tables are read: as it remembers, and as was chosen for this upload."""
    tables = upload.tables if upload is not None else []
    return Choices(
        chosen={table["label"]: table["reading"] for table in tables if table["reading"] and table["is_sure"]},
        remembered=remembered(),
        corrected={
            label: {int(row): cells for row, cells in rows.items()}
            for label, rows in (upload.corrected if upload is not None else {}).items()
        },
        left_out=frozenset(table["label"] for table in tables if table["left_out"]),
        codes=codes_by_name,
        actor=actor.username,
    )
