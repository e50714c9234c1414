from __future__ import annotations

import hashlib
import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.models import OrganizationOwned
from apps.core.tenancy import TenantForeignKey
from apps.organizations.enums import Role
from apps.organizations.models.organizations import Member, User


def digest(secret: str) -> str:
    """What is kept of a random secret: enough to recognise it, useless to whoever reads the table."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class Invitation(OrganizationOwned):
    """A link by mail that makes its reader a member, once, until it expires."""

    platform_readable = True

    link = ""
    """The whole link, only on the instance that was just made."""

    email = models.EmailField(_("e-mail"))
    name = models.CharField(_("name"), max_length=100)
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), verbose_name=_("roles"))
    member = TenantForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="invitations", verbose_name=_("member")
    )
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("invited by"))
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > timezone.now()


class SupportGrant(OrganizationOwned):
    """The owner's leave for a platform operator to look, read-only, until a moment."""

    operator = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("platform operator"))
    reason = models.CharField(_("reason"), max_length=200)
    granted_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("granted by"))
    member = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("support member"))
    ends_at = models.DateTimeField(_("ends"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("support grant")
        verbose_name_plural = _("support grants")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.operator} – {self.ends_at:%Y-%m-%d %H:%M}"


class ApiToken(OrganizationOwned):
    """What binds a knox token (its digest) to one member of one organization; `scopes` narrows what the
    member may do.

    An empty list means read and write; ["read"] refuses every unsafe method.
    """

    name = models.CharField(_("name"), max_length=100)
    member = TenantForeignKey(Member, models.PROTECT, related_name="api_tokens", verbose_name=_("member"))
    token_digest = models.CharField(max_length=128, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("scopes"))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name
