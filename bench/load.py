"""Loading ten posted movements for each stock line through the bundle loader: everything checked, balances kept."""

from __future__ import annotations

import csv
import random
import tempfile
from datetime import timedelta
from pathlib import Path

from django.db import connection
from django.utils import timezone

from apps.integrations.services import load_bundle
from apps.movements.models import LedgerEntry
from bench.registry import Scene, benchmark

COLUMNS = ("doc_no", "line_no", "doc_type", "status", "warehouse", "location", "sku", "quantity", "posted_at")
LINES_PER_DOCUMENT = 25
MOVEMENTS = 10


@benchmark("load posted movements (x 10)", goal=4, megabytes=400)
class Load:
    """The floor copies the same file and writes the same documents, lines, ledger entries and balances into tables
    with the same indexes, by five statements that check nothing."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.folder = tempfile.TemporaryDirectory()
        self.file = Path(self.folder.name) / "documents.csv"
        self.movements = write_documents(scene, self.file)
        for table in ("document", "documentline", "ledgerentry", "stockline"):
            scene.execute(f"CREATE TABLE bare_{table} (LIKE movements_{table} INCLUDING DEFAULTS INCLUDING INDEXES)")
            scene.execute(f"INSERT INTO bare_{table} SELECT * FROM movements_{table} WHERE organization_id = %(org)s")

    def floor(self) -> None:
        scene = self.scene
        scene.execute(
            "CREATE TEMPORARY TABLE given (doc_no text, line_no integer, doc_type text, status text, warehouse text,"
            " location text, sku text, quantity numeric, posted_at timestamptz) ON COMMIT DROP"
        )
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY given FROM STDIN (FORMAT csv, HEADER)") as copy,
            self.file.open("rb") as file,
        ):
            while block := file.read(1 << 20):
                copy.write(block)
        scene.execute("ANALYZE given")
        for statement in FLOOR:
            scene.execute(statement)

    def ours(self) -> None:
        before = LedgerEntry.objects.count()
        loaded = load_bundle(self.file.parent, actor=self.scene.actor)
        assert loaded.tallies["documents"].new == LedgerEntry.objects.count() - before == self.movements


def write_documents(scene: Scene, file: Path) -> int:
    """Receipts and issues of every stock line in random order; returns the number of their lines."""
    places = scene.fetch(
        "SELECT p.code, i.sku FROM movements_stockline s JOIN catalog_location p ON p.id = s.location_id"
        " JOIN catalog_item i ON i.id = s.item_id WHERE s.organization_id = %(org)s ORDER BY i.sku"
    )
    shuffled = random.Random(11)
    start = timezone.now() - timedelta(days=365)
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for number in range(len(places) * MOVEMENTS // LINES_PER_DOCUMENT):
            doc_type = "sales_issue" if number % 5 else "receipt"
            posted_at = (start + timedelta(minutes=number)).isoformat(timespec="seconds")
            for line in range(LINES_PER_DOCUMENT):
                location, sku = shuffled.choice(places)
                quantity = shuffled.randint(1, 40)
                writer.writerow(
                    (f"L-{number}", line + 1, doc_type, "posted", "WH01", location, sku, quantity, posted_at)
                )
    return len(places) * MOVEMENTS // LINES_PER_DOCUMENT * LINES_PER_DOCUMENT


FLOOR = (
    """
    INSERT INTO bare_document (id, organization_id, doc_type, doc_no, status, warehouse_id, posted_at, counterparty,
        external_id, reason, created_at)
    SELECT uuidv7(), %(org)s, d.doc_type, d.doc_no, d.status, w.id, d.posted_at, '', '', '', now()
    FROM (SELECT DISTINCT doc_type, doc_no, status, warehouse, posted_at FROM given) d
    JOIN catalog_warehouse w ON w.organization_id = %(org)s AND w.code = d.warehouse
    """,
    """
    INSERT INTO bare_documentline (id, organization_id, document_id, line_no, item_id, location_id, lot, quantity,
        unit, base_quantity, source_doc_no, note)
    SELECT uuidv7(), %(org)s, d.id, g.line_no, i.id, p.id, '', g.quantity, '', g.quantity, '', ''
    FROM given g
    JOIN bare_document d ON d.organization_id = %(org)s AND d.doc_type = g.doc_type AND d.doc_no = g.doc_no
    JOIN catalog_item i ON i.organization_id = %(org)s AND i.sku = g.sku
    JOIN catalog_location p ON p.organization_id = %(org)s AND p.warehouse_id = d.warehouse_id AND p.code = g.location
    """,
    """
    INSERT INTO bare_ledgerentry (id, organization_id, stock_line_id, kind, quantity, unit_cost, occurred_at,
        recorded_at, posted_at, line_id)
    SELECT uuidv7(), %(org)s, s.id, 'posting', CASE d.doc_type WHEN 'receipt' THEN 1 ELSE -1 END * l.quantity,
        i.standard_cost, d.posted_at, d.posted_at, d.posted_at, l.id
    FROM bare_documentline l
    JOIN bare_document d ON d.id = l.document_id AND d.doc_no LIKE 'L-%%'
    JOIN catalog_item i ON i.id = l.item_id
    JOIN bare_stockline s ON s.organization_id = %(org)s AND s.location_id = l.location_id AND s.item_id = l.item_id
        AND s.lot = l.lot
    """,
    """
    UPDATE bare_stockline s SET quantity = s.quantity + e.quantity
    FROM (SELECT e.stock_line_id, sum(e.quantity) AS quantity FROM bare_ledgerentry e
          JOIN bare_documentline l ON l.id = e.line_id JOIN bare_document d ON d.id = l.document_id
          WHERE d.doc_no LIKE 'L-%%' GROUP BY 1) e
    WHERE s.organization_id = %(org)s AND s.id = e.stock_line_id
    """,
)
