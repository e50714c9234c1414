"""``manage.py report``: a count's report as a file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.counts.models import Count
from apps.organizations.selectors import organization_by_code, system_member
from apps.reports.selectors.reports import current_report, report_file
from apps.reports.services import draft_pdf


class Command(BaseCommand):
    help = (
        "Write the report of a closed count to FILE.pdf: the latest signed version if there is one, else a draft as "
        "the figures stand now. Lines and causes are attached to the PDF."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", metavar="COUNT_NO")
        parser.add_argument("--organization", required=True, metavar="CODE")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE.pdf")
        parser.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES])

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organization = organization_by_code(options["organization"])
            language = options["language"] or organization.language
            with (
                organization_scope(organization),
                timezone.override(organization.zone),
                translation.override(organization.language),
                origin("command"),
            ):
                pdf, words = self._pdf(options["count"], language)
            options["out"].write_bytes(pdf)
        except RuleViolation as error:
            self.stderr.write(str(error))
            raise SystemExit(1) from error
        except OSError as error:
            self.stderr.write(f"{options['out']}: {error.strerror}")
            raise SystemExit(1) from error
        self.stderr.write(f"{options['out']}: {words}")

    def _pdf(self, count_no: str, language: str) -> tuple[bytes, str]:
        count = Count.objects.select_related("warehouse", "organization", "tolerance").filter(count_no=count_no).first()
        if count is None:
            raise RuleViolation("unknown_count", _("There is no count “%(count)s”.") % {"count": count_no})
        report = current_report(count, language)
        if report is not None and report.is_signed:
            return report_file(report), _("signed version %(version)s") % {"version": report.version}
        return draft_pdf(count, language=language, actor=system_member()), _("draft, not signed")
