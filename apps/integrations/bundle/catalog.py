"""Warehouses, locations, items, units and their barcodes."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.catalog.enums import Tracking
from apps.catalog.pinyin import sort_key
from apps.integrations.bundle.staging import Load, Target, copying, refer, upsert
from apps.organizations.enums import MemberKind


def set_catalog(load: Load) -> None:
    if "warehouses" in load.given:
        _set_warehouses(load)
    if "locations" in load.given:
        _set_locations(load)
    if "items" in load.given:
        _set_items(load)
    if "units" in load.given:
        _set_units(load)


def _set_warehouses(load: Load) -> None:
    refer(
        load,
        "warehouses",
        "department",
        table="organizations_department",
        by="code",
        code="unknown_department",
        message=_("There is no department “%(value)s”."),
    )
    refer(
        load,
        "warehouses",
        "storekeeper",
        table="organizations_member",
        by="username",
        code="unknown_member",
        message=_("There is no member “%(value)s”."),
        where=f" AND t.kind = '{MemberKind.PERSON}'",
    )
    tally = load.tallies["warehouses"]
    tally.new, tally.changed = upsert(
        load,
        "(SELECT s.*, d.id AS department_id, m.id AS storekeeper_id FROM bundle_warehouses s"
        " LEFT JOIN organizations_department d ON d.organization_id = %(org)s AND d.code = s.department"
        " LEFT JOIN organizations_member m ON m.organization_id = %(org)s AND m.username = s.storekeeper"
        " WHERE s.code IS NOT NULL)",
        Target(
            table="catalog_warehouse",
            key={"code": "s.code"},
            values={"name": "s.name", "department_id": "s.department_id", "storekeeper_id": "s.storekeeper_id"},
            defaults={"name": "s.code", "is_active": "true"},
        ),
    )
    load.run(
        "INSERT INTO catalog_location (organization_id, id, warehouse_id, code, name, zone, walk_order, is_active)"
        " SELECT %(org)s, stockcheck_uuid7(), w.id, '', '', '', 0, true FROM catalog_warehouse w"
        " WHERE w.organization_id = %(org)s AND NOT EXISTS (SELECT 1 FROM catalog_location l"
        "  WHERE l.organization_id = %(org)s AND l.warehouse_id = w.id AND l.code = '')"
    )


def _set_locations(load: Load) -> None:
    refer(
        load,
        "locations",
        "warehouse",
        table="catalog_warehouse",
        by="code",
        code="unknown_warehouse",
        message=_("There is no warehouse “%(value)s”."),
    )
    tally = load.tallies["locations"]
    tally.new, tally.changed = upsert(
        load,
        "(SELECT s.*, w.id AS warehouse_id FROM bundle_locations s JOIN catalog_warehouse w"
        " ON w.organization_id = %(org)s AND w.code = s.warehouse WHERE s.code IS NOT NULL)",
        Target(
            table="catalog_location",
            key={"warehouse_id": "s.warehouse_id", "code": "s.code"},
            values={"name": "s.name", "zone": "s.zone", "walk_order": "s.walk_order"},
            defaults={"name": "''", "zone": "''", "walk_order": "0", "is_active": "true"},
        ),
    )


def _set_items(load: Load) -> None:
    load.run(
        "INSERT INTO catalog_category (organization_id, id, path) SELECT %(org)s, stockcheck_uuid7(), c.category"
        " FROM (SELECT DISTINCT category FROM bundle_items WHERE category <> '') c WHERE NOT EXISTS"
        " (SELECT 1 FROM catalog_category t WHERE t.organization_id = %(org)s AND t.path = c.category)"
    )
    for column in ("base_unit", "tracking"):
        load.find(
            "items",
            f"{column}_fixed",
            column,
            _("Stock was already kept of this item: its base unit and its tracking can no longer change."),
            f"SELECT s.row, s.{column} FROM bundle_items s JOIN catalog_item i ON i.organization_id = %(org)s"
            f" AND i.sku = s.sku WHERE s.{column} <> i.{column} AND ("
            " EXISTS (SELECT 1 FROM movements_stockline l WHERE l.organization_id = %(org)s AND l.item_id = i.id)"
            " OR EXISTS (SELECT 1 FROM movements_documentline l"
            "  WHERE l.organization_id = %(org)s AND l.item_id = i.id))",
        )
    load.find(
        "items",
        "unit_is_base",
        "base_unit",
        _("“%(value)s” is already another unit of this item and cannot be its base unit."),
        "SELECT s.row, s.base_unit FROM bundle_items s JOIN catalog_item i ON i.organization_id = %(org)s"
        " AND i.sku = s.sku JOIN catalog_unit u ON u.organization_id = %(org)s AND u.item_id = i.id"
        " AND u.name = s.base_unit WHERE s.base_unit <> i.base_unit",
    )
    _spell_names(load)
    tally = load.tallies["items"]
    tally.new, tally.changed = upsert(
        load,
        "(SELECT s.*, c.id AS category_id, k.sort_key FROM bundle_items s LEFT JOIN bundle_spelling k USING (row)"
        " LEFT JOIN catalog_category c ON c.organization_id = %(org)s AND c.path = s.category"
        " WHERE s.sku IS NOT NULL)",
        Target(
            table="catalog_item",
            key={"sku": "s.sku"},
            values={
                "name": "s.name",
                "sort_key": "s.sort_key",
                "base_unit": "s.base_unit",
                "spec": "s.spec",
                "category_id": "s.category_id",
                "standard_cost": "s.standard_cost",
                "tracking": "s.tracking",
                "shelf_life_days": "s.shelf_life_days",
                "natural_loss_rate": "s.natural_loss_rate",
            },
            defaults={
                "name": "s.sku",
                "sort_key": "''",
                "base_unit": "''",
                "spec": "''",
                "standard_cost": "0",
                "tracking": f"'{Tracking.NONE}'",
                "natural_loss_rate": "0",
                "is_active": "true",
            },
        ),
    )
    _set_barcodes(
        load,
        "items",
        "SELECT s.row, s.barcode, i.id AS item_id, NULL::uuid AS unit_id FROM bundle_items s"
        " JOIN catalog_item i ON i.organization_id = %(org)s AND i.sku = s.sku",
    )


def _spell_names(load: Load) -> None:
    """`bundle_spelling`: the sort key of every name that is new; spelling Chinese is work for Python."""
    load.make_table("bundle_spelling", "(row integer, sort_key text)")
    names = load.rows(
        "SELECT s.row, s.name FROM bundle_items s LEFT JOIN catalog_item i ON i.organization_id = %(org)s"
        " AND i.sku = s.sku WHERE s.name IS DISTINCT FROM i.name AND s.name IS NOT NULL"
    )
    with copying("bundle_spelling", ["row", "sort_key"]) as write:
        write((row, sort_key(name)) for row, name in names)


def _set_units(load: Load) -> None:
    refer(
        load,
        "units",
        "sku",
        table="catalog_item",
        by="sku",
        code="unknown_item",
        message=_("There is no item “%(value)s”."),
    )
    is_base = (
        "FROM bundle_units s JOIN catalog_item i ON i.organization_id = %(org)s AND i.sku = s.sku"
        " WHERE s.unit = i.base_unit"
    )
    load.find(
        "units",
        "unit_is_base",
        "unit",
        _("“%(value)s” is the base unit of this item; its factor can only be 1."),
        f"SELECT s.row, s.unit {is_base} AND s.factor <> 1",
    )
    tally = load.tallies["units"]
    tally.new, tally.changed = upsert(
        load,
        "(SELECT s.*, i.id AS item_id FROM bundle_units s JOIN catalog_item i ON i.organization_id = %(org)s"
        " AND i.sku = s.sku WHERE s.unit <> i.base_unit)",
        Target(
            table="catalog_unit",
            key={"item_id": "s.item_id", "name": "s.unit"},
            values={"factor": "s.factor"},
            defaults={"factor": "1"},
        ),
    )
    _set_barcodes(
        load,
        "units",
        "SELECT s.row, s.barcode, i.id AS item_id, u.id AS unit_id FROM bundle_units s"
        " JOIN catalog_item i ON i.organization_id = %(org)s AND i.sku = s.sku"
        " LEFT JOIN catalog_unit u ON u.organization_id = %(org)s AND u.item_id = i.id AND u.name = s.unit",
    )


def _set_barcodes(load: Load, file: str, source: str) -> None:
    """Let the staged barcodes mean their items and units. A code means one item and unit; other codes stay."""
    load.make_table(
        "bundle_barcode",
        f"AS SELECT *, first_value(row) OVER w AS first, first_value(item_id) OVER w AS first_item,"
        f" first_value(unit_id) OVER w AS first_unit FROM ({source} WHERE s.barcode IS NOT NULL) s"
        " WINDOW w AS (PARTITION BY barcode ORDER BY row)",
    )
    load.find(
        file,
        "barcode_taken",
        "barcode",
        _("The barcode %(value)s stands for something else in this file already."),
        "SELECT row, barcode FROM bundle_barcode WHERE (item_id, unit_id) IS DISTINCT FROM (first_item, first_unit)",
    )
    load.find(
        file,
        "barcode_taken",
        "barcode",
        _("The barcode %(value)s already means another item. Remove it there first."),
        "SELECT s.row, s.barcode FROM bundle_barcode s JOIN catalog_barcode b ON b.organization_id = %(org)s"
        " AND b.code = s.barcode WHERE b.item_id <> s.item_id",
    )
    if file == "units" and "items" in load.given:
        load.find(
            file,
            "barcode_taken",
            "barcode",
            _("The barcode %(value)s stands for the base unit in the file of items."),
            "SELECT s.row, s.barcode FROM bundle_barcode s JOIN bundle_items i ON i.barcode = s.barcode"
            " WHERE s.unit_id IS NOT NULL",
        )
    load.run(
        "UPDATE catalog_barcode b SET unit_id = s.unit_id FROM bundle_barcode s WHERE b.organization_id = %(org)s"
        " AND b.code = s.barcode AND b.item_id = s.item_id AND s.row = s.first"
        " AND b.unit_id IS DISTINCT FROM s.unit_id"
    )
    load.run(
        "INSERT INTO catalog_barcode (organization_id, id, code, item_id, unit_id)"
        " SELECT %(org)s, stockcheck_uuid7(), s.barcode, s.item_id, s.unit_id FROM bundle_barcode s"
        " WHERE s.row = s.first AND NOT EXISTS (SELECT 1 FROM catalog_barcode b"
        "  WHERE b.organization_id = %(org)s AND b.code = s.barcode)"
    )
