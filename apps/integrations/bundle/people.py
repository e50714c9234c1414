"""Departments and staff. They name each other, so departments come first, then people, then the heads."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.integrations.bundle.staging import Load, Target, refer, upsert
from apps.organizations.enums import MemberKind, Role


def set_people(load: Load) -> None:
    fresh = _add_departments(load) if "departments" in load.given else []
    if "staff" in load.given:
        _set_staff(load)
    if "departments" in load.given:
        _set_departments(load, fresh)


def _add_departments(load: Load) -> list[str]:
    """Insert what is new, without its head; returns the codes."""
    fresh = load.rows(
        "INSERT INTO organizations_department (organization_id, id, code, name)"
        " SELECT %(org)s, stockcheck_uuid7(), s.code, coalesce(s.name, s.code) FROM bundle_departments s"
        " WHERE s.code IS NOT NULL AND NOT EXISTS (SELECT 1 FROM organizations_department t"
        "  WHERE t.organization_id = %(org)s AND t.code = s.code) RETURNING code"
    )
    load.tallies["departments"].new = len(fresh)
    return [code for (code,) in fresh]


def _set_departments(load: Load, fresh: list[str]) -> None:
    refer(
        load,
        "departments",
        "manager",
        table="organizations_member",
        by="username",
        code="unknown_member",
        message=_("There is no member “%(value)s”."),
        where=f" AND t.kind = '{MemberKind.PERSON}'",
    )
    for is_new in (True, False):
        changed = load.run(
            "UPDATE organizations_department t SET name = coalesce(s.name, t.name),"
            " manager_id = coalesce(m.id, t.manager_id) FROM bundle_departments s"
            " LEFT JOIN organizations_member m ON m.organization_id = %(org)s AND m.username = s.manager"
            " WHERE t.organization_id = %(org)s AND t.code = s.code AND (t.code = ANY(%(fresh)s)) = %(is_new)s"
            " AND (t.name, t.manager_id) IS DISTINCT FROM (coalesce(s.name, t.name), coalesce(m.id, t.manager_id))",
            fresh=fresh,
            is_new=is_new,
        )
    load.tallies["departments"].changed = changed


def _set_staff(load: Load) -> None:
    refer(
        load,
        "staff",
        "department",
        table="organizations_department",
        by="code",
        code="unknown_department",
        message=_("There is no department “%(value)s”."),
    )
    load.find(
        "staff",
        "reserved_username",
        "username",
        _("“%(value)s” is the name of a member that belongs to the system. Choose another staff code."),
        "SELECT s.row, s.username FROM bundle_staff s JOIN organizations_member m ON m.organization_id = %(org)s"
        f" AND m.username = s.username WHERE m.kind <> '{MemberKind.PERSON}'",
    )
    owners = _owners(load)
    tally = load.tallies["staff"]
    tally.new, tally.changed = upsert(
        load,
        "(SELECT s.*, d.id AS department_id FROM bundle_staff s LEFT JOIN organizations_department d"
        " ON d.organization_id = %(org)s AND d.code = s.department WHERE s.username IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM organizations_member m WHERE m.organization_id = %(org)s"
        f" AND m.username = s.username AND m.kind <> '{MemberKind.PERSON}'))",
        Target(
            table="organizations_member",
            key={"username": "s.username"},
            values={
                "name": "s.name",
                "email": "s.email",
                "department_id": "s.department_id",
                "roles": "s.roles::varchar(20)[]",
            },
            defaults={
                "name": "s.username",
                "email": "''",
                "roles": "'{}'",
                "kind": f"'{MemberKind.PERSON}'",
                "is_active": "true",
            },
        ),
    )
    if owners and not _owners(load):
        load.findings.add(
            "staff",
            0,
            "roles",
            "last_owner",
            _("An organization needs an active owner. Name another owner first."),
        )


def _owners(load: Load) -> int:
    return load.value(
        "SELECT count(*) FROM organizations_member WHERE organization_id = %(org)s AND is_active"
        " AND roles @> ARRAY[%(owner)s]::varchar[]",
        owner=str(Role.OWNER),
    )
