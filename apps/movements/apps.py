from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MovementsConfig(AppConfig):
    name = "apps.movements"
    verbose_name = _("Movements")

    def ready(self) -> None:
        from apps.movements import permissions, receivers, tasks  # noqa: F401
