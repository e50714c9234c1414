"""A company with a given number of stock lines and ten times as many ledger entries, made in a few statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection
from django.utils import timezone

from apps.catalog.models import Warehouse
from apps.catalog.services import save_location, save_warehouse
from apps.core.tenancy import organization_scope, require_organization_id
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import system_member
from apps.organizations.services import open_organization

LOCATIONS = 50
ENTRIES = 10


@dataclass
class Scene:
    """`lines` stock lines, one item each, spread over the warehouse; entries lie `day` apart, up to now."""

    organization: Organization
    lines: int
    halfway: datetime

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse.objects.get()

    @property
    def actor(self) -> Member:
        return system_member()

    def execute(self, sql: str, **parameters: Any) -> int:
        """Run raw SQL; %(org)s is the organization."""
        with connection.cursor() as cursor:
            cursor.execute(sql, {"org": require_organization_id(), **parameters})
            return cursor.rowcount

    def fetch(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"org": require_organization_id(), **parameters})
            return cursor.fetchall()


def make_scene(lines: int) -> Scene:
    organization = open_organization(f"bench-{lines}", name=f"{lines} lines")
    now = timezone.now()
    scene = Scene(organization, lines, now - timedelta(days=ENTRIES / 2))
    with organization_scope(organization):
        warehouse = save_warehouse("WH01", name="WH01", actor=system_member())
        for number in range(LOCATIONS):
            save_location(warehouse, f"A-{number:02d}", actor=system_member())
        for statement in _FILL:
            scene.execute(statement, lines=lines, locations=LOCATIONS, entries=ENTRIES, now=now)
    tidy()
    return scene


@contextmanager
def copied() -> Iterator[None]:
    """A copy of the database for one benchmark: what it prepares is committed, as in life, and then forgotten."""
    scene, copy = connection.settings_dict["NAME"], f"{connection.settings_dict['NAME']}_copy"
    connection.close()
    _administer(f"DROP DATABASE IF EXISTS {copy}", f"CREATE DATABASE {copy} TEMPLATE {scene} STRATEGY file_copy")
    connection.settings_dict["NAME"] = copy
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = scene
        _administer(f"DROP DATABASE {copy}")


def _administer(*statements: str) -> None:
    """Autovacuum may still be at work in the database; it is asked to leave and takes a moment."""
    for statement in statements:
        for patience in reversed(range(10)):
            try:
                with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
                    cursor.execute(statement)
                break
            except OperationalError:
                if not patience:
                    raise


def tidy() -> None:
    """Away with what rolled-back work left behind, and the planner knows what is there."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


_FILL = (
    """
    INSERT INTO catalog_item (id, organization_id, sku, name, sort_key, spec, base_unit, standard_cost, tracking,
        natural_loss_rate, is_active)
    SELECT uuidv7(), %(org)s, 'SKU-' || lpad(n::text, 6, '0'), 'Item ' || n, 'item' || n, '', 'pcs',
        (n %% 97) + 0.5, 'none', 0, true
    FROM generate_series(1, %(lines)s) n
    """,
    """
    INSERT INTO movements_stockline (id, organization_id, warehouse_id, location_id, item_id, lot, quantity)
    SELECT uuidv7(), %(org)s, p.warehouse_id, p.id, i.id, '', 0
    FROM (SELECT id, row_number() OVER (ORDER BY sku) AS n FROM catalog_item WHERE organization_id = %(org)s) i
    JOIN (SELECT id, warehouse_id, row_number() OVER (ORDER BY code) AS n FROM catalog_location
          WHERE organization_id = %(org)s AND code <> '') p ON p.n = 1 + i.n %% %(locations)s
    """,
    """
    INSERT INTO movements_document (id, organization_id, doc_type, doc_no, status, warehouse_id, occurred_at,
        recorded_at, posted_at, counterparty, external_id, reason, created_at)
    SELECT uuidv7(), %(org)s, 'receipt', 'RK-' || n, 'posted', w.id, at, at, at, '', '', '', at
    FROM (SELECT n, %(now)s::timestamptz - n * interval '1 day' AS at FROM generate_series(1, %(entries)s) n) d,
        catalog_warehouse w
    WHERE w.organization_id = %(org)s
    """,
    """
    INSERT INTO movements_documentline (id, organization_id, document_id, line_no, item_id, location_id, lot,
        quantity, unit, base_quantity, source_doc_no, note)
    SELECT uuidv7(), %(org)s, d.id, n, s.item_id, s.location_id, '',
        10 + n %% 7, '', 10 + n %% 7, '', ''
    FROM (SELECT *, row_number() OVER () AS n FROM movements_stockline WHERE organization_id = %(org)s) s
    CROSS JOIN movements_document d
    WHERE d.organization_id = %(org)s
    """,
    """
    INSERT INTO movements_ledgerentry (id, organization_id, stock_line_id, kind, quantity, unit_cost, occurred_at,
        recorded_at, posted_at, line_id)
    SELECT uuidv7(), %(org)s, s.id, 'posting', l.quantity, 1, d.posted_at, d.posted_at, d.posted_at, l.id
    FROM movements_documentline l
    JOIN movements_document d ON d.id = l.document_id
    JOIN movements_stockline s ON s.organization_id = l.organization_id AND s.location_id = l.location_id
        AND s.item_id = l.item_id AND s.lot = l.lot
    WHERE l.organization_id = %(org)s
    """,
)
