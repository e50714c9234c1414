"""What an adjustment can take of a count's variances, and what stands against it: one statement for any number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from apps.core.numbers import ZERO
from apps.core.tenancy import require_organization_id
from apps.rectification.models import Adjustment
from apps.variances.enums import EDITABLE_STATES, VarianceState
from apps.variances.models import Variance
from apps.variances.services.comparing import CUT_OFF

CHOSEN = "v.id = ANY(%(variances)s)"
OF_ADJUSTMENT = (
    "v.id IN (SELECT a.variance_id FROM rectification_adjustmentline a"
    " WHERE a.organization_id = %(organization)s AND a.adjustment_id = %(adjustment)s)"
)

_HINDERED = f"""
    k AS MATERIALIZED (
        SELECT v.*, c.closed_at, {CUT_OFF} AS cut
        FROM variances_variance v
        JOIN counts_countline l ON l.organization_id = v.organization_id AND l.id = v.count_line_id
        JOIN counts_count c ON c.organization_id = v.organization_id AND c.id = v.count_id
        WHERE v.organization_id = %(organization)s AND {{chosen}}),
    begun AS MATERIALIZED (SELECT min(cut) AS cut FROM k),
    later AS MATERIALIZED (
        SELECT c.* FROM counts_count c, begun
        WHERE c.organization_id = %(organization)s
          AND (c.state = 'counting' OR (c.state = 'closed' AND c.closed_at > begun.cut - interval '1 hour'))),
    others AS (
        SELECT k.id, k.cut AS own_cut, k.closed_at AS own_closed, c.count_no, c.state, c.mode, c.closed_at,
            l.id AS line_id, l.counted, {CUT_OFF} AS cut
        FROM later c
        JOIN counts_countline l ON l.organization_id = c.organization_id AND l.count_id = c.id
        JOIN k ON k.stock_line_id = l.stock_line_id AND k.count_id <> c.id),
    found (id, why, number) AS (
        SELECT id, 'counted_again', max(count_no) FROM others
        WHERE state = 'closed' AND counted IS NOT NULL AND (cut, closed_at) > (own_cut, own_closed) GROUP BY id
        UNION ALL
        SELECT id, 'being_counted', max(count_no) FROM others
        WHERE state = 'counting' AND (mode = 'static' OR EXISTS (
            SELECT FROM counts_countentry e WHERE e.organization_id = %(organization)s AND e.line_id = others.line_id))
        GROUP BY id
        UNION ALL
        SELECT k.id, 'adjusted_since', max(d.doc_no)
        FROM begun, movements_document d
        JOIN movements_documentline dl ON dl.organization_id = d.organization_id AND dl.document_id = d.id
        JOIN movements_ledgerentry e ON e.organization_id = dl.organization_id AND e.line_id = dl.id
        JOIN k ON k.stock_line_id = e.stock_line_id AND k.cut < e.posted_at
        WHERE d.organization_id = %(organization)s AND d.status = 'posted' AND d.doc_type = 'adjustment'
          AND d.posted_at > begun.cut AND e.kind = 'posting' AND NOT EXISTS (
            SELECT FROM movements_ledgerentry r WHERE r.organization_id = e.organization_id AND r.reverses_id = e.id)
        GROUP BY k.id),
    hindered AS (SELECT DISTINCT ON (id) id, why, number FROM found ORDER BY id, why)
"""
"""`later`: the counts that can have cut a stock line's book after `k` did; a device's clock may have run ahead."""

_LATE = """
    SELECT d.count_line_id, sum(d.quantity) AS quantity FROM variances_latedocument d
    WHERE d.organization_id = %(organization)s GROUP BY d.count_line_id
"""

PROPOSED = f"""
    WITH {_HINDERED},
    proposed AS (
        SELECT k.id, k.stock_line_id, coalesce(d.quantity, 0) AS late, k.quantity - coalesce(d.quantity, 0) AS quantity,
            k.unit_cost, round((k.quantity - coalesce(d.quantity, 0)) * k.unit_cost, 2) AS value,
            k.unexplained <> 0 AS has_rest,
            CASE WHEN k.state <> ALL(%(editable)s) THEN k.state
                 WHEN h.why IS NOT NULL THEN h.why
                 WHEN k.quantity = coalesce(d.quantity, 0) THEN 'corrected' ELSE '' END AS why,
            coalesce(h.number, '') AS number
        FROM k LEFT JOIN ({_LATE}) d ON d.count_line_id = k.count_line_id LEFT JOIN hindered h ON h.id = k.id)
