"""Explanations of a count's variances, as the documents stand now."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from apps.counts.models import Count
from apps.variances.attribution.explaining import Explained, explain
from apps.variances.attribution.gathering import gather
from apps.variances.attribution.priors import SHIPPED

Progress = Callable[[int, int, str], None]


def explain_count(count: Count, *, top: int = 3, progress: Progress | None = None) -> list[Explained]:
    """Every counted line that differs, with its `top` explanations; of an open count as it stands."""
    dossier = gather(count)

    def tell(done: int, total: int) -> None:
        if progress:
            progress(done, total, _("Explaining variances"))

    return explain(dossier, SHIPPED, top=top, progress=tell)
