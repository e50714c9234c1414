"""Posting once, exactly what was approved; and taking it back by counter-entry."""

from __future__ import annotations

from django.db import connection
from django.db.models import Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.approvals.enums import Answer, ApprovalState
from apps.approvals.models import Approval, Decision
from apps.audit.services import audited, record
from apps.core.errors import Conflict, RuleViolation
from apps.core.permissions import require
from apps.core.states import move
from apps.core.tenancy import require_organization_id
from apps.movements.enums import DocumentType
from apps.movements.models import Document
from apps.movements.services import StockMoves, create_document, post_document, reverse_document
from apps.organizations.models import Member
from apps.rectification.content import content_hash
from apps.rectification.enums import ADJUSTMENT_TRANSITIONS, AdjustmentState
from apps.rectification.models import Adjustment
from apps.rectification.selectors import hindrances, late_changes, stock_names
from apps.rectification.services.deciding import approval_of
from apps.rectification.services.holding import lock, lock_stock_of, lock_variances, release, set_state
from apps.variances.enums import VarianceState
from apps.variances.services.comparing import CUT_OFF


@audited("rectification.adjustment.posted")
def post_adjustment(adjustment: Adjustment, *, actor: Member) -> Adjustment:
    """Post an approved adjustment: all lines or none, once, whatever is retried or run at the same time.

    Under the locks of the adjustment and of every stock line it touches, what was approved is compared with what is
    there: the hash over the lines, later counts, other adjustments, late documents. Raises Conflict
    "content_changed", "not_adjustable" or "late_document"; `rows` list the lines, and nothing is posted.
    """
    require(actor, "rectification.adjustment.post", adjustment)
    adjustment = lock(adjustment)
    move(adjustment, AdjustmentState.POSTED, ADJUSTMENT_TRANSITIONS)
    approval = _granted(adjustment)
    lock_stock_of(adjustment)
    lock_variances(adjustment)
    _require_unchanged(adjustment)
    decision = Decision.objects.select_related("member").get(approval=approval, answer=Answer.APPROVE)
    document = create_document(
        DocumentType.ADJUSTMENT,
        doc_no=adjustment.adjustment_no,
        warehouse=adjustment.count.warehouse,
        lines=StockMoves(adjustment.lines.values_list("variance__stock_line", "quantity", "unit_cost")),
        operator=adjustment.proposed_by,
        approver=decision.member,
        external_id=adjustment.count.count_no[:100],
        reason=adjustment.reason[:200],
        actor=actor,
    )
    document = post_document(document, actor=actor, ignore_freeze=True)
    adjustment.document = document
    adjustment.posted_by, adjustment.posted_at = actor, document.posted_at
    adjustment.save(update_fields=["state", "document", "posted_by", "posted_at"])
    set_state(adjustment, Value(VarianceState.ADJUSTED))
    record(document=document.doc_no, content_hash=adjustment.content_hash, value=adjustment.total_value)
    return adjustment


@audited("rectification.adjustment.reversed")
def reverse_adjustment(adjustment: Adjustment, *, reason: str, actor: Member) -> Adjustment:
    """Undo a posted adjustment by opposite entries; its variances can then be proposed again.

    Raises Conflict "counted_since" where a later count found the stock as the adjustment had made it.
    """
    adjustment = lock(adjustment)
    require(actor, "rectification.adjustment.reverse", adjustment)
    move(adjustment, AdjustmentState.REVERSED, ADJUSTMENT_TRANSITIONS)
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why this adjustment is reversed."))
    lock_stock_of(adjustment)
    _require_not_counted_since(adjustment)
    document = Document.objects.get(pk=adjustment.document_id)
    reversal = reverse_document(document, reason=reason, actor=actor, ignore_freeze=True)
    adjustment.reversal = reversal
    adjustment.save(update_fields=["state", "reversal"])
    release(adjustment)
    record(reason=reason.strip()[:500], reversal=reversal.doc_no)
    return adjustment


def _granted(adjustment: Adjustment) -> Approval:
    """The approval, if it was given for the lines as the database holds them now."""
    approval = approval_of(adjustment)
    now = content_hash(adjustment)
    if approval.state != ApprovalState.APPROVED or not approval.content_hash == adjustment.content_hash == now:
        raise Conflict(
            "content_changed",
            _("This is not what was approved. Withdraw the adjustment and propose it again."),
        )
    return approval


def _require_unchanged(adjustment: Adjustment) -> None:
    hindered = hindrances(adjustment)
    if hindered:
        rows = [f"{name}: {hindered[key]}" for key, name in stock_names(hindered).items()]
        raise Conflict(
            "not_adjustable",
            ngettext(
                "Nothing was posted. %(number)d line can no longer be adjusted: %(first)s",
                "Nothing was posted. %(number)d lines can no longer be adjusted, first of all: %(first)s",
                len(rows),
            )
            % {"number": len(rows), "first": rows[0]},
            rows=rows,
        )
    changed = late_changes(adjustment)
    if changed:
        rows = list(stock_names(changed).values())
        raise Conflict(
            "late_document",
            _(
                "Nothing was posted. Documents for goods that moved before the count were posted since it was proposed:"
                " %(first)s. Withdraw the adjustment and propose it again with what is left to correct."
            )
            % {"first": rows[0]},
            rows=rows,
        )


def _require_not_counted_since(adjustment: Adjustment) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT i.sku, c.count_no
            FROM rectification_adjustmentline a
            JOIN variances_variance v ON v.organization_id = a.organization_id AND v.id = a.variance_id
            JOIN counts_countline l ON l.organization_id = v.organization_id AND l.stock_line_id = v.stock_line_id
            JOIN counts_count c ON c.organization_id = l.organization_id AND c.id = l.count_id
            JOIN movements_stockline s ON s.organization_id = v.organization_id AND s.id = v.stock_line_id
            JOIN catalog_item i ON i.organization_id = s.organization_id AND i.id = s.item_id
            WHERE a.organization_id = %s AND a.adjustment_id = %s AND c.state = 'closed' AND l.counted IS NOT NULL
              AND {CUT_OFF} > %s
            ORDER BY 1, 2
            """,
            [require_organization_id(), adjustment.pk, adjustment.posted_at or timezone.now()],
        )
        rows = [f"{sku} · {count_no}" for sku, count_no in cursor.fetchall()]
    if rows:
        raise Conflict(
            "counted_since",
            _("%(first)s: this stock was counted again since, with the adjustment in its book. Adjust from that count.")
            % {"first": rows[0]},
            rows=rows,
        )
