"""A URLconf with offenders, to see that the matrix finds them: beside the real addresses, four of bad pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.urls import include, path

from apps.catalog.models import Item
from apps.core.tenancy import organization_scope
from apps.organizations.models import Organization


def leaks(request: Any) -> HttpResponse:
    """Another organization's rows."""
    with organization_scope(Organization.objects.get(code="twin")):
        return HttpResponse("\n".join(Item.objects.values_list("name", flat=True)))


def tells(request: Any, pk: UUID) -> HttpResponse:
    """Nothing of the row but that it exists somewhere."""
    for organization in Organization.objects.all():
        with organization_scope(organization):
            if Item.objects.filter(pk=pk).exists():
                return HttpResponse(status=403)
    raise Http404


def listens(request: Any) -> HttpResponse:
    """A name that stands in no form, and a crash on what is no number."""
    return HttpResponse(f"{int(request.GET.get('shelf', 0))}")


urlpatterns = [
    path("", include("stockcheck.organization_urls")),
    path("items/leaks/", leaks, name="leaks"),
    path("items/<uuid:pk>/tells/", tells, name="tells"),
    path("items/listens/", listens, name="listens"),
]
