"""The embedded PostgreSQL: made once, started when somebody needs it, stopped by the last one who leaves.

Who needs it holds a shared ``flock`` on ``users.lock``. The kernel drops that lock when a process dies,
however it dies, so no count can go wrong. Starting and stopping happen under ``control.lock``. A server left
over from a killed process is recognised by its working folder and reused; children that outlive a killed
server are waited for and then ended; a stale ``postmaster.pid`` is removed.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from . import queue
from .binaries import SHARED_STATE, Runner, find_runner
from .paths import kept, private_folder, secret, write_private

ROLE = "app"
DATABASE = "stockcheck"
BROKER = "broker"
SUPERUSER = "postgres"
SOCKET_PATH_LIMIT = 100  # the kernel allows 107 bytes
START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0

SETTINGS = {
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_locks_per_transaction": "512",  # a long transaction with many loads locks every working table it made
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "unix_socket_permissions": "0700",
}


class StartFailed(RuntimeError):
    """The server did not become ready; the message ends with its log."""


class Cluster:
    """One PostgreSQL cluster in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lease: int | None = None
        self._lease_owner = 0
        self._process: subprocess.Popen[bytes] | None = None

    # where things are

    @property
    def runner(self) -> Runner:
        return find_runner()

    @property
    def data(self) -> Path:
        """The data folder; outside of ours when another account has to own it."""
        if self.runner.account:
            return SHARED_STATE / self._key / "data"
        return self.folder / "data"

    @property
    def sockets(self) -> Path:
        if self.runner.account:
            return SHARED_STATE / self._key / "run"
        inside = self.folder / "run"
        if len(os.fsencode(inside)) + len("/.s.PGSQL.65535") <= SOCKET_PATH_LIMIT:
            return inside
        return Path(tempfile.gettempdir()) / f"stockcheck-{os.geteuid()}-{self._key}"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def _key(self) -> str:
        return hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]

    @property
    def port(self) -> int:
        """The port on 127.0.0.1, chosen once; changed only at a start that finds it taken."""
        return int(kept(self.folder / "port", lambda: str(_free_port())))

    @property
    def password(self) -> str:
        return secret(self.folder / "password")

    def dsn(self, database: str = DATABASE) -> str:
        """URL of a database as the application's role: no superuser, never above row-level security."""
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{database}"

    # who uses it

    def acquire(self) -> None:
        """Make sure the server runs, and that it keeps running for as long as this process lives."""
        if self._lease is not None and self._lease_owner == os.getpid():
            return
        with self._control():
            self._start()
            self._lease = os.open(self.folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
            self._lease_owner = os.getpid()
            fcntl.flock(self._lease, fcntl.LOCK_SH)

    def revive(self) -> None:
        """Start the server again when it died under a process that holds a lease."""
        if self.pid() is None:
            with self._control():
                self._start()

    def release(self) -> None:
        """Give up the server; the last one stops it. A forked child gives up nothing of its parent's."""
        if self._lease is None or self._lease_owner != os.getpid():
            return
        with self._control():
            try:
                fcntl.flock(self._lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self._stop()
            os.close(self._lease)
            self._lease = None

    def destroy(self) -> None:
        """Stop the server and remove everything that belongs to it."""
        with self._control():
            self._stop()
            for folder in (self.data, self.sockets, SHARED_STATE / self._key, self.folder):
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def leased(self) -> Iterator["Cluster"]:
        """The server for the length of a block."""
        self.acquire()
        try:
            yield self
        finally:
            self.release()

    @contextmanager
    def _control(self) -> Iterator[None]:
        private_folder(self.folder)
        descriptor = os.open(self.folder / "control.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    # the server itself

    def pid(self) -> int | None:
        """Process id of the running server, found by its lock file and confirmed by its working folder."""
        pid = self._recorded_pid()
        return pid if pid and _works_in(pid, self.data) else None

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def _ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _start(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        if self.pid() is None:
            self._clear_away()
            if not _free(self.port):
                write_private(self.folder / "port", str(_free_port()))
            self._process = self._launch()
            self._wait_until_ready(self._process)
        if not (self.folder / "bootstrapped").exists():
            self._bootstrap()
            write_private(self.folder / "bootstrapped", "")

    def _launch(self) -> "subprocess.Popen[bytes]":
        self._own(self.sockets)
        options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        listen: list[str | Path] = [
            "-D",
            self.data,
            "-k",
            self.sockets,
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
        ]
        with self.log.open("wb") as log:
            return subprocess.Popen(
                self.runner.command("postgres", *listen, *options),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                text=False,
                **self.runner.identity,
            )

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not self._ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StartFailed(f"PostgreSQL did not start; the end of {self.log}:\n{self._log_tail()}")
            time.sleep(0.01)

    def _log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def _stop(self) -> None:
        """Fast shutdown (sessions end, everything is on disk), an immediate one when that takes too long."""
        for how in (signal.SIGINT, signal.SIGQUIT):
            deadline = time.monotonic() + STOP_TIMEOUT
            if pid := self.pid():
                os.kill(pid, how)
            while self.pid() is not None and time.monotonic() < deadline:
                time.sleep(0.01)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _clear_away(self) -> None:
        """Remove what a killed server left: its zombie, its children, its lock files.

        The children leave by themselves within a moment, or are killed. The lock files have to go because
        their process id may belong to a stranger by now, or to a zombie whose parent does not look.
        """
        if self._process is not None:
            self._process.wait(STOP_TIMEOUT)
        deadline = time.monotonic() + 5
        while orphans := [pid for pid in _processes() if _works_in(pid, self.data)]:
            if time.monotonic() > deadline:
                for pid in orphans:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self.sockets.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)

    def _own(self, folder: Path) -> None:
        """Create a private folder for the server's account."""
        private_folder(folder)
        if self.runner.account:
            shutil.chown(folder, self.runner.account)

    # first start

    def _initialize(self) -> None:
        """Make the cluster in a draft folder and give it its name when it is whole."""
        draft = self.data.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        if self.runner.account:
            SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.data.parent.mkdir(mode=0o755, exist_ok=True)
        self._own(draft)
        done = subprocess.run(
            self.runner.command(
                "initdb", "-D", draft, "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums",
                "--auth-local=trust", "--auth-host=scram-sha-256",
            ),
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **self.runner.identity,
        )  # fmt: skip
        if done.returncode:
            raise StartFailed(f"initdb failed:\n{done.stdout}{done.stderr}")
        draft.rename(self.data)

    def _bootstrap(self) -> None:
        """Role, databases and queue; each step can be repeated, so an interrupted first start ends later.

        The superuser exists only behind the socket, in a folder nobody else can enter.
        """
        where = {"host": str(self.sockets), "port": self.port, "user": SUPERUSER, "dbname": "postgres"}
        with psycopg.connect(**where, autocommit=True) as connection:  # type: ignore[arg-type]
            role, password = sql.Identifier(ROLE), sql.Literal(self.password)
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            connection.execute(
                sql.SQL("ALTER ROLE {} LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS NOCREATEROLE PASSWORD {}").format(
                    role, password
                )
            )
            for name in (DATABASE, BROKER):
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), role))
        queue.install(self.dsn(BROKER))


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    """A free port below the range the kernel hands out: nobody takes it by chance while we are down."""
    candidates = iter(lambda: 20000 + secrets.randbelow(12000), None)
    return next(port for port in candidates if _free(port))


def _processes() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _works_in(pid: int, folder: Path) -> bool:
    """Whether a live process has this working folder, as every PostgreSQL process has its data folder."""
    try:
        return (Path("/proc") / str(pid) / "cwd").resolve(strict=True) == folder.resolve()
    except OSError:
        return False
