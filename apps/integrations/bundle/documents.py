"""Documents: staged with their repeated parts taken out, so that half a million lines are numbers, not texts.

A line is staged with the number of its run (neighbouring lines with one head) and of its place (warehouse, location,
item, lot, unit). What is looked up is looked up once for each run and place, not for each line.
"""

from __future__ import annotations

from itertools import repeat
from typing import Any

from django.utils.translation import gettext as _

from apps.core.numbers import LIMIT
from apps.core.sheets_reading import Table
from apps.integrations.bundle.findings import shown_row
from apps.integrations.bundle.formats import FORMATS
from apps.integrations.bundle.staging import Load, Parsed, copying, twice
from apps.integrations.bundle.stock import add_lots, add_stock_lines, lock_stock_lines
from apps.movements.enums import DOCUMENT_TRANSITIONS, EFFECT, DocumentStatus, DocumentType, EntryKind

HEAD = (
    "doc_type",
    "doc_no",
    "status",
    "warehouse",
    "to_warehouse",
    "occurred_at",
    "recorded_at",
    "posted_at",
    "operator",
    "approver",
    "department",
    "counterparty",
    "external_id",
    "reason",
)
PLACE = ("warehouse", "location", "sku", "lot", "unit")
LINE = ("line_no", "quantity", "unit_cost", "to_location", "source_doc_no", "source_line_no", "note")

SOURCES: dict[str, tuple[str, ...]] = {
    DocumentType.DELIVERY_NOTE: (DocumentType.PURCHASE_ORDER,),
    DocumentType.RECEIPT: (DocumentType.DELIVERY_NOTE, DocumentType.PURCHASE_ORDER),
    DocumentType.WAYBILL: (DocumentType.SALES_ORDER,),
    DocumentType.SALES_ISSUE: (DocumentType.SALES_ORDER, DocumentType.WAYBILL),
    DocumentType.SALES_RETURN: (DocumentType.RETURN_NOTE,),
    DocumentType.TRANSFER_IN: (DocumentType.TRANSFER_OUT,),
}
"""The types that a source document has in the chain; other types name a bare number."""

FINAL = (DocumentStatus.POSTED, DocumentStatus.CANCELLED)


class _Numbered(dict[Any, int]):
    """Each new key gets the next number."""

    def __missing__(self, key: Any) -> int:
        number = self[key] = len(self)
        return number


def stage_documents(load: Load, table: Table) -> None:
    """Fill bundle_line (the head stands on the first row of each run) and bundle_place."""
    file = FORMATS["documents"]
    types = {column.name: column.sql for column in file.columns}
    load.make_table(
        "bundle_line",
        "(row integer, run integer, place integer, id uuid DEFAULT stockcheck_uuid7(), "
        + ", ".join(f"{name} {types[name]}" for name in (*LINE, *HEAD))
        + ")",
    )
    load.make_table("bundle_place", "(place integer, " + ", ".join(f"{name} text" for name in PLACE) + ")")
    parsed = Parsed(load, table, file)
    if not parsed.given:
        return
    load.given["documents"] = parsed.given
    places, nothing = _Numbered(), (None,) * len(HEAD)
    last: tuple[str | None, ...] = ()
    run = 0
    with copying("bundle_line", ["row", "run", "place", *LINE, *HEAD]) as write:
        for rows, columns in parsed:
            heads, lines, where = (
                zip(*(columns.get(name) or repeat(None, len(rows)) for name in names), strict=True)
                for names in (HEAD, LINE, PLACE)
            )
            staged = []
            for row, head, line, place in zip(rows, heads, lines, map(places.__getitem__, where), strict=True):
                if head == last:
                    staged.append((row, run, place, *line, *nothing))
                else:
                    last, run = head, row
                    staged.append((row, row, place, *line, *head))
            write(staged)
    with copying("bundle_place", ["place", *PLACE]) as write:
        write((number, *place) for place, number in places.items())
    load.run("ANALYZE bundle_line")


