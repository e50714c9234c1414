"""Reads about who is here. The look-ups at the door run across organizations, the rest inside one."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.tenancy import all_organizations
from apps.organizations.enums import JobState, MemberKind, Role
from apps.organizations.models import ApiToken, Invitation, Job, Member, Organization, SupportGrant, User
from apps.organizations.models.access import digest
from apps.organizations.permissions import SEES_ALL_JOBS


def _active() -> Q:
    return Q(is_active=True) & (Q(ends_at__isnull=True) | Q(ends_at__gt=timezone.now()))


def find_organization(code: str) -> Organization | None:
    return Organization.objects.filter(code=code).first()


def active_member(user: User) -> Member | None:
    """The membership of a login in the active organization, None for strangers and those whose time has
    ended.
    """
    return Member.objects.filter(_active(), user=user).select_related("department", "user").first()


def memberships(user: User) -> list[Member]:
    """Where a login may go, by name of the organization."""
    with all_organizations(reason="a login's own memberships, to choose where to go"):
        rows = Member.objects.filter(_active(), user=user).select_related("organization")
        return sorted(rows, key=lambda member: member.organization.name)


def token_member(token_digest: str) -> tuple[Member, ApiToken] | None:
    """Whom an API token of the active organization speaks for, as long as member and login are active."""
    token = ApiToken.objects.filter(token_digest=token_digest).first()
    if token is None:
        return None
    member = Member.objects.filter(_active(), pk=token.member_id, user__is_active=True).select_related("user").first()
    return (member, token) if member is not None else None


def find_invitation(secret: str) -> Invitation | None:
    with all_organizations(reason="an invitation is found by its secret before its reader belongs anywhere"):
        return Invitation.objects.filter(token_digest=digest(secret)).select_related("organization").first()


def system_member() -> Member:
    """The actor of imports and schedules in the active organization."""
    return Member.objects.get(kind=MemberKind.SYSTEM)


def people() -> QuerySet[Member]:
    return Member.objects.filter(kind=MemberKind.PERSON).select_related("department")


def with_login() -> QuerySet[Member]:
    """Active people who can sign in."""
    return people().filter(_active(), user__isnull=False)


def operators() -> QuerySet[User]:
    """The platform's operators: who may be let in to help."""
    return User.objects.filter(is_superuser=True, is_active=True).order_by("username")


def open_invitations() -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=timezone.now()
    ).select_related("invited_by")


def open_grants() -> QuerySet[SupportGrant]:
    return SupportGrant.objects.filter(revoked_at__isnull=True, ends_at__gt=timezone.now()).select_related(
        "operator", "granted_by"
    )


@dataclass(frozen=True)
class Health:
    """What the platform may know of a company: that it works, never what it does."""

    organization: Organization
    members: int
    waiting: int
    failed: int


def health() -> list[Health]:
    """Figures of every organization, by name: active people, jobs that wait or run, jobs that failed."""
    with all_organizations(reason="the platform's overview: how many members and jobs, nothing of them"):
        members = dict(
            Member.objects.filter(_active(), kind=MemberKind.PERSON)
            .values_list("organization_id")
            .annotate(Count("id"))
            .order_by()
        )
        jobs = {
            row[0]: row[1:]
            for row in Job.objects.values_list("organization_id")
            .annotate(
                waiting=Count("id", filter=Q(state__in=[JobState.QUEUED, JobState.RUNNING])),
                failed=Count("id", filter=Q(state=JobState.FAILED)),
            )
            .order_by()
        }
        return [Health(row, members.get(row.pk, 0), *jobs.get(row.pk, (0, 0))) for row in Organization.objects.all()]


def visible_jobs(member: Member) -> QuerySet[Job]:
    """The jobs that a member may see: all, or their own (see permissions.own_job)."""
    jobs = Job.objects.select_related("requested_by")
    return jobs if member.is_system or member.role_set & SEES_ALL_JOBS else jobs.filter(requested_by=member)


def with_role(*roles: Role) -> QuerySet[Member]:
    """Active people who hold any of the roles."""
    return Member.objects.filter(_active(), kind=MemberKind.PERSON, roles__overlap=list(roles))


def organization_url(organization: Organization, path: str) -> str:
    """The absolute address of a path inside an organization, for mail and codes: path "counts/" and so on."""
    return f"{settings.PUBLIC_URL}/o/{organization.code}/{path.lstrip('/')}"


def organization_by_code(code: str) -> Organization:
    """As commands name it. Raises RuleViolation("unknown_organization")."""
    organization = find_organization(code)
    if organization is None:
        raise RuleViolation("unknown_organization", _("There is no organization “%(code)s”.") % {"code": code})
    return organization
