"""``manage.py check_translations``: fails when a text has no finished Chinese translation."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from stockcheck.machine.translations import gaps


class Command(BaseCommand):
    help = "Fail when a text is missing from the Chinese catalogue, fuzzy, untranslated or broken."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = gaps(settings.BASE_DIR)
        for gap in found:
            self.stderr.write(f"{gap.catalogue}: {gap.kind}: {gap.text}")
        if found:
            raise CommandError(f"{len(found)} texts to translate in locale/zh_Hans (make messages, then edit)")
        self.stdout.write("The Chinese catalogue is complete.")
