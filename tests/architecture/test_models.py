"""Every tenant model stands behind its three lines, and the database says so too."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection, models

from apps.core.models import Entity
from apps.core.tenancy import (
    OrganizationManager,
    SameOrganization,
    TenantForeignKey,
    TenantTable,
)
from apps.organizations.models import Organization, User
from tests.architecture.code import own_models, tenant_models

GLOBAL = {Organization, User, User.groups.through, User.user_permissions.through}
"""Of no organization: who exists on this instance. Nothing else may be."""

PLATFORM_READABLE = {"organizations.Invitation", "organizations.Job", "organizations.Member", "reports.Report"}
"""What the instance itself must read across organizations, and why is said at the model."""

RANDOM_KEYS = {("organizations.Invitation", "token_digest"), ("organizations.ApiToken", "token_digest")}
"""Digests of random secrets, by which somebody is found who has no organization yet."""

TENANT = pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)


def test_every_model_belongs_to_an_organization_or_to_a_short_list():
    assert set(own_models()) - set(tenant_models()) == GLOBAL


def test_what_the_platform_reads_is_a_short_list():
    assert {model._meta.label for model in tenant_models() if model.platform_readable} == PLATFORM_READABLE


@TENANT
def test_model(model):
    assert issubclass(model, Entity)
    assert type(model._default_manager) is OrganizationManager or isinstance(
        model._default_manager, OrganizationManager
    )
    assert isinstance(model._base_manager, OrganizationManager)
    owner = model._meta.get_field("organization")
    assert (owner.null, owner.remote_field.on_delete) == (False, models.PROTECT)
    tables = [c for c in model._meta.constraints if isinstance(c, TenantTable)]
    assert [c.platform_readable for c in tables] == [model.platform_readable]


@TENANT
def test_references_to_tenant_rows_are_composite(model):
    owned = set(tenant_models())
    references = {f for f in model._meta.concrete_fields if f.is_relation and f.related_model in owned}
    assert {f.name for f in references if not isinstance(f, TenantForeignKey)} == set()
    checked = {c.field for c in model._meta.constraints if isinstance(c, SameOrganization)}
    assert checked == {f.name for f in references}
    through = {f.remote_field.through for f in model._meta.many_to_many}
    assert through <= owned


@TENANT
def test_unique_keys_include_the_organization(model):
    alone = {
        (model._meta.label, f.name)
        for f in model._meta.concrete_fields
        if f.unique and not f.primary_key and not isinstance(f, models.OneToOneField)
    }
    assert alone <= RANDOM_KEYS
    keys = [c for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    assert [c.name for c in keys if "organization" not in c.fields] == []
    assert model._meta.unique_together == ()


@TENANT
def test_every_text_has_a_name(model):
    """Forms, the admin and the audit log show columns by their verbose names."""
    assert str(model._meta.verbose_name) != ""


def rows(sql: str) -> set[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return set(cursor.fetchall())


@pytest.mark.django_db
class TestCatalogue:
    """What PostgreSQL says of the same, table by table."""

    def test_we_are_neither_superuser_nor_exempt(self):
        assert rows("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == {(False, False)}

    def test_row_level_security_is_enabled_and_forced(self):
        secured = rows(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
            " AND relnamespace = 'public'::regnamespace"
        )
        assert secured == {(model._meta.db_table,) for model in tenant_models()}

    def test_every_table_with_an_organization_is_a_tenant_table(self):
        owned = rows(
            "SELECT table_name FROM information_schema.columns"
            " WHERE column_name = 'organization_id' AND table_schema = 'public'"
        )
        assert owned == {(model._meta.db_table,) for model in tenant_models()}

    def test_policies_check_reading_and_writing(self):
        policies = rows(
            "SELECT tablename, policyname, permissive, cmd, qual IS NOT NULL, with_check IS NOT NULL, roles::text"
            " FROM pg_policies WHERE schemaname = 'public'"
        )
        expected = set()
        for model in tenant_models():
            table = model._meta.db_table
            expected.add((table, "organization", "PERMISSIVE", "ALL", True, True, "{public}"))
            if model.platform_readable:
                expected.add((table, "platform", "PERMISSIVE", "SELECT", True, False, "{public}"))
        assert policies == expected

    def test_policies_compare_with_the_active_organization(self):
        texts = rows("SELECT DISTINCT qual, with_check FROM pg_policies WHERE policyname = 'organization'")
        assert len(texts) == 1
        using, check = next(iter(texts))
        assert using == check
        assert "organization_id = " in using
        assert "current_setting('stockcheck.organization'" in using

    def test_every_reference_is_a_composite_key(self):
        keys = rows(
            """
            SELECT c.conrelid::regclass::text, c.confrelid::regclass::text, a.attname, c.convalidated
            FROM pg_constraint c
            JOIN pg_attribute o ON o.attrelid = c.conrelid AND o.attnum = c.conkey[1] AND o.attname = 'organization_id'
            JOIN pg_attribute t ON t.attrelid = c.confrelid AND t.attnum = c.confkey[1] AND t.attname = o.attname
            JOIN pg_attribute i ON i.attrelid = c.confrelid AND i.attnum = c.confkey[2] AND i.attname = 'id'
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]
            WHERE c.contype = 'f' AND cardinality(c.conkey) = 2
            """
        )
        expected = {
            (model._meta.db_table, field.related_model._meta.db_table, field.column, True)
            for model in tenant_models()
            for field in model._meta.concrete_fields
            if isinstance(field, TenantForeignKey)
        }
        assert keys == expected

    def test_the_target_of_the_keys_is_unique(self):
        unique = rows(
            """
            SELECT c.conrelid::regclass::text FROM pg_constraint c
            WHERE c.contype = 'u' AND c.conname LIKE '%\\_tenant' AND (
                SELECT array_agg(a.attname::text ORDER BY array_position(c.conkey, a.attnum)) FROM pg_attribute a
                WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
            ) = ARRAY['organization_id', 'id']
            """
        )
        assert unique == {(model._meta.db_table,) for model in tenant_models()}

    def test_functions_run_as_who_calls_them(self):
        """A function with its owner's rights would be a way round the policies."""
        assert rows("SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace") == set()

    def test_views_obey_the_policies(self):
        views = "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
        assert rows(views) == set()

    def test_migrations_are_written(self):
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
