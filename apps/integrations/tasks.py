from __future__ import annotations

from typing import Any

from apps.integrations.enums import KIND
from apps.integrations.services import import_stored
from apps.organizations.models import Job
from apps.organizations.services import Progress, handles


@handles(KIND)
def load(job: Job, progress: Progress) -> dict[str, Any]:
    return import_stored(job, progress)
