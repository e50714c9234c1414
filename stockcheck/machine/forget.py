"""``python -m stockcheck.machine.forget``: remove the state of this machine, database and files included."""

import shutil

from .cluster import Cluster
from .paths import STATE_DIR

if __name__ == "__main__":
    Cluster(STATE_DIR / "postgres").destroy()
    shutil.rmtree(STATE_DIR, ignore_errors=True)
