"""Valkey as a child process on a Unix socket: starts it and checks its state."""

import os
import signal
import socket
import time
from pathlib import Path

from lsos.embedded import processes
from lsos.embedded.account import Account
from lsos.embedded.errors import EmbeddedError
from lsos.embedded.place import Place
from lsos.embedded.processes import (
    POLL_SECONDS,
    Server,
    is_alive,
    log_failure,
    pid_in,
    serves,
)
from lsos.embedded.programs import Programs

READY_SECONDS = 30
PID_FILE = "valkey.pid"


def running(place: Place) -> Server | None:
    """The Valkey of this place, regardless of who started it."""
    pid = pid_in(place.valkey_data / PID_FILE)
    if pid is None or not serves(pid, place.valkey_data):
        return None
    return server(place, pid)


def server(place: Place, pid: int) -> Server:
    return Server(pid, place.valkey_data, signal.SIGTERM, signal.SIGKILL)


def answers(place: Place) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(place.valkey_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def launch(place: Place, programs: Programs, account: Account | None) -> int:
    # A clean shutdown flushes the append-only file; a snapshot next to it is never read.
    durability = ["--appendonly", "yes", "--appendfsync", "everysec"]
    settings: list[str | Path] = [
        *("--port", "0", "--unixsocket", place.valkey_socket, "--unixsocketperm", "700"),
        *("--dir", place.valkey_data, "--pidfile", place.valkey_data / PID_FILE),
        # A title would hide the arguments by which joining processes recognise this server.
        *("--set-proc-title", "no", "--daemonize", "no", "--save", ""),
        # A queue that evicts jobs when memory is short is worse than one that refuses them.
        *("--maxmemory-policy", "noeviction"),
        *(durability if place.durable else ["--appendonly", "no"]),
    ]
    (place.valkey_data / PID_FILE).unlink(missing_ok=True)
    return processes.launch(
        [programs.valkey, *settings], log=place.valkey_log, env=os.environ, account=account
    )


def wait_ready(place: Place, pid: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not answers(place):
        if not is_alive(pid) or time.monotonic() > deadline:
            error = log_failure("Valkey did not start", place.valkey_log)
            raise EmbeddedError(
                f"{error}\nPostgreSQL holds all essential data: moving {place.valkey_data} away "
                "loses only what the sweeper restores."
            )
        time.sleep(POLL_SECONDS)
