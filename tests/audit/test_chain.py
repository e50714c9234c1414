"""Every tampering shows: the table's owner works on it with the triggers switched off."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from apps.audit import heads
from apps.audit.models import AuditChain, AuditEntry
from apps.audit.selectors import verify_chain
from apps.audit.services import audited, record
from apps.core.tenancy import organization_scope
from apps.organizations.services import add_member, save_department

TAMPERINGS = 1_100
ENTRIES = 8


@pytest.fixture
def chain(organization, system):
    """Some entries with their signed head, and the table's triggers switched off."""
    while AuditEntry.objects.count() < ENTRIES:
        number = AuditEntry.objects.count()
        save_department(f"D{number}", name=f"部门{number}", actor=system)
    end = AuditChain.objects.get()
    heads.write_head(organization.pk, end.sequence, end.hash)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
    assert verify_chain() == []
    return list(AuditEntry.objects.order_by("sequence"))


EDITS: dict[str, Callable[[AuditEntry, random.Random], object]] = {
    "id": lambda entry, dice: uuid4(),
    "occurred_at": lambda entry, dice: entry.occurred_at.replace(
        microsecond=(entry.occurred_at.microsecond + 1) % 10**6
    ),
    "actor_id": lambda entry, dice: None,
    "actor_name": lambda entry, dice: entry.actor_name + dice.choice("abc "),
    "action": lambda entry, dice: entry.action.swapcase(),
    "target_type": lambda entry, dice: entry.target_type + "x",
    "target_id": lambda entry, dice: str(uuid4()),
    "target_name": lambda entry, dice: entry.target_name[:-1] + dice.choice("XYZ"),
    "changes": lambda entry, dice: json.dumps({**entry.changes, "name": [None, str(dice.random())]}),
    "facts": lambda entry, dice: json.dumps({"rows": dice.randint(1, 10**9)}),
    "correlation": lambda entry, dice: uuid4(),
    "channel": lambda entry, dice: "api" if entry.channel != "api" else "page",
    "address": lambda entry, dice: f"10.0.0.{dice.randint(1, 250)}",
    "previous_hash": lambda entry, dice: f"{dice.getrandbits(256):064x}",
    "hash": lambda entry, dice: f"{dice.getrandbits(256):064x}",
    "sequence": lambda entry, dice: entry.sequence + 1000,
}


