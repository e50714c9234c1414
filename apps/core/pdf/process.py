"""Making the PDF in a child process with a limit of time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from apps.core.errors import RuleViolation

JOB_SECONDS = 240
"""Less than a job's lease."""

PAGE_SECONDS = 100
"""Less than the web server waits for a page, because signing renders while the signer waits."""

MEMORY = 3 * 1024**3

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Attachment:
    """A file to embed. `name` is ASCII: PDF/A readers disagree about anything else."""

    path: str
    name: str
    description: str


def render_pdf(
    html: str, attachments: Sequence[Attachment], *, seconds: int = JOB_SECONDS, memory: int = MEMORY
) -> bytes:
    """HTML to PDF/A-3b. Raises RuleViolation: "report_too_slow" past the time limit, "report_failed" otherwise."""
    wish = {"html": html, "attachments": [asdict(each) for each in attachments], "memory": memory, "seconds": seconds}
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "apps.core.pdf.child"],
            input=json.dumps(wish).encode(),
            capture_output=True,
            timeout=seconds,
            cwd=Path(settings.BASE_DIR),
            env={**environment, "LANG": "C.UTF-8", "PYTHONUTF8": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuleViolation(
            "report_too_slow",
            _("The PDF was not ready after %(seconds)s seconds. Nothing was changed; please try again later.")
            % {"seconds": seconds},
        ) from error
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        log.error("PDF not rendered", code=done.returncode, said=done.stderr.decode(errors="replace")[-2000:])
        raise RuleViolation("report_failed", _("The PDF could not be made. Nothing was changed; please try again."))
    return done.stdout
