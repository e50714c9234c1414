"""Stock now and then, and posting an adjustment of every line."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from apps.movements.models import StockLine
from apps.movements.selectors import stock_rows
from apps.movements.services import LineDraft, create_document, post_document
from bench.registry import Scene, benchmark

NAMED = """
    SELECT w.code, p.code, i.sku, s.lot, s.quantity, round(s.quantity * i.standard_cost, 4)
    FROM {source} s
    JOIN catalog_warehouse w ON w.id = s.warehouse_id
    JOIN catalog_location p ON p.id = s.location_id
    JOIN catalog_item i ON i.id = s.item_id
    WHERE s.organization_id = %(org)s
    ORDER BY 1, 2, 3, 4
"""
PAST = """(
    SELECT l.organization_id, l.warehouse_id, l.location_id, l.item_id, l.lot, sum(e.quantity) AS quantity
    FROM movements_ledgerentry e JOIN movements_stockline l ON l.id = e.stock_line_id
    WHERE e.organization_id = %(org)s AND e.posted_at <= %(moment)s GROUP BY l.id
)"""
KNOWN = PAST.replace("e.posted_at <= %(moment)s", "e.occurred_at <= %(moment)s AND e.posted_at <= %(known)s")


@benchmark("stock now", goal=2)
class StockNow:
    """The rows of the `stock` command, from the balances."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def floor(self) -> None:
        self.scene.fetch(NAMED.format(source="movements_stockline"))

    def ours(self) -> None:
        assert len(list(stock_rows())) == self.scene.lines


@benchmark("stock at a past moment", goal=2)
class StockThen:
    """The same, summed from the ledger."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def floor(self) -> None:
        self.scene.fetch(NAMED.format(source=PAST), moment=self.scene.halfway)

    def ours(self) -> None:
        assert len(list(stock_rows(self.scene.halfway))) == self.scene.lines


@benchmark("stock as known at a moment", goal=2)
class StockKnown:
    """What had moved by one moment, as it was known at a later one."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.known = scene.halfway + timedelta(days=1)

    def floor(self) -> None:
        self.scene.fetch(NAMED.format(source=KNOWN), moment=self.scene.halfway, known=self.known)

    def ours(self) -> None:
        assert len(list(stock_rows(self.scene.halfway, self.known))) == self.scene.lines


class WrittenLines:
    """An adjustment of −1 on every stock line. The floor writes the same rows into tables with the same indexes
    that have no constraints, triggers or row-level security, and adds up the balances."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        for table in ("documentline", "ledgerentry", "stockline"):
            scene.execute(f"CREATE TABLE bare_{table} (LIKE movements_{table} INCLUDING DEFAULTS INCLUDING INDEXES)")
            scene.execute(f"INSERT INTO bare_{table} SELECT * FROM movements_{table} WHERE organization_id = %(org)s")

    def drafts(self) -> list[LineDraft]:
        lines = StockLine.objects.select_related("item", "location")
        return [LineDraft(line.item, Decimal(-1), location=line.location) for line in lines]

    def write_lines(self) -> None:
        self.scene.execute(
            """
            INSERT INTO bare_documentline (id, organization_id, document_id, line_no, item_id, location_id, lot,
                quantity, unit, base_quantity, source_doc_no, note)
            SELECT uuidv7(), s.organization_id, s.warehouse_id, row_number() OVER (), s.item_id,
                s.location_id, s.lot, -1, '', -1, '', ''
            FROM movements_stockline s WHERE s.organization_id = %(org)s
            """
        )

    def write_ledger(self) -> None:
        self.scene.execute(
            """
            INSERT INTO bare_ledgerentry (id, organization_id, stock_line_id, kind, quantity, unit_cost,
                occurred_at, recorded_at, posted_at, line_id)
            SELECT uuidv7(), s.organization_id, s.id, 'posting', -1, 1, now(), now(), now(), s.id
            FROM movements_stockline s WHERE s.organization_id = %(org)s
            """
        )
        self.scene.execute(
            """
            UPDATE bare_stockline s SET quantity = s.quantity + e.quantity
            FROM (SELECT stock_line_id, sum(quantity) AS quantity FROM bare_ledgerentry
                  WHERE organization_id = %(org)s AND posted_at = now() GROUP BY 1) e
            WHERE s.organization_id = %(org)s AND s.id = e.stock_line_id
            """
        )


@benchmark("post an adjustment", goal=4)
class PostAdjustment(WrittenLines):
    """Ledger and balances, from a document that is there."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.document = create_document("adjustment", warehouse=scene.warehouse, lines=self.drafts(), actor=scene.actor)

    def floor(self) -> None:
        self.write_ledger()

    def ours(self) -> None:
        post_document(self.document, actor=self.scene.actor, ignore_freeze=True)


@benchmark("make and post an adjustment", goal=4)
class MakeAndPostAdjustment(WrittenLines):
    """The whole way from the wish: document lines, ledger, balances."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.wish = self.drafts()

    def floor(self) -> None:
        self.write_lines()
        self.write_ledger()

    def ours(self) -> None:
        document = create_document(
            "adjustment", warehouse=self.scene.warehouse, lines=self.wish, actor=self.scene.actor
        )
        post_document(document, actor=self.scene.actor, ignore_freeze=True)
