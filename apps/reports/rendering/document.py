"""The report as HTML for paper: figures in, one self-contained page out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import segno
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.approvals.enums import Answer
from apps.core.templatetags.figures import quantity, signed
from apps.counts.enums import CountMode
from apps.movements.enums import DocumentType
from apps.organizations.enums import Role
from apps.rectification.enums import AdjustmentState
from apps.reports.rendering.drawings import Bar, Step, pareto, stairs
from apps.reports.rendering.wording import (
    cause_name,
    conclusion,
    documents_of,
    equation,
    evidence_words,
    listed,
    verdict_name,
)

LARGEST, CASES, EVIDENCED, GROUPS = 10, 2, 60, 12
"""Rows of the largest variances, staircases, rows of the table of evidence, groups of a dimension on paper."""


@dataclass(frozen=True)
class Signature:
    """Who signed, as the signature block says it."""

    name: str
    roles: str
    at: datetime
    comment: str = ""


@dataclass(frozen=True)
class Cover:
    """What a version says of itself. `version` 0 is a draft that no row of reports stands for."""

    version: int
    language: str
    created_at: datetime
    created_by: str
    content_hash: str
    verify_url: str
    replaces: str = ""
    signature: Signature | None = None


def build_html(content: Mapping[str, Any], cover: Cover) -> str:
    """The whole report in the cover's language and the organization's time zone."""
    with (
        translation.override(cover.language),
        timezone.override(ZoneInfo(content["organization"]["time_zone"])),
    ):
        return render_to_string("reports/pdf.html", _context(content, cover))


def _context(content: Mapping[str, Any], cover: Cover) -> dict[str, Any]:
    lines = [_shown(line) for line in content["lines"]]
    cases = _cases(lines)
    chinese = cover.language.startswith("zh")
    causes = [{**row, "label": cause_name(row["code"], row["name"])} for row in content["by_cause"]]
    return {
        **content,
        "cover": cover,
        "chinese": chinese,
        "numeral": iter(["一", "二", "三", "四", "五", "六", "七", "八"] if chinese else "12345678").__next__,
        "currency": content["organization"]["currency"],
        "mode": CountMode(content["count"]["mode"]).label,
        "conclusion": conclusion(content),
        "causes": causes,
        "parts": _totals(causes),
        "pareto": _pareto(causes) if sum(bool(row["absolute"]) for row in causes) > 1 else "",
        "largest": lines[:LARGEST],
        "cases": [{**line, "drawing": _stairs(line, content)} for line in cases],
        "evidenced": [line for line in lines if line["causes"] and line not in cases][:EVIDENCED],
        "printed": lines if len(lines) > LARGEST else [],
        "groups": _groups(content),
        "adjustments": [
            {**each, "state_name": AdjustmentState(each["state"]).label} for each in content["adjustments"]
        ],
        "agrees": all(each["agrees"] for each in content["adjustments"]),
        "trail": [
            {
                **row,
                "answer_name": Answer(row["answer"]).label,
                "role_names": listed(str(Role(role).label) for role in row["roles"]),
            }
            for row in content["approvals"]
        ],
        "late": [{**row, "type_name": DocumentType(row["doc_type"]).label} for row in content["late_documents"]],
        "code": _code(cover.verify_url),
        "short_hash": f"{cover.content_hash[:8]}…{cover.content_hash[-8:]}",
        "hash_groups": " ".join(cover.content_hash[start : start + 8] for start in range(0, 64, 8)),
    }


def _cases(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is shown step by step: the largest explained variances, one with several causes among them if any is."""
    explained = [line for line in lines if line["causes"]]
    manifold = [line for line in explained if len(line["causes"]) > 1][:1]
    chosen = [*manifold, *(line for line in explained if line not in manifold)][:CASES] or lines[:1]
    return [line for line in lines if line in chosen]


def _shown(line: Mapping[str, Any]) -> dict[str, Any]:
    causes = [
        {
            **part,
            "label": cause_name(part["code"], part["name"]),
            "documents": documents_of(part),
            "facts": [
                *filter(None, (evidence_words(shown) for shown in part["evidence"])),
                *filter(None, [part["note"]]),
            ],
        }
        for part in line["parts"]
        if part["code"]
    ]
    rest = [part for part in line["parts"] if not part["code"]]
    return {
        **line,
        "causes": causes,
        "unexplained": sum((part["quantity"] for part in rest), Decimal(0)),
        "unexplained_value": sum((part["value"] for part in rest), Decimal(0)),
        "verdict_name": verdict_name(line["verdict"]),
        "equation": equation(line),
    }


def _totals(causes: list[dict[str, Any]]) -> dict[str, Decimal]:
    """Sums of the table of causes; causes of opposite signs on one line make them exceed the gross figures."""
    return {
        name: sum((row[name] for row in causes), Decimal(0)) for name in ("quantity", "loss", "gain", "net", "absolute")
    }


def _pareto(causes: list[dict[str, Any]]) -> SafeString:
    bars = [Bar(row["label"], row["absolute"], not row["code"]) for row in causes]
    return pareto(bars, label=_("Variance value by cause"), others=_("Others"))


def _stairs(line: Mapping[str, Any], content: Mapping[str, Any]) -> SafeString:
    steps = [Step(part["label"], part["quantity"], (part["documents"] or [""])[0]) for part in line["causes"]]
    steps.append(Step(_("Unexplained"), line["unexplained"], "" if line["unexplained"] else _("adds up"), is_rest=True))
    snapshot = timezone.localtime(content["count"]["snapshot_at"]).strftime("%m-%d")
    return stairs(
        line["book"],
        steps,
        line["counted"],
        labels=(_("Book"), _("Counted")),
        below=(_("snapshot of %(day)s") % {"day": snapshot}, _("settled at the close")),
        label=_("From book %(book)s to counted %(counted)s: variance %(variance)s")
        % {
            "book": quantity(line["book"]),
            "counted": quantity(line["counted"]),
            "variance": signed(line["variance"]),
        },
        others=_("Others"),
    )


def _groups(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Warehouse, zones, categories; a dimension that nobody filled in is left out."""
    tables = (
        (_("Warehouse"), content["by_warehouse"]),
        (_("Zone"), content["by_zone"]),
        (_("Category"), content["by_category"]),
    )
    return [
        {
            "label": label,
            "rows": [{**row, "name": row["name"] or _("none given")} for row in rows[:GROUPS]],
            "more": max(len(rows) - GROUPS, 0),
        }
        for label, rows in tables
        if any(row["name"] for row in rows)
    ]


def _code(url: str) -> SafeString:
    drawing = segno.make(url, error="m").svg_inline(border=2, scale=3, dark="#151b25", omitsize=True)
    return mark_safe(drawing)  # noqa: S308 - drawn from modules, holds no text of anybody
