"""URLs inside one organization, served below /o/<code>/ by the organization middleware."""

from django.urls import include, path

from apps.core.admin import site

urlpatterns = [
    path("", include("apps.reports.urls")),
    path("", include("apps.organizations.urls")),
    path("", include("apps.notifications.urls")),
    path("", include("apps.catalog.urls")),
    path("", include("apps.movements.urls")),
    path("", include("apps.counts.urls")),
    path("", include("apps.variances.urls")),
    path("", include("apps.approvals.urls")),
    path("", include("apps.rectification.urls")),
    path("", include("apps.integrations.urls")),
    path("admin/", site.urls),
]
