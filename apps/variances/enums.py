from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.movements.enums import Node


class CauseGroup(models.TextChoices):
    HUMAN = "H", _("human error")
    SYSTEM = "S", _("system or process")
    LOSS = "L", _("loss")
    TRADE = "T", _("purchase or sales")
    INTERNAL = "I", _("transfer or gift")
    COUNTING = "C", _("counting")
    UNKNOWN = "U", _("unknown")


class Sign(models.TextChoices):
    GAIN = "+", _("only overage")
    LOSS = "-", _("only shortage")
    ANY = "±", _("either")


BUILT_IN_CAUSES: tuple[tuple[str, str, str, Any], ...] = (
    ("receipt_not_posted", "T", "+", _("Receipt not posted")),
    ("issue_not_posted", "T", "-", _("Issue not posted")),
    ("return_not_restocked", "T", "+", _("Return not restocked")),
    ("purchase_return_not_posted", "T", "-", _("Return to supplier not posted")),
    ("short_delivery", "T", "±", _("Short or over delivery")),
    ("transfer_not_received", "I", "+", _("Transfer not received")),
    ("transfer_unrecorded", "I", "±", _("Moved without a document")),
    ("gift_unrecorded", "I", "-", _("Gift not deducted")),
    ("scrap_unrecorded", "L", "-", _("Scrap not registered")),
    ("natural_loss", "L", "-", _("Natural loss")),
    ("keying_error", "H", "±", _("Keying error")),
    ("duplicate_posting", "H", "±", _("Posted twice")),
    ("reversed_posting", "H", "±", _("Posted in the wrong direction")),
    ("wrong_item", "H", "±", _("Wrong item or lot")),
    ("unit_error", "S", "±", _("Wrong unit")),
    ("cutoff", "S", "±", _("Cut-off")),
    ("prior_variance", "S", "±", _("Earlier variance never adjusted")),
    ("sync_failure", "S", "±", _("Synchronization failure")),
    ("count_error", "C", "±", _("Count error")),
    ("unknown", "U", "±", _("Cause unknown")),
)
"""(code, group, sign, name) of the taxonomy in which files and commands speak."""

CAUSE_NAMES = {code: name for code, _group, _sign, name in BUILT_IN_CAUSES}


NODE_OF_CAUSE: dict[str, str] = {
    "receipt_not_posted": Node.PURCHASE,
    "purchase_return_not_posted": Node.PURCHASE,
    "short_delivery": Node.PURCHASE,
    "issue_not_posted": Node.SALES,
    "return_not_restocked": Node.SALES,
    "transfer_not_received": Node.TRANSFER,
    "transfer_unrecorded": Node.TRANSFER,
    "gift_unrecorded": Node.INTERNAL,
    "scrap_unrecorded": Node.INTERNAL,
    "natural_loss": Node.INTERNAL,
    "count_error": Node.COUNT,
    "prior_variance": Node.COUNT,
}
"""Where in the chain a cause arises when no document says it; absent: anywhere, so only its document can say."""


class VarianceState(models.TextChoices):
    OPEN = "open", _("to be explained")
    EXPLAINED = "explained", _("explained")
    PROPOSED = "proposed", _("adjustment proposed")
    ADJUSTED = "adjusted", _("adjusted")


VARIANCE_TRANSITIONS = {
    VarianceState.OPEN: frozenset({VarianceState.EXPLAINED, VarianceState.PROPOSED}),
    VarianceState.EXPLAINED: frozenset({VarianceState.OPEN, VarianceState.PROPOSED}),
    VarianceState.PROPOSED: frozenset({VarianceState.OPEN, VarianceState.EXPLAINED, VarianceState.ADJUSTED}),
    VarianceState.ADJUSTED: frozenset({VarianceState.OPEN, VarianceState.EXPLAINED}),
}


EDITABLE_STATES = (VarianceState.OPEN, VarianceState.EXPLAINED)
"""While causes may still change: what is proposed for adjustment is what the approver reads."""


class Verdict(models.TextChoices):
    WITHIN = "within", _("within tolerance")
    BEYOND = "beyond", _("beyond tolerance")


class EvidenceKind(models.TextChoices):
    DOCUMENT_LINE = "document_line", _("document line")
    MISSING_DOCUMENT = "missing_document", _("missing document")
    COUNT_ENTRY = "count_entry", _("count entry")
    MOVEMENT_PAIR = "movement_pair", _("pair of movements")
    PREVIOUS_COUNT = "previous_count", _("previous count")
    MASTER_DATA = "master_data", _("master data")
    NOTE = "note", _("note")
    FILE = "file", _("file")
