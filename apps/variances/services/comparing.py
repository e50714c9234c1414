"""Comparing book and count, once, when a count closes; and noticing documents that arrive too late for it."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import Conflict
from apps.core.numbers import LIMIT
from apps.core.tenancy import require_organization_id
from apps.counts.enums import CountState
from apps.counts.models import Count
from apps.movements.models import Document
from apps.organizations.models import Member
from apps.variances.models import LateDocument


@audited("variances.count.compared")
def compute_variances(count: Count, *, actor: Member) -> Count:
    """Write the variances of a closed count, one statement for any number of lines; again it changes nothing.

    value = variance × unit cost, rounded to cents, half away from zero. percent is of the absolute book, none where
    the book is zero. Within tolerance is what stays within every limit that the count's rule sets (measured before
    rounding); an empty book is beyond any percentage, and without limits only zero would pass.

    Movements that were posted after a line's cut-off for goods that moved before it are noticed as late at once.
    """
    if count.state != CountState.CLOSED:
        raise Conflict("count_open", _("Close the count first: its numbers are still provisional."))
    rule = count.tolerance
    limits = {
        "percent": rule.percent if rule else None,
        "quantity": rule.quantity if rule else None,
        "value": rule.value if rule else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _COMPARE,
            {"organization": require_organization_id(), "count": count.pk, "limit": LIMIT, **limits},
        )
        record(variances=cursor.rowcount)
        cursor.execute(_LATE_FOR_COUNT, {"organization": require_organization_id(), "count": count.pk})
        record(late_documents=cursor.rowcount)
    return count


def notice_late_documents(document: Document) -> list[LateDocument]:
    """Flag what a posting did to stock that was counted before it was posted but after the goods moved.

    Only the latest closed count of each stock line is flagged: it is the one that the book stands on. Its numbers
    stay; an adjustment made from it leaves out what the late document already corrected.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LATE_FOR_DOCUMENT, {"organization": require_organization_id(), "document": document.pk})
        found = [row[0] for row in cursor.fetchall()]
    return list(LateDocument.objects.filter(pk__in=found).select_related("count_line__count"))


_COMPARE = """
    INSERT INTO variances_variance (id, organization_id, count_id, count_line_id, stock_line_id, book, counted,
        quantity, unit_cost, value, percent, verdict, unexplained, state, created_at)
    SELECT stockcheck_uuid7(), l.organization_id, l.count_id, l.id, l.stock_line_id, l.expected, l.counted,
        l.variance, l.unit_cost, v.value,
        CASE WHEN l.expected <> 0 THEN
            greatest(least(round(l.variance * 100 / abs(l.expected), 4), %(limit)s), -%(limit)s) END,
        CASE WHEN num_nonnulls(%(percent)s::numeric, %(quantity)s::numeric, %(value)s::numeric) > 0
            AND (%(percent)s::numeric IS NULL
                 OR (l.expected <> 0 AND abs(l.variance) * 100 <= %(percent)s::numeric * abs(l.expected)))
            AND (%(quantity)s::numeric IS NULL OR abs(l.variance) <= %(quantity)s::numeric)
            AND (%(value)s::numeric IS NULL OR abs(v.value) <= %(value)s::numeric)
            THEN 'within' ELSE 'beyond' END,
        l.variance, 'open', now()
    FROM counts_countline l
    CROSS JOIN LATERAL (SELECT round(l.variance * l.unit_cost, 2) AS value) v
    WHERE l.organization_id = %(organization)s AND l.count_id = %(count)s AND l.variance <> 0
    ON CONFLICT DO NOTHING
"""

CUT_OFF = "CASE WHEN c.mode = 'static' THEN c.snapshot_at ELSE l.counted_at END"
"""When the book of count line `l` of count `c` was cut."""

_IS_LATE = """
    CASE WHEN e.kind = 'reversal' AND d.doc_type = 'adjustment' THEN o.posted_at <= k.cut
         WHEN e.kind = 'reversal' THEN least(o.occurred_at, o.posted_at) <= k.cut
         ELSE d.doc_type <> 'adjustment' AND e.occurred_at <= k.cut END
"""
"""Late for cut-off `k.cut`: entry `e` of document `d`, which reverses `o` or nothing.

The reversal of a posting that the book contained takes it back as of then. Adjustments are no late documents:
they correct, and whoever adjusts again is stopped by them.
"""

_INSERT_LATE = """
    INSERT INTO variances_latedocument (id, organization_id, count_line_id, document_line_id, quantity, noticed_at)
    SELECT stockcheck_uuid7(), e.organization_id, k.id, e.line_id, e.quantity, now()
"""
_ENTRY = """
    JOIN movements_documentline dl ON dl.organization_id = e.organization_id AND dl.id = e.line_id
    JOIN movements_document d ON d.organization_id = e.organization_id AND d.id = dl.document_id
    LEFT JOIN movements_ledgerentry o ON o.organization_id = e.organization_id AND o.id = e.reverses_id
"""
_LATE_FOR_COUNT = f"""
    WITH k AS MATERIALIZED (
        SELECT l.id, l.stock_line_id, {CUT_OFF} AS cut
        FROM counts_countline l JOIN counts_count c ON c.organization_id = l.organization_id AND c.id = l.count_id
        WHERE l.organization_id = %(organization)s AND l.count_id = %(count)s AND l.counted IS NOT NULL)
    {_INSERT_LATE}
    FROM k
    CROSS JOIN LATERAL (
        SELECT * FROM movements_ledgerentry e
        WHERE e.organization_id = %(organization)s AND e.stock_line_id = k.stock_line_id AND e.posted_at > k.cut
          AND (e.kind = 'reversal' OR e.occurred_at <= k.cut)
        OFFSET 0) e
    {_ENTRY}
    WHERE {_IS_LATE}
    ON CONFLICT DO NOTHING
"""
"""OFFSET 0 keeps the look-up by stock line an index scan a line, also where nothing was counted ever before and the
planner knows no numbers yet; what happened after the cut is dropped there, before its documents are looked up."""

_LATE_FOR_DOCUMENT = f"""
    {_INSERT_LATE}
    FROM movements_documentline posted
    JOIN movements_ledgerentry e ON e.organization_id = posted.organization_id AND e.line_id = posted.id
    {_ENTRY}
    CROSS JOIN LATERAL (
        SELECT l.id, {CUT_OFF} AS cut
        FROM counts_countline l JOIN counts_count c ON c.organization_id = l.organization_id AND c.id = l.count_id
        WHERE l.organization_id = e.organization_id AND l.stock_line_id = e.stock_line_id
          AND c.state = 'closed' AND l.counted IS NOT NULL
        ORDER BY 2 DESC LIMIT 1) k
    WHERE posted.organization_id = %(organization)s AND posted.document_id = %(document)s
      AND e.posted_at > k.cut AND {_IS_LATE}
    ON CONFLICT DO NOTHING
    RETURNING id
"""
