from apps.variances.selectors.explanations import explain_count, proposal_of, proposals
from apps.variances.selectors.lists import (
    VIEWS,
    cause_types,
    evidence_of,
    open_variances,
    variance_list,
    view_counts,
    visible_variances,
)
from apps.variances.selectors.proposing import look_pending, shown_proposals
from apps.variances.selectors.story import (
    Event,
    Staircase,
    candidate_lines,
    history,
    late_documents,
    staircase,
    timeline,
    window_start,
)
from apps.variances.selectors.summaries import DIMENSIONS, Accuracy, SummaryRow, accuracy, summary, totals

__all__ = [
    "DIMENSIONS",
    "VIEWS",
    "Accuracy",
    "Event",
    "Staircase",
    "SummaryRow",
    "accuracy",
    "candidate_lines",
    "cause_types",
    "evidence_of",
    "explain_count",
    "history",
    "late_documents",
    "look_pending",
    "open_variances",
    "proposal_of",
    "proposals",
    "shown_proposals",
    "staircase",
    "summary",
    "timeline",
    "totals",
    "variance_list",
    "view_counts",
    "visible_variances",
    "window_start",
]
