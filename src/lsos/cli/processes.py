"""Child processes of the command line, detached from the terminal and stopped in order."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lsos.core.errors import LsosError

STOP_S = 10.0
"""A worker returns its work to the queue within this time; after that it is killed."""


class CommandFailed(LsosError):
    """Ends a command with a message and exit code 1."""

    code = "command_failed"


@dataclass
class Usage:
    """Resource usage of child processes, as measured by the kernel."""

    cpu_s: float = 0.0
    peak_mb: float = 0.0


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_alive(self) -> bool:
        return self.process.returncode is None and self.process.poll() is None


class Children:
    """Child processes in order of start; each has a log file and no terminal."""

    def __init__(self, logs: Path, environ: Mapping[str, str]) -> None:
        self._logs = logs
        self._environ = dict(environ)
        self.all: list[Child] = []
        self.usage = Usage()
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, module: str, *args: str) -> Child:
        """Run `python -m module args`; output goes to <name>.log."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(  # noqa: S603 -- the project's own modules
                [sys.executable, "-m", module, *args],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self._environ,
                # Only the parent receives Ctrl-C; it stops its children in order.
                start_new_session=True,
            )
        child = Child(name, process, log)
        self.all.append(child)
        return child

    def stop(self) -> None:
        """Send SIGTERM to all, in reverse order of start, and SIGKILL after 10 s."""
        deadline = time.monotonic() + STOP_S
        for child in reversed(self.all):
            if child.is_alive:
                child.process.send_signal(signal.SIGTERM)
        for child in reversed(self.all):
            self._reap(child, deadline)
        self.all.clear()

    def _reap(self, child: Child, deadline: float) -> None:
        process = child.process
        while process.returncode is None:
            with contextlib.suppress(ChildProcessError):
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    process.returncode = os.waitstatus_to_exitcode(status)
                    self.usage.cpu_s += usage.ru_utime + usage.ru_stime
                    self.usage.peak_mb = max(self.usage.peak_mb, peak_mb(usage.ru_maxrss))
                    return
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.02)


def peak_mb(ru_maxrss: int) -> float:
    """Convert getrusage's ru_maxrss to megabytes: it is in kB on Linux, in bytes on macOS."""
    return ru_maxrss / (1e6 if sys.platform == "darwin" else 1_024)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; raises CommandFailed if another run holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandFailed(
                f"LSOS already runs on {folder}/ ; stop it with Ctrl-C first, or set LSOS_HOME"
                " to another folder"
            ) from error
        yield


def remember(folder: Path, children: Children) -> None:
    """Record the children, so that a later run can end those of a killed one."""
    pids = [child.process.pid for child in children.all]
    (folder / "children.json").write_text(json.dumps(pids))


def end_leftovers(folder: Path) -> int:
    """End the children of a killed run, but only processes of LSOS."""
    path = folder / "children.json"
    try:
        pids = json.loads(path.read_text())
    except (OSError, ValueError):
        return 0
    left = [pid for pid in pids if isinstance(pid, int) and _is_ours(pid)]
    for pid in left:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while any(_is_ours(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        if _is_ours(pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    path.unlink(missing_ok=True)
    return len(left)


def _is_ours(pid: int) -> bool:
    found = subprocess.run(  # noqa: S603 -- a constant command and a number
        ["ps", "-o", "stat=,command=", "-p", str(pid)],  # noqa: S607 -- POSIX
        capture_output=True,
        text=True,
        check=False,
    )
    line = found.stdout.strip()
    return "lsos" in line and not line.startswith("Z")


def free_port(wanted: int, *, is_fixed: bool) -> int:
    """The requested port, or the next free one; raises CommandFailed if a fixed one is taken.

    No other LSOS process gets the same one while this process lives, though nothing listens yet.
    """
    for port in [wanted, *range(wanted + 1, wanted + 100), 0]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                found = int(probe.getsockname()[1])
                _claim(found)
            except OSError:
                if is_fixed:
                    raise CommandFailed(
                        f"port {wanted} is in use; choose another with --port"
                    ) from None
                continue
            return found
    raise CommandFailed("no free port on 127.0.0.1")


_claims: list[socket.socket] = []


def _claim(port: int) -> None:
    """Raises OSError if another process of LSOS is about to listen there.

    Two commands that start at once would both find the port free, and the one that comes second
    would take the other's API for its own. The claim ends with the process.
    """
    if sys.platform != "linux":
        return
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0lsos-port-{port}")
    except OSError:
        claim.close()
        raise
    _claims.append(claim)


def tail(log: Path, lines: int = 12) -> str:
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
