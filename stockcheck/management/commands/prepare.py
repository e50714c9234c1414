"""``manage.py prepare``: everything between an empty database and a working one, safe to repeat."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from stockcheck.machine import queue
from stockcheck.machine.paths import BASE_DIR, STATE_DIR, write_private


class Command(BaseCommand):
    help = "Compile translations, install the queue, migrate and collect static files; safe to repeat."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        with chdir(BASE_DIR):
            call_command("compilemessages", ignore_patterns=[".venv", ".state"], verbosity=0)
        if settings.CELERY_BROKER_URL.startswith("pgmq://"):
            queue.install(settings.CELERY_BROKER_URL.replace("pgmq://", "postgresql://", 1))
        call_command("migrate", interactive=False, verbosity=0)
        self._collect_static()
        self.stdout.write("Translations, queue, database and static files are ready.")

    def _collect_static(self) -> None:
        """Collect, hash and compress only when a file or a package changed since the last time."""
        stamp = STATE_DIR / "static.stamp"
        state = hashlib.sha256("\n".join(_static_state()).encode()).hexdigest()
        if stamp.exists() and stamp.read_text() == state and settings.STATIC_ROOT.exists():
            return
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        write_private(stamp, state)


def _static_state() -> Iterator[str]:
    yield (BASE_DIR / "requirements.lock").read_text()
    for folder in settings.STATICFILES_DIRS:
        for path, _folders, names in os.walk(folder):
            for name in sorted(names):
                status = Path(path, name).stat()
                yield f"{path}/{name} {status.st_size} {status.st_mtime_ns}"
