"""The process portrait (流程画像): the organization's own flow, read from its documents, their links and findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Coalesce, ExtractHour

from apps.core.tenancy import require_organization_id
from apps.movements.enums import DocumentStatus, FindingKind
from apps.movements.models import ChainFinding, Document
from apps.movements.selectors.chain import breaks

LANES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("purchase", ("purchase_order", "delivery_note", "receipt")),
    ("purchase_return", ("purchase_return",)),
    ("sales", ("sales_order", "waybill", "sales_issue")),
    ("return", ("return_note", "sales_return")),
    ("transfer", ("transfer_out", "transfer_in")),
    ("gift", ("gift_issue",)),
    ("scrap", ("scrap",)),
    ("material_issue", ("material_issue",)),
    ("material_return", ("material_return",)),
    ("assembly", ("assembly_out", "assembly_in")),
    ("adjustment", ("adjustment",)),
)
"""What runs side by side, each with its documents in their order; the last one reaches stock."""


@dataclass
class Node:
    """A type of document in the period: documents by state, lines still open, late, broken, and what that is worth."""

    doc_type: str
    documents: int = 0
    posted: int = 0
    unposted: int = 0
    open: int = 0
    late: int = 0
    broken: int = 0
    value: Decimal = Decimal(0)
    kinds: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """What went from one type to the next: linked lines, those guessed, and how long it took."""

    source_type: str
    line_type: str
    lines: int
    guesses: int
    median: timedelta | None
    ninth: timedelta | None


@dataclass(frozen=True)
class Portrait:
    nodes: dict[str, Node]
    edges: dict[tuple[str, str], Edge]
    documents: int
    broken: int
    value: Decimal

    def lanes(self) -> list[tuple[str, list[Node]]]:
        """The lanes in which anything happened."""
        return [
            (name, [self.nodes[doc_type] for doc_type in types if doc_type in self.nodes])
            for name, types in LANES
            if any(doc_type in self.nodes for doc_type in types)
        ]


@dataclass(frozen=True)
class Scope:
    """Which part of the flow: when the goods moved, [since, until), and where."""

    since: datetime
    until: datetime
    warehouse: UUID | None = None
    department: UUID | None = None

    def findings(self, rows: QuerySet[ChainFinding]) -> QuerySet[ChainFinding]:
        rows = rows.filter(happened_at__gte=self.since, happened_at__lt=self.until)
        if self.warehouse is not None:
            rows = rows.filter(line__document__warehouse=self.warehouse)
        if self.department is not None:
            rows = rows.filter(line__document__department=self.department)
        return rows


def portrait(scope: Scope, rows: QuerySet[ChainFinding]) -> Portrait:
    """The flow in `scope`, with the findings among `rows` (what the reader may see): three queries."""
    nodes: dict[str, Node] = {}
    for doc_type, status, count in _documents(scope):
        node = nodes.setdefault(doc_type, Node(doc_type))
        if status == DocumentStatus.CANCELLED:
            continue
        node.documents += count
        if status == DocumentStatus.POSTED:
            node.posted += count
        else:
            node.unposted += count
    counted = scope.findings(rows).order_by().values("doc_type", "kind").annotate(n=Count("pk"), worth=Sum("size"))
    for found in counted:
        node = nodes.setdefault(found["doc_type"], Node(found["doc_type"]))
        node.kinds[found["kind"]] = found["n"]
        if found["kind"] == FindingKind.OPEN:
            node.open += found["n"]
        elif found["kind"] == FindingKind.LATE:
            node.late += found["n"]
        else:
            node.broken += found["n"]
            node.value += found["worth"]
    edges = {(edge.source_type, edge.line_type): edge for edge in _edges(scope)}
    return Portrait(
        nodes={doc_type: node for doc_type, node in nodes.items() if node.documents or node.kinds},
        edges=edges,
        documents=sum(node.documents for node in nodes.values()),
        broken=sum(node.broken for node in nodes.values()),
        value=sum((node.value for node in nodes.values()), Decimal(0)),
    )


def _documents(scope: Scope) -> Iterable[tuple[str, str, int]]:
    happened = Coalesce("occurred_at", "recorded_at", "created_at")
    documents = Document.objects.annotate(happened_at=happened).filter(
        happened_at__gte=scope.since, happened_at__lt=scope.until, reverses__isnull=True
    )
    if scope.warehouse is not None:
        documents = documents.filter(warehouse=scope.warehouse)
    if scope.department is not None:
        documents = documents.filter(department=scope.department)
    return documents.order_by().values_list("doc_type", "status").annotate(n=Count("pk"))


def _edges(scope: Scope) -> list[Edge]:
    with connection.cursor() as cursor:
        cursor.execute(
            _EDGES,
            {
                "organization": require_organization_id(),
                "since": scope.since,
                "until": scope.until,
                "warehouse": scope.warehouse,
                "department": scope.department,
            },
        )
        return [
            Edge(source_type, line_type, lines, guesses, _span(median), _span(ninth))
            for source_type, line_type, lines, guesses, median, ninth in cursor.fetchall()
        ]


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=round(seconds))


_EDGES = """
    SELECT source_type, line_type, count(*), count(*) FILTER (WHERE guess),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM lag)::float),
        percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM lag)::float)
    FROM movements_chainlink
    WHERE organization_id = %(organization)s AND happened_at >= %(since)s AND happened_at < %(until)s
      AND (%(warehouse)s::uuid IS NULL OR warehouse_id = %(warehouse)s)
      AND (%(department)s::uuid IS NULL OR department_id = %(department)s)
    GROUP BY 1, 2
"""


HOURS = 4


def hotspots(rows: QuerySet[ChainFinding], zone: Any) -> dict[str, list[Any]]:
    """Where breaks gather: by department and by time of day in parts of four hours, most first; two queries."""
    broken = breaks(rows).order_by()
    departments = (
        broken.values(name=F("line__document__department__name")).annotate(count=Count("pk")).order_by("-count", "name")
    )
    hours: dict[int, int] = defaultdict(int)
    for hour, count in (
        broken.annotate(hour=ExtractHour("happened_at", tzinfo=zone)).values_list("hour").annotate(Count("pk"))
    ):
        hours[hour // HOURS * HOURS] += count
    parts = [
        {"name": f"{start:02}:00–{start + HOURS:02}:00", "count": count}
        for start, count in sorted(hours.items(), key=lambda part: (-part[1], part[0]))
    ]
    return {"departments": list(departments[:6]), "hours": parts}
