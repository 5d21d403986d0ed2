"""One reader process from the worker's side: starting, sending, receiving, ending."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from lsos.reader.protocol import HEADER, MAX_ANSWER_BYTES

MODULE = "lsos.reader.child"
STDERR = 2
END_S = 5.0
"""A reader that has not exited this long after being asked to is killed."""
KEPT_VARIABLES = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "TZ")
"""The only variables passed on from the worker's environment, besides module paths."""


class Job:
    """One piece of work, until its response arrives."""

    __slots__ = ("cpu_s", "deaths", "frame", "future", "run", "size")

    def __init__(
        self, run: int, cpu_s: float, frame: Sequence[bytes], future: asyncio.Future[bytes]
    ) -> None:
        """`run` is the run's number; work without a run has its own. `cpu_s` is its CPU limit in
        s."""
        self.run = run
        self.cpu_s = cpu_s
        self.frame = frame
        self.future = future
        self.size = sum(map(len, frame))
        self.deaths = 0
        """The number of readers that died on it for an unknown reason."""


class ReaderProcess(asyncio.Protocol):
    """A child process that reads pages in the order in which they are sent."""

    def __init__(
        self,
        on_answer: Callable[["ReaderProcess", Job, bytes], None],
        on_ready: Callable[[], None],
        on_end: Callable[["ReaderProcess", int], None],
    ) -> None:
        """`on_end` receives the exit code, negative for a signal."""
        self._on_answer = on_answer
        self._on_ready = on_ready
        self._on_end = on_end
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self._reaping: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()
        self.pending: deque[Job] = deque()
        """Jobs sent and not answered; the first of them is being processed."""
        self.pending_bytes = 0
        self.is_ready = False
        self.idle_ticks = 0
        """Checks by the watchdog since the last response."""
        self.runs: set[int] = set()
        """Runs that have been announced to it."""

    async def start(self, memory_mb: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            try:
                # In a thread: otherwise the loop would wait for the new program to load.
                self._process = await asyncio.to_thread(_spawn, theirs, memory_mb)
            except BaseException:
                ours.close()
                raise
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: self, sock=ours)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def tell(self, frame: Sequence[bytes]) -> None:
        """Send a message that needs no response."""
        assert self._transport is not None
        self._transport.writelines(frame)

    def send(self, job: Job) -> None:
        if not self.pending:
            self.idle_ticks = 0
        self.pending.append(job)
        self.pending_bytes += job.size
        self.tell(job.frame)

    def take_back(self, start: int) -> list[Job]:
        """Take the pending jobs from `start` on; their responses are no longer awaited here."""
        kept = [self.pending.popleft() for _ in range(start)]
        taken = list(self.pending)
        self.pending = deque(kept)
        self.pending_bytes = sum(job.size for job in kept)
        return taken

    def end(self) -> None:
        """Let it exit by itself, after its current job."""
        assert self._transport is not None
        self._transport.abort()

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self.end()

    async def gone(self) -> None:
        """Return when the process has exited and its resource usage has been counted."""
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        at = 0
        while len(received) - at >= HEADER.size:
            length, _ = HEADER.unpack_from(received, at)
            if length > MAX_ANSWER_BYTES or (self.is_ready and not self.pending):
                self.kill()  # not a message that readers send
                return
            end = at + HEADER.size + length
            if len(received) < end:
                break
            message = bytes(memoryview(received)[at + HEADER.size : end])
            at = end
            self._take(message)
        if at:
            del received[:at]

    def _take(self, message: bytes) -> None:
        self.idle_ticks = 0
        if not self.is_ready:
            self.is_ready = True
            self._on_ready()
            return
        job = self.pending.popleft()
        self.pending_bytes -= job.size
        self._on_answer(self, job, message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._reaping = asyncio.ensure_future(self._reap())

    async def _reap(self) -> None:
        """Wait for it to exit: only then is its resource usage attributed to the worker."""
        assert self._process is not None
        process = self._process
        code = await asyncio.to_thread(_wait, process)
        self._gone.set()
        self._on_end(self, code)


def _spawn(channel: socket.socket, memory_mb: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 -- the project's own module
        [sys.executable, "-m", MODULE, "--memory-mb", str(memory_mb)],
        stdin=channel.fileno(),
        stdout=STDERR,
        stderr=STDERR,
        env=_environment(os.environ),
    )


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Contains no secrets; modules are found where this process finds them."""
    kept = {name: ours[name] for name in KEPT_VARIABLES if name in ours}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _wait(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def is_out_of_time(code: int) -> bool:
    """Whether the kernel's CPU timer ended it."""
    return code == -signal.SIGPROF
