from apps.variances.services.causes import confirm_cause, remove_cause
from apps.variances.services.comparing import compute_variances, notice_late_documents
from apps.variances.services.evidence import add_evidence
from apps.variances.services.explaining import accept_explanation, explain_variances, learn_priors, request_explanations
from apps.variances.services.investigating import assign_variance
from apps.variances.services.taxonomy import create_built_in_cause_types, save_cause_type

__all__ = [
    "accept_explanation",
    "add_evidence",
    "assign_variance",
    "compute_variances",
    "confirm_cause",
    "create_built_in_cause_types",
    "explain_variances",
    "learn_priors",
    "notice_late_documents",
    "remove_cause",
    "request_explanations",
    "save_cause_type",
]
