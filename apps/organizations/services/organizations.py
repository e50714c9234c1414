from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import Forbidden, RuleViolation
from apps.core.permissions import require
from apps.core.tenancy import organization_scope, require_organization_id
from apps.organizations.enums import MemberKind, Role
from apps.organizations.models import Department, Invitation, Member, Organization, User
from apps.organizations.selectors import system_member
from apps.organizations.services.access import invite_member
from apps.organizations.signals import organization_opened


def open_organization(
    code: str,
    *,
    name: str,
    owner: User | None = None,
    language: str = "zh-hans",
    time_zone: str = "Asia/Shanghai",
    currency: str = "CNY",
    is_demo: bool = False,
    operator: User | None = None,
) -> Organization:
    """Open a company: its row, its system member, and `owner` as its first owner.

    `operator` is the platform operator who does it, for the audit log. Without an owner (an import from
    the command line) the first owner is added later. Raises RuleViolation with the code of the field
    that is wrong, "code_taken" if another company has the address.
    """
    organization = Organization(
        code=code, name=name, language=language, time_zone=time_zone, currency=currency, is_demo=is_demo
    )
    try:
        organization.full_clean()
    except ValidationError as error:
        if "code" in error.error_dict and Organization.objects.filter(code=code).exists():
            raise RuleViolation(
                "code_taken", _("The address “%(code)s” is already in use.") % {"code": code}
            ) from error
        field, messages = next(iter(error.message_dict.items()))
        label = getattr(Organization._meta.get_field(field), "verbose_name", field)
        raise RuleViolation(field, f"{label}: {messages[0]}") from error
    with transaction.atomic():
        organization.save()
        with organization_scope(organization):
            system = Member.objects.create(username="system", name="stockcheck", kind=MemberKind.SYSTEM)
            _start(organization, owner=owner, operator=operator, actor=system)
    return organization


def open_with_owner(code: str, *, owner_name: str, owner_email: str, operator: User, **values: Any) -> Invitation:
    """Open a company as a platform operator and invite its first owner; returns the invitation."""
    if not operator.is_superuser:
        raise Forbidden("forbidden", _("Only a platform operator opens organizations."))
    with transaction.atomic():
        organization = open_organization(code, operator=operator, **values)
        with organization_scope(organization):
            return invite_member(owner_email, name=owner_name, roles=[Role.OWNER], actor=system_member())


def choose_language(user: User, language: str) -> None:
    """Keep a login's language; a wish of its own, of no organization's concern."""
    User.objects.filter(pk=user.pk).update(language=language)


@audited("organizations.organization.opened")
def _start(organization: Organization, *, owner: User | None, operator: User | None, actor: Member) -> Organization:
    if operator is not None:
        record(platform_operator=operator.username)
    if owner is not None:
        Member.objects.create(
            username=owner.username,
            name=str(owner),
            email=owner.email,
            roles=[Role.OWNER],
            user=owner,
        )
    organization_opened.send(sender=Organization, organization=organization, actor=actor)
    return organization


@audited("organizations.organization.changed")
def change_organization(organization: Organization, *, actor: Member, **values: Any) -> Organization:
    """Change the active organization's name, time zone, currency or language. The code is in every link and
    stays.
    """
    require(actor, "organizations.settings.change")
    here = Organization.objects.select_for_update().filter(pk=require_organization_id())
    organization = here.get(pk=organization.pk)
    for name in ("name", "time_zone", "currency", "language"):
        if name in values:
            setattr(organization, name, values[name])
    try:
        organization.full_clean()
    except ValidationError as error:
        raise RuleViolation("invalid", " ".join(error.messages)) from error
    organization.save()
    return organization


@audited("organizations.department.saved")
def save_department(code: str, *, name: str, manager: Member | None = None, actor: Member) -> Department:
    """Create or rename a department, by its code."""
    require(actor, "organizations.settings.change")
    department = Department.objects.select_for_update().filter(code=code).first() or Department(code=code)
    department.name, department.manager = name, manager
    try:
        department.full_clean()
    except ValidationError as error:
        raise RuleViolation("invalid", " ".join(error.messages)) from error
    department.save()
    return department
