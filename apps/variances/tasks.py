from __future__ import annotations

from typing import Any

from apps.counts.models import Count
from apps.organizations.models import Job
from apps.organizations.services import Progress, handles
from apps.variances.services.explaining import JOB, explain_variances


@handles(JOB)
def explain(job: Job, progress: Progress) -> dict[str, Any]:
    """Idempotent: one transaction, so that a lost worker leaves nothing half done."""
    count = Count.objects.get(pk=job.arguments["count"])
    progress(0, 1, count.count_no)
    run = explain_variances(count, progress=progress, actor=job.requested_by)
    return {"url": f"variances/?count={count.pk}", "variances": run.lines}
