"""What was confirmed about the variances of past counts: the history that explanations learn from."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.counts.enums import CountState
from apps.integrations.bundle.staging import Load, refer
from apps.integrations.bundle.stock import refer_item
from apps.organizations.selectors import system_member
from apps.variances.enums import EvidenceKind, VarianceState

FILE = "confirmed_causes"


def check_causes(load: Load) -> None:
    if FILE not in load.given:
        return
    refer_item(load, FILE)
    for column, table, by, code, message in (
        ("cause", "variances_causetype", "code", "unknown_cause", _("There is no cause “%(value)s”.")),
        (
            "department",
            "organizations_department",
            "code",
            "unknown_department",
            _("There is no department “%(value)s”."),
        ),
        ("person", "organizations_member", "username", "unknown_member", _("There is no member “%(value)s”.")),
    ):
        refer(load, FILE, column, table=table, by=by, code=code, message=message)
    load.find(
        FILE,
        "zero_quantity",
        "quantity",
        _("A cause explains a quantity; it cannot be zero."),
        "SELECT row, quantity FROM bundle_confirmed_causes WHERE quantity = 0",
    )
    _check_counts(load)
    _check_documents(load)


def _check_counts(load: Load) -> None:
    known = (
        "SELECT count_no, warehouse, status, 1 AS place FROM bundle_count UNION ALL " if "counts" in load.given else ""
    )
    load.make_table(
        "bundle_past",
        "AS SELECT s.row, s.warehouse, k.count_no IS NOT NULL AS known, k.warehouse AS counted, k.status,"
        " w.id AS warehouse_id, p.id AS location_id FROM bundle_confirmed_causes s"
        f" LEFT JOIN (SELECT DISTINCT ON (count_no) * FROM ({known}SELECT c.count_no, w.code, c.state, 2"
        "  FROM counts_count c JOIN catalog_warehouse w ON w.organization_id = %(org)s AND w.id = c.warehouse_id"
        "  WHERE c.organization_id = %(org)s) AS x (count_no, warehouse, status, place) ORDER BY count_no, place) k"
        " ON k.count_no = s.count_no"
        " LEFT JOIN catalog_warehouse w ON w.organization_id = %(org)s AND w.code = k.warehouse"
        " LEFT JOIN catalog_location p ON p.organization_id = %(org)s AND p.warehouse_id = w.id AND p.code = s.location"
        " WHERE s.count_no IS NOT NULL",
    )
    for code, column, message, condition in (
        ("unknown_count", "count_no", _("There is no count “%(value)s”."), "NOT k.known"),
        (
            "count_open",
            "count_no",
            _("The count “%(value)s” is not closed; causes are confirmed for closed counts."),
            f"k.known AND k.status <> '{CountState.CLOSED}'",
        ),
        (
            "other_warehouse",
            "warehouse",
            _("This count was of another warehouse than “%(value)s”."),
            "k.known AND s.warehouse NOT IN ('', k.counted)",
        ),
        (
            "unknown_location",
            "location",
            _("There is no location “%(value)s” in the warehouse of this count."),
            "k.warehouse_id IS NOT NULL AND k.location_id IS NULL",
        ),
    ):
        load.find(
            FILE,
            code,
            column,
            message,
            f"SELECT s.row, s.{column} FROM bundle_confirmed_causes s JOIN bundle_past k USING (row) WHERE {condition}",
        )


def _check_documents(load: Load) -> None:
    """A bare number: it must name one document, whatever its type."""
    here = "SELECT doc_no, doc_type FROM bundle_document UNION " if "documents" in load.given else ""
    load.make_table(
        "bundle_named_document",
        f"AS SELECT k.doc_no, count(*) AS found FROM ({here}SELECT doc_no, doc_type FROM movements_document"
        " WHERE organization_id = %(org)s) k WHERE k.doc_no IN (SELECT doc_no FROM bundle_confirmed_causes) GROUP BY 1",
    )
    for code, message, condition in (
        ("unknown_document", _("There is no document “%(value)s”."), "d.found IS NULL"),
        (
            "ambiguous_document",
            _("There are several documents with the number “%(value)s”, so it cannot be told which is meant."),
            "d.found > 1",
        ),
    ):
        load.find(
            FILE,
            code,
            "doc_no",
            message,
            "SELECT s.row, s.doc_no FROM bundle_confirmed_causes s LEFT JOIN bundle_named_document d USING (doc_no)"
            f" WHERE s.doc_no IS NOT NULL AND {condition}",
        )


def set_causes(load: Load) -> None:
    """Set the causes of the variances that the closed counts have; each variance's rest is derived again."""
    if FILE not in load.given:
        return
    load.make_table(
        "bundle_cause",
        "AS SELECT s.row, s.quantity, s.doc_no, v.id AS variance_id, v.state, t.id AS cause_type_id, i.id AS item_id,"
        " s.lot, k.location_id, d.id AS department_id, m.id AS person_id, NULL::uuid AS cause_id, false AS changed,"
        " row_number() OVER (PARTITION BY v.id, t.id, s.quantity, d.id, m.id ORDER BY s.row) AS repeat"
        " FROM bundle_confirmed_causes s JOIN bundle_past k USING (row)"
        " JOIN catalog_item i ON i.organization_id = %(org)s AND i.sku = s.sku"
        " JOIN variances_causetype t ON t.organization_id = %(org)s AND t.code = s.cause"
        " LEFT JOIN counts_count n ON n.organization_id = %(org)s AND n.count_no = s.count_no"
        " LEFT JOIN movements_stockline l ON l.organization_id = %(org)s AND l.location_id = k.location_id"
        "  AND l.item_id = i.id AND l.lot = s.lot"
        " LEFT JOIN variances_variance v ON v.organization_id = %(org)s AND v.count_id = n.id"
        "  AND v.stock_line_id = l.id"
        " LEFT JOIN organizations_department d ON d.organization_id = %(org)s AND d.code = s.department"
        " LEFT JOIN organizations_member m ON m.organization_id = %(org)s AND m.username = s.person",
    )
    _find_again(load)
    load.find(
        FILE,
        "no_variance",
        "sku",
        _("This line has no variance in that count, so nothing can be its cause."),
        "SELECT s.row, s.sku FROM bundle_confirmed_causes s JOIN bundle_cause c USING (row)"
        " WHERE c.variance_id IS NULL",
    )
    editable = ", ".join(f"'{state}'" for state in (VarianceState.OPEN, VarianceState.EXPLAINED))
    load.find(
        FILE,
        "frozen",
        "quantity",
        _("An adjustment was already proposed for this variance; its causes stay as the approver reads them."),
        f"SELECT row, quantity FROM bundle_cause WHERE state NOT IN ({editable}) AND (cause_id IS NULL OR changed)",
    )
    if load.findings:
        return
    _write(load)


