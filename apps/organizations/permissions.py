from apps.core.permissions import declare

EVERYONE = "owner manager counter controller finance assignee auditor"

declare(
    {
        "organizations.work.view": EVERYONE,
        "organizations.member.view": "owner auditor",
        "organizations.member.change": "owner",
        "organizations.settings.change": "owner",
        "organizations.support.grant": "owner",
        "organizations.token.manage": "owner",
        "organizations.job.view": EVERYONE,
        "organizations.job.cancel": "owner manager controller finance",
        "audit.entry.view": "owner auditor",
    },
    person_only=("organizations.support.grant",),
)
