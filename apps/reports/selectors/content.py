"""The figures of a report: settled numbers only, without a word of any language, so that one hash fits every reader.

Definitions, as the report prints them
- book: the settled book of each counted line; a line that nobody counted has no variance and no part in any figure
  but `uncounted`.
- line accuracy = matching lines ÷ counted lines; value accuracy = 1 − Σ|variance value| ÷ Σ book value of the
  counted lines, not below 0; both None where there is nothing to divide by.
- adjusted: lines in a posted adjustment that was not reversed. Rejected and withdrawn adjustments are not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from apps.approvals.models import Decision
from apps.core.errors import RuleViolation
from apps.counts.enums import CountState
from apps.counts.models import Count, CountEntry
from apps.rectification.enums import AdjustmentState
from apps.rectification.models import Adjustment, AdjustmentLine
from apps.reports.selectors.lines import ZERO, Line, Part, cents, report_lines
from apps.variances.enums import Verdict
from apps.variances.models import LateDocument

PRINTED_LINES = 2000
"""Variance lines that the PDF's table holds; every line is in the attachments."""

MILLIONTH = Decimal("0.000001")

KEPT_LINES = 20
"""Variance lines that the report's row keeps for the page beside the PDF."""

REPORTED_STATES = (AdjustmentState.APPROVED, AdjustmentState.POSTED, AdjustmentState.REVERSED)


def report_content(count: Count) -> dict[str, Any]:
    """Everything a report says of a closed count. Raises RuleViolation("count_not_closed") before that.

    `lines` are the differing ones by |value|, at most PRINTED_LINES; `lines_hash` covers every line of the count
    with its causes and evidence.
    """
    if count.state != CountState.CLOSED:
        raise RuleViolation(
            "count_not_closed",
            _("Count %(count)s is not closed yet. Close it first: a report shows settled numbers only.")
            % {"count": count.count_no},
        )
    digest = hashlib.sha256()
    tally = _Tally()
    for line in report_lines(count):
        digest.update(canonical(line))
        tally.add(line)
    adjustments, adjusted = _adjustments(count)
    ranked = sorted(
        tally.differing,
        key=lambda line: (-abs(line.value), -abs(line.variance or ZERO), line.sku, line.location, line.lot),
    )
    organization = count.organization
    return {
        "organization": {
            "code": organization.code,
            "name": organization.name,
            "currency": organization.currency,
            "time_zone": organization.time_zone,
        },
        "count": _count(count),
        "tolerance": _tolerance(count),
        "summary": {**tally.summary(), **adjusted},
        "by_cause": tally.by_cause(),
        "by_warehouse": [{"name": count.warehouse.name, **tally.total.figures()}],
        "by_zone": tally.by("zone"),
        "by_category": tally.by("category"),
        "lines": [asdict(line) for line in ranked[:PRINTED_LINES]],
        "lines_hash": digest.hexdigest(),
        "adjustments": adjustments,
        "approvals": _approvals(adjustments),
        "late_documents": _late_documents(count),
    }


def content_hash(content: dict[str, Any], *, version: int, language: str, replaces: int | None) -> str:
    """SHA-256 of a version's content: what is printed on paper and compared before signing."""
    return hashlib.sha256(
        canonical({"content": content, "version": version, "language": language, "replaces": replaces})
    ).hexdigest()


def kept_content(content: dict[str, Any]) -> dict[str, Any]:
    """What the report's row keeps: the figures with the first lines, as JSON (numbers and times as text)."""
    return json.loads(canonical({**content, "lines": content["lines"][:KEPT_LINES]}))


