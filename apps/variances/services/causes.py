"""Explaining a variance: causes with their quantities, as people confirm them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import Conflict, RuleViolation
from apps.core.numbers import parse_decimal
from apps.core.permissions import require
from apps.core.states import move
from apps.core.templatetags.figures import signed
from apps.counts.models import CountEntry
from apps.movements.models import DocumentLine
from apps.organizations.models import Department, Member
from apps.variances.enums import VARIANCE_TRANSITIONS, EvidenceKind, Sign, VarianceState
from apps.variances.models import Cause, CauseType, Evidence, Variance


@audited("variances.cause.confirmed")
def confirm_cause(
    variance: Variance,
    cause_type: CauseType,
    quantity: Decimal,
    *,
    department: Department | None = None,
    person: Member | None = None,
    note: str = "",
    document_lines: Iterable[DocumentLine] = (),
    count_entries: Iterable[CountEntry] = (),
    actor: Member,
) -> Cause:
    """Say that `quantity` of a variance (signed as the variance: loss is negative) has this cause.

    Causes may be confirmed in any order as long as the unexplained rest keeps the variance's sign or is zero: a
    variance of −40 may be +5 and −45, but the +5 comes first. `person` is set only where whoever confirms says that
    a person is the cause; documents' operators are never taken over.

    Raises RuleViolation: "zero_quantity", "wrong_sign", "over_explained" (with the numbers), "inactive_cause";
    Conflict "frozen" once an adjustment was proposed.
    """
    require(actor, "variances.cause.confirm", variance)
    quantity = parse_decimal(quantity)
    variance = lock_editable(variance)
    if quantity == 0:
        raise RuleViolation("zero_quantity", _("A cause explains a quantity. Enter how much."))
    if not cause_type.is_active:
        raise RuleViolation(
            "inactive_cause",
            _("“%(cause)s” is no longer used. Choose another cause.") % {"cause": cause_type},
        )
    _require_sign(cause_type, quantity)
    rest = variance.unexplained - quantity
    if rest * variance.quantity < 0:
        raise RuleViolation(
            "over_explained",
            _(
                "The variance is %(variance)s and %(explained)s of it is explained. %(quantity)s more would explain "
                "too much: at most %(rest)s is left. Where something went the other way, confirm that first."
            )
            % {
                "variance": signed(variance.quantity),
                "explained": signed(variance.explained),
                "quantity": signed(quantity),
                "rest": signed(variance.unexplained),
            },
        )
    cause = Cause.objects.create(
        variance=variance,
        cause_type=cause_type,
        quantity=quantity,
        department=department,
        person=person,
        note=note.strip()[:500],
        confirmed_by=actor,
    )
    lines, entries = list(document_lines), list(count_entries)
    Evidence.objects.bulk_create(
        [
            Evidence(
                variance=variance,
                cause=cause,
                kind=EvidenceKind.DOCUMENT_LINE,
                document_line=line,
                added_by=actor,
            )
            for line in lines
        ]
        + [
            Evidence(
                variance=variance,
                cause=cause,
                kind=EvidenceKind.COUNT_ENTRY,
                count_entry=entry,
                added_by=actor,
            )
            for entry in entries
        ]
    )
    _settle(variance, rest)
    record(
        variance=variance.pk,
        cause=cause_type.code,
        unexplained=rest,
        documents=[str(line.pk) for line in lines],
        entries=[entry.entry_no for entry in entries],
    )
    return cause


@audited("variances.cause.removed")
def remove_cause(cause: Cause, *, reason: str, actor: Member) -> Variance:
    """Take a confirmed cause back; its quantity is unexplained again. Files and notes stay with the variance."""
    require(actor, "variances.cause.remove", cause)
    variance = lock_editable(cause.variance)
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why this cause is taken back."))
    cause = _still_there(cause)
    rest = variance.unexplained + cause.quantity
    if rest * variance.quantity < 0:
        raise RuleViolation(
            "over_explained",
            _(
                "Without %(quantity)s the other causes would explain more than the variance of %(variance)s. "
                "Take those back first."
            )
            % {"quantity": signed(cause.quantity), "variance": signed(variance.quantity)},
        )
    record(
        cause=cause.cause_type.code,
        quantity=cause.quantity,
        reason=reason.strip()[:500],
        confirmed_by=cause.confirmed_by.username,
        unexplained=rest,
    )
    cause.evidence.filter(kind__in=[EvidenceKind.FILE, EvidenceKind.NOTE]).update(cause=None)
    cause.delete()
    _settle(variance, rest)
    return variance


def lock_editable(variance: Variance) -> Variance:
    """The variance as it stands now, locked. Raises Conflict("frozen") once its adjustment was proposed."""
    variance = Variance.objects.select_for_update(of=("self",)).get(pk=variance.pk)
    if not variance.is_editable:
        raise Conflict(
            "frozen",
            _("This variance is %(state)s, so its causes stay as the approver reads them.")
            % {"state": variance.get_state_display()},
        )
    return variance


def _still_there(cause: Cause) -> Cause:
    found = Cause.objects.select_related("cause_type", "confirmed_by").filter(pk=cause.pk).first()
    if found is None:
        raise Conflict("cause_gone", _("This cause was already taken back. Reload the page."))
    return found


def _require_sign(cause_type: CauseType, quantity: Decimal) -> None:
    if (cause_type.sign == Sign.GAIN and quantity < 0) or (cause_type.sign == Sign.LOSS and quantity > 0):
        raise RuleViolation(
            "wrong_sign",
            _("“%(cause)s” explains %(sign)s, so its quantity cannot be %(quantity)s.")
            % {"cause": cause_type, "sign": cause_type.get_sign_display(), "quantity": signed(quantity)},
        )


def _settle(variance: Variance, rest: Decimal) -> None:
    variance.unexplained = rest
    state = VarianceState.EXPLAINED if rest == 0 else VarianceState.OPEN
    if variance.state != state:
        move(variance, state, VARIANCE_TRANSITIONS)
    variance.save(update_fields=["unexplained", "state"])
