"""Looking for the causes of a count's variances, and keeping what was found with the versions it was found by."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.audit.services import audited, record
from apps.core.errors import Conflict, RuleViolation
from apps.core.permissions import require
from apps.counts.enums import CountState
from apps.counts.models import Count, CountEntry
from apps.movements.models import DocumentLine
from apps.organizations.models import Department, Job, Member
from apps.organizations.services import request_job
from apps.variances.attribution import RULES, contract
from apps.variances.attribution.learning import learn
from apps.variances.attribution.past import fingerprint, past_cases, past_counts
from apps.variances.models import CauseType, ExplanationRun, LearnedPriors, ProposedExplanation, Variance
from apps.variances.selectors.explanations import explain_count
from apps.variances.services.causes import confirm_cause, lock_editable

JOB = "variances.explain"
TOP = 5

Progress = Callable[[int, int, str], None]


def learn_priors(count: Count, *, actor: Member) -> LearnedPriors | None:
    """What the closed counts before this one teach; learned once for the same facts, None where there are none."""
    counts = past_counts(count)
    if not counts:
        return None
    version = fingerprint(counts)
    known = LearnedPriors.objects.filter(version=version).first()
    return known or _learn(counts, version, actor=actor)


@audited("variances.priors.learned")
def _learn(counts: list[Count], version: str, *, actor: Member) -> LearnedPriors:
    priors = learn(past_cases(counts), version)
    found, _made = LearnedPriors.objects.get_or_create(version=version, defaults={"content": priors.as_json()})
    record(version=version, counts=[count.count_no for count in counts])
    return found


@audited("variances.count.explained")
def explain_variances(count: Count, *, progress: Progress | None = None, actor: Member) -> ExplanationRun:
    """Explain every variance of a closed count as the documents stand now. Earlier runs stay as they were."""
    require(actor, "variances.explanation.make", count)
    _require_closed(count)
    learn_priors(count, actor=actor)
    priors, found = explain_count(count, top=TOP, progress=progress)
    rows = Variance.objects.filter(count=count).values_list("count_line", "pk")
    variances = {str(line): pk for line, pk in rows}
    run = ExplanationRun.objects.create(count=count, rules=RULES, priors=priors.version, made_by=actor)
    proposals = [
        ProposedExplanation(
            run=run,
            variance_id=variances[pk],
            explanations=contract.explanations(one),
            proven=one.proven,
        )
        for one in found
        if (pk := one.line.id) in variances
    ]
    ProposedExplanation.objects.bulk_create(proposals, batch_size=1000)
    run.lines = len(proposals)
    run.save(update_fields=["lines"])
    record(count=count.count_no, rules=RULES, priors=priors.version, variances=len(proposals))
    return run


def request_explanations(count: Count, *, actor: Member) -> Job:
    """Have a count explained in the background: when it closes, and again when documents arrive late."""
    require(actor, "variances.explanation.make", count)
    _require_closed(count)
    return request_job(JOB, key=str(count.pk), actor=actor, count=str(count.pk))


def _require_closed(count: Count) -> None:
    if count.state != CountState.CLOSED:
        raise Conflict("count_open", _("Close the count first: its numbers are still provisional."))


@audited("variances.explanation.accepted")
def accept_explanation(proposal: ProposedExplanation, rank: int, *, actor: Member) -> Variance:
    """Confirm every part of one proposed explanation as a cause, with its documents; the rest stays unexplained.

    Nobody named on a document becomes the cause by this: `person` is only ever set by whoever confirms. Parts that
    went the other way come first, so that the rest never changes its sign.
    """
    require(actor, "variances.cause.confirm", proposal.variance)
    variance = lock_editable(proposal.variance)
    chosen = next((one for one in proposal.explanations if one["rank"] == rank), None)
    if chosen is None or not chosen["parts"]:
        raise RuleViolation("nothing_to_accept", _("This explanation has no causes. Look again, or confirm your own."))
    if variance.explained:
        raise Conflict("partly_explained", _("Causes are confirmed already. Take them back first, or add the rest."))
    types = {row.code: row for row in CauseType.objects.filter(code__in={part["cause"] for part in chosen["parts"]})}
    for part in sorted(chosen["parts"], key=lambda part: Decimal(part["quantity"]) * variance.quantity > 0):
        confirm_cause(
            variance,
            types[part["cause"]],
            Decimal(part["quantity"]),
            department=Department.objects.filter(code=part["department"] or "").first(),
            document_lines=_document_lines(part["evidence"]),
            count_entries=_entries(variance, part["evidence"]),
            actor=actor,
        )
    variance.refresh_from_db(fields=["unexplained", "state"])
    record(variance=variance.pk, rank=rank, confidence=chosen["confidence"], run=proposal.run_id)
    return variance


def _document_lines(evidence: list[dict[str, Any]]) -> list[DocumentLine]:
    named = Q(pk__in=[])
    for piece in evidence:
        if piece.get("doc_no") and piece.get("line_no") is not None:
            named |= Q(document__doc_type=piece["doc_type"], document__doc_no=piece["doc_no"], line_no=piece["line_no"])
    return list(DocumentLine.objects.filter(named).order_by("document", "line_no"))


def _entries(variance: Variance, evidence: list[dict[str, Any]]) -> list[CountEntry]:
    numbers = [piece["entry_no"] for piece in evidence if piece.get("entry_no")]
    return list(CountEntry.objects.filter(count=variance.count_id, entry_no__in=numbers).order_by("pk"))
