from apps.variances.services.causes import confirm_cause, remove_cause
from apps.variances.services.comparing import compute_variances, notice_late_documents
from apps.variances.services.evidence import add_evidence
from apps.variances.services.investigating import assign_variance
from apps.variances.services.taxonomy import create_built_in_cause_types, save_cause_type

__all__ = [
    "add_evidence",
    "assign_variance",
    "compute_variances",
    "confirm_cause",
    "create_built_in_cause_types",
    "notice_late_documents",
    "remove_cause",
    "save_cause_type",
]
