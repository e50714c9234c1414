from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VariancesConfig(AppConfig):
    name = "apps.variances"
    verbose_name = _("Variances")

    def ready(self) -> None:
        from apps.variances import permissions, receivers, tasks  # noqa: F401