"""
"""A WITH list that ends in `proposed`: what is adjusted (why = '') and what is left, and why."""


class ProposedLine(NamedTuple):
    """`quantity` = variance − what documents that came late already corrected."""

    variance_id: UUID
    late: Decimal
    quantity: Decimal
    value: Decimal
    has_rest: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an adjustment would touch, by value, and what not and why, by variance."""

    lines: list[ProposedLine]
    untouched: list[tuple[UUID, str]]

    @property
    def loss(self) -> Decimal:
        return sum((line.value for line in self.lines if line.value < 0), ZERO)

    @property
    def gain(self) -> Decimal:
        return sum((line.value for line in self.lines if line.value > 0), ZERO)

    @property
    def net(self) -> Decimal:
        return self.loss + self.gain

    @property
    def unexplained(self) -> int:
        return sum(line.has_rest for line in self.lines)


def proposal(variances: Iterable[UUID]) -> Proposal:
    """Sort variances (of closed counts) into those an adjustment can take and those it leaves, with the reason."""
    lines, untouched = [], []
    columns = "id, late, quantity, value, has_rest, why, number"
    with connection.cursor() as cursor:
        cursor.execute(
            f"{PROPOSED.format(chosen=CHOSEN)} SELECT {columns} FROM proposed ORDER BY value, id",
            proposed_parameters(variances),
        )
        for *line, why, number in cursor:
            if why:
                untouched.append((line[0], _reason(why, number)))
            else:
                lines.append(ProposedLine._make(line))
    return Proposal(lines, untouched)


def proposed_parameters(variances: Iterable[UUID]) -> dict[str, Any]:
    """For `PROPOSED` with `CHOSEN`."""
    return {
        "organization": require_organization_id(),
        "variances": list(variances),
        "editable": [str(state) for state in EDITABLE_STATES],
    }


def hindrances(adjustment: Adjustment) -> dict[UUID, str]:
    """Why stock cannot be adjusted by a variance any more: {variance id: reason}.

    A later count found the truth anew, a running count has already cut its book, or another adjustment has
    corrected the stock since: adjusting on top would correct twice.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {_HINDERED.format(chosen=OF_ADJUSTMENT)} SELECT id, why, number FROM hindered ORDER BY id",
            {"organization": require_organization_id(), "adjustment": adjustment.pk},
        )
        return {key: _reason(why, number) for key, why, number in cursor.fetchall()}


def _reason(why: str, number: str) -> str:
    texts = {
        "counted_again": _("counted again in %(number)s; adjust from that count"),
        "being_counted": _("being counted in %(number)s; close that count first"),
        "adjusted_since": _("corrected since by %(number)s; count it again"),
        "corrected": _("documents that came late have already corrected it"),
    }
    return texts[why] % {"number": number} if why in texts else str(VarianceState(why).label)


def late_changes(adjustment: Adjustment) -> list[UUID]:
    """Variances whose line is no longer variance − late documents: something was posted after the proposal."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT v.id FROM rectification_adjustmentline a
            JOIN variances_variance v ON v.organization_id = a.organization_id AND v.id = a.variance_id
            LEFT JOIN ({_LATE}) d ON d.count_line_id = v.count_line_id
            WHERE a.organization_id = %(organization)s AND a.adjustment_id = %(adjustment)s
              AND a.quantity <> v.quantity - coalesce(d.quantity, 0)
            ORDER BY v.id
            """,
            {"organization": require_organization_id(), "adjustment": adjustment.pk},
        )
        return [key for (key,) in cursor.fetchall()]


def stock_names(variances: Iterable[UUID]) -> dict[UUID, str]:
    """{variance id: what people call its stock}."""
    rows = Variance.objects.filter(pk__in=list(variances)).select_related("stock_line__item", "stock_line__location")
    return {variance.pk: str(variance.stock_line) for variance in rows.order_by("pk")}
