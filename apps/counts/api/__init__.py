"""The API of counting: plans, tasks, entries, tolerance. A counter gets no book figure by any of it."""

from __future__ import annotations

from typing import Any

from apps.core.api import OrganizationViewSet
from apps.counts.api.counts import CountViewSet
from apps.counts.api.entries import CountEntryViewSet
from apps.counts.api.tasks import CountTaskViewSet
from apps.counts.api.tolerance import ToleranceRuleViewSet


def register(router: Any) -> None:
    viewsets: tuple[tuple[str, type[OrganizationViewSet], str], ...] = (
        ("counts", CountViewSet, "count"),
        ("count-tasks", CountTaskViewSet, "count-task"),
        ("count-entries", CountEntryViewSet, "count-entry"),
        ("tolerance-rules", ToleranceRuleViewSet, "tolerance-rule"),
    )
    for prefix, viewset, name in viewsets:
        router.register(prefix, viewset, name)
