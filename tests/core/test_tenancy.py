"""Each of the three lines of defence alone: the others are taken away on purpose."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.db.utils import ProgrammingError

from apps.catalog.models import Item, Unit
from apps.core.ids import new_id
from apps.core.tenancy import (
    NoActiveOrganization,
    active_organization_id,
    all_organizations,
    organization_scope,
    require_organization_id,
)
from apps.organizations.models import Department, Job, Member


@pytest.fixture
def foreign(organization, twin):
    """The twin's department; the active organization has one of the same code."""
    with organization_scope(twin):
        row = Department.objects.create(code="D1", name="双生仓储部")
    Department.objects.create(code="D1", name="仓储部")
    return row


def database_context() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('stockcheck.organization', true), current_setting('stockcheck.platform', true)"
        )
        return tuple(value or "" for value in cursor.fetchone())


class Unguarded(models.Manager):
    """What would be left if somebody forgot the first line."""


def unguarded(model):
    manager = Unguarded()
    manager.model = model
    return manager


def test_scopes_nest_and_come_back(organization, twin):
    assert active_organization_id() == organization.pk
    with organization_scope(twin):
        assert (active_organization_id(), database_context()) == (twin.pk, (str(twin.pk), ""))
        with organization_scope(organization.pk):
            assert database_context() == (str(organization.pk), "")
        assert database_context() == (str(twin.pk), "")
        with all_organizations(reason="test"):
            assert (active_organization_id(), database_context()) == (None, ("", "on"))
        assert database_context() == (str(twin.pk), "")
    assert (active_organization_id(), database_context()) == (organization.pk, (str(organization.pk), ""))


def test_an_error_brings_the_scope_back_and_undoes_what_was_written(organization, twin):
    with pytest.raises(ZeroDivisionError), organization_scope(twin):
        Department.objects.create(code="D9", name="x")
        raise ZeroDivisionError
    assert (active_organization_id(), database_context()) == (organization.pk, (str(organization.pk), ""))
    with organization_scope(twin):
        assert Department.objects.count() == 0


def test_a_database_error_inside_leaves_a_usable_scope(organization):
    Department.objects.create(code="D1", name="x")
    with pytest.raises(IntegrityError), organization_scope(organization):
        Department.objects.create(code="D1", name="y")
    assert Department.objects.count() == 1


def test_a_rollback_asked_for_inside_undoes_the_scope(organization, twin):
    with organization_scope(twin):
        Department.objects.create(code="D9", name="x")
        transaction.set_rollback(True)
    assert database_context() == (str(organization.pk), "")
    with organization_scope(twin):
        assert Department.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_context_ends_with_the_transaction():
    from apps.organizations.services import open_organization

    opened = open_organization("alpha", name="甲公司")
    with organization_scope(opened):
        assert database_context() == (str(opened.pk), "")
    assert (active_organization_id(), database_context()) == (None, ("", ""))


@pytest.mark.django_db
class TestWithoutAScope:
    @pytest.mark.parametrize(
        "use",
        [
            lambda: list(Department.objects.all()),
            Department.objects.count,
            lambda: Department.objects.filter(code="D1").exists(),
            lambda: Department.objects.update(name="x"),
            lambda: Department.objects.all().delete(),
            lambda: Department.objects.create(code="D1", name="x"),
            lambda: Department.objects.bulk_create([Department(code="D1", name="x")]),
            lambda: Department.objects.get_or_create(code="D1"),
            lambda: list(Member.objects.filter(department__code="D1")),
            lambda: Department.objects.aggregate(n=Count("id")),
            Department.objects.first,
            lambda: list(Department.objects.filter(Exists(Member.objects.filter(department=OuterRef("pk"))))),
            require_organization_id,
        ],
    )
    def test_every_use_raises(self, use):
        with pytest.raises(NoActiveOrganization):
            use()

    def test_a_queryset_built_before_is_the_scopes_own(self, organization, twin):
        rows = Department.objects.order_by("code")
        Department.objects.create(code="D1", name="甲")
        assert [row.name for row in rows.all()] == ["甲"]
        with organization_scope(twin):
            assert [row.name for row in rows.all()] == []


