"""``manage.py shell --organization CODE``: Python inside one organization, and not without one."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import shell

from apps.core.errors import RuleViolation
from apps.core.origin import origin
from apps.core.tenancy import organization_scope
from apps.organizations.selectors import organization_by_code


class Command(shell.Command):
    """The whole session is one transaction of the organization: it commits when the shell ends in peace."""

    help = "Runs Python inside one organization; what it wrote is kept when it ends without an error."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--organization", required=True, metavar="CODE", help="the organization to enter")

    def handle(self, **options: Any) -> None:
        try:
            organization = organization_by_code(options["organization"])
        except RuleViolation as error:
            raise CommandError(str(error)) from error
        with organization_scope(organization), origin("shell"):
            super().handle(**options)
