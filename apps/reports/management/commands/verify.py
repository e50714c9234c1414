"""``manage.py verify``: everything that must hold in an organization, derived again."""

from __future__ import annotations

from typing import Any

from django.utils import translation

from apps.organizations.commands import OrganizationCommand
from apps.organizations.models import Organization
from apps.reports.selectors.checks import CHECKS


class Command(OrganizationCommand):
    help = (
        "Derive every balance from the ledger again, re-check the audit chain, the counts' numbers, causes, posted "
        "adjustments and every signed report. One line a check; exits 1 if anything is off."
    )

    def run(self, organization: Organization, **options: Any) -> None:
        clean = True
        with translation.override(organization.language):
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