class TestFirstLine:
    """The manager, with row-level security taken away."""

    @pytest.fixture(autouse=True)
    def open_tables(self, foreign):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for model in (Department, Member):
                cursor.execute(f"ALTER TABLE {model._meta.db_table} DISABLE ROW LEVEL SECURITY")

    def test_reads(self, foreign):
        assert unguarded(Department).count() == 2
        mine = Department.objects
        assert [row.name for row in mine.filter(code="D1")] == ["仓储部"]
        assert [row.name for row in mine.exclude(code="D2")] == ["仓储部"]
        assert [row.name for row in mine.filter(code="D1") | mine.filter(code="D2")] == ["仓储部"]
        assert [row.name for row in mine.filter(~Q(code="D2") | Q(name="x"))] == ["仓储部"]
        assert list(mine.values_list("name", flat=True).union(mine.values_list("name", flat=True))) == ["仓储部"]
        assert mine.filter(pk=foreign.pk).exists() is False
        assert mine.aggregate(n=Count("id")) == {"n": 1}
        assert mine.in_bulk([foreign.pk]) == {}
        with pytest.raises(Department.DoesNotExist):
            mine.get(pk=foreign.pk)

    def test_joins_and_subqueries(self, foreign, twin):
        with organization_scope(twin):
            Member.objects.create(username="x", name="双", department=foreign)
        assert list(Member.objects.filter(department__name="双生仓储部")) == []
        inner = Department.objects.filter(code=OuterRef("code"))
        assert [row.name for row in Department.objects.filter(Exists(inner))] == ["仓储部"]
        assert [row.name for row in Department.objects.filter(pk__in=Department.objects.values("pk"))] == ["仓储部"]
        assert list(Member.objects.filter(department__in=unguarded(Department).all())) == []
        with pytest.raises(Department.DoesNotExist):
            foreign.refresh_from_db()
        with pytest.raises(Department.DoesNotExist):
            Member(department_id=foreign.pk).department  # noqa: B018

    def test_writes(self, foreign):
        assert Department.objects.filter(pk=foreign.pk).update(name="x") == 0
        assert Department.objects.filter(pk=foreign.pk).delete() == (0, {})
        with pytest.raises(NoActiveOrganization):
            foreign.save()
        with pytest.raises(NoActiveOrganization):
            Department.objects.bulk_create([Department(code="D2", name="x", organization_id=foreign.organization_id)])
        foreign.name = "x"
        assert Department.objects.bulk_update([foreign], ["name"]) == 0
        assert unguarded(Department).get(pk=foreign.pk).name == "双生仓储部"


class TestSecondLine:
    """The composite key, by raw SQL that obeys row-level security."""

    def test_a_row_cannot_point_into_another_organization(self, organization, foreign):
        with pytest.raises(IntegrityError, match="same_org"), transaction.atomic():
            Member.objects.create(username="x", name="x", department_id=foreign.pk)
        mine = Member.objects.create(username="y", name="y")
        with pytest.raises(IntegrityError, match="same_org"), transaction.atomic():
            Member.objects.filter(pk=mine.pk).update(department_id=foreign.pk)
        with pytest.raises(IntegrityError, match="same_org"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE organizations_member SET department_id = %s WHERE id = %s", [foreign.pk, mine.pk])

    def test_a_check_names_the_reason(self, organization, foreign):
        row = Member(username="x", name="x", department=foreign)
        with pytest.raises(Exception, match=r"(another organization|其他企业|不存在|does not exist)"):
            row.full_clean()

    def test_what_is_referred_to_cannot_be_deleted_away(self, organization):
        item = Item.objects.create(sku="A", name="a", base_unit="件")
        Unit.objects.create(item=item, name="箱", factor=12)
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM catalog_item WHERE id = %s", [item.pk])


class TestThirdLine:
    """Row-level security, with the manager taken away."""

    def test_foreign_rows_are_not_seen(self, foreign):
        assert [row.name for row in unguarded(Department).all()] == ["仓储部"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM organizations_department")
            assert cursor.fetchall() == [("仓储部",)]
            cursor.execute("SELECT count(*) FROM organizations_department WHERE id = %s", [foreign.pk])
            assert cursor.fetchone() == (0,)

    def test_foreign_rows_are_not_written(self, foreign, twin):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE organizations_department SET name = 'x' WHERE id = %s", [foreign.pk])
            assert cursor.rowcount == 0
            cursor.execute("DELETE FROM organizations_department WHERE id = %s", [foreign.pk])
            assert cursor.rowcount == 0
        insert = "INSERT INTO organizations_department (id, organization_id, code, name) VALUES (%s, %s, 'D3', 'x')"
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            connection.cursor().execute(insert, [new_id(), twin.pk])
        move = "UPDATE organizations_department SET organization_id = %s WHERE code = 'D1'"
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            connection.cursor().execute(move, [twin.pk])

    def test_copy_obeys_too(self, foreign, twin):
        line = f"{new_id()}\t{twin.pk}\tD4\tx\n"
        copy = "COPY organizations_department (id, organization_id, code, name) FROM STDIN"
        with (
            pytest.raises(Exception, match="row-level security"),
            transaction.atomic(),
            connection.cursor() as cursor,
            cursor.copy(copy) as out,
        ):
            out.write(line)

    def test_no_scope_no_rows(self, foreign):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('stockcheck.organization', '', true)")
            cursor.execute("SELECT count(*) FROM organizations_department")
            assert cursor.fetchone() == (0,)


class TestAllOrganizations:
    def test_reads_what_the_platform_may_read(self, foreign, twin, organization):
        with all_organizations(reason="test"):
            assert set(Member.objects.values_list("organization_id", flat=True)) == {organization.pk, twin.pk}
            with pytest.raises(NoActiveOrganization):
                Department.objects.count()
            assert unguarded(Department).count() == 0

    def test_writes_nothing(self, foreign, organization):
        member = Member.objects.create(username="x", name="x")
        with all_organizations(reason="test"):
            assert Member.objects.update(name="hacked") == 0
            with pytest.raises(NoActiveOrganization):
                Member.objects.all().delete()
            with pytest.raises(NoActiveOrganization):
                member.save()
            with pytest.raises(NoActiveOrganization):
                Job.objects.bulk_create([Job(kind="x", key="x")])
            with connection.cursor() as cursor:
                cursor.execute("UPDATE organizations_member SET name = 'hacked'")
                assert cursor.rowcount == 0
        member.refresh_from_db()
        assert member.name == "x"

    def test_says_why(self):
        with pytest.raises(ValueError, match="reason"), all_organizations(reason=""):
            pass
