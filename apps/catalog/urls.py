from django.urls import path

from apps.catalog import views

app_name = "catalog"
urlpatterns = [
    path("items/", views.items, name="items"),
    path("items/new/", views.item_new, name="item_new"),
    path("items/labels/", views.item_labels, name="item_labels"),
    path("items/<uuid:pk>/", views.item, name="item"),
    path("items/<uuid:pk>/edit/", views.item_edit, name="item_edit"),
    path("items/<uuid:pk>/units/", views.unit_add, name="unit_add"),
    path("items/<uuid:pk>/barcodes/", views.barcode_add, name="barcode_add"),
    path("barcodes/<uuid:pk>/remove/", views.barcode_remove, name="barcode_remove"),
    path("warehouses/", views.warehouses, name="warehouses"),
    path("warehouses/new/", views.warehouse_new, name="warehouse_new"),
    path("warehouses/<uuid:pk>/edit/", views.warehouse_edit, name="warehouse_edit"),
    path("locations/new/", views.location_new, name="location_new"),
    path("locations/labels/", views.location_labels, name="location_labels"),
    path("locations/<uuid:pk>/edit/", views.location_edit, name="location_edit"),
]