def _find_again(load: Load) -> None:
    """Which cause that is there each row means: an equal one, else the next one of its type that no row equals."""
    load.run(
        "UPDATE bundle_cause s SET cause_id = x.id FROM (SELECT c.*, row_number() OVER (PARTITION BY variance_id,"
        " cause_type_id, quantity, department_id, person_id ORDER BY id) AS repeat FROM variances_cause c"
        " WHERE c.organization_id = %(org)s AND c.variance_id IN (SELECT variance_id FROM bundle_cause)) x"
        " WHERE x.variance_id = s.variance_id AND x.cause_type_id = s.cause_type_id AND x.quantity = s.quantity"
        " AND x.repeat = s.repeat AND x.department_id IS NOT DISTINCT FROM s.department_id"
        " AND x.person_id IS NOT DISTINCT FROM s.person_id"
    )
    load.run(
        "UPDATE bundle_cause s SET cause_id = x.id, changed = (x.quantity <> s.quantity OR"
        "  x.department_id IS DISTINCT FROM coalesce(s.department_id, x.department_id) OR"
        "  x.person_id IS DISTINCT FROM coalesce(s.person_id, x.person_id))"
        " FROM (SELECT c.*, row_number() OVER (PARTITION BY variance_id, cause_type_id ORDER BY id) AS place"
        "  FROM variances_cause c WHERE c.organization_id = %(org)s"
        "  AND c.variance_id IN (SELECT variance_id FROM bundle_cause)"
        "  AND c.id NOT IN (SELECT cause_id FROM bundle_cause WHERE cause_id IS NOT NULL)) x,"
        " (SELECT row, row_number() OVER (PARTITION BY variance_id, cause_type_id ORDER BY row) AS place"
        "  FROM bundle_cause WHERE cause_id IS NULL) y"
        " WHERE y.row = s.row AND x.variance_id = s.variance_id AND x.cause_type_id = s.cause_type_id"
        " AND x.place = y.place"
    )


def _write(load: Load) -> None:
    tally, system = load.tallies[FILE], system_member()
    tally.changed = load.run(
        "UPDATE variances_cause c SET quantity = s.quantity,"
        " department_id = coalesce(s.department_id, c.department_id), person_id = coalesce(s.person_id, c.person_id)"
        " FROM bundle_cause s"
        " WHERE c.organization_id = %(org)s AND c.id = s.cause_id AND s.changed"
    )
    load.run("ALTER TABLE bundle_cause ADD COLUMN new_id uuid")
    tally.new = load.run("UPDATE bundle_cause SET new_id = stockcheck_uuid7() WHERE cause_id IS NULL")
    load.run(
        "INSERT INTO variances_cause (organization_id, id, variance_id, cause_type_id, quantity, department_id,"
        " person_id, note, confirmed_by_id, confirmed_at)"
        " SELECT %(org)s, new_id, variance_id, cause_type_id, quantity, department_id, person_id, '', %(system)s, now()"
        " FROM bundle_cause WHERE new_id IS NOT NULL ORDER BY row",
        system=system.pk,
    )
    load.run(
        "INSERT INTO variances_evidence (organization_id, id, variance_id, cause_id, kind, document_line_id, file,"
        " file_name, note, added_by_id, added_at)"
        f" SELECT %(org)s, stockcheck_uuid7(), s.variance_id, s.new_id, '{EvidenceKind.DOCUMENT_LINE}', s.id, '', '',"
        " '', %(system)s, now() FROM (SELECT DISTINCT ON (c.row) c.variance_id, c.new_id, x.id FROM bundle_cause c"
        "  JOIN movements_document d ON d.organization_id = %(org)s AND d.doc_no = c.doc_no"
        "  JOIN movements_documentline x ON x.organization_id = %(org)s AND x.document_id = d.id"
        "  WHERE c.new_id IS NOT NULL ORDER BY c.row, x.item_id = c.item_id DESC, x.location_id = c.location_id DESC,"
        "  x.lot = c.lot DESC, x.line_no) s",
        system=system.pk,
    )
    load.run(
        "UPDATE variances_variance v SET unexplained = v.quantity - c.explained, state = CASE"
        f" WHEN v.quantity = c.explained THEN '{VarianceState.EXPLAINED}' ELSE '{VarianceState.OPEN}' END"
        " FROM (SELECT x.variance_id, sum(x.quantity) AS explained FROM variances_cause x"
        "  WHERE x.organization_id = %(org)s AND x.variance_id IN (SELECT variance_id FROM bundle_cause"
        "   WHERE new_id IS NOT NULL OR changed) GROUP BY 1) c"
        " WHERE v.organization_id = %(org)s AND v.id = c.variance_id"
    )
