"""What must always hold in an organization, derived again from its roots. Each check names what is off."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.approvals.enums import ApprovalState
from apps.approvals.models import Approval
from apps.audit.selectors import verify_chain
from apps.core.tenancy import require_organization_id
from apps.movements.selectors import verify_balances
from apps.rectification.enums import AdjustmentState
from apps.rectification.models import Adjustment
from apps.reports.selectors.reports import verify_reports

FIVE_NUMBERS = """
    SELECT c.count_no, i.sku, coalesce(nullif(p.code, ''), '-'), l.snapshot, l.moved_in, l.moved_out, l.expected
    FROM counts_countline l
    JOIN counts_count c ON c.organization_id = l.organization_id AND c.id = l.count_id
    JOIN movements_stockline s ON s.organization_id = l.organization_id AND s.id = l.stock_line_id
    JOIN catalog_item i ON i.organization_id = s.organization_id AND i.id = s.item_id
    JOIN catalog_location p ON p.organization_id = s.organization_id AND p.id = s.location_id
    LEFT JOIN variances_variance v ON v.organization_id = l.organization_id AND v.count_line_id = l.id
    WHERE l.organization_id = %(organization)s AND c.state = 'closed'
      AND (l.expected <> l.snapshot + l.moved_in - l.moved_out
           OR coalesce(l.variance, 0) <> coalesce(v.quantity, 0)
           OR v.id IS NOT NULL AND (v.book <> l.expected OR v.counted <> l.counted))
    ORDER BY 1, 2, 3 LIMIT 1000
"""

CAUSES = """
    SELECT c.count_no, i.sku, coalesce(nullif(p.code, ''), '-'), v.quantity, v.unexplained, x.explained
    FROM variances_variance v
    JOIN counts_count c ON c.organization_id = v.organization_id AND c.id = v.count_id
    JOIN movements_stockline s ON s.organization_id = v.organization_id AND s.id = v.stock_line_id
    JOIN catalog_item i ON i.organization_id = s.organization_id AND i.id = s.item_id
    JOIN catalog_location p ON p.organization_id = s.organization_id AND p.id = s.location_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(a.quantity), 0) AS explained FROM variances_cause a
        WHERE a.organization_id = v.organization_id AND a.variance_id = v.id) x
    WHERE v.organization_id = %(organization)s AND v.quantity <> v.unexplained + x.explained
    ORDER BY 1, 2, 3 LIMIT 1000
"""

POSTED = """
    WITH wanted AS (
        SELECT l.adjustment_id, v.stock_line_id, sum(l.quantity) AS quantity
        FROM rectification_adjustmentline l
        JOIN variances_variance v ON v.organization_id = l.organization_id AND v.id = l.variance_id
        JOIN rectification_adjustment a ON a.organization_id = l.organization_id AND a.id = l.adjustment_id
        WHERE l.organization_id = %(organization)s AND a.document_id IS NOT NULL
        GROUP BY 1, 2
    ), posted AS (
        SELECT a.id AS adjustment_id, e.stock_line_id, sum(e.quantity) AS quantity
        FROM rectification_adjustment a
        JOIN movements_documentline d ON d.organization_id = a.organization_id AND d.document_id = a.document_id
        JOIN movements_ledgerentry e ON e.organization_id = d.organization_id AND e.line_id = d.id
            AND e.kind = 'posting'
        WHERE a.organization_id = %(organization)s
        GROUP BY 1, 2
    )
    SELECT a.adjustment_no, coalesce(w.quantity, 0), coalesce(p.quantity, 0)
    FROM wanted w
    FULL JOIN posted p ON p.adjustment_id = w.adjustment_id AND p.stock_line_id = w.stock_line_id
    JOIN rectification_adjustment a ON a.id = coalesce(w.adjustment_id, p.adjustment_id)
    WHERE coalesce(w.quantity, 0) <> coalesce(p.quantity, 0)
    ORDER BY 1 LIMIT 1000
"""


def _rows(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"organization": require_organization_id()})
        return cursor.fetchall()


def verify_lines() -> list[str]:
    """Five numbers of closed counts: book = snapshot + in − out, and every difference is a variance of that size."""
    return [
        _("%(count)s %(sku)s %(place)s: the five numbers do not agree.")
        % {"count": row[0], "sku": row[1], "place": row[2]}
        for row in _rows(FIVE_NUMBERS)
    ]


def verify_causes() -> list[str]:
    """variance = causes + unexplained."""
    return [
        _("%(count)s %(sku)s %(place)s: causes and the unexplained rest do not add up.")
        % {"count": row[0], "sku": row[1], "place": row[2]}
        for row in _rows(CAUSES)
    ]


def verify_adjustments() -> list[str]:
    """Posted adjustments moved exactly their lines, and those were approved with this content."""
    problems = [
        _("%(number)s: posted %(posted)s where %(approved)s was approved.")
        % {"number": row[0], "posted": row[2], "approved": row[1]}
        for row in _rows(POSTED)
    ]
    adjustments = Adjustment.objects.filter(state__in=[AdjustmentState.POSTED, AdjustmentState.REVERSED])
    approved = set(
        Approval.objects.filter(state=ApprovalState.APPROVED, target_id__in=adjustments.values("pk")).values_list(
            "target_id", "content_hash"
        )
    )
    return problems + [
        _("%(number)s: posted without an approval of its content.") % {"number": number}
        for key, digest, number in adjustments.order_by("adjustment_no").values_list(
            "pk", "content_hash", "adjustment_no"
        )
        if (key, digest) not in approved
    ]


CHECKS: tuple[tuple[object, Callable[[], list[str]]], ...] = (
    (gettext_lazy("balances equal the sum of the ledger"), verify_balances),
    (gettext_lazy("audit chain and signed heads"), verify_chain),
    (gettext_lazy("five numbers of every counted line"), verify_lines),
    (gettext_lazy("causes and unexplained rest add up to the variance"), verify_causes),
    (gettext_lazy("posted adjustments are what was approved"), verify_adjustments),
    (gettext_lazy("signed reports are what was signed"), verify_reports),
)
"""(what holds, the check). In the order of the command's lines."""
