"""What is remembered of what companies bring, and where it is fetched."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.models import OrganizationOwned
from apps.core.tenancy import TenantForeignKey
from apps.integrations.enums import DeliveryState, PullKind
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


class Pull(OrganizationOwned):
    """A place from which files are fetched again and again: a folder of the server, SFTP, or a web address.

    `secret` is encrypted (`vault`). `host_key` is the SFTP server's, learned at the first visit and demanded from then
    on. `seen` are versions of files that were fetched already: name → version.
    """

    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, choices=PullKind.choices)
    address = models.CharField(_("address"), max_length=500)
    pattern = models.CharField(_("file names"), max_length=100, default="*")
    username = models.CharField(_("user name"), max_length=100, blank=True)
    secret = models.TextField(_("password"), blank=True, editable=False)
    host_key = models.CharField(_("host key"), max_length=100, blank=True)
    hour = models.PositiveSmallIntegerField(_("hour"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    seen = models.JSONField(_("seen"), default=dict, editable=False)
    set_up_by = TenantForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("set up by"))

    class Meta:
        verbose_name = _("scheduled import")
        verbose_name_plural = _("scheduled imports")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="pull_name_once")]

    def __str__(self) -> str:
        return self.name


class Delivery(OrganizationOwned):
    """One visit of a pull: what it found, and the upload that came of it."""

    pull = TenantForeignKey(Pull, models.CASCADE, related_name="deliveries", verbose_name=_("scheduled import"))
    period = models.CharField(_("period"), max_length=60)
    files = models.JSONField(_("files"), default=list)
    state = models.CharField(_("state"), max_length=10, choices=DeliveryState.choices)
    message = models.CharField(_("message"), max_length=300, blank=True)
    job = models.UUIDField(_("job"), null=True, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["organization", "pull", "period"], name="delivery_once")]

    def __str__(self) -> str:
        return f"{self.pull_id} {self.period}"
