"""Reads about imports: each is a job of one kind."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.integrations.enums import KIND
from apps.organizations.models import Job


def imports() -> QuerySet[Job]:
    """Imports by page and API, the newest first."""
    return Job.objects.filter(kind=KIND).select_related("requested_by").order_by("-created_at")
