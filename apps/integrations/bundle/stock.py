"""Opening stock and the finance book."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.integrations.bundle.staging import Load, Target, refer, upsert
from apps.movements.enums import EntryKind


def check_stock(load: Load) -> None:
    if "opening" in load.given:
        _check_opening(load)
    if "ledger" in load.given:
        refer_item(load, "ledger")
        refer_warehouse(load, "ledger", where=" OR s.warehouse = ''")


def set_stock(load: Load) -> None:
    if "opening" in load.given:
        _open(load)
    if "ledger" in load.given:
        _set_finance(load)


def refer_item(load: Load, file: str) -> None:
    refer(
        load,
        file,
        "sku",
        table="catalog_item",
        by="sku",
        code="unknown_item",
        message=_("There is no item “%(value)s”."),
    )


def refer_warehouse(load: Load, file: str, *, column: str = "warehouse", where: str = "") -> None:
    refer(
        load,
        file,
        column,
        table="catalog_warehouse",
        by="code",
        code="unknown_warehouse",
        message=_("There is no warehouse “%(value)s”."),
        where=where,
    )


def _check_opening(load: Load) -> None:
    refer_item(load, "opening")
    refer_warehouse(load, "opening")
    load.make_table(
        "bundle_opened",
        "AS SELECT s.row, s.lot, s.quantity, s.as_of, i.id AS item_id, w.id AS warehouse_id, p.id AS location_id,"
        " s.unit_cost, coalesce(s.unit_cost, i.standard_cost) AS cost, e.id AS entry_id, e.quantity AS old_quantity,"
        " e.posted_at AS old_as_of, e.unit_cost AS old_cost FROM bundle_opening s"
        " LEFT JOIN catalog_item i ON i.organization_id = %(org)s AND i.sku = s.sku"
        " LEFT JOIN catalog_warehouse w ON w.organization_id = %(org)s AND w.code = s.warehouse"
        " LEFT JOIN catalog_location p ON p.organization_id = %(org)s AND p.warehouse_id = w.id AND p.code = s.location"
        " LEFT JOIN movements_stockline l ON l.organization_id = %(org)s AND l.location_id = p.id"
        "  AND l.item_id = i.id AND l.lot = s.lot"
        " LEFT JOIN movements_ledgerentry e ON e.organization_id = %(org)s AND e.stock_line_id = l.id"
        f"  AND e.kind = '{EntryKind.OPENING}'",
    )
    load.run("ANALYZE bundle_opened")
    load.find(
        "opening",
        "unknown_location",
        "location",
        _("There is no location “%(value)s” in this warehouse."),
        "SELECT s.row, s.location FROM bundle_opening s JOIN bundle_opened o USING (row)"
        " WHERE o.warehouse_id IS NOT NULL AND o.location_id IS NULL",
    )
    load.find(
        "opening",
        "in_future",
        "as_of",
        _("This moment lies in the future."),
        "SELECT row, as_of FROM bundle_opened WHERE as_of > now()",
    )
    load.find(
        "opening",
        "opening_differs",
        "quantity",
        _("This stock was already opened with other figures; an opening is not changed. Post an adjustment instead."),
        "SELECT row, quantity FROM bundle_opened WHERE entry_id IS NOT NULL"
        " AND ((old_quantity, old_as_of) <> (quantity, as_of) OR old_cost <> coalesce(unit_cost, old_cost))",
    )


def _open(load: Load) -> None:
    """The ledger of each stock line begins at `as_of`. What was posted up to then is contained in the opening, so
    entries that are there already are taken back at their own time, and later ones are not written."""
    if not load.value("SELECT count(*) FROM bundle_opened WHERE entry_id IS NULL"):
        return
    add_lots(load, "SELECT item_id, lot FROM bundle_opened")
    add_stock_lines(load, "SELECT warehouse_id, location_id, item_id, lot FROM bundle_opened WHERE entry_id IS NULL")
    lines = (
        "bundle_opened o JOIN movements_stockline l ON l.organization_id = %(org)s AND l.location_id = o.location_id"
        " AND l.item_id = o.item_id AND l.lot = o.lot"
    )
    lock_stock_lines(load, f"SELECT l.id FROM {lines} WHERE o.entry_id IS NULL")
    load.run(
        "INSERT INTO movements_ledgerentry (organization_id, id, stock_line_id, kind, quantity, unit_cost,"
        " occurred_at, recorded_at, posted_at, line_id, reverses_id)"
        f" SELECT %(org)s, stockcheck_uuid7(), l.id, '{EntryKind.REVERSAL}', -e.quantity, e.unit_cost, e.occurred_at,"
        f" now(), e.posted_at, e.line_id, e.id FROM {lines} JOIN movements_ledgerentry e"
        " ON e.organization_id = %(org)s AND e.stock_line_id = l.id AND e.posted_at <= o.as_of"
        f" WHERE o.entry_id IS NULL AND e.kind = '{EntryKind.POSTING}' AND NOT EXISTS (SELECT 1"
        "  FROM movements_ledgerentry r WHERE r.organization_id = %(org)s"
        "  AND r.reverses_id = e.id AND r.reverses_id IS NOT NULL)"
    )
    load.tallies["opening"].new = load.add(
        "movements_ledgerentry",
        "INSERT INTO movements_ledgerentry (organization_id, id, stock_line_id, kind, quantity, unit_cost,"
        " occurred_at, recorded_at, posted_at)"
        f" SELECT %(org)s, stockcheck_uuid7(), l.id, '{EntryKind.OPENING}', o.quantity, o.cost, o.as_of, now(), o.as_of"
        f" FROM {lines} WHERE o.entry_id IS NULL",
    )


def _set_finance(load: Load) -> None:
    tally = load.tallies["ledger"]
    tally.new, tally.changed = upsert(
        load,
        "(SELECT s.*, i.id AS item_id, w.id AS warehouse_id FROM bundle_ledger s JOIN catalog_item i"
        " ON i.organization_id = %(org)s AND i.sku = s.sku LEFT JOIN catalog_warehouse w"
        " ON w.organization_id = %(org)s AND w.code = s.warehouse)",
        Target(
            table="movements_financebalance",
            key={"item_id": "s.item_id", "warehouse_id": "s.warehouse_id", "as_of": "s.as_of"},
            values={"quantity": "s.quantity", "amount": "s.amount"},
            null_in_key="warehouse_id",
        ),
    )


def add_stock_lines(load: Load, named: str) -> None:
    """Make the stock lines (warehouse_id, location_id, item_id, lot) that `named` selects."""
    load.make_table("bundle_named", f"AS SELECT DISTINCT * FROM ({named}) n")
    load.add(
        "movements_stockline",
        "INSERT INTO movements_stockline (organization_id, id, warehouse_id, location_id, item_id, lot, quantity)"
        " SELECT %(org)s, stockcheck_uuid7(), n.warehouse_id, n.location_id, n.item_id, n.lot, 0 FROM bundle_named n"
        " WHERE NOT EXISTS (SELECT 1 FROM movements_stockline l WHERE l.organization_id = %(org)s"
        "  AND l.location_id = n.location_id AND l.item_id = n.item_id AND l.lot = n.lot)"
        " ORDER BY n.location_id, n.item_id, n.lot ON CONFLICT DO NOTHING",
    )


def add_lots(load: Load, named: str) -> None:
    """Make the lots (item_id, lot) that `named` selects."""
    load.run(
        "INSERT INTO catalog_lot (organization_id, id, item_id, code)"
        f" SELECT %(org)s, stockcheck_uuid7(), n.item_id, n.lot FROM (SELECT DISTINCT item_id, lot FROM ({named}) x"
        "  WHERE lot <> '') n WHERE NOT EXISTS (SELECT 1 FROM catalog_lot l WHERE l.organization_id = %(org)s"
        "  AND l.item_id = n.item_id AND l.code = n.lot) ON CONFLICT DO NOTHING"
    )


def lock_stock_lines(load: Load, ids: str) -> None:
    """Lock in the one order that posters keep, so that nobody waits for each other in a circle."""
    load.run(
        "SELECT count(*) FROM (SELECT l.id FROM movements_stockline l WHERE l.organization_id = %(org)s"
        f" AND l.id IN ({ids}) ORDER BY l.id FOR NO KEY UPDATE) locked"
    )
