"""Tenancy: one active organization at a time, three lines of defence.

1. `OrganizationManager` adds `organization_id = <active>` when SQL is compiled, and raises where none is
active. 2. `TenantForeignKey` makes the database check (organization_id, other_id) together: a row can't
point at another company's row. 3. `TenantTable` forces row-level security: even raw SQL sees and writes
only the active organization's rows.

`all_organizations` is for the instance's own work (who may log in where, which jobs wait). It only
reads, and only tables that declare `platform_readable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models.constraints import BaseConstraint
from django.db.models.expressions import Expression
from django.utils.translation import gettext_lazy as _


class NoActiveOrganization(Exception):
    """A tenant table was used outside `organization_scope()`. A programmer's mistake, never a user's."""


class _AllOrganizations:
    def __repr__(self) -> str:
        return "all organizations"


ALL = _AllOrganizations()
_active: ContextVar[UUID | _AllOrganizations | None] = ContextVar("active_organization", default=None)


def active_organization_id() -> UUID | None:
    """The active organization's id, or None outside any scope and inside `all_organizations`."""
    value = _active.get()
    return value if isinstance(value, UUID) else None


def require_organization_id() -> UUID:
    value = active_organization_id()
    if value is None:
        raise NoActiveOrganization("No organization is active; enter organization_scope().")
    return value


def _set_database_context(value: UUID | _AllOrganizations | None) -> None:
    organization = str(value) if isinstance(value, UUID) else ""
    platform = "on" if value is ALL else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('stockcheck.organization', %s, true), set_config('stockcheck.platform', %s, true)",
            [organization, platform],
        )


@contextmanager
def _scope(value: UUID | _AllOrganizations) -> Iterator[None]:
    before, nested = _active.get(), connection.in_atomic_block
    with transaction.atomic():
        token = _active.set(value)
        try:
            _set_database_context(value)
            yield
        finally:
            _active.reset(token)
        # A rollback to the savepoint brings the settings back by itself, the end of the transaction drops them.
        if nested and not connection.needs_rollback:
            _set_database_context(before)


@contextmanager
def organization_scope(organization: Any) -> Iterator[None]:
    """Make `organization` (or its id) the active one, for this transaction.

    Opens a transaction, because the database's own line of defence lives exactly as long as one.
    """
    key = organization if isinstance(organization, UUID) else organization.pk
    with _scope(key):
        yield


@contextmanager
def all_organizations(*, reason: str) -> Iterator[None]:
    """Read the platform's own tables across organizations. `reason` is for whoever reads the call."""
    if not reason:
        raise ValueError("all_organizations() needs a reason")
    with _scope(ALL):
        yield


class InActiveOrganization(Expression):
    """A predicate that is resolved when SQL is compiled, not when the queryset is built."""

    conditional = True
    output_field = models.BooleanField()  # type: ignore[assignment]

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__()
        self.model = model
        self.column: Any = None

    def resolve_expression(
        self,
        query: Any = None,
        allow_joins: bool = True,
        reuse: Any = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> InActiveOrganization:
        if self.column is not None:
            return self
        clone = self.copy()
        clone.column = models.F("organization_id").resolve_expression(query, allow_joins, reuse, summarize, for_save)
        return clone

    def get_source_expressions(self) -> list[Any]:
        return [self.column] if self.column is not None else []

    def set_source_expressions(self, exprs: Any) -> None:
        self.column = exprs[0] if exprs else None

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        value = _active.get()
        if value is ALL and getattr(self.model, "platform_readable", False):
            return "1=1", []
        if not isinstance(value, UUID):
            raise NoActiveOrganization(f"{self.model._meta.label} was used outside organization_scope().")
        sql, params = compiler.compile(self.column)
        return f"{sql} = %s", [*params, value]


class OrganizationQuerySet(models.QuerySet):
    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> Any:
        objs = list(objs)
        for obj in objs:
            obj.adopt_organization()
        return super().bulk_create(objs, *args, **kwargs)


class OrganizationManager(models.Manager.from_queryset(OrganizationQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> Any:
        return super().get_queryset().filter(InActiveOrganization(self.model))


class SameOrganization(BaseConstraint):
    """(organization_id, <fields>) must exist together in the referenced table."""

    def __init__(self, *, field: str, name: str) -> None:
        super().__init__(name=name, violation_error_code="other_organization")
        self.field = field

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        self.create_sql(model, schema_editor)

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """Deferred to the end of the migration, when the referenced table has its composite key."""
        foreign_key, quote = model._meta.get_field(self.field), schema_editor.quote_name
        schema_editor.deferred_sql.append(
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)} "
            f"FOREIGN KEY (organization_id, {quote(foreign_key.column)}) "
            f"REFERENCES {quote(foreign_key.related_model._meta.db_table)} (organization_id, id) "
            "DEFERRABLE INITIALLY IMMEDIATE"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT {quote(self.name)}"

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: str = "default") -> None:
        other = getattr(instance, self.field, None)
        if other is not None and other.organization_id != instance.organization_id:
            raise ValidationError(_("This belongs to another organization."), code=self.violation_error_code)

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        kwargs.pop("violation_error_code", None)
        return path, args, {**kwargs, "field": self.field}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameOrganization) and (self.name, self.field) == (other.name, other.field)

    def __hash__(self) -> int:
        return hash((self.name, self.field))


