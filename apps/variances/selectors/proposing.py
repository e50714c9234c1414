"""What the engine proposes for a variance, ready to be shown: staircase, documents, certainty, how to confirm."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.movements.enums import DocumentType
from apps.movements.models import Document
from apps.organizations.models import Job
from apps.variances.enums import CAUSE_NAMES
from apps.variances.models import ProposedExplanation, Variance
from apps.variances.selectors.story import Staircase, stairs_of

HOW_TO_CONFIRM: dict[str, Any] = {
    "receipt_not_posted": _("Ask the dock whether the goods of the delivery note are on the shelf."),
    "issue_not_posted": _("Compare the signed waybill with the issue that is missing."),
    "return_not_restocked": _("Look for the returned goods in the returns area or on the shelf."),
    "purchase_return_not_posted": _("Ask purchasing whether the supplier took the goods."),
    "short_delivery": _("Compare the supplier's delivery note with the receipt, line by line."),
    "transfer_not_received": _("Ask the receiving warehouse whether the goods arrived."),
    "transfer_unrecorded": _("Count the other place again, and ask who moved goods there."),
    "gift_unrecorded": _("Ask whoever ordered the gift whether it was handed out."),
    "scrap_unrecorded": _("Look for the damaged goods, or ask who threw them away."),
    "natural_loss": _("Compare with the loss of similar items in this period."),
    "keying_error": _("Put the posted document beside its paper and compare the quantity."),
    "duplicate_posting": _("Compare both documents with the one paper they come from."),
    "reversed_posting": _("Check on the paper which way the goods went."),
    "wrong_item": _("Count both items again and compare their labels."),
    "unit_error": _("Compare the unit on the paper with the unit that was booked."),
    "cutoff": _("Compare the time on the waybill with the time of the count."),
    "prior_variance": _("Open the earlier count and see why it was not adjusted."),
    "sync_failure": _("Look the order up in the outside system."),
    "count_error": _("Have this place counted again by someone else."),
}


@dataclass(frozen=True, slots=True)
class ShownPart:
    """One cause of a proposal. `documents` are those that its reader may open."""

    code: str
    name: Any
    quantity: Decimal
    documents: list[Document]
    entries: list[str]
    missing: list[Any]
    department: str
    how: Any


@dataclass(frozen=True, slots=True)
class Shown:
    """A whole explanation: parts and rest add up to the variance."""

    rank: int
    confidence: float
    parts: list[ShownPart]
    unexplained: Decimal
    stairs: Staircase


def shown_proposals(variance: Variance, proposal: ProposedExplanation) -> list[Shown]:
    """The explanations of a proposal, best first. People of the documents are shown by the documents themselves."""
    pieces = [piece for one in proposal.explanations for part in one["parts"] for piece in part["evidence"]]
    numbers = {(piece["doc_type"], piece["doc_no"]) for piece in pieces if piece.get("doc_no")}
    documents = {
        (row.doc_type, row.doc_no): row
        for row in Document.objects.filter(doc_no__in={number for _type, number in numbers})
        if (row.doc_type, row.doc_no) in numbers
    }
    return [_shown(variance, one, documents) for one in proposal.explanations]


def _shown(variance: Variance, one: dict[str, Any], documents: dict[tuple[str, str], Document]) -> Shown:
    parts = [_part(part, documents) for part in one["parts"]]
    rest = Decimal(one["unexplained"])
    return Shown(one["rank"], one["confidence"], parts, rest, stairs_of(variance, parts, rest))


def _part(part: dict[str, Any], documents: dict[tuple[str, str], Document]) -> ShownPart:
    labels = dict(DocumentType.choices)
    evidence = part["evidence"]
    keys = [(piece.get("doc_type", ""), piece.get("doc_no", "")) for piece in evidence]
    return ShownPart(
        code=part["cause"],
        name=CAUSE_NAMES.get(part["cause"], part["cause"]),
        quantity=Decimal(part["quantity"]),
        documents=[documents[key] for key in dict.fromkeys(keys) if key in documents],
        entries=[piece["entry_no"] for piece in evidence if piece.get("entry_no")],
        missing=[labels.get(piece.get("doc_type", "")) for piece in evidence if piece["kind"] == "missing_document"],
        department=part["department"] or "",
        how=HOW_TO_CONFIRM.get(part["cause"], ""),
    )


def look_pending(count: UUID) -> Job | None:
    """The job that explains a count, while it waits or runs."""
    job = Job.objects.filter(kind="variances.explain", key=str(count)).first()
    return None if job is None or job.is_finished else job
