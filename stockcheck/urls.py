"""URLs of the platform, outside of any organization."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", include("apps.organizations.platform_urls")),
    path("", include("apps.reports.platform_urls")),
]