def execute(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def edit(rows: list[AuditEntry], dice: random.Random) -> None:
    row, column = dice.choice(rows), dice.choice(list(EDITS))
    execute(f"UPDATE audit_auditentry SET {column} = %s WHERE id = %s", EDITS[column](row, dice), row.pk)


def delete(rows: list[AuditEntry], dice: random.Random) -> None:
    execute(
        "DELETE FROM audit_auditentry WHERE id = ANY(%s)", [row.pk for row in dice.sample(rows, dice.randint(1, 3))]
    )


def reorder(rows: list[AuditEntry], dice: random.Random) -> None:
    one, two = dice.sample(rows, 2)
    for row, number in ((one, 10**6), (two, one.sequence), (one, two.sequence)):
        execute("UPDATE audit_auditentry SET sequence = %s WHERE id = %s", number, row.pk)


def insert(rows: list[AuditEntry], dice: random.Random) -> None:
    row = dice.choice(rows)
    forged = AuditEntry.objects.get(pk=row.pk)
    forged.pk, forged.target_name = uuid4(), "forged"
    if dice.random() < 0.5:  # between two entries, everything behind moves on
        for other in reversed(rows[row.sequence :]):
            execute("UPDATE audit_auditentry SET sequence = sequence + 1 WHERE id = %s", other.pk)
        forged.sequence, forged.previous_hash = row.sequence + 1, row.hash
    else:  # behind the last, its hash right
        forged.sequence, forged.previous_hash = rows[-1].sequence + 1, rows[-1].hash
    forged.hash = forged.computed_hash()
    AuditEntry.objects.bulk_create([forged])


def cut_tail(rows: list[AuditEntry], dice: random.Random) -> None:
    """The last entries go, and the end of the chain is set back to fit."""
    kept = dice.randint(0, len(rows) - 1)
    execute("DELETE FROM audit_auditentry WHERE sequence > %s", kept)
    execute("UPDATE audit_auditchain SET sequence = %s, hash = %s", kept, rows[kept - 1].hash if kept else "0" * 64)


def rewrite(rows: list[AuditEntry], dice: random.Random) -> None:
    """One entry is changed and every hash after it computed anew, the chain's end too."""
    start = dice.randrange(len(rows))
    previous = rows[start - 1].hash if start else "0" * 64
    for row in AuditEntry.objects.filter(sequence__gt=start).order_by("sequence"):
        if row.sequence == start + 1:
            row.target_name = f"rewritten {dice.random()}"
        row.previous_hash, row.hash = previous, ""
        row.hash = previous = row.computed_hash()
        execute(
            "UPDATE audit_auditentry SET target_name = %s, previous_hash = %s, hash = %s WHERE id = %s",
            row.target_name, row.previous_hash, row.hash, row.pk,
        )  # fmt: skip
    execute("UPDATE audit_auditchain SET hash = %s", previous)


def start_over(rows: list[AuditEntry], dice: random.Random) -> None:
    execute("DELETE FROM audit_auditentry")
    execute("DELETE FROM audit_auditchain")


WAYS = (edit, edit, edit, delete, reorder, insert, cut_tail, rewrite, start_over)


def test_every_tampering_is_found(chain):
    dice, missed = random.Random(20231231), []
    for number in range(TAMPERINGS):
        way = WAYS[number % len(WAYS)]
        point = transaction.savepoint()
        way(chain, dice)
        if not verify_chain():
            missed.append((number, way.__name__))
        transaction.savepoint_rollback(point)
    assert missed == []
    assert verify_chain() == []


def test_every_column_is_covered():
    columns = {field.attname for field in AuditEntry._meta.concrete_fields} - {"organization_id"}
    assert set(EDITS) == columns


def test_a_forged_head_shows(chain, organization):
    path = heads.heads_file(organization.pk)
    good = path.read_text()
    for forged in (
        good.replace('"sequence": 8', '"sequence": 7'),
        good[:-6] + '00"}\n',
        "not json\n",
        good + "{}\n",
    ):
        path.write_text(forged)
        assert verify_chain() != []
    path.write_text(good)
    assert verify_chain() == []


def test_a_head_of_another_company_does_not_pass(chain, organization, twin):
    with organization_scope(twin):
        end = AuditChain.objects.get()
        heads.write_head(twin.pk, end.sequence, end.hash)
    heads.heads_file(organization.pk).write_text(heads.heads_file(twin.pk).read_text())
    assert verify_chain() != []


def test_the_triggers_refuse_without_the_owners_hand(organization, system):
    save_department("D1", name="x", actor=system)
    for sql in (
        "UPDATE audit_auditentry SET actor_name = 'x'",
        "DELETE FROM audit_auditentry",
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            execute(sql)


def test_a_head_is_written_when_the_transaction_commits(organization, system, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        save_department("D1", name="x", actor=system)
    end = AuditChain.objects.get()
    last = list(heads.read_heads(organization.pk))[-1]
    assert (last["valid"], last["sequence"], last["hash"]) == (True, end.sequence, end.hash)


@audited("tests.inner.done")
def _inner(organization, *, actor, fail=False):
    record(fail=fail)
    if fail:
        raise ZeroDivisionError
    return organization


@audited("tests.outer.done")
def _outer(organization, *, actor):
    record(rows=3, password="abc", deep={"api_token": "abc", "plain": 1})
    _inner(organization, actor=actor)
    with pytest.raises(ZeroDivisionError):
        _inner(organization, actor=actor, fail=True)
    return organization


def test_nested_services_share_a_correlation_and_failed_ones_leave_no_entry(organization, system):
    before = AuditEntry.objects.count()
    _outer(organization, actor=system)
    entries = list(AuditEntry.objects.filter(sequence__gt=before).order_by("sequence"))
    assert [entry.action for entry in entries] == ["tests.inner.done", "tests.outer.done"]
    assert len({entry.correlation for entry in entries}) == 1
    assert entries[1].facts == {"rows": 3, "password": "…", "deep": {"api_token": "…", "plain": 1}}
    assert verify_chain() == []


def test_a_failed_service_writes_nothing(organization, system):
    before = AuditEntry.objects.count()
    with pytest.raises(ZeroDivisionError):
        _inner(organization, actor=system, fail=True)
    assert AuditEntry.objects.count() == before


def test_before_and_after(organization, system):
    add_member("S01", name="孙", roles=[], actor=system)
    row = save_department("D1", name="仓储部", actor=system)
    save_department("D1", name="物流部", actor=system)
    entry = AuditEntry.objects.first()
    assert (entry.target_id, entry.changes) == (str(row.pk), {"name": ["仓储部", "物流部"]})
