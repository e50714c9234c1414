"""The project's database: a server named by ``DATABASE_URL``, else the embedded one.

The entries of the project (``manage.py``, wsgi, the queue, the tests) call ``ensure`` before Django reads its
settings; a program that needs no database never starts one.
"""

import atexit
import os

from .paths import STATE_DIR


def embedded() -> bool:
    """Whether the database is ours to start."""
    return not os.environ.get("DATABASE_URL")


def ensure() -> None:
    """Start the embedded database when it is needed, and keep it up for as long as this process lives."""
    if embedded():
        from .cluster import Cluster  # noqa: PLC0415 a real server needs none of it

        cluster = Cluster(STATE_DIR / "postgres")
        cluster.acquire()
        atexit.register(cluster.release)


def url(database: str = "stockcheck") -> str:
    """Address of a database as the application's role."""
    if embedded():
        from .cluster import Cluster  # noqa: PLC0415

        return Cluster(STATE_DIR / "postgres").dsn(database)
    return os.environ["DATABASE_URL"]


def broker_url() -> str:
    """Address of the default queue: pgmq in the embedded cluster, or in the database that ``DATABASE_URL`` names."""
    return "pgmq" + url("broker")[url("broker").index("://") :]
