from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.audit.services import audited
from apps.core.errors import RuleViolation
from apps.core.permissions import require
from apps.organizations.enums import MemberKind, Role
from apps.organizations.models import Department, Member, User


@audited("organizations.member.added")
def add_member(
    username: str,
    *,
    name: str,
    roles: list[str],
    email: str = "",
    department: Department | None = None,
    user: User | None = None,
    actor: Member,
) -> Member:
    """Add a person; `user` is the login, None for staff who only appear on documents."""
    require(actor, "organizations.member.change")
    member = Member(
        username=username, name=name, email=email, department=department, roles=sorted(set(roles)), user=user
    )
    _save(member)
    return member


@audited("organizations.member.changed")
def change_member(member: Member, *, actor: Member, **values: Any) -> Member:
    """Change name, e-mail, department, roles or is_active. The last active owner keeps role and access."""
    require(actor, "organizations.member.change")
    owners = _lock_owners()
    member = Member.objects.select_for_update().get(pk=member.pk)
    if member.kind != MemberKind.PERSON:
        raise RuleViolation("not_a_person", _("This member belongs to the system and cannot be changed."))
    for name in ("name", "email", "department", "is_active"):
        if name in values:
            setattr(member, name, values[name])
    if "roles" in values:
        member.roles = sorted(set(values["roles"]))
    _save(member)
    if member.pk in owners and not owners - {member.pk} and not (member.is_active and Role.OWNER in member.roles):
        raise RuleViolation("last_owner", _("An organization needs an active owner. Name another owner first."))
    return member


def _lock_owners() -> set[UUID]:
    """The active owners, locked in one order, so that two who dismiss each other at once do it one after
    the other.
    """
    owners = Member.objects.filter(is_active=True, kind=MemberKind.PERSON, roles__contains=[Role.OWNER])
    return set(owners.order_by("pk").select_for_update().values_list("pk", flat=True))


def _save(member: Member) -> None:
    if Member.objects.filter(username=member.username).exclude(pk=member.pk).exists():
        raise RuleViolation(
            "username_taken",
            _("The staff code “%(code)s” is already in use. Choose another.") % {"code": member.username},
        )
    try:
        member.full_clean()
    except ValidationError as error:
        raise RuleViolation("invalid", " ".join(error.messages)) from error
    member.save()


@audited("organizations.member.login_linked")
def link_login(member: Member, *, user: User, actor: Member) -> Member:
    """Give a member of staff the login by which they enter. Raises RuleViolation("invalid") if it has a member here."""
    require(actor, "organizations.member.change")
    member.user = user
    _save(member)
    return member
