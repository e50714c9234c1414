"""What this machine has, what it lacks, and how to get it."""

import locale
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg

from . import binaries, database, system
from .paths import BASE_DIR, STATE_DIR
from .processes import remembered

ENOUGH_DISK = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing looked at; ``remedy`` is empty when it is in order."""

    name: str
    detail: str
    remedy: str = ""
    needed: bool = True


def examine() -> Iterator[Finding]:
    """Look at everything; nothing is changed, and the embedded database is not started."""
    yield _python()
    yield _locale()
    yield from _packages()
    yield _disk()
    yield _web_port()
    yield from _embedded_database() if database.embedded() else _database_server()
    yield from _broker()


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", version, "" if sys.version_info >= (3, 11) else "Install Python 3.11 or newer.")


def _locale() -> Finding:
    encoding = locale.getpreferredencoding(False)
    remedy = "" if encoding.casefold() in ("utf-8", "utf8") else "Set LANG=C.UTF-8."
    return Finding("locale", encoding, remedy)


def _packages() -> Iterator[Finding]:
    for needs, needed in ((system.RUN, True), (system.TEST, False)):
        for need in needs:
            commands = [] if need.present() else system.remedy([need])
            remedy = " && ".join(" ".join(command) for command in commands)
            yield Finding(need.name, need.why, remedy and f"As root: {remedy}", needed)


def _disk() -> Finding:
    folder = STATE_DIR if STATE_DIR.exists() else BASE_DIR
    free = shutil.disk_usage(folder).free
    remedy = "" if free > ENOUGH_DISK else f"Free some space for {folder}, or set STATE_DIR."
    return Finding("disk", f"{free / 1024**3:.1f} GiB free", remedy)


def _web_port() -> Finding:
    port = int(os.environ.get("PORT", "8000"))
    taken = _listens("127.0.0.1", port)
    ours = taken and remembered(STATE_DIR / "run" / "web.pid") is not None
    detail = f"{port} is {'ours' if ours else 'taken' if taken else 'free'}"
    remedy = "Another program has it: make up will take the next free one, or set PORT." if taken and not ours else ""
    return Finding("web port", detail, remedy, needed=False)


def _embedded_database() -> Iterator[Finding]:
    if os.geteuid() == 0:
        allowed = binaries.user_namespaces()
        detail = "allowed, the database runs without an account" if allowed else "denied, using another account"
        yield Finding("user namespaces", detail)
    try:
        runner = binaries.find_runner()
    except binaries.NoPostgres as error:
        yield Finding("embedded PostgreSQL", "cannot be started", str(error))
        return
    pid = database.cluster().pid()
    state = f"running, process {pid}" if pid else "stopped, starts when it is needed"
    yield Finding("embedded PostgreSQL", f"{runner.bin.parent.name} as {runner.account or 'this user'}, {state}")


def _database_server() -> Iterator[Finding]:
    address = urlsplit(database.url())
    where = f"{address.hostname}:{address.port or 5432}{address.path}"
    try:
        with psycopg.connect(database.url(), connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
            role = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            (above,) = role.fetchone() or (False,)
    except psycopg.Error as error:
        yield Finding("database", where, f"Check DATABASE_URL and the server: {str(error).strip()}")
        return
    old = version < binaries.OLDEST_VERSION
    yield Finding("database", f"{where}, PostgreSQL {version}", "Use PostgreSQL 15 or newer." if old else "")
    remedy = "Use a role without SUPERUSER and BYPASSRLS: row-level security must hold for it." if above else ""
    yield Finding("database role", address.username or "", remedy)


def _broker() -> Iterator[Finding]:
    given = os.environ.get("BROKER_URL", "")
    if not given:
        yield Finding("queue", "pgmq, in the database")
        return
    address = urlsplit(given)
    port = address.port or {"redis": 6379, "rediss": 6379, "pgmq": 5432, "amqp": 5672}.get(address.scheme, 0)
    reachable = _listens(address.hostname or "127.0.0.1", port)
    detail = f"{address.scheme}://{address.hostname}:{port}"
    yield Finding("queue", detail, "" if reachable else "Nobody answers there: start it, or correct BROKER_URL.")


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError:
        return False
    return True


def report(findings: list[Finding], write: Callable[[str], object]) -> bool:
    """Write one line a finding; returns whether everything that is needed is there."""
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = "ok" if not finding.remedy else "missing" if finding.needed else "note"
        write(f"{mark:<8}{finding.name:<{width}}  {finding.detail}")
        if finding.remedy:
            write(f"{'':<8}{'':<{width}}  → {finding.remedy}")
    return not any(finding.remedy and finding.needed for finding in findings)
