from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from knox.models import AuthToken

from apps.audit.services import audited, record
from apps.core.errors import Conflict, RuleViolation
from apps.core.permissions import require
from apps.core.tenancy import organization_scope
from apps.organizations.enums import MemberKind, Role, TokenScope
from apps.organizations.models import ApiToken, Invitation, Member, Organization, SupportGrant, User
from apps.organizations.models.access import digest, new_secret

INVITATION_DAYS = 7
SUPPORT_DAYS = 7


@audited("organizations.invitation.sent")
def invite_member(
    email: str, *, name: str, roles: list[str], member: Member | None = None, actor: Member
) -> Invitation:
    """Send a link that makes its reader a member (`member`: this staff row gets the login). Mail goes out
    on commit.

    The invitation that is returned has the `link`, for who made it to pass on; only its digest is kept.
    """
    require(actor, "organizations.member.change")
    if not roles:
        raise RuleViolation("roles_required", _("Please choose at least one role."))
    if member is not None and (member.user_id is not None or member.kind != MemberKind.PERSON):
        raise Conflict("has_login", _("This member has a login already."))
    secret = new_secret()
    invitation = Invitation(
        email=email,
        name=name,
        roles=sorted(set(roles)),
        member=member,
        token_digest=digest(secret),
        invited_by=actor,
        expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
    )
    try:
        invitation.full_clean()
    except ValidationError as error:
        raise RuleViolation("invalid", " ".join(error.messages)) from error
    invitation.save()
    invitation.link = f"{settings.PUBLIC_URL}/invitations/{secret}/"
    organization = Organization.objects.get(pk=invitation.organization_id)
    # A mail server that is down loses no invitation: it stands in the list, and its link can be passed on.
    transaction.on_commit(lambda: _mail_invitation(invitation, organization), robust=True)
    return invitation


def _mail_invitation(invitation: Invitation, organization: Organization) -> None:
    with translation.override(organization.language):
        send_mail(
            _("Invitation to %(organization)s") % {"organization": organization.name},
            _(
                "%(name)s, you are invited to join %(organization)s on stockcheck.\n\n"
                "Open this link to accept: %(link)s\n\nIt is valid for %(days)s days."
            )
            % {
                "name": invitation.name,
                "organization": organization.name,
                "link": invitation.link,
                "days": INVITATION_DAYS,
            },
            None,
            [invitation.email],
        )


def accept_invitation(invitation: Invitation, *, user: User | None, username: str = "", password: str = "") -> Member:
    """Make the reader a member: with their login, or with a new one (`username`, `password`).

    Raises Conflict("invitation_closed") when used, revoked or expired.
    """
    with organization_scope(invitation.organization_id):
        invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if not invitation.is_open:
            raise Conflict(
                "invitation_closed",
                _("This invitation has been used or has expired. Ask for a new one."),
            )
        if user is None:
            user = User(username=username.strip(), email=invitation.email, first_name=invitation.name)
            try:
                validate_password(password, user)
                user.set_password(password)
                user.full_clean()
            except ValidationError as error:
                raise RuleViolation("invalid", " ".join(error.messages)) from error
            user.save()
        elif Member.objects.filter(user=user).exists():
            raise Conflict("already_member", _("This login already belongs to the organization."))
        member = invitation.member
        if member is None:
            taken = Member.objects.filter(username=user.username).exists()
            member = Member(
                username=f"{user.username}-{invitation.pk.hex[-4:]}" if taken else user.username,
                name=invitation.name,
                email=invitation.email,
            )
        return _join(member, invitation=invitation, user=user, actor=member)


@audited("organizations.invitation.accepted")
def _join(member: Member, *, invitation: Invitation, user: User, actor: Member) -> Member:
    member.roles = sorted({*member.roles, *invitation.roles})
    member.user, member.is_active = user, True
    member.save()
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    record(invited_by=invitation.invited_by.username, email=invitation.email)
    return member


