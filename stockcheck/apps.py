"""The project as an installed app: its management commands and the queue's application."""

from django.apps import AppConfig


class StockcheckConfig(AppConfig):
    name = "stockcheck"
    verbose_name = "stockcheck"

    def ready(self) -> None:
        """Make the queue's application the current one wherever Django runs."""
        from . import celery  # noqa: F401