def check_documents(load: Load) -> None:
    """Report whatever is wrong with the staged documents, among themselves and against what is there."""
    if "documents" not in load.given:
        return
    load.progress(load.tallies["documents"].rows, 0, _("checking documents"))
    _make_heads(load)
    _make_spots(load)
    _check_heads(load)
    _check_places(load)
    _check_repetitions(load)
    _check_lines(load)
    _check_sources(load)
    _compare(load)


def _make_heads(load: Load) -> None:
    """bundle_run: every run with the first run of its document (`head`); bundle_document: one row a document, with
    what it refers to. A document that is there keeps its id; `effect` is 0 where nothing moves."""
    load.make_table(
        "bundle_run",
        f"AS SELECT run, row, min(run) OVER (PARTITION BY doc_type, doc_no) AS head, {', '.join(HEAD)}"
        " FROM bundle_line WHERE row = run AND doc_type IS NOT NULL AND doc_no IS NOT NULL",
    )
    effects = ", ".join(f"('{doc_type}', {effect})" for doc_type, effect in EFFECT.items())
    load.make_table(
        "bundle_document",
        "AS SELECT r.*, coalesce(k.effect, 0) AS effect, d.id IS NULL AS is_new, d.status AS old_status,"
        " coalesce(d.id, stockcheck_uuid7()) AS id, w.id AS warehouse_id, t.id AS to_warehouse_id,"
        " o.id AS operator_id, a.id AS approver_id, p.id AS department_id FROM bundle_run r"
        f" LEFT JOIN (VALUES {effects}) AS k (doc_type, effect) ON k.doc_type = r.doc_type"
        " LEFT JOIN movements_document d ON d.organization_id = %(org)s AND d.doc_type = r.doc_type"
        "  AND d.doc_no = r.doc_no"
        " LEFT JOIN catalog_warehouse w ON w.organization_id = %(org)s AND w.code = r.warehouse"
        " LEFT JOIN catalog_warehouse t ON t.organization_id = %(org)s AND t.code = r.to_warehouse"
        " LEFT JOIN organizations_member o ON o.organization_id = %(org)s AND o.username = r.operator"
        " LEFT JOIN organizations_member a ON a.organization_id = %(org)s AND a.username = r.approver"
        " LEFT JOIN organizations_department p ON p.organization_id = %(org)s AND p.code = r.department"
        " WHERE r.run = r.head",
    )
    load.run("ANALYZE bundle_run")
    load.run("ANALYZE bundle_document")


def _make_spots(load: Load) -> None:
    """bundle_spot: every place with the item, location and unit factor that it means."""
    load.make_table(
        "bundle_spot",
        "AS SELECT p.place, p.warehouse, p.location, p.sku, coalesce(p.lot, '') AS lot, p.unit, i.id AS item_id,"
        " i.standard_cost, w.id AS warehouse_id, l.id AS location_id,"
        " CASE WHEN p.unit IS NULL OR p.unit = i.base_unit THEN 1 ELSE u.factor END AS factor,"
        " coalesce(nullif(p.unit, i.base_unit), '') AS unit_name FROM bundle_place p"
        " LEFT JOIN catalog_item i ON i.organization_id = %(org)s AND i.sku = p.sku"
        " LEFT JOIN catalog_warehouse w ON w.organization_id = %(org)s AND w.code = p.warehouse"
        " LEFT JOIN catalog_location l ON l.organization_id = %(org)s AND l.warehouse_id = w.id"
        "  AND l.code = coalesce(p.location, '')"
        " LEFT JOIN catalog_unit u ON u.organization_id = %(org)s AND u.item_id = i.id AND u.name = p.unit",
    )
    load.run("ANALYZE bundle_spot")


