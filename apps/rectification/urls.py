from django.urls import path

from apps.rectification import views

app_name = "rectification"
urlpatterns = [
    path("adjustments/", views.adjustments, name="list"),
    path("adjustments/new/", views.preview, name="preview"),
    path("adjustments/propose/", views.propose, name="propose"),
    path("adjustments/<uuid:pk>/", views.adjustment, name="detail"),
    path("adjustments/<uuid:pk>/approve/", views.approve, name="approve"),
    path("adjustments/<uuid:pk>/reject/", views.reject, name="reject"),
    path("adjustments/<uuid:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("adjustments/<uuid:pk>/post/", views.post, name="post"),
    path("adjustments/<uuid:pk>/reverse/", views.reverse, name="reverse"),
]
