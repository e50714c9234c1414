"""Real data stands beside the project, not in it: the tests with it exist where it does."""

from __future__ import annotations

import os
from pathlib import Path

SHARED = Path(os.environ.get("SHARED_DIR", Path(__file__).resolve().parents[3] / "shared"))
SCENARIOS = SHARED / "data" / "scenarios"

collect_ignore = [] if SCENARIOS.exists() else ["test_real_data.py"]