def _check_heads(load: Load) -> None:
    for column, found, code, message in (
        ("warehouse", "warehouse_id", "unknown_warehouse", _("There is no warehouse “%(value)s”.")),
        ("to_warehouse", "to_warehouse_id", "unknown_warehouse", _("There is no warehouse “%(value)s”.")),
        ("operator", "operator_id", "unknown_member", _("There is no member “%(value)s”.")),
        ("approver", "approver_id", "unknown_member", _("There is no member “%(value)s”.")),
        ("department", "department_id", "unknown_department", _("There is no department “%(value)s”.")),
    ):
        _find_lines(load, code, column, message, f"d.{column} IS NOT NULL AND d.{found} IS NULL", f"d.{column}")
    compared = HEAD[2:]
    differences = " || ".join(
        f"CASE WHEN r.{column} IS DISTINCT FROM d.{column} THEN '{column} ' ELSE '' END" for column in compared
    )
    for row, first, columns in load.rows(
        f"SELECT r.row, d.row, {differences} FROM bundle_run r JOIN bundle_document d USING (head)"
        f" WHERE r.run <> d.run AND ({', '.join(f'r.{c}' for c in compared)})"
        f" IS DISTINCT FROM ({', '.join(f'd.{c}' for c in compared)}) ORDER BY r.row"
    ):
        load.findings.add(
            "documents",
            row,
            columns.split()[0],
            "head_differs",
            _(
                "Rows %(first)s and %(row)s belong to one document but differ in: %(columns)s. Its head must be the"
                " same on all lines."
            )
            % {"first": shown_row(first), "row": shown_row(row), "columns": ", ".join(columns.split())},
        )


def _check_places(load: Load) -> None:
    for column, code, message, wrong in (
        ("sku", "unknown_item", _("There is no item “%(value)s”."), "p.sku IS NOT NULL AND p.item_id IS NULL"),
        (
            "location",
            "unknown_location",
            _("There is no location “%(value)s” in this warehouse."),
            "p.warehouse_id IS NOT NULL AND p.location_id IS NULL",
        ),
        (
            "unit",
            "unknown_unit",
            _("The item has no unit “%(value)s”."),
            "p.item_id IS NOT NULL AND p.factor IS NULL",
        ),
    ):
        load.find(
            "documents",
            code,
            column,
            message,
            f"SELECT l.row, p.{column} FROM bundle_spot p JOIN bundle_line l USING (place) WHERE {wrong}",
        )


def _check_repetitions(load: Load) -> None:
    """The same line twice: with equal values it counts once, with different ones both rows are named."""
    load.make_table(
        "bundle_twice",
        "AS SELECT r.head, l.line_no, min(l.row) AS first FROM bundle_line l JOIN bundle_run r USING (run)"
        " GROUP BY 1, 2 HAVING count(*) > 1 AND l.line_no IS NOT NULL",
    )
    same = (
        "bundle_twice t JOIN bundle_run r USING (head) JOIN bundle_line l ON l.run = r.run AND l.line_no = t.line_no"
        " AND l.row <> t.first"
    )
    own = {column: f"l.{column} IS DISTINCT FROM f.{column}" for column in LINE[1:]}
    placed = {column: f"p.{column} IS DISTINCT FROM q.{column}" for column in PLACE[1:]}
    differences = " || ".join(
        f"CASE WHEN {differs} THEN '{column} ' ELSE '' END" for column, differs in (placed | own).items()
    )
    for row, first, columns in load.rows(
        f"SELECT l.row, t.first, {differences} FROM {same} JOIN bundle_line f ON f.row = t.first"
        " JOIN bundle_place p ON p.place = l.place JOIN bundle_place q ON q.place = f.place ORDER BY l.row"
    ):
        if columns:
            load.findings.add("documents", row, columns.split()[0], "duplicate_row", twice(first, row, columns.split()))
    load.tallies["documents"].rows -= load.run(
        f"DELETE FROM bundle_line x USING (SELECT l.row FROM {same}) y WHERE x.row = y.row"
    )


