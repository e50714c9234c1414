from apps.organizations.services.access import (
    accept_invitation,
    create_token,
    enter_support,
    grant_support,
    invite_member,
    revoke_invitation,
    revoke_support,
    revoke_token,
)
from apps.organizations.services.jobs import (
    JobCancelled,
    Progress,
    cancel_job,
    handles,
    request_job,
    run_job,
    sweep_jobs,
)
from apps.organizations.services.members import add_member, change_member
from apps.organizations.services.organizations import change_organization, open_organization, save_department

__all__ = [
    "JobCancelled",
    "Progress",
    "accept_invitation",
    "add_member",
    "cancel_job",
    "change_member",
    "change_organization",
    "create_token",
    "enter_support",
    "grant_support",
    "handles",
    "invite_member",
    "open_organization",
    "request_job",
    "revoke_invitation",
    "revoke_support",
    "revoke_token",
    "run_job",
    "save_department",
    "sweep_jobs",
]
