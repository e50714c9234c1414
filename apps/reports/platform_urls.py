from django.urls import path, re_path

from apps.reports.views import platform

app_name = "seal"
urlpatterns = [
    path("verify/", platform.upload, name="upload"),
    re_path(r"^verify/(?P<digest>[0-9a-fA-F]{64})/$", platform.verify, name="verify"),
]