def _check_lines(load: Load) -> None:
    _find_lines(
        load,
        "negative",
        "quantity",
        _("This must not be negative; only adjustments may be."),
        f"l.quantity < 0 AND d.doc_type <> '{DocumentType.ADJUSTMENT}'",
        "l.quantity",
    )
    _find_lines(
        load,
        "posted_without_time",
        "posted_at",
        _("A posted line must say when it was posted."),
        f"d.status = '{DocumentStatus.POSTED}' AND d.posted_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM movements_document o WHERE o.organization_id = %(org)s AND o.id = d.id"
        "  AND o.posted_at IS NOT NULL)",
        "''",
    )
    _find_lines(
        load,
        "in_future",
        "posted_at",
        _("A document cannot be posted in the future."),
        f"d.status = '{DocumentStatus.POSTED}' AND d.posted_at > now()",
        "d.posted_at",
    )
    load.find(
        "documents",
        "number_range",
        "quantity",
        _("In base units this quantity is too large or has more than 4 decimals."),
        "SELECT l.row, l.quantity FROM bundle_line l JOIN bundle_spot p USING (place) WHERE p.factor <> 1"
        f" AND (round(l.quantity * p.factor, 4) <> l.quantity * p.factor OR abs(l.quantity * p.factor) > {LIMIT})",
    )
    load.find(
        "documents",
        "unknown_location",
        "to_location",
        _("There is no location “%(value)s” in the warehouse that it goes to."),
        "SELECT l.row, l.to_location FROM bundle_line l JOIN bundle_run r USING (run) JOIN bundle_document d"
        " USING (head) WHERE l.to_location IS NOT NULL AND coalesce(d.to_warehouse_id, d.warehouse_id) IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM catalog_location p WHERE p.organization_id = %(org)s AND p.code = l.to_location"
        "  AND p.warehouse_id = coalesce(d.to_warehouse_id, d.warehouse_id))",
    )


def _check_sources(load: Load) -> None:
    """A source is looked for among the types of its chain; where there is none, its number must be unique."""
    if "source_doc_no" not in load.given["documents"]:
        return
    chain = ", ".join(f"('{doc_type}', '{source}')" for doc_type, sources in SOURCES.items() for source in sources)
    load.make_table(
        "bundle_source",
        "AS SELECT DISTINCT r.doc_type, l.source_doc_no AS doc_no FROM bundle_line l JOIN bundle_run r USING (run)"
        " WHERE l.source_doc_no IS NOT NULL",
    )
    load.make_table(
        "bundle_known",
        "AS SELECT doc_no, doc_type FROM bundle_document UNION SELECT doc_no, doc_type FROM movements_document"
        " WHERE organization_id = %(org)s AND doc_no IN (SELECT doc_no FROM bundle_source)",
    )
    load.make_table(
        "bundle_doubt",
        "AS SELECT s.doc_type, s.doc_no, count(k.doc_no) AS found, count(c.source) AS in_chain FROM bundle_source s"
        " LEFT JOIN bundle_known k ON k.doc_no = s.doc_no"
        f" LEFT JOIN (VALUES {chain}) AS c (doc_type, source) ON c.doc_type = s.doc_type AND c.source = k.doc_type"
        " GROUP BY 1, 2 HAVING NOT (count(c.source) = 1 OR (count(c.source) = 0 AND count(k.doc_no) = 1))",
    )
    for code, message, condition in (
        ("unknown_document", _("There is no document “%(value)s”."), "b.found = 0"),
        (
            "ambiguous_document",
            _("There are several documents with the number “%(value)s”, so it cannot be told which is meant."),
            "b.found > 0",
        ),
    ):
        load.find(
            "documents",
            code,
            "source_doc_no",
            message,
            "SELECT l.row, l.source_doc_no FROM bundle_doubt b JOIN bundle_line l ON l.source_doc_no = b.doc_no"
            f" JOIN bundle_run r ON r.run = l.run AND r.doc_type = b.doc_type WHERE {condition}",
        )


def _find_lines(load: Load, code: str, column: str, message: str, condition: str, value: str) -> None:
    load.find(
        "documents",
        code,
        column,
        message,
        f"SELECT l.row, {value} FROM bundle_document d JOIN bundle_run r USING (head)"
        f" JOIN bundle_line l ON l.run = r.run WHERE {condition}",
    )


