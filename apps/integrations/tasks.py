from __future__ import annotations

from typing import Any

from apps.integrations.enums import KIND
from apps.integrations.services import load_stored
from apps.organizations.models import Job
from apps.organizations.services import Progress, handles


@handles(KIND)
def load(job: Job, progress: Progress) -> dict[str, Any]:
    return load_stored(job, progress)
