"""Loading a bundle: all or nothing, and the same rows again change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.db import transaction

from apps.audit.services import audited, record
from apps.core.errors import RuleViolation
from apps.core.permissions import refusal, require
from apps.core.tenancy import require_organization_id
from apps.integrations.bundle.catalog import set_catalog
from apps.integrations.bundle.causes import check_causes, set_causes
from apps.integrations.bundle.counts import check_counts, set_counts
from apps.integrations.bundle.documents import check_documents, set_documents, stage_documents
from apps.integrations.bundle.findings import BundleRefused, Finding
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.bundle.people import set_people
from apps.integrations.bundle.source import Brought, Choices, Part, opened_bundle
from apps.integrations.bundle.staging import Load, Tally, stage
from apps.integrations.bundle.stock import check_stock, set_stock
from apps.integrations.permissions import FILES
from apps.integrations.selectors import choices_for
from apps.organizations.models import Member, Organization

STOCK_TABLES = (
    "catalog_item, catalog_location, movements_stockline, movements_document, movements_documentline,"
    " movements_ledgerentry"
)
COUNT_TABLES = "counts_count, counts_countlocation, counts_countline, counts_countentry, variances_variance"


@dataclass(frozen=True)
class Loaded:
    """What a load did: per file its rows, and what was ignored."""

    tallies: dict[str, Tally]
    notices: list[Finding]

    @property
    def changed_nothing(self) -> bool:
        return not any(tally.new or tally.changed for tally in self.tallies.values())


def load_bundle(
    source: Path | IO[bytes] | Sequence[Brought],
    *,
    actor: Member,
    file_name: str = "",
    dry_run: bool = False,
    progress: Callable[[int, int, str], None] = lambda done, total, message: None,
    choices: Choices | None = None,
) -> Loaded:
    """Load a bundle into the active organization: a folder, a zip of one, a workbook, one of its files, or several
    things that were brought together, each in our layout or in one that is known.

    `progress(done, total, message)` hears of it on the way. `dry_run` checks and writes everything, then takes it
    back. `choices` say how tables are read, by default as the organization remembers. Raises BundleRefused with every
    finding; then nothing of the bundle is there.
    """
    require(actor, "integrations.bundle.load")
    load = Load(Organization.objects.get(pk=require_organization_id()), actor, progress)
    if isinstance(source, Sequence):
        brought = list(source)
    else:
        brought = [Brought(source, file_name or (source.name if isinstance(source, Path) else ""))]
    with transaction.atomic():
        _write(brought, choices or choices_for(actor), load=load, actor=actor)
        if dry_run:
            transaction.set_rollback(True)
    return Loaded(load.tallies, load.findings.notices)


@audited("integrations.bundle.loaded")
def _write(brought: list[Brought], choices: Choices, *, load: Load, actor: Member) -> Organization:
    load.run("SELECT pg_advisory_xact_lock(hashtextextended('bundle ' || %(org)s::text, 0))")
    try:
        with opened_bundle(brought, load.findings, choices) as parts:
            unread = [part.name for part in parts if not _stage(load, part)]
    except RuleViolation as error:
        load.findings.add(", ".join(each.name for each in brought), 0, "", error.code, str(error))
        unread = [""]
    if unread:  # what other files name can't be looked up, so it is not called unknown
        _refuse(load)
    with _planned(load):
        _check_and_set(load)
    record(**{name: f"{t.rows} / {t.new} new / {t.changed} changed" for name, t in load.tallies.items()})
    return load.organization


def _check_and_set(load: Load) -> None:
    """Codes first, then facts: what is wrong with any of them is found before the first fact is written."""
    set_people(load)
    set_catalog(load)
    _check_rights(load)
    check_stock(load)
    check_documents(load)
    check_counts(load)
    check_causes(load)
    _refuse(load)
    set_stock(load)
    set_documents(load)
    _measure(load, STOCK_TABLES)
    set_counts(load)
    _measure(load, COUNT_TABLES)
    set_causes(load)
    _refuse(load)


@contextmanager
def _planned(load: Load) -> Iterator[None]:
    """The planner knows nothing of the rows that this transaction writes, and would loop through thousands of them
    for each other. What a big bundle touches is always many, so hash joins are right."""
    if not load.is_big:
        yield
        return
    load.run("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
    yield
    load.run("SET LOCAL enable_nestloop = DEFAULT; SET LOCAL work_mem = DEFAULT")


def _measure(load: Load, tables: str) -> None:
    """Tell the planner what was written, for every query after the load."""
    if load.is_big:
        load.run(f"ANALYZE (SKIP_LOCKED) {tables}")


def _stage(load: Load, part: Part) -> bool:
    """Whether the file could be read; if not, that is a finding about it as a whole."""
    try:
        with transaction.atomic():
            if part.name == "documents":
                stage_documents(load, part.open())
            else:
                stage(load, part.open(), FORMATS[part.name])
    except RuleViolation as error:
        load.findings.add(part.name, 0, "", error.code, str(error))
        load.given.pop(part.name, None)
    if load.given.get(part.name):
        return True
    load.given.pop(part.name, None)
    return False


def _check_rights(load: Load) -> None:
    """Files that change people, settings or master data need the right to do so."""
    for name, action in FILES.items():
        tally = load.tallies.get(name)
        reason = refusal(load.actor, action)
        if tally and (tally.new or tally.changed) and reason:
            load.findings.add(name, 0, "", "forbidden", reason)


def _refuse(load: Load) -> None:
    if load.findings:
        load.findings.settle(FORMATS)
        raise BundleRefused(load.findings)
