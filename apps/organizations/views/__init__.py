from apps.organizations.views.jobs import job, job_cancel
from apps.organizations.views.members import (
    invitation_revoke,
    invite,
    member,
    member_add,
    members,
)
from apps.organizations.views.settings import (
    department,
    department_add,
    settings,
    support_grant,
    support_revoke,
    token_add,
    token_revoke,
)

__all__ = [
    "department",
    "department_add",
    "invitation_revoke",
    "invite",
    "job",
    "job_cancel",
    "member",
    "member_add",
    "members",
    "settings",
    "support_grant",
    "support_revoke",
    "token_add",
    "token_revoke",
]
