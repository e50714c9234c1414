"""`python -m bench.pages [--items 100000] [--movements 1000000] [--organizations 50] [--requests 20]`.

The pages of a large company beside many small ones: median and 95th percentile of the time, what of it is Python's
own (a busy machine stretches the rest), and the number of queries.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

from bench.place import throwaway_database

MILLISECONDS, QUERIES = 250, 20
BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "CLOSE", "SELECT set_config")
"""What frames a transaction and is no query."""

LINES_PER_DOCUMENT = 25


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.pages", description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--movements", type=int, default=1_000_000)
    parser.add_argument("--organizations", type=int, default=50)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--only", default="", metavar="WORD", help="pages whose name contains this")
    parser.add_argument("--queries", action="store_true", help="print the queries of each page, slowest first")
    options = parser.parse_args()
    with throwaway_database():
        run(options)


def run(options: argparse.Namespace) -> None:
    from django.conf import settings
    from django.test import Client

    from apps.organizations.models import User

    settings.ALLOWED_HOSTS = ["testserver"]
    organization = make_company(options)
    client = Client()
    client.force_login(User.objects.get(username="boss"), backend="django.contrib.auth.backends.ModelBackend")
    print(f"{'page':<34}{'p50':>9}{'p95':>9}{'python':>9}{'queries':>9}  met")
    for name, address in pages(organization).items():
        if options.only in name:
            visit(client, name, address, options)


def visit(client: Any, name: str, address: Callable[[], str], options: argparse.Namespace) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address())
    seconds, python = [], []
    for _request in range(options.requests):
        path = address()
        start, begun = perf_counter(), process_time()
        response = client.get(path)
        b"".join(response) if response.streaming else response.content
        seconds.append(perf_counter() - start)
        python.append(process_time() - begun)
        assert response.status_code == 200, (path, response.status_code)
    with CaptureQueriesContext(connection) as captured:
        client.get(address())
    queries = [query for query in captured.captured_queries if not query["sql"].startswith(BOOKKEEPING)]
    half, most = statistics.median(seconds) * 1000, statistics.quantiles(seconds, n=20)[-1] * 1000
    verdict = "yes" if most <= MILLISECONDS and len(queries) <= QUERIES else "NO"
    own = statistics.median(python) * 1000
    print(f"{name:<34}{half:>6.0f} ms{most:>6.0f} ms{own:>6.0f} ms{len(queries):>9}  {verdict}", flush=True)
    if options.queries:
        for query in sorted(queries, key=lambda query: -float(query["time"])):
            print(f"      {query['time']} {' '.join(query['sql'].split())[:400]}")


def pages(organization: Any) -> dict[str, Callable[[], str]]:
    """{name: what makes an address}; every call asks for something else."""
    from apps.catalog.models import Item
    from apps.core.tenancy import organization_scope
    from apps.counts.models import Count
    from apps.movements.models import Document
    from apps.variances.models import Variance

    dice = random.Random(3)
    with organization_scope(organization):
        items = list(Item.objects.order_by("sku").values_list("pk", "sku")[:2000])
        documents = list(Document.objects.order_by("pk").values_list("pk", flat=True)[:2000])
        variances = list(Variance.objects.values_list("pk", flat=True)[:2000])
        closed, running = Count.objects.get(state="closed").pk, Count.objects.get(state="counting").pk

    def at(*patterns: Callable[[], str]) -> Callable[[], str]:
        return lambda: f"/o/{organization.code}/{dice.choice(patterns)()}"

    def number() -> int:
        return dice.randint(1, 40)

    return {
        "work": at(lambda: ""),
        "stock": at(
            lambda: f"stock/?page={number()}",
            lambda: f"stock/?q={dice.choice(items)[1]}",
            lambda: f"stock/?sort=-quantity&page={number()}",
            lambda: f"stock/?sort=value&page={number()}",
        ),
        "items": at(lambda: f"items/?page={number()}", lambda: f"items/?q={dice.choice(items)[1][:8]}"),
        "item": at(lambda: f"items/{dice.choice(items)[0]}/"),
        "documents": at(
            lambda: f"documents/?page={number()}",
            lambda: f"documents/?q=RK-{number()}",
            lambda: f"documents/?doc_type=receipt&page={number()}",
        ),
        "document": at(lambda: f"documents/{dice.choice(documents)}/"),
        "counts": at(lambda: "counts/"),
        "count, closed": at(lambda: f"counts/{closed}/"),
        "count, running": at(lambda: f"counts/{running}/"),
        "variances": at(
            lambda: f"variances/?count={closed}&page={number()}",
            lambda: f"variances/?count={closed}&view=loss",
            lambda: f"variances/?count={closed}&q={dice.choice(items)[1]}",
        ),
        "variance": at(lambda: f"variances/{dice.choice(variances)}/"),
        "adjustments": at(lambda: "adjustments/"),
        "propose an adjustment": at(lambda: f"adjustments/new/?count={closed}"),
        "reports": at(lambda: "reports/"),
    }


def make_company(options: argparse.Namespace) -> Any:
    """One large company with a closed and a running count, and small ones beside it."""
    from django.db import connection

    from apps.catalog.models import Warehouse
    from apps.catalog.services import save_location, save_warehouse
    from apps.core.tenancy import organization_scope
    from apps.counts.services import close_count, create_count, release_count
    from apps.organizations.enums import Role
    from apps.organizations.models import User
    from apps.organizations.selectors import system_member
    from apps.organizations.services import add_member, open_organization
    from bench.scene import Scene, tidy

    for number in range(options.organizations):
        open_organization(f"small-{number}", name=f"small {number}")
    organization = open_organization("large", name="large")
    with connection.cursor() as cursor:  # millions of rows are written by the million, not checked one by one
        for constraint in UNCHECKED:
            cursor.execute("ALTER TABLE {} DROP CONSTRAINT {}".format(*constraint))
    with organization_scope(organization):
        scene = Scene(organization, options.items, halfway=None)  # type: ignore[arg-type]
        user = User.objects.create_user("boss", password="never used elsewhere")
        roles = [role for role in Role.values if role != Role.COUNTER]
        add_member("boss", name="Boss", roles=roles, user=user, actor=system_member())
        for code, places in (("WH01", 80), ("WH02", 20)):
            warehouse = save_warehouse(code, name=code, actor=system_member())
            for number in range(places):
                save_location(warehouse, f"{code}-{number:02d}", zone=f"Z{number % 8}", actor=system_member())
        for statement in FILL:
            scene.execute(
                statement,
                items=options.items,
                documents=options.movements // LINES_PER_DOCUMENT,
                lines=LINES_PER_DOCUMENT,
            )
    tidy()
    for code in ("WH01", "WH02"):
        with organization_scope(organization):
            count = create_count(Warehouse.objects.get(code=code), actor=system_member())
            release_count(count, actor=system_member())
        tidy()
        with organization_scope(organization):
            scene.execute(ENTER, count=count.pk, actor=system_member().pk)
        tidy()
        if code == "WH01":
            with organization_scope(organization):
                close_count(count, actor=system_member())
            tidy()
    return organization


UNCHECKED = [
    ("movements_documentline", f"movements_documentline_{name}_same_org")
    for name in ("document", "item", "location", "to_location")
] + [("movements_ledgerentry", f"movements_ledgerentry_{name}_same_org") for name in ("stock_line", "line", "reverses")]

FILL = (
    """
    INSERT INTO catalog_item (id, organization_id, sku, name, sort_key, spec, base_unit, standard_cost, tracking,
        natural_loss_rate, is_active)
    SELECT stockcheck_uuid7(), %(org)s, 'SKU-' || lpad(n::text, 6, '0'), 'Item ' || n, 'item' || n, '', 'pcs',
        (n %% 97) + 0.5, 'none', 0, true
    FROM generate_series(1, %(items)s) n
    """,
    """
    INSERT INTO movements_stockline (id, organization_id, warehouse_id, location_id, item_id, lot, quantity)
    SELECT stockcheck_uuid7(), %(org)s, p.warehouse_id, p.id, i.id, '', 0
    FROM (SELECT id, row_number() OVER (ORDER BY sku) AS n FROM catalog_item WHERE organization_id = %(org)s) i
    JOIN (SELECT id, warehouse_id, row_number() OVER (ORDER BY code) AS n FROM catalog_location
          WHERE organization_id = %(org)s AND code <> '') p ON p.n = 1 + i.n %% 100
    """,
    """
    INSERT INTO movements_document (id, organization_id, doc_type, doc_no, status, warehouse_id, occurred_at,
        recorded_at, posted_at, counterparty, external_id, reason, created_at)
    SELECT stockcheck_uuid7(), %(org)s, CASE WHEN n %% 5 = 0 THEN 'scrap' ELSE 'receipt' END, 'RK-' || n, 'posted',
        w.id, at, at, at, 'Party ' || n %% 300, '', '', at
    FROM (SELECT n, now() - n * interval '10 minutes' AS at FROM generate_series(1, %(documents)s) n) d,
        catalog_warehouse w
    WHERE w.organization_id = %(org)s AND w.code = 'WH01'
    """,
    """
    INSERT INTO movements_documentline (id, organization_id, document_id, line_no, item_id, location_id, lot,
        quantity, unit, base_quantity, source_doc_no, note)
    SELECT stockcheck_uuid7(), %(org)s, d.id, n, s.item_id, s.location_id, '', 10 + n, '', 10 + n, '', ''
    FROM (SELECT id, row_number() OVER () AS d FROM movements_document WHERE organization_id = %(org)s) d
    CROSS JOIN generate_series(1, %(lines)s) n
    JOIN (SELECT item_id, location_id, row_number() OVER () AS s FROM movements_stockline
          WHERE organization_id = %(org)s) s ON s.s = 1 + (d.d * 7919 + n * 104729) %% %(items)s
    """,
    """
    INSERT INTO movements_ledgerentry (id, organization_id, stock_line_id, kind, quantity, unit_cost, occurred_at,
        recorded_at, posted_at, line_id)
    SELECT stockcheck_uuid7(), %(org)s, s.id, 'posting',
        CASE d.doc_type WHEN 'scrap' THEN -1 ELSE 1 END * l.quantity, 1, d.posted_at, d.posted_at, d.posted_at, l.id
    FROM movements_documentline l
    JOIN movements_document d ON d.id = l.document_id
    JOIN movements_stockline s ON s.organization_id = l.organization_id AND s.location_id = l.location_id
        AND s.item_id = l.item_id AND s.lot = l.lot
    WHERE l.organization_id = %(org)s
    """,
)
ENTER = """
    INSERT INTO counts_countentry (id, organization_id, count_id, line_id, task_id, entry_no, round, quantity, unit,
        base_quantity, counter_id, counted_at, received_at, method, device, note)
    SELECT stockcheck_uuid7(), organization_id, count_id, id, task_id, 'E' || n, 1, greatest(snapshot + off, 0), '',
        greatest(snapshot + off, 0), %(actor)s, now(), now(), 'keyed', '', ''
    FROM (SELECT *, row_number() OVER () AS n, (row_number() OVER ()) %% 7 - 3 AS off FROM counts_countline
          WHERE organization_id = %(org)s AND count_id = %(count)s) l
    WHERE n %% 10 <> 0
"""


if __name__ == "__main__":
    main()
