"""What an organization that has not counted yet does first, and what runs now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import ExpressionWrapper, F, Sum
from django.db.models.functions import Abs
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.catalog.models import Item, Location
from apps.core.numbers import QuantityField
from apps.core.permissions import PERMISSIONS, may
from apps.counts.enums import CountState
from apps.counts.models import Count, ToleranceRule
from apps.counts.selectors import Overview, overviews
from apps.organizations.enums import Role
from apps.organizations.models import Member
from apps.organizations.selectors import people
from apps.reports.selectors.content import ratio
from apps.reports.selectors.lines import ZERO, cents
from apps.variances.models import Cause, CauseType, Variance

RUNNING = 5
"""Counts in progress that the first page shows; the list holds all."""


@dataclass(frozen=True)
class Step:
    """One thing before the first count, whether it is done, and whose it is; a `url` for those who may do it."""

    title: str
    detail: str
    icon: str
    done: bool
    url: str
    who: str


@dataclass(frozen=True)
class CausePart:
    """What one cause explains of a count in money; `gross` adds losses and gains up, `share` is its part of all."""

    label: str
    net: Decimal
    gross: Decimal
    share: Decimal | None = None
    rest: bool = False


def first_steps(member: Member) -> list[Step]:
    """The way to the first count, in its order; empty once anything was planned, and for whom no step is theirs."""
    if Count.objects.exists():
        return []
    steps = (
        (
            _("Bring in items, places and stock"),
            _("From your Excel or CSV files; nothing is saved before every row is right."),
            "upload",
            Item.objects.exists() and Location.objects.exists(),
            "integrations:import",
            "integrations.bundle.load",
        ),
        (
            _("Invite those who count and approve"),
            _("Whoever counted neither approves nor signs, so it takes several people."),
            "users",
            people().filter(user__isnull=False).count() > 2,
            "organizations:members",
            "organizations.member.view",
        ),
        (
            _("Say which differences may pass"),
            _("In per cent, quantity or money; what lies beyond is counted again."),
            "weight",
            ToleranceRule.objects.exists(),
            "counts:tolerance",
            "counts.tolerance.change",
        ),
        (
            _("Plan the first count"),
            _("Choose a warehouse and its locations; nothing is frozen until you release the plan."),
            "plan",
            False,
            "counts:create",
            "counts.count.create",
        ),
    )
    found = [
        Step(title, detail, icon, done, reverse(view) if may(member, action) else "", _whose(action))
        for title, detail, icon, done, view, action in steps
    ]
    return found if any(step.url for step in found) else []


def _whose(action: str) -> str:
    """The roles that may do it, in the reader's language."""
    return " / ".join(str(role.label) for role in Role if role in PERMISSIONS[action].roles)


def running_counts() -> list[tuple[Count, Overview]]:
    """The counts in progress, first due first, with how far they are; no quantities."""
    counts = list(
        Count.objects.filter(state=CountState.COUNTING)
        .select_related("warehouse")
        .order_by(F("due_on").asc(nulls_last=True), "snapshot_at", "id")[:RUNNING]
    )
    found = overviews(counts) if counts else {}
    return [(count, found.get(count.pk, Overview())) for count in counts]


def causes_of(count: Count) -> list[CausePart]:
    """What the variances of a closed count come from, largest first, the unexplained rest last."""
    value = ExpressionWrapper(F("quantity") * F("variance__unit_cost"), output_field=QuantityField())
    groups = (
        Cause.objects.filter(variance__count=count)
        .order_by()
        .values("cause_type")
        .annotate(net=Sum(value), gross=Sum(Abs(value)))
    )
    names = CauseType.objects.in_bulk([group["cause_type"] for group in groups])
    parts = [CausePart(str(names[group["cause_type"]]), cents(group["net"]), cents(group["gross"])) for group in groups]
    parts.sort(key=lambda part: (-part.gross, part.label))
    left = ExpressionWrapper(F("unexplained") * F("unit_cost"), output_field=QuantityField())
    rest = Variance.objects.filter(count=count).aggregate(net=Sum(left), gross=Sum(Abs(left)))
    if parts or rest["gross"]:
        parts.append(CausePart(_("Unexplained"), cents(rest["net"] or ZERO), cents(rest["gross"] or ZERO), rest=True))
    whole = sum((part.gross for part in parts), ZERO)
    return [replace(part, share=ratio(part.gross, whole)) for part in parts]
