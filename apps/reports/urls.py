from django.urls import path

from apps.reports import views

app_name = "reports"
urlpatterns = [
    path("", views.work, name="work"),
    path("reconciliation/", views.reconcile, name="reconcile"),
    path("self-check/", views.self_check, name="self_check"),
    path("self-check/run/", views.self_check_run, name="self_check_run"),
    path("reports/", views.report_list, name="list"),
    path("reports/prepare/", views.prepare, name="prepare"),
    path("reports/schedule/", views.schedule, name="schedule"),
    path("reports/verify/", views.verify, name="verify"),
    path("reports/<uuid:pk>/", views.detail, name="detail"),
    path("reports/<uuid:pk>/progress/", views.progress, name="progress"),
    path("reports/<uuid:pk>/file/", views.file, name="file"),
    path("reports/<uuid:pk>/seal/", views.seal, name="seal"),
    path("reports/<uuid:pk>/comment/", views.comment, name="comment"),
    path("reports/<uuid:pk>/sign/", views.sign, name="sign"),
    path("reports/<uuid:pk>/send/", views.send, name="send"),
]
