"""manage.py load_bundle PATH --organization CODE: bring a company's data in, all or nothing."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.integrations.bundle.findings import BundleRefused, write_errors
from apps.integrations.services import Loaded, load_bundle
from apps.organizations.models import Organization
from apps.organizations.selectors import find_organization, organization_by_code, system_member
from apps.organizations.services import open_organization

SHOWN = 20


class Command(BaseCommand):
    help = "Load an import bundle: a folder, a zip of one, or a workbook. All or nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help=_("folder, .zip, .xlsx, or a single file of a bundle"))
        parser.add_argument("--organization", required=True, metavar="CODE")
        parser.add_argument("--create", action="store_true", help=_("open the organization if it is missing"))
        parser.add_argument("--dry-run", action="store_true", help=_("check everything, keep nothing"))
        parser.add_argument("--errors", type=Path, metavar="OUT.csv", help=_("write all findings to this file"))

    def handle(self, *args: Any, path: Path, errors: Path | None, **options: Any) -> None:
        self._shown = 0.0
        if not path.exists():
            raise CommandError(_("%(path)s does not exist.") % {"path": path}, returncode=2)
        existing = find_organization(options["organization"])
        language = existing.language if existing else "zh-hans"
        with translation.override(language), origin("command"):
            try:
                done = self._load(path, **options)
            except BundleRefused as refused:
                self._refuse(refused, errors)
            except RuleViolation as error:
                raise CommandError(str(error), returncode=1) from error
            if errors:
                self._write_errors(errors, [])
            self._summarize(done, dry_run=options["dry_run"])

    def _load(self, path: Path, *, organization: str, create: bool, dry_run: bool, **options: Any) -> Loaded:
        with transaction.atomic():
            opened = self._organization(organization, create=create)
            with organization_scope(opened), timezone.override(opened.zone):
                done = load_bundle(
                    path, actor=system_member(), file_name=path.name, dry_run=dry_run, progress=self._progress
                )
            if dry_run:
                transaction.set_rollback(True)
        return done

    def _organization(self, code: str, *, create: bool) -> Organization:
        if create and find_organization(code) is None:
            return open_organization(code, name=code)
        return organization_by_code(code)

    def _progress(self, done: int, total: int, message: str) -> None:
        now = time.monotonic()
        if now - self._shown > 1:
            self._shown = now
            self.stderr.write(f"{message}: {done}")

    def _refuse(self, refused: BundleRefused, errors: Path | None) -> None:
        for notice in refused.notices:
            self.stderr.write(str(notice))
        for finding in refused.rows[:SHOWN]:
            self.stderr.write(str(finding))
        if len(refused.rows) > SHOWN:
            self.stderr.write(_("… and %(count)s more") % {"count": len(refused.rows) - SHOWN})
        if errors:
            self._write_errors(errors, refused.rows)
        raise CommandError(_("Nothing was loaded: %(count)s findings.") % {"count": len(refused.rows)}, returncode=1)

    def _write_errors(self, path: Path, findings: list[Any]) -> None:
        try:
            with path.open("w", encoding="utf-8-sig", newline="") as out:
                write_errors(out, findings)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=2) from error

    def _summarize(self, done: Loaded, *, dry_run: bool) -> None:
        for notice in done.notices:
            self.stderr.write(str(notice))
        head = (_("file"), _("rows"), _("new"), _("changed"), _("unchanged"))
        self.stdout.write("{:<18}{:>10}{:>10}{:>10}{:>10}".format(*head))
        for name, tally in done.tallies.items():
            numbers = (tally.rows, tally.new, tally.changed, tally.unchanged)
            self.stdout.write(f"{name:<18}" + "".join(f"{number:>10}" for number in numbers))
        if dry_run:
            self.stdout.write(_("Dry run: everything was checked, nothing was kept."))
