"""The scope's entrance for commands: one organization, its zone, refusals on standard error."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.core.errors import RuleViolation
from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.organizations.models import Organization
from apps.organizations.selectors import organization_by_code


class OrganizationCommand(BaseCommand):
    """A command about one organization. `run` works inside it; a RuleViolation ends it with 1 and its message."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="CODE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organization = organization_by_code(options.pop("organization"))
            with organization_scope(organization), timezone.override(organization.zone), origin("command"):
                self.run(organization, **options)
        except RuleViolation as error:
            self.stderr.write(str(error))
            raise SystemExit(1) from error

    def run(self, organization: Organization, **options: Any) -> None:
        raise NotImplementedError


def in_zone(value: datetime | None, organization: Organization) -> datetime | None:
    """A time that was given without an offset is the organization's."""
    return value.replace(tzinfo=organization.zone) if value is not None and value.tzinfo is None else value
