"""Abstract bases of every model."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from django.db import models
from django.db.models.signals import class_prepared
from django.utils.translation import gettext_lazy as _

from apps.core.ids import new_id
from apps.core.tenancy import (
    NoActiveOrganization,
    OrganizationManager,
    TenantTable,
    active_organization_id,
    add_constraint,
)


class Entity(models.Model):
    """A row with a time-ordered id that remembers the values it was loaded with, for the audit log."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    _loaded_values: dict[str, Any]

    class Meta:
        abstract = True

    def _stored_values(self) -> dict[str, Any]:
        return _kept(
            {f.attname: self.__dict__[f.attname] for f in self._meta.concrete_fields if f.attname in self.__dict__}
        )

    @classmethod
    def from_db(cls, db: Any, field_names: Any, values: Any, **kwargs: Any) -> Any:
        instance = super().from_db(db, field_names, values, **kwargs)
        instance._loaded_values = _kept(dict(zip(field_names, values, strict=False)))
        return instance

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """A column that was loaded late counts as loaded; one that changed in between shows as a change."""
        super().refresh_from_db(*args, **kwargs)
        if "_loaded_values" in self.__dict__:
            self._loaded_values = {**self._stored_values(), **self._loaded_values}

    def changed_values(self) -> dict[str, list[Any]]:
        """{column: [before, after]} since the row was loaded; a new row lists what it starts with."""
        loaded = self.__dict__.get("_loaded_values", {})
        return {
            name: [loaded.get(name), value]
            for name, value in self._stored_values().items()
            if loaded.get(name) != value
        }

    def settle_values(self) -> None:
        """Take the present values as loaded: the log has what changed, the next entry starts from here."""
        self._loaded_values = self._stored_values()


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    """Values that a later change in place does not reach."""
    return {name: deepcopy(value) if isinstance(value, (dict, list)) else value for name, value in values.items()}


class OrganizationOwned(Entity):
    """A tenant row: everything a company puts into stockcheck.

    `platform_readable` opens a table to `all_organizations`: only where the platform itself must look across
    companies (who may log in, which jobs wait), and only for reading.
    """

    platform_readable = False

    organization = models.ForeignKey(
        "organizations.Organization",
        on_delete=models.PROTECT,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("organization"),
    )

    objects = OrganizationManager()

    class Meta:
        abstract = True

    def adopt_organization(self) -> None:
        """Take the active organization, or refuse to be written outside it."""
        active = active_organization_id()
        if active is None:
            raise NoActiveOrganization(f"{self._meta.label} was written outside organization_scope().")
        if self.organization_id is None:
            self.organization_id = active
        if self.organization_id != active:
            raise NoActiveOrganization(f"{self._meta.label} of another organization was written.")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.adopt_organization()
        super().save(*args, **kwargs)

    def clean_fields(self, exclude: Any = None) -> None:
        if self.organization_id is None:
            self.organization_id = active_organization_id()
        super().clean_fields(exclude=exclude)


def _defend(sender: type[models.Model], **kwargs: Any) -> None:
    """Give every tenant model its table constraint, and related look-ups the same manager."""
    if sender.__module__ == "__fake__" or sender._meta.proxy or not issubclass(sender, OrganizationOwned):
        return
    sender._meta.base_manager_name = "objects"
    add_constraint(
        sender,
        TenantTable(name=f"{sender._meta.db_table}_tenant"[:63], platform_readable=sender.platform_readable),
    )


class_prepared.connect(_defend, dispatch_uid="core.tenant_table")
