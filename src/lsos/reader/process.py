"""One reader process as its worker sees it: started, fed, listened to, ended."""

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
"""A reader that was told to end, and has not by then, is killed."""
KEPT_VARIABLES = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "TZ")
"""All that a reader learns of the worker's environment, beside where modules are found."""


class Job:
    """One piece of work, until it is answered."""

    __slots__ = ("cpu_s", "deaths", "frame", "future", "run", "size")

    def __init__(
        self, run: int, cpu_s: float, frame: Sequence[bytes], future: asyncio.Future[bytes]
    ) -> None:
        """`run`: its number; work of no run has its own. `cpu_s`: CPU-seconds that it may take."""
        self.run = run
        self.cpu_s = cpu_s
        self.frame = frame
        self.future = future
        self.size = sum(map(len, frame))
        self.deaths = 0
        """Readers that died over it, for no known reason."""


class ReaderProcess(asyncio.Protocol):
    """A child that reads pages in the order in which it is sent them."""

    def __init__(
        self,
        on_answer: Callable[["ReaderProcess", Job, bytes], None],
        on_ready: Callable[[], None],
        on_end: Callable[["ReaderProcess", int], None],
    ) -> None:
        """`on_end` gets the exit code, negative for a signal."""
        self._on_answer = on_answer
        self._on_ready = on_ready
        self._on_end = on_end
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self._reaping: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()
        self.pending: deque[Job] = deque()
        """Sent and not answered; the first of them is at work."""
        self.pending_bytes = 0
        self.is_ready = False
        self.idle_ticks = 0
        """Looks of the watch since the last answer."""
        self.runs: set[int] = set()
        """Those it was told of."""

    async def start(self, memory_mb: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            try:
                # In a thread: the loop would wait for the new program to be loaded.
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
        """Send what needs no answer."""
        assert self._transport is not None
        self._transport.writelines(frame)

    def send(self, job: Job) -> None:
        if not self.pending:
            self.idle_ticks = 0
        self.pending.append(job)
        self.pending_bytes += job.size
        self.tell(job.frame)

    def take_back(self, start: int) -> list[Job]:
        """What is pending from `start` on: this process is not waited for any more."""
        kept = [self.pending.popleft() for _ in range(start)]
        taken = list(self.pending)
        self.pending = deque(kept)
        self.pending_bytes = sum(job.size for job in kept)
        return taken

    def end(self) -> None:
        """Let it end by itself, which one that is at work does when that is done."""
        assert self._transport is not None
        self._transport.abort()

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self.end()

    async def gone(self) -> None:
        """Returns when the process is no more, and what it has cost is counted."""
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are none by class.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        at = 0
        while len(received) - at >= HEADER.size:
            length, _ = HEADER.unpack_from(received, at)
            if length > MAX_ANSWER_BYTES or (self.is_ready and not self.pending):
                self.kill()  # it says what no reader says
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
        """Wait for its end: only then is what it has cost counted as the worker's."""
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
    """No secret: modules are found where this process finds them."""
    kept = {name: ours[name] for name in KEPT_VARIABLES if name in ours}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _wait(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def is_out_of_time(code: int) -> bool:
    """The kernel ended it by its CPU timer."""
    return code == -signal.SIGPROF
