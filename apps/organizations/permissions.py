"""Who may do what here. `person_only` keeps the system member from inviting support."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.core.permissions import declare

EVERYONE = "owner manager counter controller finance assignee auditor"
SEES_ALL_JOBS = frozenset({"owner", "manager", "controller", "finance", "auditor"})


def own_job(actor: Any, job: Any) -> str | None:
    """Who only counts or carries out actions sees the jobs that they asked for: others tell of book
    quantities.
    """
    if actor.role_set & SEES_ALL_JOBS or job.requested_by_id == actor.pk:
        return None
    return _("This was asked for by somebody else.")


declare(
    {
        "organizations.work.view": EVERYONE,
        "organizations.member.view": "owner auditor",
        "organizations.member.change": "owner",
        "organizations.department.view": "owner manager controller finance auditor",
        "organizations.settings.view": "owner auditor",
        "organizations.settings.change": "owner",
        "organizations.support.view": "owner auditor",
        "organizations.support.grant": "owner",
        "organizations.token.view": "owner auditor",
        "organizations.token.manage": "owner",
        "organizations.job.view": EVERYONE,
        "organizations.job.cancel": "owner manager counter controller finance",
    },
    duties={"organizations.job.view": own_job, "organizations.job.cancel": own_job},
    person_only=("organizations.support.grant",),
)
