"""``manage.py doctor``: what is missing on this machine, and how to get it."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from stockcheck.machine import database
from stockcheck.machine.doctor import Finding, examine, report


class Command(BaseCommand):
    help = "Say what is missing on this machine, and how to get it."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        findings = [*examine(), *self._project()]
        if not report(findings, self.stdout.write):
            raise CommandError("Something that is needed is missing; the lines with an arrow say how to get it.")

    def _project(self) -> Iterator[Finding]:
        compiled = all(next(path.rglob("*.mo"), None) for path in settings.LOCALE_PATHS if path.exists())
        remedy = "" if compiled else "Run manage.py prepare."
        yield Finding("translations", "compiled" if compiled else "not compiled", remedy, needed=False)
        if database.embedded() and database.cluster().pid() is None:
            return  # looking must not start it
        try:
            executor = MigrationExecutor(connection)
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as error:
            yield Finding("migrations", "unknown", f"The database does not answer: {error}")
            return
        remedy = "Run manage.py migrate." if pending else ""
        yield Finding("migrations", f"{len(pending)} pending", remedy)
