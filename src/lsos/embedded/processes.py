"""Servers by pid: which are alive, which are ours, and stopping them, whoever started them."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lsos.embedded.account import Account, lent
from lsos.embedded.errors import EmbeddedError

POLL_SECONDS = 0.01
HAS_PROC = Path("/proc/self/cmdline").exists()
LOG_ROTATE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Server:
    """A running server and the signals that stop it: first gracefully, then at once."""

    pid: int
    folder: Path
    polite: signal.Signals
    firm: signal.Signals


def is_alive(pid: int) -> bool:
    return is_taken(pid) and not _is_zombie(pid)


def is_taken(pid: int) -> bool:
    """Whether the pid is in use, even by a zombie."""
    # An exited child of ours keeps its pid until we wait for it.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _is_zombie(pid: int) -> bool:
    # In a container, process 1 may never reap orphans.
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"


def serves(pid: int, folder: Path) -> bool:
    """Distinguishes a server of this folder from an unrelated process with a reused pid."""
    return is_alive(pid) and f" {folder} " in f"{command_line(pid)} "


def command_line(pid: int) -> str:
    if HAS_PROC:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return ""
        return " ".join(os.fsdecode(word) for word in words)
    listing = subprocess.run(  # noqa: S603 - fixed words and a number
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return listing.stdout.strip()


def pid_in(path: Path) -> int | None:
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def end(servers: Sequence[Server], *, seconds: float = 4.5) -> None:
    """Stop all of them together, by force if they are still running after `seconds`."""
    _signal(servers, lambda server: server.polite)
    if not _wait_gone(servers, seconds):
        _signal(servers, lambda server: server.firm)
        if not _wait_gone(servers, 2):
            _signal(servers, lambda server: signal.SIGKILL)
            _wait_gone(servers, 2)


def _signal(servers: Sequence[Server], choose: Callable[[Server], signal.Signals]) -> None:
    for server in servers:
        if serves(server.pid, server.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, choose(server))


def _wait_gone(servers: Sequence[Server], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(serves(server.pid, server.folder) for server in servers):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def end_strays(folder: Path) -> None:
    """End backends that use the data folder although its postmaster is gone (Linux).

    Backends in the middle of a statement outlive a killed postmaster, and PostgreSQL refuses to
    start while they run.
    """
    strays = [pid for pid in _postgres_pids() if _works_in(pid, folder)]
    for pid in strays:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 2
    while any(is_alive(pid) for pid in strays) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _postgres_pids() -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "comm").read_text().startswith("postgres"):
                found.append(int(entry.name))
    return found


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder
    except OSError:
        return False


def launch(
    command: Sequence[str | Path], *, log: Path, env: Mapping[str, str], account: Account | None
) -> int:
    """Start a detached server, and return its pid."""
    with open_log(log) as output:
        process = subprocess.Popen(  # noqa: S603 - our own programs
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            env=env,
            # We handle Ctrl-C ourselves; the terminal would send it to the whole group.
            start_new_session=True,
            umask=0o077,
            **lent(account),
        )
    # It may outlive our use of it, and Popen would warn about that; `is_alive` reaps it.
    process.returncode = 0
    return process.pid


def open_log(path: Path) -> IO[bytes]:
    # The error log quotes statements, so only its owner may read it.
    if path.exists() and path.stat().st_size > LOG_ROTATE_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def failure(what: str, words: str) -> EmbeddedError:
    """Why a server did not start, from the end of its log."""
    lines = "\n  ".join(words.strip().splitlines()[-8:])
    way_out = "Or set POSTGRES_DSN and REDIS_URL to servers of your own."
    if "No space left" in words or "free disk space" in words:
        way_out = f"The disk is full: free some space. {way_out}"
    return EmbeddedError(f"{what}:\n  {lines}\n{way_out}")


def log_failure(what: str, log: Path) -> EmbeddedError:
    words = ""
    with contextlib.suppress(OSError):
        words = log.read_text(errors="replace")
    return failure(f"{what} (log: {log})", words)