@audited("organizations.invitation.revoked")
def revoke_invitation(invitation: Invitation, *, actor: Member) -> Invitation:
    """Take an open invitation back: its link no longer works."""
    require(actor, "organizations.member.change")
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not invitation.is_open:
        raise Conflict("invitation_closed", _("This invitation is no longer open."))
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    return invitation


@audited("organizations.support.granted")
def grant_support(operator: User, *, reason: str, until: datetime, actor: Member) -> SupportGrant:
    """Let a platform operator read this organization until `until` (at most 7 days), as an auditor."""
    require(actor, "organizations.support.grant")
    if not operator.is_superuser:
        raise RuleViolation("not_an_operator", _("This login is not a platform operator."))
    if not reason.strip():
        raise RuleViolation("reason_required", _("Please say why the platform's support may look."))
    if not timezone.now() < until <= timezone.now() + timedelta(days=SUPPORT_DAYS):
        raise RuleViolation("until", _("Choose an end within the next 7 days."))
    if Member.objects.exclude(kind=MemberKind.SUPPORT).filter(user=operator).exists():
        raise RuleViolation("already_member", _("This login already belongs to the organization."))
    member, _created = Member.objects.update_or_create(
        user=operator,
        kind=MemberKind.SUPPORT,
        defaults={
            "username": f"support-{operator.username}",
            "name": str(operator),
            "roles": [Role.AUDITOR],
            "ends_at": until,
            "is_active": True,
        },
    )
    return SupportGrant.objects.create(
        operator=operator, reason=reason.strip(), granted_by=actor, member=member, ends_at=until
    )


@audited("organizations.support.revoked")
def revoke_support(grant: SupportGrant, *, actor: Member) -> SupportGrant:
    """End a grant at once; the operator's next request finds nothing."""
    require(actor, "organizations.support.grant")
    grant = SupportGrant.objects.select_for_update().get(pk=grant.pk)
    if grant.revoked_at is not None:
        raise Conflict("already_revoked", _("This grant has ended already."))
    grant.revoked_at = timezone.now()
    grant.save(update_fields=["revoked_at"])
    grant.member.is_active = False
    grant.member.save(update_fields=["is_active"])
    return grant


@audited("organizations.support.entered")
def enter_support(member: Member, *, actor: Member) -> Member:
    """The platform's support looks in: logged once a session and day, for the owner to see."""
    record(operator=member.username)
    return member


def create_token(member: Member, *, name: str, scopes: list[str] | None = None, actor: Member) -> tuple[ApiToken, str]:
    """A new API token for a member with a login; the secret is returned once and never stored."""
    require(actor, "organizations.token.manage")
    if member.user is None or member.kind != MemberKind.PERSON:
        raise RuleViolation("no_login", _("Only a member with a login can have an API token."))
    if not name.strip():
        raise RuleViolation("name_required", _("Please say what the token is for."))
    if not set(scopes or []) <= set(TokenScope.values):
        raise RuleViolation("unknown_scope", _("This scope does not exist."))
    knox_token, secret = AuthToken.objects.create(user=member.user)
    token = _keep_token(
        member, name=name.strip()[:100], scopes=scopes or [], token_digest=knox_token.digest, actor=actor
    )
    return token, secret


@audited("organizations.token.created")
def _keep_token(member: Member, *, name: str, scopes: list[str], token_digest: str, actor: Member) -> ApiToken:
    return ApiToken.objects.create(member=member, name=name, scopes=scopes, token_digest=token_digest)


@audited("organizations.token.revoked")
def revoke_token(token: ApiToken, *, actor: Member) -> ApiToken:
    """End a token at once; the log keeps whose it was."""
    require(actor, "organizations.token.manage")
    record(name=token.name, member=token.member.username)
    AuthToken.objects.filter(digest=token.token_digest).delete()
    ApiToken.objects.filter(pk=token.pk).delete()
    return token
