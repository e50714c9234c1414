from django.urls import path, re_path

from apps.movements.views import card, chain, portrait, stock

app_name = "movements"
urlpatterns = [
    path("stock/", stock.stock, name="stock"),
    path("items/<uuid:pk>/card/", card.card, name="card"),
    path("ledger/", stock.ledger, name="ledger"),
    path("documents/", stock.documents, name="documents"),
    path("documents/<uuid:pk>/", stock.document, name="document"),
    path("documents/<uuid:pk>/reverse/", stock.document_reverse, name="document_reverse"),
    path("documents/<uuid:pk>/cancel/", stock.document_cancel, name="document_cancel"),
    re_path(
        r"^documents/(?P<pk>[0-9a-f-]{36})/(?P<step>submit|approve|post)/$", stock.document_step, name="document_step"
    ),
    path("breaks/", chain.breaks, name="breaks"),
    path("breaks/refresh/", chain.refresh, name="refresh"),
    path("breaks/limits/", chain.limits, name="limits"),
    path("portrait/", portrait.portrait, name="portrait"),
]
