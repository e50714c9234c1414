"""The project's database: a server named by ``DATABASE_URL``, else the embedded one.

The entries of the project (``manage.py``, wsgi, the queue, the tests) call ``ensure`` before Django reads its
settings; a program that needs no database never starts one.
"""

import atexit
import os
from functools import cache

from .cluster import Cluster
from .paths import STATE_DIR


def embedded() -> bool:
    """Whether the database is ours to start."""
    return not os.environ.get("DATABASE_URL")


@cache
def cluster() -> Cluster:
    """The embedded database of this working copy."""
    return Cluster(STATE_DIR / "postgres")


def ensure() -> None:
    """Start the embedded database when it is needed, and keep it up for as long as this process lives."""
    if embedded():
        cluster().acquire()
        atexit.register(cluster().release)


def url(database: str = "stockcheck") -> str:
    """Address of a database as the application's role."""
    return os.environ.get("DATABASE_URL") or cluster().dsn(database)


def broker_url() -> str:
    """Address of the default queue: pgmq beside the embedded database, or in that of ``DATABASE_URL``."""
    return "pgmq://" + url("broker").partition("://")[2]
