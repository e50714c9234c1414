"""Who proposes, approves, posts and reverses. Whoever proposed, or counted in the count, does not approve."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.core.permissions import declare
from apps.counts.models import CountEntry


def _apart(actor: Any, adjustment: Any) -> str | None:
    if adjustment.proposed_by_id == actor.pk:
        return _("You proposed this adjustment. Somebody else must decide.")
    if CountEntry.objects.filter(count_id=adjustment.count_id, counter=actor).exists():
        return _("You counted in this count. Somebody who did not must decide.")
    return None


def _not_poster(actor: Any, adjustment: Any) -> str | None:
    if adjustment.posted_by_id == actor.pk and not actor.is_system:
        return _("You posted this adjustment. Somebody else must reverse it.")
    return None


declare(
    {
        "rectification.adjustment.view": "owner manager controller finance auditor",
        "rectification.adjustment.propose": "controller",
        "rectification.adjustment.withdraw": "controller",
        "rectification.adjustment.approve": "manager finance",
        "rectification.adjustment.reject": "manager finance",
        "rectification.adjustment.post": "manager controller finance",
        "rectification.adjustment.reverse": "manager finance",
    },
    duties={
        "rectification.adjustment.approve": _apart,
        "rectification.adjustment.reject": _apart,
        "rectification.adjustment.reverse": _not_poster,
    },
    person_only=("rectification.adjustment.approve", "rectification.adjustment.reject"),
)
