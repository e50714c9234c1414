from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.ids import new_id
from apps.core.models import Entity, OrganizationOwned
from apps.core.tenancy import TenantForeignKey
from apps.organizations.enums import MemberKind, Role
from apps.organizations.validators import (
    validate_code,
    validate_currency,
    validate_language,
    validate_time_zone,
)


class Organization(Entity):
    """A company on this instance. The only table that every scope may read: to be found by its code."""

    code = models.CharField(_("code"), max_length=32, unique=True, validators=[validate_code])
    name = models.CharField(_("name"), max_length=100)
    time_zone = models.CharField(
        _("time zone"), max_length=40, default="Asia/Shanghai", validators=[validate_time_zone]
    )
    currency = models.CharField(_("currency"), max_length=3, default="CNY", validators=[validate_currency])
    language = models.CharField(_("language"), max_length=10, default="zh-hans", validators=[validate_language])
    is_demo = models.BooleanField(_("demo company"), default=False)
    created_at = models.DateTimeField(_("opened"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class User(AbstractUser):
    """A login. What it may do is said by its memberships, never by this row.

    `is_superuser` means platform operator: opens organizations, sees no tenant's rows.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        help_text=_("Empty: Simplified Chinese, the language of the house."),
    )

    class Meta(AbstractUser.Meta):
        verbose_name = _("login")  # type: ignore[assignment]
        verbose_name_plural = _("logins")  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Department(OrganizationOwned):
    code = models.CharField(_("code"), max_length=50)
    name = models.CharField(_("name"), max_length=100)
    manager = TenantForeignKey(
        "organizations.Member",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("head"),
    )

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="department_code_once")]

    def __str__(self) -> str:
        return self.name


class Member(OrganizationOwned):
    """A person as this organization knows them: the actor of every service.

    `username` is the staff code on documents and in files; `user` the login, if there is one.
    """

    platform_readable = True

    username = models.CharField(_("staff code"), max_length=100)
    name = models.CharField(_("name"), max_length=100)
    email = models.EmailField(_("e-mail"), blank=True)
    department = TenantForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="members",
        verbose_name=_("department"),
    )
    roles = ArrayField(
        models.CharField(max_length=20, choices=Role.choices),
        default=list,
        blank=True,
        verbose_name=_("roles"),
    )
    kind = models.CharField(
        _("kind"), max_length=10, choices=MemberKind.choices, default=MemberKind.PERSON, editable=False
    )
    user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="memberships", verbose_name=_("login")
    )
    is_active = models.BooleanField(_("active"), default=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "username"], name="member_username_once"),
            models.UniqueConstraint(
                fields=["organization", "user"],
                condition=models.Q(user__isnull=False),
                name="member_user_once",
            ),
            models.UniqueConstraint(
                fields=["organization"], condition=models.Q(kind=MemberKind.SYSTEM), name="member_system_once"
            ),
            models.CheckConstraint(condition=models.Q(roles__contained_by=Role.values), name="member_roles_known"),
            models.CheckConstraint(
                condition=models.Q(kind=MemberKind.PERSON)
                | models.Q(kind=MemberKind.SYSTEM, user__isnull=True, roles=[])
                | models.Q(kind=MemberKind.SUPPORT, roles=[Role.AUDITOR], ends_at__isnull=False),
                name="member_kind_shape",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_system(self) -> bool:
        return self.kind == MemberKind.SYSTEM

    @property
    def role_set(self) -> frozenset[str]:
        return frozenset(self.roles)

    @property
    def role_names(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles]