# Against what is there


HEAD_VALUES = {
    "warehouse": "warehouse_id",
    "to_warehouse": "to_warehouse_id",
    "occurred_at": "occurred_at",
    "recorded_at": "recorded_at",
    "posted_at": "posted_at",
    "operator": "operator_id",
    "approver": "approver_id",
    "department": "department_id",
    "counterparty": "counterparty",
    "external_id": "external_id",
    "reason": "reason",
}
LINE_VALUES = {
    "sku": ("item_id", "p.item_id"),
    "location": ("location_id", "CASE WHEN p.location IS NOT NULL THEN p.location_id END"),
    "to_location": ("to_location_id", "tl.id"),
    "lot": ("lot", "nullif(p.lot, '')"),
    "quantity": ("quantity", "l.quantity"),
    "unit": ("unit", "CASE WHEN p.unit IS NOT NULL THEN p.unit_name END"),
    "unit_cost": ("unit_cost", "l.unit_cost"),
    "source_doc_no": ("source_doc_no", "l.source_doc_no"),
    "source_line_no": ("source_line_no", "l.source_line_no"),
    "note": ("note", "l.note"),
}
"""What the file calls it: (column of the table, what the row says; null where it says nothing)."""

LINES = (
    "bundle_line l JOIN bundle_run r ON r.run = l.run JOIN bundle_document d ON d.head = r.head"
    " JOIN bundle_spot p ON p.place = l.place"
    " LEFT JOIN catalog_location tl ON tl.organization_id = %(org)s AND tl.code = l.to_location"
    "  AND tl.warehouse_id = coalesce(d.to_warehouse_id, d.warehouse_id)"
)


def _compare(load: Load) -> None:
    """bundle_old: every staged line of a document that is there already, and in what it differs.

    What was posted or cancelled stays as it is; other documents may change, and move on in their states.
    """
    head = " || ".join(
        f"CASE WHEN d.{c} <> o.{c} OR (d.{c} IS NOT NULL AND o.{c} IS NULL) THEN '{name} ' ELSE '' END"
        for name, c in HEAD_VALUES.items()
    )
    load.make_table(
        "bundle_old_head",
        f"AS SELECT d.head, d.row, d.id, d.status, d.old_status, {head} AS differs FROM bundle_document d"
        " JOIN movements_document o ON o.organization_id = %(org)s AND o.id = d.id WHERE NOT d.is_new",
    )
    load.run("ANALYZE bundle_old_head")
    line = " || ".join(
        f"CASE WHEN {said} <> e.{c} OR ({said} IS NOT NULL AND e.{c} IS NULL) THEN '{name} ' ELSE '' END"
        for name, (c, said) in LINE_VALUES.items()
    )
    load.make_table(
        "bundle_old",
        f"AS SELECT l.row, h.head, e.id AS line_id, h.differs AS head_differs,"
        f" CASE WHEN e.id IS NULL THEN 'line_no ' ELSE {line} END AS differs FROM {LINES}"
        " JOIN bundle_old_head h ON h.head = d.head LEFT JOIN movements_documentline e ON e.organization_id = %(org)s"
        " AND e.document_id = h.id AND e.line_no = l.line_no WHERE l.line_no IS NOT NULL",
    )
    load.run("ANALYZE bundle_old")
    final = ", ".join(f"'{status}'" for status in FINAL)
    for row, no, columns in load.rows(
        "SELECT o.row, d.doc_no, h.differs || CASE WHEN h.status <> h.old_status THEN 'status ' ELSE '' END"
        " || o.differs FROM bundle_old o JOIN bundle_old_head h USING (head) JOIN bundle_document d USING (head)"
        f" WHERE h.old_status IN ({final}) AND (h.differs <> '' OR h.status <> h.old_status OR o.differs <> '')"
        " ORDER BY o.row"
    ):
        load.findings.add(
            "documents",
            row,
            columns.split()[0],
            "document_is_final",
            _(
                "%(no)s is already posted or cancelled and is not changed by a file (differs: %(columns)s)."
                " Reverse it instead."
            )
            % {"no": no, "columns": ", ".join(columns.split())},
            no,
        )
    moves = ", ".join(f"('{a}', '{b}')" for a, targets in DOCUMENT_TRANSITIONS.items() for b in sorted(targets))
    load.find(
        "documents",
        "wrong_state",
        "status",
        _("This document cannot go back to “%(value)s”."),
        "SELECT h.row, h.status FROM bundle_old_head h WHERE h.status <> h.old_status"
        f" AND h.old_status NOT IN ({final}) AND (h.old_status, h.status) NOT IN ({moves})",
    )


