from django.urls import URLPattern

app_name = "variances"
urlpatterns: list[URLPattern] = []
