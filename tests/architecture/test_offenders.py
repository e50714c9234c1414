"""The tests about the code are tests themselves: each finds an offender that was planted for it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, models
from django.test.utils import isolate_apps
from django.urls import path

from apps.catalog.models import Item
from apps.core.models import Entity, OrganizationOwned
from apps.core.tenancy import TenantForeignKey
from stockcheck.machine.translations import gaps
from tests.architecture import test_models, test_permissions, test_services
from tests.architecture.code import routes, services
from tests.architecture.isolation.addresses import addresses


@pytest.fixture
def planted_models():
    with isolate_apps("apps.catalog"):
        yield


@pytest.mark.usefixtures("planted_models")
class TestTenantModel:
    """Lacking one of its three lines."""

    def test_of_no_organization(self, monkeypatch):
        class Shelf(Entity):
            class Meta:
                app_label = "catalog"

        own = test_models.own_models()
        monkeypatch.setattr(test_models, "own_models", lambda: [*own, Shelf])
        with pytest.raises(AssertionError):
            test_models.test_every_model_belongs_to_an_organization_or_to_a_short_list()

    def test_without_the_manager(self):
        class Shelf(OrganizationOwned):
            objects = models.Manager()

            class Meta:
                app_label = "catalog"

        with pytest.raises(AssertionError):
            test_models.test_model(Shelf)

    def test_without_its_table_constraint(self):
        class Shelf(OrganizationOwned):
            class Meta:
                app_label = "catalog"
                verbose_name = "shelf"

        test_models.test_model(Shelf)
        Shelf._meta.constraints = []
        with pytest.raises(AssertionError):
            test_models.test_model(Shelf)

    def test_with_a_plain_reference(self):
        class Shelf(OrganizationOwned):
            item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")

            class Meta:
                app_label = "catalog"

        with pytest.raises(AssertionError):
            test_models.test_references_to_tenant_rows_are_composite(Shelf)

    def test_with_a_key_of_its_own(self):
        class Shelf(OrganizationOwned):
            item = TenantForeignKey(Item, on_delete=models.PROTECT, related_name="+")
            code = models.CharField(max_length=10, unique=True)

            class Meta:
                app_label = "catalog"

        test_models.test_references_to_tenant_rows_are_composite(Shelf)
        with pytest.raises(AssertionError):
            test_models.test_unique_keys_include_the_organization(Shelf)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sql", "test"),
    [
        ("ALTER TABLE catalog_item NO FORCE ROW LEVEL SECURITY", "test_row_level_security_is_enabled_and_forced"),
        ("ALTER TABLE catalog_item DISABLE ROW LEVEL SECURITY", "test_row_level_security_is_enabled_and_forced"),
        ("DROP POLICY organization ON catalog_item", "test_policies_check_reading_and_writing"),
        ("CREATE POLICY all_see ON catalog_item USING (true)", "test_policies_check_reading_and_writing"),
        (
            "ALTER POLICY organization ON catalog_item USING (true) WITH CHECK (true)",
            "test_policies_compare_with_the_active_organization",
        ),
        ("ALTER TABLE catalog_barcode DROP CONSTRAINT {}", "test_every_reference_is_a_composite_key"),
        ("CREATE TABLE shelf (organization_id uuid)", "test_every_table_with_an_organization_is_a_tenant_table"),
        (
            "CREATE FUNCTION shelf() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
            "test_functions_run_as_who_calls_them",
        ),
        ("CREATE VIEW shelf AS SELECT * FROM catalog_item", "test_views_obey_the_policies"),
    ],
)
def test_a_table_without_its_line(sql, test):
    check = getattr(test_models.TestCatalogue(), test)
    check()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(conname) FROM pg_constraint WHERE contype = 'f' AND cardinality(conkey) = 2"
            " AND conrelid = 'catalog_barcode'::regclass"
        )
        cursor.execute(sql.format(*cursor.fetchone()))
    with pytest.raises(AssertionError):
        check()


def planted_service(source: str) -> dict[str, Any]:
    module = ModuleType("apps.catalog.services")
    exec(source, module.__dict__)
    return {**services(), "apps.catalog.services.spoil_item": module.__dict__["spoil_item"]}


@pytest.mark.parametrize(
    ("source", "test"),
    [
        ("def spoil_item(item, *, actor): return item", "test_a_service_with_an_actor_leaves_exactly_one_entry"),
        ("def spoil_item(item, actor): return item", "test_the_actor_is_named_never_guessed"),
        ("def spoil_item(item, *, actor=None): return item", "test_the_actor_is_named_never_guessed"),
    ],
)
def test_a_service_without_its_audit_code(monkeypatch, source, test):
    found = planted_service(source)
    monkeypatch.setattr(test_services, "services", lambda: found)
    with pytest.raises(AssertionError):
        getattr(test_services, test)()


def test_an_audit_code_of_another_app(monkeypatch):
    def run() -> None: ...

    run.__module__ = "apps.catalog.services"
    monkeypatch.setitem(test_services.ACTIONS, "counts.item.spoiled", run)
    with pytest.raises(AssertionError):
        test_services.test_codes_are_well_formed_and_of_their_app()


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("apps/x/views.py", 'from django.utils.translation import gettext as _\n\n_("A planted text")\n'),
        ("templates/x.html", '{% load i18n %}{% translate "A planted text" %}'),
        ("static/stockcheck/x.js", 'gettext("A planted text");'),
    ],
)
def test_a_text_without_its_chinese(tmp_path, file, source):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(source)
    assert [(gap.kind, gap.text) for gap in gaps(tmp_path)] == [("untranslated", 'msgid "A planted text"')]


def test_an_address_that_asks_no_permission(monkeypatch):
    found = routes(settings.ORGANIZATION_URLCONF)
    planted = path("shelves/", lambda request: None, name="shelves")
    monkeypatch.setattr(test_permissions, "routes", lambda _urlconf: [*found, ("shelves/", planted, "shelves")])
    with pytest.raises(AssertionError):
        test_permissions.test_every_page_asks_a_permission()


def test_an_address_that_the_matrix_cannot_fill_in():
    unknown = ModuleType("planted_urls")
    unknown.urlpatterns = [path("shelves/<uuid:pk>/", lambda request, pk: None, name="shelf")]
    with pytest.raises(LookupError, match=r'"shelves": "app\.Model"'):
        addresses(unknown)