# Writing


def set_documents(load: Load) -> None:
    """Write what was staged and found good, and post what is posted."""
    if "documents" not in load.given:
        return
    load.progress(load.tallies["documents"].rows, 0, _("writing documents"))
    fields = [*HEAD_VALUES.values()]
    empty = ("counterparty", "external_id", "reason")
    load.add(
        "movements_document",
        "INSERT INTO movements_document (organization_id, id, doc_type, doc_no, status, created_at,"
        f" {', '.join(fields)}) SELECT %(org)s, d.id, d.doc_type, d.doc_no, d.status, now(), "
        + ", ".join(f"coalesce(d.{c}, '')" if c in empty else f"d.{c}" for c in fields)
        + " FROM bundle_document d WHERE d.is_new ORDER BY d.head",
    )
    load.run(
        "UPDATE movements_document o SET status = d.status, "
        + ", ".join(f"{c} = coalesce(d.{c}, o.{c})" for c in fields)
        + " FROM bundle_document d JOIN bundle_old_head h USING (head)"
        " WHERE o.organization_id = %(org)s AND o.id = d.id AND (h.differs <> '' OR h.status <> h.old_status)"
    )
    _set_lines(load)
    add_lots(load, "SELECT item_id, lot FROM bundle_spot")
    _post(load)
    tally = load.tallies["documents"]
    tally.changed = load.value(
        "SELECT count(*) FROM bundle_old o JOIN bundle_old_head h USING (head) WHERE o.line_id IS NOT NULL"
        " AND (o.differs <> '' OR h.differs <> '' OR h.status <> h.old_status)"
    )


def _set_lines(load: Load) -> None:
    load.tallies["documents"].new = load.add(
        "movements_documentline",
        "INSERT INTO movements_documentline (organization_id, id, document_id, line_no, item_id, location_id,"
        " to_location_id, lot, quantity, unit, base_quantity, unit_cost, source_doc_no, source_line_no, note)"
        " SELECT %(org)s, l.id, d.id, l.line_no, p.item_id, p.location_id, tl.id, p.lot, l.quantity, p.unit_name,"
        " l.quantity * p.factor, l.unit_cost, coalesce(l.source_doc_no, ''), l.source_line_no, coalesce(l.note, '')"
        f" FROM {LINES} WHERE d.is_new OR EXISTS"
        " (SELECT 1 FROM bundle_old o WHERE o.row = l.row AND o.line_id IS NULL)",
    )
    load.run(
        "UPDATE movements_documentline e SET "
        + ", ".join(f"{c} = coalesce({said}, e.{c})" for c, said in LINE_VALUES.values())
        + ", base_quantity = l.quantity * p.factor"
        f" FROM {LINES} JOIN bundle_old o ON o.row = l.row"
        " WHERE e.organization_id = %(org)s AND e.id = o.line_id AND o.differs <> ''"
    )


TURNED_LINES = (
    "bundle_turned t JOIN movements_document o ON o.organization_id = %(org)s AND o.id = t.id"
    " JOIN movements_documentline e ON e.organization_id = %(org)s AND e.document_id = t.id"
)


