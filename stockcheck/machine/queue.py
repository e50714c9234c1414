"""The default queue: pgmq, a few tables and functions in a PostgreSQL database."""

import psycopg
from pgmq.install import install_pgmq_from_sql


def install(dsn: str) -> None:
    """Install pgmq in a database, once (its script cannot be run twice)."""
    with psycopg.connect(dsn) as connection:
        (present,) = connection.execute("SELECT to_regnamespace('pgmq') IS NOT NULL").fetchone() or (False,)
    if not present:
        install_pgmq_from_sql(dsn=dsn)