class TenantTable(BaseConstraint):
    """Unique (organization_id, id) as the target of composite keys, and row-level security enabled and
    forced.

    `platform_readable` adds a policy that lets `all_organizations` read, never write.
    """

    def __init__(self, *, name: str, platform_readable: bool = False) -> None:
        super().__init__(name=name)
        self.platform_readable = platform_readable

    def _unique(self, quote: Any) -> str:
        return f"CONSTRAINT {quote(self.name)} UNIQUE (organization_id, id)"

    def _security(self, model: Any, quote: Any) -> list[str]:
        table = quote(model._meta.db_table)
        own = "organization_id = (SELECT nullif(current_setting('stockcheck.organization', true), '')::uuid)"
        sql = [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY organization ON {table} USING ({own}) WITH CHECK ({own})",
        ]
        if self.platform_readable:
            sql.append(
                f"CREATE POLICY platform ON {table} FOR SELECT "
                "USING ((SELECT current_setting('stockcheck.platform', true)) = 'on')"
            )
        return sql

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        schema_editor.deferred_sql.extend(self._security(model, schema_editor.quote_name))
        return self._unique(schema_editor.quote_name)

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        table = quote(model._meta.db_table)
        return ";\n".join([f"ALTER TABLE {table} ADD {self._unique(quote)}", *self._security(model, quote)])

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        table = quote(model._meta.db_table)
        return ";\n".join(
            [
                f"DROP POLICY IF EXISTS organization ON {table}",
                f"DROP POLICY IF EXISTS platform ON {table}",
                f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
                f"ALTER TABLE {table} DROP CONSTRAINT {quote(self.name)} CASCADE",
            ]
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The database answers for this one."""

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "platform_readable": self.platform_readable}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TenantTable) and (self.name, self.platform_readable) == (
            other.name,
            other.platform_readable,
        )

    def __hash__(self) -> int:
        return hash((self.name, self.platform_readable))


def add_constraint(model: type[models.Model], constraint: BaseConstraint) -> None:
    """Declare a constraint on a model from outside its Meta, so that migrations see it."""
    model._meta.constraints = [*model._meta.constraints, constraint]
    model._meta.original_attrs["constraints"] = model._meta.constraints


class TenantForeignKey(models.ForeignKey):
    """A reference between rows of one organization; the database checks (organization_id, other_id)."""

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False, **kwargs: Any) -> None:
        super().contribute_to_class(cls, name, private_only, **kwargs)
        if cls._meta.abstract or cls.__module__ == "__fake__":
            return
        constraint = f"{cls._meta.db_table}_{name}_same_org"[:63]
        add_constraint(cls, SameOrganization(field=name, name=constraint))


class TenantOneToOneField(models.OneToOneField, TenantForeignKey):  # type: ignore[misc]
    """As `TenantForeignKey`, at most once."""
