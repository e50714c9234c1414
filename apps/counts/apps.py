from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CountsConfig(AppConfig):
    name = "apps.counts"
    verbose_name = _("Counts")

    def ready(self) -> None:
        from apps.counts import permissions, receivers  # noqa: F401
