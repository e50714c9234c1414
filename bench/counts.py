"""Releasing a count, taking in its entries in bulk, and the list of its variances.

The floors write the same rows into tables with the same indexes, without constraints, triggers or row-level security.
"""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from apps.counts.models import Count, CountLine
from apps.counts.selectors import variance_rows
from apps.counts.services import EntryDraft, close_count, create_count, record_entries, release_count
from bench.registry import Scene, benchmark


def bare(scene: Scene, table: str) -> None:
    scene.execute(f"CREATE TABLE bare_{table} (LIKE counts_{table} INCLUDING DEFAULTS INCLUDING INDEXES)")


def planned(scene: Scene) -> Count:
    return create_count(scene.warehouse, actor=scene.actor)


def wished(scene: Scene, *, off: Decimal = Decimal(0)) -> list[EntryDraft]:
    """An entry for each stock line: one in seven a little off, or all of them by `off`."""
    now = timezone.now()
    rows = scene.fetch(
        "SELECT p.code, i.sku, s.quantity FROM movements_stockline s JOIN catalog_location p ON p.id = s.location_id"
        " JOIN catalog_item i ON i.id = s.item_id WHERE s.organization_id = %(org)s"
    )
    return [
        EntryDraft(
            f"E{number:06}", quantity + (off or Decimal(number % 7 == 0)), sku=sku, location=code, counted_at=now
        )
        for number, (code, sku, quantity) in enumerate(rows)
    ]


@benchmark("release a count", goal=2)
class Release:
    """The snapshot of every stock line, with tasks, in a static count: postings under way are waited for."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.count = scene, planned(scene)
        bare(scene, "countline")

    def floor(self) -> None:
        self.scene.execute(
            """
            INSERT INTO bare_countline (id, organization_id, count_id, stock_line_id, task_id, round, is_found, is_open,
                snapshot, moved_in, moved_out, expected, unit_cost)
            SELECT uuidv7(), s.organization_id, %(count)s, s.id, s.location_id, 1, false, true, s.quantity,
                0, 0, s.quantity, i.standard_cost
            FROM movements_stockline s JOIN catalog_item i ON i.id = s.item_id WHERE s.organization_id = %(org)s
            """,
            count=self.count.pk,
        )

    def ours(self) -> None:
        release_count(self.count, actor=self.scene.actor)
        assert CountLine.objects.filter(count=self.count).count() == self.scene.lines


class Entered:
    """A released count and what is to be entered."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.count = scene, release_count(planned(scene), actor=scene.actor)
        self.drafts = wished(scene)
        scene.execute("ANALYZE counts_countline")


@benchmark("take in entries", goal=4)
class Record(Entered):
    """From drafts in memory to rows, each item, place and unit looked up. The floor gets the line's own ids."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        bare(scene, "countentry")
        self.rows = scene.fetch(
            "SELECT id, task_id, 'E' || row_number() OVER (), snapshot FROM counts_countline"
            " WHERE organization_id = %(org)s AND count_id = %(count)s",
            count=self.count.pk,
        )

    def floor(self) -> None:
        line, task, number, quantity = (list(column) for column in zip(*self.rows, strict=True))
        self.scene.execute(
            """
            INSERT INTO bare_countentry (id, organization_id, count_id, line_id, task_id, entry_no, round, quantity,
                unit, base_quantity, counter_id, counted_at, received_at, method, device, note)
            SELECT uuidv7(), %(org)s, %(count)s, line, task, number, 1, quantity, '', quantity, %(actor)s,
                now(), now(), 'keyed', '', ''
            FROM unnest(%(line)s::uuid[], %(task)s::uuid[], %(number)s::text[], %(quantity)s::numeric[])
                AS d(line, task, number, quantity)
            """,
            count=self.count.pk,
            actor=self.scene.actor.pk,
            line=line,
            task=task,
            number=number,
            quantity=quantity,
        )

    def ours(self) -> None:
        assert len(record_entries(self.count, self.drafts, actor=self.scene.actor).accepted) == self.scene.lines


LIST = """
    SELECT w.code, p.code, i.sku, s.lot, l.expected, l.counted, l.variance, round(l.variance * l.unit_cost, 4)
    FROM counts_countline l
    JOIN movements_stockline s ON s.id = l.stock_line_id
    JOIN catalog_warehouse w ON w.id = s.warehouse_id
    JOIN catalog_location p ON p.id = s.location_id
    JOIN catalog_item i ON i.id = s.item_id
    WHERE l.organization_id = %(org)s AND l.count_id = %(count)s AND l.counted IS NOT NULL
    ORDER BY abs(l.variance) * l.unit_cost DESC
"""


class Listed(Entered):
    """Every counted line, by the value of its variance."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        record_entries(self.count, self.drafts, actor=scene.actor)
        scene.execute("ANALYZE counts_countentry")
        self.prepare()

    def prepare(self) -> None: ...

    def ours(self) -> None:
        assert len(list(variance_rows(self.count, matching=True, sort="value"))) == self.scene.lines


@benchmark("variance list, count closed", goal=2)
class ListClosed(Listed):
    """From the stored numbers."""

    def prepare(self) -> None:
        self.count = close_count(self.count, actor=self.scene.actor)

    def floor(self) -> None:
        self.scene.fetch(LIST, count=self.count.pk)


@benchmark("variance list, count open", goal=2)
class ListOpen(Listed):
    """As it stands: counted from the entries, the book from the ledger."""

    def floor(self) -> None:
        self.scene.fetch(
            """
            SELECT w.code, p.code, i.sku, s.lot, b.book, e.counted, e.counted - b.book,
                round((e.counted - b.book) * l.unit_cost, 4)
            FROM counts_countline l
            JOIN (SELECT line_id, sum(base_quantity) AS counted FROM counts_countentry
                  WHERE organization_id = %(org)s AND count_id = %(count)s GROUP BY 1) e ON e.line_id = l.id
            JOIN (SELECT stock_line_id, sum(quantity) AS book FROM movements_ledgerentry
                  WHERE organization_id = %(org)s AND posted_at <= %(moment)s GROUP BY 1) b
                ON b.stock_line_id = l.stock_line_id
            JOIN movements_stockline s ON s.id = l.stock_line_id
            JOIN catalog_warehouse w ON w.id = s.warehouse_id
            JOIN catalog_location p ON p.id = s.location_id
            JOIN catalog_item i ON i.id = s.item_id
            WHERE l.organization_id = %(org)s AND l.count_id = %(count)s
            ORDER BY abs(e.counted - b.book) * l.unit_cost DESC
            """,
            count=self.count.pk,
            moment=self.count.snapshot_at,
        )
