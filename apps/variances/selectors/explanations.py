"""Explanations of a count's variances, as the documents stand now, and those that were kept."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from apps.counts.models import Count
from apps.organizations.models import Member
from apps.variances.attribution.explaining import Explained, explain
from apps.variances.attribution.gathering import gather
from apps.variances.attribution.past import fingerprint, past_counts
from apps.variances.attribution.priors import SHIPPED, Priors
from apps.variances.models import LearnedPriors, ProposedExplanation
from apps.variances.selectors.lists import visible_variances

Progress = Callable[[int, int, str], None]


def priors_for(count: Count) -> Priors:
    """The kept priors that what is known now would give, else the shipped ones."""
    known = LearnedPriors.objects.filter(version=fingerprint(past_counts(count))).first()
    return Priors.from_json(known.content) if known else SHIPPED


def explain_count(count: Count, *, top: int = 3, progress: Progress | None = None) -> tuple[Priors, list[Explained]]:
    """Every counted line that differs, with its `top` explanations; of an open count as it stands."""
    priors = priors_for(count)

    def tell(done: int, total: int) -> None:
        if progress:
            progress(done, total, _("Explaining variances"))

    return priors, explain(gather(count), priors, top=top, progress=tell)


def proposals(member: Member) -> QuerySet[ProposedExplanation]:
    """The latest explanations of every variance that a member may see."""
    latest = ProposedExplanation.objects.filter(variance=OuterRef("variance")).order_by("-run__made_at", "-run")
    return ProposedExplanation.objects.filter(
        pk=Subquery(latest.values("pk")[:1]), variance__in=visible_variances(member)
    ).select_related("run", "variance__count")


def proposal_of(variance: UUID) -> ProposedExplanation | None:
    """The latest explanations of one variance."""
    rows = ProposedExplanation.objects.filter(variance=variance).select_related("run")
    return rows.order_by("-run__made_at", "-run").first()
