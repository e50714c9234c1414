"""The API's own description, for members."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from apps.organizations.authentication import IsMember


class SchemaView(SpectacularAPIView):
    """The OpenAPI schema of everything below this organization."""

    permission_classes = [IsMember]
    permissions = {"get": "organizations.work.view"}
    urlconf = settings.ORGANIZATION_URLCONF


class DocsView(SpectacularSwaggerSplitView):
    """The schema as a page to read and try."""

    permission_classes = [IsMember]
    permissions = {"get": "organizations.work.view"}
    url_name = "integrations:schema"
