from django.urls import path

from apps.organizations.views import platform

app_name = "platform"
urlpatterns = [
    path("", platform.home, name="home"),
    path("o/<slug:code>", platform.enter, name="enter"),
    path("platform/organizations/", platform.organizations, name="organizations"),
    path("invitations/<str:secret>/", platform.invitation, name="invitation"),
    path("language/", platform.language, name="language"),
]
