"""Explanations as other systems read them (`explain --format jsonl`, the API): one place for the words and fields."""

from __future__ import annotations

from typing import Any

from apps.core.terminal import plain
from apps.movements.enums import NODE
from apps.variances.attribution.candidates import Evidence
from apps.variances.attribution.explaining import Explained, Explanation, Part
from apps.variances.enums import NODE_OF_CAUSE


def row(found: Explained) -> dict[str, Any]:
    """One variance with its explanations; quantities as decimal strings."""
    line = found.line
    return {
        "count": line.count_no,
        "warehouse": line.warehouse,
        "location": line.location,
        "sku": line.sku,
        "lot": line.lot,
        "variance": plain(line.variance),
        "explanations": explanations(found),
    }


def explanations(found: Explained) -> list[dict[str, Any]]:
    """Ranked; `confidence` is cut, not rounded, to four places, so that alternatives never sum to more than 1."""
    return [_explanation(rank, one) for rank, one in enumerate(found.explanations, 1)]


def _explanation(rank: int, one: Explanation) -> dict[str, Any]:
    return {
        "rank": rank,
        "confidence": int(one.probability * 10_000) / 10_000,
        "parts": [_part(part) for part in one.parts],
        "unexplained": plain(one.unexplained),
    }


def _part(part: Part) -> dict[str, Any]:
    option = part.option
    kind = option.evidence[0].doc_type
    return {
        "cause": option.cause,
        "quantity": plain(part.quantity),
        "evidence": [_evidence(evidence) for evidence in option.evidence],
        "node": option.node or str(NODE.get(kind) or NODE_OF_CAUSE.get(option.cause, "")) or None,
        "department": option.department or None,
        "person": option.person or None,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    fields = {
        "doc_type": evidence.doc_type,
        "doc_no": evidence.doc_no,
        "line_no": evidence.line_no,
        "count": evidence.count,
        "entry_no": evidence.entry_no,
    }
    return {"kind": evidence.kind, **{name: value for name, value in fields.items() if value not in ("", None)}}
