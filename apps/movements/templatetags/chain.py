"""Spans of time and findings of the document chain, as pages show them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.translation import gettext as _

from apps.movements.enums import FindingKind

register = template.Library()

TONES: dict[str, str] = {
    FindingKind.LATE: "warn",
    FindingKind.OPEN: "info",
    FindingKind.UNPOSTED: "warn",
    FindingKind.PARTIAL: "warn",
}
ICONS: dict[str, str] = {
    FindingKind.LATE: "clock",
    FindingKind.OPEN: "half",
    FindingKind.UNPOSTED: "pause",
    FindingKind.PARTIAL: "half",
    FindingKind.EXCESS: "plus",
    FindingKind.DUPLICATED: "repeat",
    FindingKind.REVERSED: "swap",
    FindingKind.WRONG_UNIT: "weight",
    FindingKind.WRONG_ITEM: "box",
    FindingKind.NO_SOURCE: "link",
}


@register.filter
def span(value: Any) -> str:
    """How long: 3 d 14 h, 5 h 20 min, 12 min; the two largest parts are enough. Anything but a span is a dash."""
    if not isinstance(value, timedelta):
        return "—"
    sign, rest = ("−", -value) if value < timedelta(0) else ("", value)
    minutes = int(rest.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days >= 10:
        return sign + _("%(days)d d") % {"days": days}
    if days:
        return sign + _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return sign + _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    return sign + _("%(minutes)d min") % {"minutes": minutes}


@register.filter
def age(moment: datetime | None, as_of: datetime | None) -> str:
    """From a moment to another, as a span."""
    return span(max(as_of - moment, timedelta(0))) if moment and as_of else "—"


@register.inclusion_tag("movements/finding.html")
def finding(kind: str) -> dict[str, Any]:
    """A finding as a badge; "matched" and "" too."""
    if kind == "matched":
        return {"text": _("matched"), "tone": "ok", "icon": "check"}
    if not kind:
        return {"text": ""}
    return {"text": FindingKind(kind).label, "tone": TONES.get(kind, "danger"), "icon": ICONS.get(kind, "break")}


@register.filter
def half(value: int) -> int:
    return int(value) // 2


@register.filter
def svg(value: float) -> str:
    """A length for an SVG attribute, never with a local decimal comma."""
    return f"{value:.1f}"
