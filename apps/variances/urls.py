from django.urls import path

from apps.variances import views

app_name = "variances"
urlpatterns = [
    path("variances/", views.variances, name="list"),
    path("variances/<uuid:pk>/", views.variance, name="detail"),
    path("variances/<uuid:pk>/documents/", views.documents, name="documents"),
    path("variances/<uuid:pk>/causes/", views.cause_confirm, name="cause_confirm"),
    path("variances/<uuid:pk>/causes/<uuid:cause>/remove/", views.cause_remove, name="cause_remove"),
    path("variances/<uuid:pk>/look/", views.look, name="look"),
    path("variances/<uuid:pk>/explanations/<uuid:explanation>/<int:rank>/", views.accept, name="accept"),
    path("variances/<uuid:pk>/evidence/", views.evidence_add, name="evidence_add"),
    path("variances/<uuid:pk>/assign/", views.assign, name="assign"),
    path("evidence/<uuid:pk>/", views.evidence_file, name="evidence_file"),
]
