"""An organization's closed counts with what was confirmed of them, to learn from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256

from django.db.models import Count as CountOf
from django.db.models import Max, Sum

from apps.counts.enums import CountState
from apps.counts.models import Count
from apps.variances.attribution import RULES
from apps.variances.attribution.evidence import Dossier
from apps.variances.attribution.gathering import TOGETHER, gather
from apps.variances.attribution.learning import Case, Cases
from apps.variances.enums import EvidenceKind
from apps.variances.models import Cause, Evidence

STOCK_TAKES = 4
"""Rounds of counts (released within days of each other) that are learned from, the latest first."""


def past_counts(count: Count) -> list[Count]:
    """One count of each earlier round of counts that people explained something of, the latest first."""
    if count.snapshot_at is None:
        return []
    chosen: list[Count] = []
    rows = Count.objects.filter(
        state=CountState.CLOSED, snapshot_at__lt=count.snapshot_at - TOGETHER, variances__causes__isnull=False
    )
    for row in rows.distinct().order_by("-snapshot_at", "count_no"):
        if not chosen or (
            chosen[-1].snapshot_at and row.snapshot_at and chosen[-1].snapshot_at - row.snapshot_at > TOGETHER
        ):
            chosen.append(row)
        if len(chosen) == STOCK_TAKES:
            break
    return chosen


def fingerprint(counts: list[Count]) -> str:
    """Names the rules and everything that would be learned from: the same name, the same priors."""
    if not counts:
        return "shipped"
    earliest = min(row.snapshot_at for row in counts if row.snapshot_at) - TOGETHER
    facts = Cause.objects.filter(variance__count__snapshot_at__gte=earliest).aggregate(
        number=CountOf("pk"), latest=Max("confirmed_at"), quantity=Sum("quantity")
    )
    text = f"{RULES} {[str(row.pk) for row in counts]} {facts}"
    return sha256(text.encode()).hexdigest()[:16]


def past_cases(counts: list[Count]) -> Iterator[tuple[Dossier, Cases]]:
    """Dossiers of the counts (others of their round are in them) with the confirmed causes of every line."""
    for count in counts:
        dossier = gather(count)
        wanted = {line.id for line in dossier.lines}
        documents: dict[object, set[str]] = defaultdict(set)
        shown = Evidence.objects.filter(
            cause__variance__count_line__in=wanted, kind=EvidenceKind.DOCUMENT_LINE
        ).values_list("cause", "document_line__document__doc_no")
        for cause, doc_no in shown:
            documents[cause].add(doc_no)
        cases: dict[str, list[Case]] = defaultdict(list)
        causes = Cause.objects.filter(variance__count_line__in=wanted).order_by("confirmed_at", "pk")
        for pk, line, code, parent, quantity in causes.values_list(
            "pk", "variance__count_line", "cause_type__code", "cause_type__parent__code", "quantity"
        ):
            cases[str(line)].append(Case(parent or code, quantity, frozenset(documents[pk])))
        yield dossier, dict(cases)
