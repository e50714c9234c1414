from apps.organizations.models.access import ApiToken, Invitation, SupportGrant
from apps.organizations.models.jobs import Job
from apps.organizations.models.organizations import Department, Member, Organization, User

__all__ = [
    "ApiToken",
    "Department",
    "Invitation",
    "Job",
    "Member",
    "Organization",
    "SupportGrant",
    "User",
]
