"""Reads about who is here. The look-ups at the door run across organizations, the rest inside one."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation
from apps.core.tenancy import all_organizations
from apps.organizations.enums import MemberKind, Role
from apps.organizations.models import ApiToken, Invitation, Member, Organization, User
from apps.organizations.models.access import digest


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
    member = (
        Member.objects.filter(_active(), pk=token.member_id, user__is_active=True)
        .select_related("user")
        .first()
    )
    return (member, token) if member is not None else None


def find_invitation(secret: str) -> Invitation | None:
    with all_organizations(reason="an invitation is found by its secret before its reader belongs anywhere"):
        return Invitation.objects.filter(token_digest=digest(secret)).select_related("organization").first()


def system_member() -> Member:
    """The actor of imports and schedules in the active organization."""
    return Member.objects.get(kind=MemberKind.SYSTEM)


def people() -> QuerySet[Member]:
    return Member.objects.filter(kind=MemberKind.PERSON).select_related("department")


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
        raise RuleViolation(
            "unknown_organization", _("There is no organization “%(code)s”.") % {"code": code}
        )
    return organization
