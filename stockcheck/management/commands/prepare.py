"""``manage.py prepare``: everything between an empty database and a working one, safe to repeat."""

from contextlib import chdir
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from stockcheck.machine import queue


class Command(BaseCommand):
    help = "Compile translations, install the queue, migrate and collect static files; safe to repeat."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        with chdir(settings.BASE_DIR):
            call_command("compilemessages", ignore_patterns=[".venv", ".state"], verbosity=0)
        if settings.CELERY_BROKER_URL.startswith("pgmq://"):
            queue.install(settings.CELERY_BROKER_URL.replace("pgmq://", "postgresql://", 1))
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        self.stdout.write("Translations, queue, database and static files are ready.")
