"""``manage.py verify``: everything that must hold in an organization, derived again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone, translation

from apps.core.errors import RuleViolation
from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.organizations.selectors import organization_by_code
from apps.reports.selectors.checks import CHECKS


class Command(BaseCommand):
    help = (
        "Derive every balance from the ledger again, re-check the audit chain, the counts' numbers, causes, posted "
        "adjustments and every signed report. One line a check; exits 1 if anything is off."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="CODE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organization = organization_by_code(options["organization"])
        except RuleViolation as error:
            self.stderr.write(str(error))
            raise SystemExit(1) from error
        clean = True
        with (
            organization_scope(organization),
            timezone.override(organization.zone),
            translation.override(organization.language),
            origin("command"),
        ):
            for label, check in CHECKS:
                problems = check()
                clean = clean and not problems
                self.stdout.write(f"{'ok  ' if not problems else 'FAIL'} {label}")
                for problem in problems[:100]:
                    self.stderr.write(f"     {problem}")
                if len(problems) > 100:
                    self.stderr.write(f"     … {len(problems) - 100} more")
        if not clean:
            raise SystemExit(1)
