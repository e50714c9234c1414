"""What shows a cause: documents, count entries, files, notes."""

from __future__ import annotations

from pathlib import PurePath

from django.core.files import File
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import RuleViolation
from apps.core.permissions import require
from apps.counts.models import CountEntry
from apps.movements.models import DocumentLine
from apps.organizations.models import Member
from apps.variances.enums import EvidenceKind
from apps.variances.models import Cause, Evidence, Variance

MAX_BYTES = 10 * 1024 * 1024
SIGNATURES: dict[str, tuple[bytes, ...]] = {
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".gif": (b"GIF87a", b"GIF89a"),
    ".webp": (b"RIFF",),
    ".heic": (b"\x00\x00\x00",),
    ".pdf": (b"%PDF-",),
    ".xlsx": (b"PK\x03\x04",),
    ".docx": (b"PK\x03\x04",),
    ".csv": (),
    ".txt": (),
}
"""Endings that are taken, and how such a file begins. Nothing that a browser would run."""


@audited("variances.evidence.added")
def add_evidence(
    variance: Variance,
    *,
    kind: EvidenceKind | str,
    cause: Cause | None = None,
    document_line: DocumentLine | None = None,
    count_entry: CountEntry | None = None,
    file: File | None = None,
    note: str = "",
    actor: Member,
) -> Evidence:
    """Add what shows a cause (or, without one, belongs to the variance), in any state: it changes no number.

    Raises RuleViolation "evidence_incomplete" if what its kind names is missing, "file_type", "file_size",
    "file_content" for files, "other_variance" for a cause of another variance.
    """
    require(actor, "variances.evidence.add", variance)
    kind = EvidenceKind(kind)
    if cause is not None and cause.variance_id != variance.pk:
        raise RuleViolation("other_variance", _("This cause belongs to another variance."))
    complete = {
        EvidenceKind.DOCUMENT_LINE: document_line is not None,
        EvidenceKind.COUNT_ENTRY: count_entry is not None,
        EvidenceKind.FILE: file is not None,
    }.get(kind, bool(note.strip()))
    if not complete:
        raise RuleViolation(
            "evidence_incomplete", _("Nothing was given: choose a document or a file, or write a note.")
        )
    evidence = Evidence(
        variance=variance,
        cause=cause,
        kind=kind,
        document_line=document_line if kind == EvidenceKind.DOCUMENT_LINE else None,
        count_entry=count_entry if kind == EvidenceKind.COUNT_ENTRY else None,
        note=note.strip()[:500],
        added_by=actor,
    )
    if kind == EvidenceKind.FILE and file is not None:
        evidence.adopt_organization()
        evidence.file_name = _checked_name(file)
        evidence.file.save(evidence.file_name, file, save=False)
        record(file=evidence.file_name, bytes=file.size)
    evidence.save()
    return evidence


def _checked_name(file: File) -> str:
    """The name to show, once ending, size and first bytes agree with what is taken."""
    name = PurePath((file.name or "").replace("\\", "/")).name[-200:]
    ending = PurePath(name).suffix.lower()
    if ending not in SIGNATURES:
        raise RuleViolation(
            "file_type",
            _("Files of this type are not taken. Photos, PDF, Excel, Word, CSV and text files are."),
        )
    if not 0 < file.size <= MAX_BYTES:
        raise RuleViolation("file_size", _("A file is at most 10 MB and not empty. Make the photo smaller."))
    file.seek(0)
    start = file.read(16)
    file.seek(0)
    if SIGNATURES[ending] and not start.startswith(SIGNATURES[ending]):
        raise RuleViolation(
            "file_content",
            _("The content of “%(name)s” does not fit its name. Save it again.") % {"name": name},
        )
    return name
