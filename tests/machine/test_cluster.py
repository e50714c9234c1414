"""The embedded database: made once, shared, stopped by the last one, recovered after every kill."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from stockcheck.machine.cluster import Cluster
from stockcheck.machine.paths import BASE_DIR

USER = """
import sys
from pathlib import Path
from stockcheck.machine.cluster import Cluster
with Cluster(Path(sys.argv[1])).leased() as cluster:
    print(cluster.pid(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("state") / "postgres")
    yield cluster
    cluster.destroy()


@contextmanager
def another_process(cluster: Cluster) -> Iterator["subprocess.Popen[str]"]:
    """A process of ours that uses the server until its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(cluster.folder)],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def server_seen_by(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_role_is_neither_superuser_nor_above_row_level_security(cluster: Cluster) -> None:
    with cluster.leased(), psycopg.connect(cluster.dsn()) as connection:
        role = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
            " WHERE rolname = current_user"
        ).fetchone()
        checksums = connection.execute("SHOW data_checksums").fetchone()
    assert role == ("app", False, False, False, True)
    assert checksums == ("on",)


def test_queue_is_installed_beside_the_data(cluster: Cluster) -> None:
    with cluster.leased(), psycopg.connect(cluster.dsn("broker")) as connection:
        assert connection.execute("SELECT to_regnamespace('pgmq') IS NOT NULL").fetchone() == (True,)


def test_stops_with_its_last_lease_and_keeps_what_was_written(cluster: Cluster) -> None:
    with cluster.leased(), psycopg.connect(cluster.dsn()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert cluster.pid() is None
    with cluster.leased(), psycopg.connect(cluster.dsn()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_password_and_data_are_private(cluster: Cluster) -> None:
    with cluster.leased():
        assert (cluster.folder / "password").stat().st_mode & 0o777 == 0o600
        assert cluster.data.stat().st_mode & 0o777 == 0o700
        assert cluster.sockets.stat().st_mode & 0o777 == 0o700


def test_a_password_is_asked_over_the_network(cluster: Cluster) -> None:
    with cluster.leased(), pytest.raises(psycopg.OperationalError):
        psycopg.connect(host="127.0.0.1", port=cluster.port, user="postgres", dbname="postgres", password="guess")


def test_runs_until_the_last_of_two_processes_leaves(cluster: Cluster) -> None:
    with another_process(cluster) as other:
        pid = server_seen_by(other)
        with cluster.leased():
            assert cluster.pid() == pid
        assert cluster.pid() == pid
        other.communicate()
    assert cluster.pid() is None


def test_a_server_whose_user_was_killed_is_reused_and_then_stopped(cluster: Cluster) -> None:
    with another_process(cluster) as other:
        pid = server_seen_by(other)
        other.kill()
        other.wait()
    assert cluster.pid() == pid
    with cluster.leased():
        assert cluster.pid() == pid
    assert cluster.pid() is None


def test_a_killed_server_is_revived_with_every_committed_row(cluster: Cluster) -> None:
    with cluster.leased():
        with psycopg.connect(cluster.dsn()) as connection:
            connection.execute("CREATE TABLE committed AS SELECT generate_series(1, 1000) AS n")
        killed = cluster.pid()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: cluster.pid() is None)
        cluster.revive()
        with psycopg.connect(cluster.dsn()) as connection:
            assert connection.execute("SELECT count(*) FROM committed").fetchone() == (1000,)


def test_a_lock_file_that_names_a_stranger_is_ignored(cluster: Cluster) -> None:
    with cluster.leased():
        pass
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")
    with cluster.leased(), psycopg.connect(cluster.dsn()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_another_port_is_chosen_when_somebody_took_ours(cluster: Cluster) -> None:
    taken = cluster.port
    with socket.create_server(("127.0.0.1", taken)), cluster.leased():
        assert cluster.port != taken
        psycopg.connect(cluster.dsn()).close()


def test_three_first_starts_at_once(tmp_path: Path) -> None:
    fresh = Cluster(tmp_path / "postgres")
    with another_process(fresh) as one, another_process(fresh) as two, another_process(fresh) as three:
        assert len({server_seen_by(process) for process in (one, two, three)}) == 1
        for process in (one, two, three):
            process.communicate()
    assert fresh.pid() is None
    fresh.destroy()
    assert not fresh.folder.exists()


def test_a_first_start_that_was_interrupted_is_finished(cluster: Cluster) -> None:
    (cluster.folder / "bootstrapped").unlink()
    (cluster.folder / "data.new").mkdir()
    with cluster.leased(), psycopg.connect(cluster.dsn("broker")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("app",)


def test_root_needs_no_user_namespace(tmp_path: Path) -> None:
    """Without ``unshare`` on the path, as in a container that denies it, another account runs the server."""
    environment = {"PATH": str(tmp_path)}
    folder = tmp_path / "postgres"
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)],
        cwd=BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert Path(f"/proc/{server_seen_by(process)}").stat().st_uid != 0
        process.communicate()
    forget = "import sys; from pathlib import Path; from stockcheck.machine.cluster import Cluster;"
    forget += "Cluster(Path(sys.argv[1])).destroy()"
    subprocess.run([sys.executable, "-c", forget, str(folder)], cwd=BASE_DIR, env=environment, check=True)
    assert not folder.exists()


def test_commands_start_it_only_when_they_need_it(tmp_path: Path) -> None:
    environment = {**os.environ, "STATE_DIR": str(tmp_path)}
    environment.pop("DATABASE_URL", None)

    def manage(*arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    own = Cluster(tmp_path / "postgres")
    assert manage("version")
    assert not own.data.exists()
    assert "0001_initial" in manage("showmigrations", "contenttypes")
    assert own.data.exists()
    assert own.pid() is None
    own.destroy()