def _post(load: Load) -> None:
    """The ledger of new posted lines, from what is staged; of documents that were there as drafts, from the tables.

    What the opening of its stock line contains (posted up to that moment) is not written.
    """
    posted = f"d.effect <> 0 AND d.status = '{DocumentStatus.POSTED}' AND d.old_status IS DISTINCT FROM d.status"
    load.make_table(
        "bundle_posting",
        f"AS SELECT r.run, d.effect, d.posted_at, coalesce(d.occurred_at, d.posted_at) AS occurred_at,"
        f" coalesce(d.recorded_at, d.posted_at) AS recorded_at FROM bundle_run r JOIN bundle_document d USING (head)"
        f" WHERE d.is_new AND {posted}",
    )
    load.run("ANALYZE bundle_posting")
    load.make_table("bundle_turned", f"AS SELECT d.id, d.effect FROM bundle_document d WHERE NOT d.is_new AND {posted}")
    load.run("ANALYZE bundle_turned")
    load.make_table(
        "bundle_moved",
        "AS SELECT DISTINCT l.place FROM bundle_line l JOIN bundle_posting g USING (run)",
    )
    add_stock_lines(
        load,
        "SELECT p.warehouse_id, p.location_id, p.item_id, p.lot FROM bundle_moved m JOIN bundle_spot p USING (place)"
        f" UNION SELECT o.warehouse_id, e.location_id, e.item_id, e.lot FROM {TURNED_LINES}",
    )
    load.make_table(
        "bundle_stock",
        "AS SELECT m.place, l.id AS stock_line_id, p.factor, p.standard_cost, e.posted_at AS opened_at"
        " FROM bundle_moved m JOIN bundle_spot p USING (place) JOIN movements_stockline l"
        "  ON l.organization_id = %(org)s AND l.location_id = p.location_id AND l.item_id = p.item_id AND l.lot = p.lot"
        " LEFT JOIN movements_ledgerentry e ON e.organization_id = %(org)s AND e.stock_line_id = l.id"
        f"  AND e.kind = '{EntryKind.OPENING}'",
    )
    load.run("ANALYZE bundle_stock")
    lock_stock_lines(load, "SELECT stock_line_id FROM bundle_stock")
    load.progress(load.tallies["documents"].rows, 0, _("writing the ledger"))
    columns = (
        "organization_id, id, stock_line_id, kind, quantity, unit_cost, occurred_at, recorded_at, posted_at, line_id"
    )
    load.add(
        "movements_ledgerentry",
        f"INSERT INTO movements_ledgerentry ({columns}) SELECT %(org)s, stockcheck_uuid7(), s.stock_line_id,"
        f" '{EntryKind.POSTING}', g.effect * l.quantity * s.factor, coalesce(l.unit_cost, s.standard_cost),"
        " g.occurred_at, g.recorded_at, g.posted_at, l.id FROM bundle_line l JOIN bundle_posting g USING (run)"
        " JOIN bundle_stock s USING (place) WHERE l.quantity <> 0"
        " AND (s.opened_at IS NULL OR g.posted_at > s.opened_at)",
    )
    if load.value("SELECT count(*) FROM bundle_turned"):
        load.run(
            f"INSERT INTO movements_ledgerentry ({columns})"
            f" SELECT %(org)s, stockcheck_uuid7(), s.id, '{EntryKind.POSTING}', t.effect * e.base_quantity,"
            " coalesce(e.unit_cost, i.standard_cost), coalesce(o.occurred_at, o.posted_at),"
            f" coalesce(o.recorded_at, o.posted_at), o.posted_at, e.id FROM {TURNED_LINES}"
            " JOIN catalog_item i ON i.organization_id = %(org)s AND i.id = e.item_id"
            " JOIN movements_stockline s ON s.organization_id = %(org)s AND s.location_id = e.location_id"
            "  AND s.item_id = e.item_id AND s.lot = e.lot"
            " WHERE e.base_quantity <> 0 AND NOT EXISTS (SELECT 1 FROM movements_ledgerentry x"
            "  WHERE x.organization_id = %(org)s AND x.stock_line_id = s.id"
            f"  AND x.kind = '{EntryKind.OPENING}' AND x.posted_at >= o.posted_at)"
        )
