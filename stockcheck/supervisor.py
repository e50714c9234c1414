"""``make up``: one foreground process that prepares the machine and keeps web, workers and scheduler running.

Children run in sessions of their own, so Ctrl-C reaches only the supervisor, which stops them in order:
scheduler and web first, then the workers (they finish their task), the database last. A child that dies is
started again after a pause that doubles. Pid files let the next start end what a killed supervisor left.
"""

import asyncio
import fcntl
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stockcheck.machine import database
from stockcheck.machine.cluster import Cluster, StartFailed
from stockcheck.machine.paths import BASE_DIR, STATE_DIR, private_folder
from stockcheck.machine.processes import end_leftovers, remember

COLORS = {"up": 36, "web": 32, "worker": 33, "beat": 35}
LONGEST_LINE = 1 << 20
LONGEST_PAUSE = 30.0
STEADY = 60.0  # a child that lived this long starts again at once


class Console:
    """Prefixed lines, coloured only on a terminal."""

    def __init__(self) -> None:
        self.colored = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:<9}"
        if self.colored:
            prefix = f"\033[{COLORS.get(name.split('-', 1)[0], 37)}m{prefix}\033[0m"
        print(f"{prefix}| {text}", flush=True)


@dataclass
class Child:
    """A program that has to run for as long as the supervisor does; a lower ``stage`` is stopped earlier."""

    name: str
    command: Sequence[str]
    stage: int = 0
    patience: float = 10.0
    pause: float = 1.0
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)


