"""What an adjustment says, as a hash: what is approved, and compared again when it is posted."""

from __future__ import annotations

from django.db import connection

from apps.core.tenancy import require_organization_id
from apps.rectification.models import Adjustment

_HASH = """
    SELECT encode(sha256(convert_to(
        '{"count":"' || %(count)s || '","lines":['
        || coalesce(string_agg(format('["%%s","%%s","%%s","%%s"]', a.variance_id, v.stock_line_id,
            a.quantity::numeric(18, 4), a.unit_cost::numeric(18, 4)), ',' ORDER BY a.variance_id), '')
        || ']}', 'UTF8')), 'hex')
    FROM rectification_adjustmentline a
    JOIN variances_variance v ON v.organization_id = a.organization_id AND v.id = a.variance_id
    WHERE a.organization_id = %(organization)s AND a.adjustment_id = %(adjustment)s
"""


def content_hash(adjustment: Adjustment) -> str:
    """SHA-256 of {"count": id, "lines": [[variance id, stock line id, quantity, unit cost], …]} as compact JSON.

    Of the lines as the database holds them, in order of their variance, numbers with four decimals.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _HASH,
            {
                "organization": require_organization_id(),
                "count": str(adjustment.count_id),
                "adjustment": adjustment.pk,
            },
        )
        return str(cursor.fetchone()[0])
