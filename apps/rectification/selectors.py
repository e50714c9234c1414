"""Reads of adjustments: what would be adjusted, what stands against it, what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count as CountOf
from django.db.models import F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from apps.approvals.models import Approval
from apps.approvals.selectors import trail
from apps.core.numbers import ZERO
from apps.core.permissions import refusal
from apps.core.tenancy import require_organization_id
from apps.counts.models import Count, CountEntry
from apps.movements.selectors import hidden_location_ids
from apps.organizations.models import Member
from apps.rectification.enums import LIVE_STATES
from apps.rectification.models import Adjustment, AdjustmentLine
from apps.variances.enums import EDITABLE_STATES
from apps.variances.models import Variance
from apps.variances.services.comparing import CUT_OFF

KIND = "rectification.adjustment"
"""How approvals name adjustments."""

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class ProposedLine:
    """`quantity` = variance − what documents that came late already corrected."""

    variance: Variance
    late: Decimal
    quantity: Decimal

    @property
    def value(self) -> Decimal:
        return line_value(self.quantity, self.variance.unit_cost)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an adjustment would touch, and what not and why."""

    lines: list[ProposedLine]
    untouched: list[tuple[Variance, str]]

    @property
    def net(self) -> Decimal:
        return sum((line.value for line in self.lines), ZERO)

    @property
    def unexplained(self) -> list[ProposedLine]:
        return [line for line in self.lines if line.variance.unexplained]


def line_value(quantity: Decimal, unit_cost: Decimal) -> Decimal:
    return (quantity * unit_cost).quantize(CENT, ROUND_HALF_UP)


def proposal(variances: QuerySet[Variance]) -> Proposal:
    """Sort variances (of closed counts) into those an adjustment can take and those it leaves, with the reason."""
    rows = list(variances.order_by("id"))
    late = late_quantities([variance.pk for variance in rows])
    hindered = hindrances([variance.pk for variance in rows])
    lines, untouched = [], []
    for variance in rows:
        quantity = variance.quantity - late.get(variance.pk, ZERO)
        if variance.state not in EDITABLE_STATES:
            untouched.append((variance, str(variance.get_state_display())))
        elif variance.pk in hindered:
            untouched.append((variance, hindered[variance.pk]))
        elif quantity == 0:
            untouched.append((variance, _("documents that came late have already corrected it")))
        else:
            lines.append(ProposedLine(variance, variance.quantity - quantity, quantity))
    return Proposal(lines, untouched)


def late_quantities(variance_ids: list[UUID]) -> dict[UUID, Decimal]:
    """Net quantity that late documents already brought into the stock of each variance; absent where none did."""
    if not variance_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT v.id, sum(d.quantity) FROM variances_variance v
            JOIN variances_latedocument d ON d.organization_id = v.organization_id AND d.count_line_id = v.count_line_id
            WHERE v.organization_id = %s AND v.id = ANY(%s) GROUP BY v.id
            """,
            [require_organization_id(), variance_ids],
        )
        return dict(cursor.fetchall())


_HINDRANCES = f"""
    WITH k AS MATERIALIZED (
        SELECT v.id, v.organization_id, v.stock_line_id, c.id AS count_id, c.closed_at, {CUT_OFF} AS cut
        FROM variances_variance v
        JOIN counts_countline l ON l.organization_id = v.organization_id AND l.id = v.count_line_id
        JOIN counts_count c ON c.organization_id = v.organization_id AND c.id = v.count_id
        WHERE v.organization_id = %(organization)s AND v.id = ANY(%(variances)s)),
    others AS (
        SELECT k.id, k.cut AS own_cut, k.closed_at AS own_closed, c.count_no, c.state, c.mode, c.closed_at,
            l.id AS line_id, l.counted, {CUT_OFF} AS cut
        FROM k
        CROSS JOIN LATERAL (
            SELECT * FROM counts_countline l
            WHERE l.organization_id = k.organization_id AND l.stock_line_id = k.stock_line_id
            OFFSET 0) l
        JOIN counts_count c ON c.organization_id = l.organization_id AND c.id = l.count_id AND c.id <> k.count_id)
    SELECT id, 'counted_again', max(count_no) FROM others
    WHERE state = 'closed' AND counted IS NOT NULL AND (cut, closed_at) > (own_cut, own_closed) GROUP BY id
    UNION ALL
    SELECT id, 'being_counted', max(count_no) FROM others
    WHERE state = 'counting' AND (mode = 'static' OR EXISTS (
        SELECT FROM counts_countentry e WHERE e.organization_id = %(organization)s AND e.line_id = others.line_id))
    GROUP BY id
    UNION ALL
    SELECT k.id, 'adjusted_since', max(d.doc_no)
    FROM k
    CROSS JOIN LATERAL (
        SELECT * FROM movements_ledgerentry e
        WHERE e.organization_id = k.organization_id AND e.stock_line_id = k.stock_line_id AND e.posted_at > k.cut
          AND e.kind = 'posting'
        OFFSET 0) e
    JOIN movements_documentline dl ON dl.organization_id = e.organization_id AND dl.id = e.line_id
    JOIN movements_document d ON d.organization_id = e.organization_id AND d.id = dl.document_id
    WHERE d.doc_type = 'adjustment' AND NOT EXISTS (
        SELECT FROM movements_ledgerentry r WHERE r.organization_id = e.organization_id AND r.reverses_id = e.id)
    GROUP BY k.id
"""


def hindrances(variance_ids: list[UUID]) -> dict[UUID, str]:
    """Why stock cannot be adjusted by a variance any more: {variance id: reason}.

    A later count found the truth anew, a running count has already cut its book, or another adjustment has
    corrected the stock since: adjusting on top would correct twice.
    """
    if not variance_ids:
        return {}
    texts = {
        "counted_again": _("counted again in %(number)s; adjust from that count"),
        "being_counted": _("being counted in %(number)s; close that count first"),
        "adjusted_since": _("corrected since by %(number)s; count it again"),
    }
    with connection.cursor() as cursor:
        cursor.execute(_HINDRANCES, {"organization": require_organization_id(), "variances": variance_ids})
        return {key: texts[why] % {"number": number} for key, why, number in cursor.fetchall()}


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
    )
    rests = lines.exclude(variance__unexplained=0).values_list("variance__unexplained", "unit_cost")
    return Totals(
        figures["number"],
        figures["loss_lines"],
        figures["gain_lines"],
        figures["loss"],
        figures["gain"],
        figures["open"],
        sum((abs(line_value(rest, cost)) for rest, cost in rests), ZERO),
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
    variance_ids = list(adjustment.lines.values_list("variance_id", flat=True))
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
    hindered = hindrances(variance_ids)
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


def late_changes(adjustment: Adjustment) -> list[AdjustmentLine]:
    """Lines whose quantity is no longer variance − late documents: something was posted after the proposal."""
    lines = list(
        adjustment.lines.select_related("variance__stock_line__item", "variance__stock_line__location").order_by("id")
    )
    late = late_quantities([line.variance_id for line in lines])
    return [line for line in lines if line.quantity != line.variance.quantity - late.get(line.variance_id, ZERO)]


def rows_of(adjustment: Adjustment) -> Iterable[Any]:
    """The lines as the content hash reads them."""
    return adjustment.lines.values_list("variance_id", "variance__stock_line_id", "quantity", "unit_cost")


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
