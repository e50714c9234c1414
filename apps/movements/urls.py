from django.urls import path, re_path

from apps.movements import views

app_name = "movements"
urlpatterns = [
    path("stock/", views.stock, name="stock"),
    path("ledger/", views.ledger, name="ledger"),
    path("documents/", views.documents, name="documents"),
    path("documents/<uuid:pk>/", views.document, name="document"),
    path("documents/<uuid:pk>/reverse/", views.document_reverse, name="document_reverse"),
    path("documents/<uuid:pk>/cancel/", views.document_cancel, name="document_cancel"),
    re_path(
        r"^documents/(?P<pk>[0-9a-f-]{36})/(?P<step>submit|approve|post)/$", views.document_step, name="document_step"
    ),
]
