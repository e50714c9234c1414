"""What is remembered of what companies bring, and where it is fetched."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.models import OrganizationOwned
from apps.core.tenancy import TenantForeignKey
from apps.organizations.models import Member


class ColumnMapping(OrganizationOwned):
    """What the headings of a table mean, as somebody corrected it: the next table with them is read alike."""

    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    layout = models.CharField(_("layout"), max_length=60)
    columns = models.JSONField(_("columns"), default=dict)
    constants = models.JSONField(_("constants"), default=dict)
    saved_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("saved by"))
    saved_at = models.DateTimeField(_("saved"), default=timezone.now)

    class Meta:
        verbose_name = _("column mapping")
        verbose_name_plural = _("column mappings")
        ordering = ["-saved_at"]
        constraints = [models.UniqueConstraint(fields=["organization", "fingerprint"], name="mapping_once")]

    def __str__(self) -> str:
        return self.layout


class Upload(OrganizationOwned):
    """Files that somebody brought, kept until they are loaded, and how their tables are read.

    `files` are {name, stored, size}. `tables` are {label, reading, is_sure, left_out, sample, error} in the order in
    which they stand in the files. `corrected` are rows that were mended in a file of errors: label → row → cells.
    """

    files = models.JSONField(_("files"), default=list)
    tables = models.JSONField(_("tables"), default=list)
    corrected = models.JSONField(_("corrected rows"), default=dict)
    uploaded_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("uploaded by"))
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    loaded_at = models.DateTimeField(_("loaded"), null=True, blank=True)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["organization", "-created_at"], name="upload_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return "、".join(file["name"] for file in self.files)

    @property
    def chosen_tables(self) -> list[dict[str, Any]]:
        return [table for table in self.tables if not table["left_out"]]
