from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.models import OrganizationOwned
from apps.core.tenancy import TenantForeignKey
from apps.organizations.models import Member


class Notification(OrganizationOwned):
    """A line in a member's inbox. `key` keeps the same news from arriving twice."""

    member = TenantForeignKey(Member, models.CASCADE, related_name="notifications", verbose_name=_("for"))
    key = models.CharField(_("key"), max_length=120)
    text = models.CharField(_("text"), max_length=300)
    url = models.CharField(_("link"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["organization", "member", "key"], name="notification_once")]
        indexes = [
            models.Index(
                fields=["organization", "member"],
                condition=Q(read_at__isnull=True),
                name="notification_unread",
            )
        ]

    def __str__(self) -> str:
        return self.text