class Supervisor:
    """Runs children until it is told to stop."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        environment: Mapping[str, str],
        pids: Path,
        console: Console | None = None,
    ) -> None:
        self.children = children
        self.environment = dict(environment)
        self.pids = private_folder(pids)
        self.console = console or Console()
        self.stopping = asyncio.Event()
        self.impatient = False

    async def run(self, *watchers: "asyncio.Task[None]") -> None:
        """Serve until SIGINT or SIGTERM; a second signal ends everything by force."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        keepers = [asyncio.create_task(self._keep(child)) for child in self.children]
        await self.stopping.wait()
        for watcher in watchers:
            watcher.cancel()
        for stage in sorted({child.stage for child in self.children}):
            await asyncio.gather(*(self._end(child) for child in self.children if child.stage == stage))
        await asyncio.gather(*keepers, *watchers, return_exceptions=True)

    def stop(self) -> None:
        self.impatient = self.stopping.is_set()
        self.stopping.set()

    async def _keep(self, child: Child) -> None:
        """Start a child again whenever it ends by itself."""
        while not self.stopping.is_set():
            begun = time.monotonic()
            code = await self._live(child)
            if self.stopping.is_set():
                return
            if time.monotonic() - begun > STEADY:
                child.pause = 1.0
            self.console.line("up", f"{child.name} ended ({_outcome(code)}), starting it again in {child.pause:.0f} s")
            try:
                await asyncio.wait_for(self.stopping.wait(), child.pause)
            except TimeoutError:
                child.pause = min(child.pause * 2, LONGEST_PAUSE)

    async def _live(self, child: Child) -> int:
        """One life of a child: start it, relay what it says, return its exit code."""
        process = child.process = await asyncio.create_subprocess_exec(
            *child.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self.environment,
            start_new_session=True,
            limit=LONGEST_LINE,
        )
        remember(self.pids / f"{child.name}.pid", process.pid)
        relay = asyncio.create_task(self._relay(child.name, process))
        code = await process.wait()
        _kill_group(process.pid)  # what a dead child left in its group would keep its port and its pipe
        await relay
        (self.pids / f"{child.name}.pid").unlink(missing_ok=True)
        return code

    async def _relay(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than any line has to be
                continue
            if not line:
                return
            self.console.line(name, line.decode(errors="replace").rstrip())

    async def _end(self, child: Child) -> None:
        process = child.process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        deadline = time.monotonic() + child.patience
        while process.returncode is None and time.monotonic() < deadline and not self.impatient:
            await asyncio.sleep(0.05)
        _kill_group(process.pid)
        await process.wait()


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _outcome(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or the next one that nobody listens on."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise SystemExit(f"No free port between {wanted} and {wanted + 99}: set PORT.")


def services(host: str, port: int, workers: int) -> list[Child]:
    """What serves the project; the workers stop last, because the others send them work."""
    python = [sys.executable, "-W", "ignore:You're running the worker with superuser"]
    web = (
        f"-m gunicorn stockcheck.wsgi --bind {host}:{port} --worker-class gthread --workers 2 --threads 8 "
        "--timeout 120 --graceful-timeout 8 --worker-tmp-dir /dev/shm --no-control-socket --log-level warning"
    )
    queue = "-m celery -A stockcheck --quiet"
    worker = "worker -P solo --without-gossip --without-mingle --without-heartbeat --loglevel INFO"
    return [
        Child("beat", [*python, *f"{queue} beat --loglevel INFO --pidfile= ".split()]),
        Child("web", [*python, *web.split()]),
        *(
            Child(f"worker-{n}", [*python, *f"{queue} {worker} -n w{n}@%h".split()], stage=1, patience=30)
            for n in range(1, workers + 1)
        ),
    ]


async def _announce(console: Console, host: str, port: int, banner: str) -> None:
    """Say where it is once it answers."""
    for _attempt in range(300):
        if await asyncio.to_thread(_answers, host, port):
            break
        await asyncio.sleep(0.5)
    else:
        banner = "the web server does not answer; the lines of web above say why"
    for line in banner.splitlines():
        console.line("up", line)


def _answers(host: str, port: int) -> bool:
    """Whether the sign-in page is served (a redirect to https counts)."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", "/accounts/login/")
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


async def _watch_database(console: Console, cluster: Cluster) -> None:
    """Start the database again when somebody killed it."""
    while True:
        await asyncio.sleep(1)
        if cluster.pid() is None:
            console.line("up", "the database died, starting it again")
            try:
                await asyncio.to_thread(cluster.revive)
            except (StartFailed, OSError, subprocess.TimeoutExpired) as error:
                console.line("up", f"that failed, trying again: {error}")


def manage(*arguments: str, environment: Mapping[str, str]) -> str:
    """Run a command of the project; what it says is relayed as it comes, its result is returned."""
    done = subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(environment),
        check=False,
    )
    if done.returncode:
        print(done.stdout, flush=True)
        raise SystemExit(f"manage.py {' '.join(arguments)} failed; the lines above say why.")
    return done.stdout.strip()


async def serve(host: str, port: int, environment: Mapping[str, str], logins: str) -> None:
    """Run everything until it is stopped."""
    console = Console()
    children = services(host, port, int(os.environ.get("WORKERS", "2")))
    supervisor = Supervisor(children, environment=environment, pids=STATE_DIR / "run", console=console)
    banner = f"\nstockcheck is ready: {environment['PUBLIC_URL']}\n\n{logins}\n\nCtrl-C stops everything.\n"
    watchers = [asyncio.create_task(_announce(console, host, port, banner))]
    if database.embedded():
        watchers.append(asyncio.create_task(_watch_database(console, database.cluster())))
    await supervisor.run(*watchers)
    console.line("up", "everything is stopped")


def main() -> None:
    """Prepare, serve, stop."""
    private_folder(STATE_DIR)
    with (STATE_DIR / "supervisor.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SystemExit(f"It is running already, in another terminal: {lock.read()}") from None
        if ended := end_leftovers(STATE_DIR / "run"):
            print(f"Ended what a killed run left: {', '.join(ended)}", flush=True)
        database.ensure()
        host, wanted = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
        port = free_port(host, wanted)
        if port != wanted:
            print(f"Port {wanted} is taken, using {port}.", flush=True)
        lock.truncate(0)
        print(f"http://{host}:{port}", file=lock, flush=True)
        metrics = STATE_DIR / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        environment = {
            "PUBLIC_URL": f"http://{host}:{port}",
            **os.environ,
            "PROMETHEUS_MULTIPROC_DIR": str(private_folder(metrics)),
            "PYTHONUNBUFFERED": "1",
        }
        print("Preparing the database, the translations and the static files", flush=True)
        manage("prepare", environment=environment)
        print("Loading the demo companies", flush=True)
        logins = manage("demo", environment=environment)
        asyncio.run(serve(host, port, environment, logins))


if __name__ == "__main__":
    main()
