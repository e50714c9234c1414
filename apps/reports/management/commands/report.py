"""``manage.py report``: a count's report as a file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.counts.models import Count
from apps.organizations.commands import OrganizationCommand
from apps.organizations.models import Organization
from apps.organizations.selectors import system_member
from apps.reports.selectors.reports import current_report, report_file
from apps.reports.services import draft_pdf


class Command(OrganizationCommand):
    help = (
        "Write the report of a closed count to FILE.pdf: the latest signed version if there is one, else a draft as "
        "the figures stand now. Lines and causes are attached to the PDF."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("count", metavar="COUNT_NO")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE.pdf")
        parser.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES])

    def run(self, organization: Organization, **options: Any) -> None:
        with translation.override(organization.language):
            pdf, words = self._pdf(options["count"], options["language"] or organization.language)
        try:
            options["out"].write_bytes(pdf)
        except OSError as error:
            raise RuleViolation("not_written", f"{options['out']}: {error.strerror}") from error
        self.stderr.write(f"{options['out']}: {words}")

    def _pdf(self, count_no: str, language: str) -> tuple[bytes, str]:
        count = Count.objects.select_related("warehouse", "organization", "tolerance").filter(count_no=count_no).first()
        if count is None:
            raise RuleViolation("unknown_count", _("There is no count “%(count)s”.") % {"count": count_no})
        report = current_report(count, language)
        if report is not None and report.is_signed:
            return report_file(report), _("signed version %(version)s") % {"version": report.version}
        return draft_pdf(count, language=language, actor=system_member()), _("draft, not signed")
