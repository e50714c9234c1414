from __future__ import annotations

import hashlib
import json
from datetime import UTC

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import OrganizationOwned
from apps.core.tenancy import TenantForeignKey

APPEND_ONLY = [
    pgtrigger.Trigger(
        name="append_only",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func="RAISE EXCEPTION '% is append-only', tg_table_name USING errcode = '23514';",
    ),
    pgtrigger.Trigger(
        name="no_truncate",
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        level=pgtrigger.Statement,
        # A test database is emptied between transactional tests; no server's database has such a name.
        func=(
            "IF current_database() LIKE 'test\\_%' THEN RETURN NULL; END IF;"
            " RAISE EXCEPTION '% is append-only', tg_table_name USING errcode = '23514';"
        ),
    ),
]


class AuditEntry(OrganizationOwned):
    """One service call. `hash` covers every column and `previous_hash`."""

    sequence = models.BigIntegerField(_("sequence"))
    occurred_at = models.DateTimeField(_("when"))
    actor = TenantForeignKey("organizations.Member", models.PROTECT, null=True, related_name="+", verbose_name=_("who"))
    actor_name = models.CharField(_("name"), max_length=150)
    action = models.CharField(_("action"), max_length=80)
    target_type = models.CharField(_("object type"), max_length=80, blank=True)
    target_id = models.CharField(_("object id"), max_length=40, blank=True)
    target_name = models.CharField(_("object"), max_length=200, blank=True)
    changes = models.JSONField(_("before and after"), default=dict)
    facts = models.JSONField(_("facts"), default=dict)
    correlation = models.UUIDField(_("correlation"))
    channel = models.CharField(_("channel"), max_length=10)
    address = models.CharField(_("address"), max_length=45, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-sequence"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "sequence"], name="audit_sequence_once"),
            models.CheckConstraint(condition=models.Q(sequence__gt=0), name="audit_sequence_positive"),
        ]
        indexes = [models.Index(fields=["organization", "target_type", "target_id"], name="audit_target")]
        triggers = APPEND_ONLY

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"

    def computed_hash(self) -> str:
        """SHA-256 over every column that says something and the hash before it."""
        content = [
            str(self.organization_id),
            str(self.pk),
            self.sequence,
            self.occurred_at.astimezone(UTC).isoformat(),
            str(self.actor_id or ""),
            self.actor_name,
            self.action,
            self.target_type,
            self.target_id,
            self.target_name,
            self.changes,
            self.facts,
            str(self.correlation),
            self.channel,
            self.address,
            self.previous_hash,
        ]
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class AuditChain(OrganizationOwned):
    """The end of an organization's chain: the row that writers lock, one after the other."""

    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        verbose_name = _("audit chain")
        verbose_name_plural = _("audit chains")
        constraints = [models.UniqueConstraint(fields=["organization"], name="audit_chain_once")]

    def __str__(self) -> str:
        return f"{self.sequence}"
