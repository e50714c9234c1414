from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "apps.integrations"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        from apps.integrations import permissions, tasks  # noqa: F401