def canonical(value: Any) -> bytes:
    """JSON with sorted keys; numbers without idle zeros, times in UTC: the same content is the same bytes."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (Line, Part)):
        return {name: getattr(value, name) for name in value.__slots__}
    if isinstance(value, (UUID, date)):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no content of a report")


class _Tally:
    """Adds up lines as they pass, and keeps those that differ."""

    def __init__(self) -> None:
        self.differing: list[Line] = []
        self.groups: dict[tuple[str, str], _Sums] = {}
        self.total = _Sums()

    def add(self, line: Line) -> None:
        self.total.add(line)
        if line.differs:
            self.differing.append(line)
        for key in (("zone", line.zone), ("category", line.category)):
            self.groups.setdefault(key, _Sums()).add(line)

    def summary(self) -> dict[str, Any]:
        total, parts = self.total, [part for line in self.differing for part in line.parts]
        absolute_parts = sum((abs(part.value) for part in parts), ZERO)
        open_lines = [line for line in self.differing if line.unexplained]
        open_value = sum((abs(line.unexplained_value) for line in open_lines), ZERO)
        within = [line for line in self.differing if line.verdict == Verdict.WITHIN]
        beyond = [line for line in self.differing if line.verdict == Verdict.BEYOND]
        return {
            **total.figures(),
            "listed": total.listed,
            "found": total.found,
            "uncounted": total.uncounted,
            "zero": total.zero,
            "within": _amount(within),
            "beyond": _amount(beyond),
            "unexplained": {
                "lines": len(open_lines),
                "quantity": sum((line.unexplained for line in open_lines), ZERO),
                "net": sum((line.unexplained_value for line in open_lines), ZERO),
                "absolute": open_value,
            },
            "explained_share": ratio(absolute_parts - open_value, absolute_parts),
        }

    def by_cause(self) -> list[dict[str, Any]]:
        """Causes by |value| (equal ones as they were met), the unexplained rest last, also when it is 0."""
        rows: dict[tuple[str, str], dict[str, Any]] = defaultdict(
            lambda: {"lines": set(), "quantity": ZERO, "loss": ZERO, "gain": ZERO, "absolute": ZERO}
        )
        for index, line in enumerate(self.differing):
            for part in line.parts:
                row = rows[part.code, part.name]
                row["lines"].add(index)
                row["quantity"] += part.quantity
                row["loss" if part.quantity < 0 else "gain"] += part.value
                row["absolute"] += abs(part.value)
        if self.differing:
            rows["", ""]  # a rest of 0 is shown too
        whole = sum((row["absolute"] for row in rows.values()), ZERO)
        listed = [
            {
                "code": code,
                "name": name,
                **row,
                "lines": len(row["lines"]),
                "net": row["loss"] + row["gain"],
                "share": ratio(row["absolute"], whole),
            }
            for (code, name), row in rows.items()
        ]
        return sorted(listed, key=lambda row: (not row["code"], -row["absolute"]))

    def by(self, kind: str) -> list[dict[str, Any]]:
        named = [(name, sums) for (group, name), sums in self.groups.items() if group == kind]
        listed = [{"name": name, **sums.figures()} for name, sums in named]
        return sorted(listed, key=lambda row: (-row["absolute"]["value"], row["name"]))


@dataclass
class _Side:
    """Shortages, or overages, of a group."""

    lines: int = 0
    quantity: Decimal = ZERO
    value: Decimal = ZERO


class _Sums:
    """Counts and amounts of a group of lines."""

    def __init__(self) -> None:
        self.listed = self.found = self.counted = self.uncounted = self.zero = self.matching = 0
        self.book_quantity = self.book_value = ZERO
        self.loss, self.gain = _Side(), _Side()

    def add(self, line: Line) -> None:
        self.found += line.found
        self.listed += not line.found
        if line.counted is None:
            self.uncounted += 1
            return
        self.counted += 1
        self.zero += line.counted == 0
        self.book_quantity += line.book
        self.book_value += line.book * line.unit_cost
        if not line.variance:
            self.matching += 1
            return
        side = self.loss if line.variance < 0 else self.gain
        side.lines += 1
        side.quantity += line.variance
        side.value += line.value

    def figures(self) -> dict[str, Any]:
        book, loss, gain = cents(self.book_value), self.loss, self.gain
        gross = gain.value - loss.value
        return {
            "counted": self.counted,
            "matching": self.matching,
            "differing": self.counted - self.matching,
            "book": {"quantity": self.book_quantity, "value": book},
            "loss": asdict(loss),
            "gain": asdict(gain),
            "net": {"quantity": gain.quantity + loss.quantity, "value": gain.value + loss.value},
            "absolute": {"quantity": gain.quantity - loss.quantity, "value": gross},
            "line_accuracy": ratio(Decimal(self.matching), Decimal(self.counted)),
            "value_accuracy": max(1 - gross / book, ZERO).quantize(MILLIONTH) if book > 0 else None,
        }


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """part ÷ whole to six places; None of nothing."""
    return (part / whole).quantize(MILLIONTH) if whole else None


def _amount(lines: Iterable[Line]) -> dict[str, Any]:
    """How many lines, and their |value|."""
    values = [abs(line.value) for line in lines]
    return {"lines": len(values), "value": sum(values, ZERO)}


def _count(count: Count) -> dict[str, Any]:
    counters = CountEntry.objects.filter(count=count).values("counter").distinct().count()
    return {
        "count_no": count.count_no,
        "name": count.name,
        "warehouse": count.warehouse.name,
        "mode": count.mode,
        "blind": count.blind,
        "snapshot_at": count.snapshot_at,
        "closed_at": count.closed_at,
        "planned_by": count.created_by.name,
        "closed_by": count.closed_by.name if count.closed_by else "",
        "counters": counters,
    }


def _tolerance(count: Count) -> dict[str, Any] | None:
    rule = count.tolerance
    if rule is None:
        return None
    return {"version": rule.version, "percent": rule.percent, "quantity": rule.quantity, "value": rule.value}


def _adjustments(count: Count) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """(approved, posted and reversed adjustments; how many lines and what value are adjusted, and what waits).

    `agrees` says that each line moves exactly its variance.
    """
    adjustments = list(
        Adjustment.objects.filter(count=count, state__in=REPORTED_STATES)
        .select_related("proposed_by", "posted_by", "document", "reversal")
        .order_by("proposed_at", "id")
    )
    lines: dict[UUID, list[tuple[Decimal, Decimal, Decimal]]] = defaultdict(list)
    for key, quantity, value, variance in AdjustmentLine.objects.filter(adjustment__in=adjustments).values_list(
        "adjustment_id", "quantity", "value", "variance__quantity"
    ):
        lines[key].append((quantity, value, variance))
    posted = [line for each in adjustments if each.state == AdjustmentState.POSTED for line in lines[each.pk]]
    listed = [
        {
            "id": str(each.pk),
            "number": each.adjustment_no,
            "state": each.state,
            "reason": each.reason,
            "lines": len(lines[each.pk]),
            "value": sum((value for _quantity, value, _variance in lines[each.pk]), ZERO),
            "agrees": all(quantity == variance for quantity, _value, variance in lines[each.pk]),
            "proposed_by": each.proposed_by.name,
            "proposed_at": each.proposed_at,
            "posted_by": each.posted_by.name if each.posted_by else "",
            "posted_at": each.posted_at,
            "document": each.document.doc_no if each.document else "",
            "reversal": each.reversal.doc_no if each.reversal else "",
        }
        for each in adjustments
    ]
    waiting = Adjustment.objects.filter(count=count, state=AdjustmentState.PROPOSED).count()
    adjusted = {
        "lines": len(posted),
        "net": sum((value for _quantity, value, _variance in posted), ZERO),
        "value": sum((abs(value) for _quantity, value, _variance in posted), ZERO),
        "waiting": waiting,
    }
    return listed, {"adjusted": adjusted}


def _approvals(adjustments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Who decided on the reported adjustments, in the roles they hold, when, why, on which content."""
    numbers = {UUID(each["id"]): each["number"] for each in adjustments}
    rows = (
        Decision.objects.filter(approval__target_id__in=numbers)
        .select_related("approval", "member")
        .order_by("decided_at", "id")
    )
    return [
        {
            "target": numbers[row.approval.target_id],
            "who": row.member.name,
            "roles": list(row.member.roles),
            "answer": row.answer,
            "reason": row.reason,
            "content_hash": row.content_hash,
            "at": row.decided_at,
        }
        for row in rows
    ]


def _late_documents(count: Count) -> list[dict[str, Any]]:
    """Documents that reached the ledger after the close, for goods that had moved before it."""
    rows = (
        LateDocument.objects.filter(count_line__count=count)
        .select_related("document_line__document", "count_line__stock_line__item", "count_line__stock_line__location")
        .order_by("noticed_at", "id")
    )
    return [
        {
            "doc_type": row.document_line.document.doc_type,
            "doc_no": row.document_line.document.doc_no,
            "sku": row.count_line.stock_line.item.sku,
            "name": row.count_line.stock_line.item.name,
            "location": row.count_line.stock_line.location.code,
            "quantity": row.quantity,
            "occurred_at": row.document_line.document.occurred_at,
            "posted_at": row.document_line.document.posted_at,
            "noticed_at": row.noticed_at,
        }
        for row in rows
    ]
