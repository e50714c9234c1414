"""Reads of adjustments: their lines and figures, what stands against them, what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count as CountOf
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Abs, Round
from django.utils.translation import gettext as _

from apps.approvals.models import Approval
from apps.approvals.selectors import trail
from apps.core.numbers import ZERO
from apps.core.permissions import refusal
from apps.counts.models import Count, CountEntry
from apps.movements.selectors import hidden_location_ids
from apps.organizations.models import Member
from apps.rectification.enums import LIVE_STATES
from apps.rectification.models import Adjustment, AdjustmentLine
from apps.rectification.selectors.proposals import hindrances, late_changes
from apps.variances.enums import EDITABLE_STATES
from apps.variances.models import Variance

KIND = "rectification.adjustment"
"""How approvals name adjustments."""


def adjustable_variances(count: Count) -> QuerySet[Variance]:
    return Variance.objects.filter(count=count, state__in=EDITABLE_STATES)


def visible_adjustments(member: Member) -> QuerySet[Adjustment]:
    """Adjustments that the member may see now: none of places where they count blindly, whose book it tells."""
    hidden = hidden_location_ids(member)
    rows = Adjustment.objects.all()
    if not hidden:
        return rows
    telling = AdjustmentLine.objects.filter(variance__stock_line__location__in=hidden)
    return rows.exclude(pk__in=telling.values("adjustment"))


def adjustment_list(rows: QuerySet[Adjustment] | None = None) -> QuerySet[Adjustment]:
    """Adjustments with the figures of their rows: lines, loss, gain. `rows` narrows what a member may see."""
    rows = Adjustment.objects.all() if rows is None else rows
    return rows.select_related("count", "count__warehouse", "proposed_by", "posted_by").annotate(
        line_count=CountOf("lines"),
        loss=Sum("lines__value", filter=Q(lines__value__lt=0), default=ZERO),
        gain=Sum("lines__value", filter=Q(lines__value__gt=0), default=ZERO),
    )


def adjustment_lines(adjustment: Adjustment) -> QuerySet[AdjustmentLine]:
    return (
        adjustment.lines.select_related(
            "variance__stock_line__item", "variance__stock_line__location", "variance__stock_line__warehouse"
        )
        .prefetch_related("variance__causes__cause_type")
        .order_by("value", "id")
    )


@dataclass(frozen=True, slots=True)
class Totals:
    lines: int
    loss_lines: int
    gain_lines: int
    loss: Decimal
    gain: Decimal
    unexplained_lines: int
    unexplained: Decimal
    """Sum of |unexplained quantity × cost| over the lines."""

    @property
    def net(self) -> Decimal:
        return self.loss + self.gain

    @property
    def gross(self) -> Decimal:
        return self.gain - self.loss


def adjustment_totals(adjustment: Adjustment) -> Totals:
    lines = adjustment.lines.all()
    figures = lines.aggregate(
        number=CountOf("id"),
        loss_lines=CountOf("id", filter=Q(quantity__lt=0)),
        gain_lines=CountOf("id", filter=Q(quantity__gt=0)),
        loss=Sum("value", filter=Q(value__lt=0), default=ZERO),
        gain=Sum("value", filter=Q(value__gt=0), default=ZERO),
        open=CountOf("id", filter=~Q(variance__unexplained=0)),
        rest=Sum(Round(Abs(F("variance__unexplained") * F("unit_cost")), 2), default=ZERO),
    )
    return Totals(
        figures["number"],
        figures["loss_lines"],
        figures["gain_lines"],
        figures["loss"],
        figures["gain"],
        figures["open"],
        figures["rest"],
    )


@dataclass(frozen=True, slots=True)
class Check:
    """One thing an approver should know before signing. `state` is ok, warn or bad."""

    state: str
    text: str


def checks(adjustment: Adjustment, member: Member, totals: Totals) -> list[Check]:
    """Duties and facts in words, for the page on which the adjustment is approved."""
    own = adjustment.proposed_by_id == member.pk
    counted = CountEntry.objects.filter(count_id=adjustment.count_id, counter=member).exists()
    found = [
        Check("bad", _("You proposed this adjustment."))
        if own
        else Check("ok", _("You did not propose this adjustment.")),
        Check("bad", _("You counted in this count."))
        if counted
        else Check("ok", _("You did not count in this count.")),
    ]
    if adjustment.state not in ("proposed", "approved"):
        return found
    hindered = hindrances(adjustment)
    found.append(
        Check("bad", _("Lines that can no longer be adjusted: %(lines)s") % {"lines": len(hindered)})
        if hindered
        else Check("ok", _("No line was counted again or corrected since."))
    )
    changed = late_changes(adjustment)
    if changed:
        found.append(
            Check("bad", _("Lines that a late document has changed since: %(lines)s") % {"lines": len(changed)})
        )
    found.append(
        Check("warn", _("Lines with an unexplained quantity: %(lines)s") % {"lines": totals.unexplained_lines})
        if totals.unexplained_lines
        else Check("ok", _("Every line is explained in full."))
    )
    return found


def adjustments_of(variance: Variance) -> QuerySet[Adjustment]:
    """Every adjustment a variance was in, the live one first."""
    return Adjustment.objects.filter(lines__variance=variance).order_by(F("lines__is_live").desc(), "-proposed_at")


def live_adjustments() -> QuerySet[Adjustment]:
    return Adjustment.objects.filter(state__in=LIVE_STATES)


def approval_trail(adjustment: Adjustment) -> QuerySet[Approval]:
    return trail(KIND, adjustment.pk)


ACTIONS = ("approve", "reject", "withdraw", "post", "reverse")
POSSIBLE = {
    "proposed": {"approve", "reject", "withdraw"},
    "approved": {"post", "withdraw"},
    "posted": {"reverse"},
}


def refusals(adjustment: Adjustment, member: Member) -> dict[str, str]:
    """Why the member cannot do each action that the state allows; "" where they can. Other actions are absent."""
    return {
        name: refusal(member, f"rectification.adjustment.{name}", adjustment) or ""
        for name in ACTIONS
        if name in POSSIBLE.get(adjustment.state, set())
    }
