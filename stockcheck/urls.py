"""URLs of the platform, outside of any organization."""

from django.urls import include, path
from health_check.views import HealthCheckView

urlpatterns = [
    path("health/", HealthCheckView.as_view(checks=["health_check.checks.Database", "health_check.checks.Storage"])),
    path("accounts/", include("allauth.urls")),
    path("", include("apps.organizations.platform_urls")),
    path("", include("apps.reports.platform_urls")),
]
