"""The reader of one worker: shares a child process among runs, and replaces it if it breaks.

Pages of different runs take turns. A slow page keeps its process, and the others continue in a new
one, so a hostile site delays only its own run.
"""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Literal, Self, TypeVar

import structlog

from lsos.reader.process import Job, ReaderProcess, is_out_of_time
from lsos.reader.protocol import (
    EXIT_OUT_OF_MEMORY,
    CloseRun,
    Failed,
    Forget,
    OpenRun,
    PageRead,
    ReadPage,
    ReadRobots,
    ReadSitemap,
    ReadStored,
    RobotsRead,
    SitemapRead,
    Work,
    decode_answer,
    frame,
)
from lsos.reader.turns import Turns
from lsos.web.facts import PageFacts
from lsos.web.sitemaps import Sitemap

log = structlog.get_logger(__name__)

WINDOW = 16
"""Pages sent in advance, so that the reader has work while the worker is busy."""
WINDOW_BYTES = 4_000_000
TICK_S = 0.25
SLOW_TICKS = 2
"""A page that takes longer, while others wait, gets its process to itself."""
MOST_ASIDE = 2
"""Processes with such a page, in addition to the one that reads the others."""
PATIENCE = 20
"""A reader that does not respond for this multiple of its page's CPU limit is hanging."""
MOST_DEATHS = 2
"""A page is given up after this many readers died on it for an unknown reason."""
MOST_FAILED_STARTS = 3
RESTART_S = 0.5
IDLE_TICKS = 240
"""The process is stopped after this long without a run."""
SITEMAP_SHARE = 6
"""A full sitemap has 50 MB, and may take this multiple of a page's time."""

A = TypeVar("A", PageRead, SitemapRead, RobotsRead)


class Broken(Exception):
    """The input broke its reader: it took too long or too much memory, or crashed it."""

    def __init__(self, kind: Literal["parse_timeout", "parse_failed"], detail: str) -> None:
        super().__init__(detail)
        self.kind: Literal["parse_timeout", "parse_failed"] = kind
        self.detail = detail


class ReaderUnavailable(Exception):
    """No reader process could be started."""


class Reader:
    """Starts its process with the first job, and stops it when closed."""

    def __init__(self, *, page_cpu_s: float, memory_mb: int) -> None:
        """`page_cpu_s` is the CPU limit per page in s, `memory_mb` the memory limit per process."""
        self.page_cpu_s = page_cpu_s
        self._memory_mb = memory_mb
        self._main: ReaderProcess | None = None
        self._aside: set[ReaderProcess] = set()
        self._turns = Turns()
        self._runs: dict[int, list[bytes]] = {}
        """The messages that announce open runs to a process."""
        self._numbers = count(1)
        self._starting: asyncio.Task[None] | None = None
        self._failed_starts = 0
        self._idle_ticks = 0
        self._watch: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop its processes; pending calls raise ReaderUnavailable."""
        self._is_closed = True
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._watch is not None:
            self._watch.cancel()
        processes = [*self._aside, *([self._main] if self._main else [])]
        for process in processes:
            if process.pending:
                process.kill()
            else:
                process.end()
        for process in processes:
            await process.gone()
        self._fail_all(ReaderUnavailable("the reader was closed"))

    @property
    def pids(self) -> list[int]:
        """Live processes, the shared one first."""
        return [p.pid for p in ([self._main] if self._main else []) + list(self._aside)]

    def warm(self) -> None:
        """Start the process now, because work will follow."""
        if self._main is None and self._starting is None and not self._is_closed:
            self._starting = asyncio.ensure_future(self._start())

    def open(self, run: OpenRun) -> "RunPages":
        """Read pages of a run, whose number is set here. The caller must close the result."""
        run.run = next(self._numbers)
        self._runs[run.run] = frame(run)
        return RunPages(self, run.run)

    def close_run(self, run: int) -> None:
        self._runs.pop(run, None)
        self._turns.drop(run)
        self._tell(run, CloseRun(run))
        if self._main is not None:
            self._main.runs.discard(run)

    def forget(self, run: int, keys: Iterable[int]) -> None:
        self._tell(run, Forget(run, list(keys)))

    async def read_sitemap(self, url: str, body: bytes) -> Sitemap:
        """Raises Broken. A slow one delays nothing else, as if it were a separate run."""
        order = ReadSitemap(self.page_cpu_s * SITEMAP_SHARE, url)
        return (await self.ask(next(self._numbers), order, body, SitemapRead)).sitemap

    async def read_robots(self, body: bytes) -> RobotsRead:
        """Raises Broken."""
        return await self.ask(next(self._numbers), ReadRobots(self.page_cpu_s), body, RobotsRead)

    async def ask(self, run: int, order: Work, raw: bytes, kind: type[A]) -> A:
        """The response to a request; raises Broken or ReaderUnavailable."""
        if self._is_closed:
            raise ReaderUnavailable("the reader was closed")
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._turns.add(Job(run, order.cpu_s, frame(order, raw), future))
        self._send()
        answer = decode_answer(await future)
        if isinstance(answer, Failed):
            log.error("reader_failed", error=answer.reason)
            raise Broken("parse_failed", f"the reader met {answer.reason}")
        if not isinstance(answer, kind):
            raise Broken("parse_failed", "the reader gave another answer than was asked for")
        return answer

    def _tell(self, run: int, order: CloseRun | Forget) -> None:
        if self._main is not None and run in self._main.runs:
            self._main.tell(frame(order))

    def _send(self) -> None:
        """Send the process as many jobs as it may have in advance."""
        process = self._main
        if process is None:
            if self._turns:
                self.warm()
            return
        if not process.is_ready:
            return
        while len(process.pending) < WINDOW and process.pending_bytes < WINDOW_BYTES:
            job = self._turns.next()
            if job is None:
                return
            if job.run in self._runs and job.run not in process.runs:
                process.runs.add(job.run)
                process.tell(self._runs[job.run])
            process.send(job)

    async def _start(self) -> None:
        process = ReaderProcess(self._answered, self._send, self._ended)
        try:
            await process.start(self._memory_mb)
        except OSError as error:
            self._count_failed_start(type(error).__name__)
            asyncio.get_running_loop().call_later(RESTART_S, self._send)
        else:
            self._main = process
            if self._watch is None:
                self._watch = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        finally:
            self._starting = None

    def _count_failed_start(self, reason: object) -> None:
        self._failed_starts += 1
        log.error("reader_not_started", reason=reason, times=self._failed_starts)
        if self._failed_starts >= MOST_FAILED_STARTS:
            self._failed_starts = 0
            self._fail_all(ReaderUnavailable("no reader process can be started"))

    def _fail_all(self, error: Exception) -> None:
        _fail(self._turns.clear(), error)

    def _answered(self, process: ReaderProcess, job: Job, message: bytes) -> None:
        if not job.future.done():
            job.future.set_result(message)
        if process in self._aside:
            # The jobs sent after its page are being read elsewhere by now.
            self._aside.discard(process)
            self._turns.paused.discard(job.run)
            process.kill()
        self._send()

    def _ended(self, process: ReaderProcess, code: int) -> None:
        """A process has exited: its current page is to blame, unless it may have been chance."""
        if process is self._main:
            self._main = None
        self._aside.discard(process)
        jobs = process.take_back(0)
        if self._is_closed:
            _fail(jobs, ReaderUnavailable("the reader was closed"))
            return
        if not process.is_ready:
            self._count_failed_start(code)
        else:
            self._failed_starts = 0
        if jobs:
            self._turns.paused.discard(jobs[0].run)
            log.warning("reader_ended", code=code, pages=len(jobs))
            if broken := self._verdict(jobs[0], code):
                job = jobs.pop(0)
                if not job.future.done():
                    job.future.set_exception(broken)
        for job in reversed(jobs):
            self._turns.add(job, is_first=True)
        self._send()

    def _verdict(self, job: Job, code: int) -> Broken | None:
        """Why the job broke its reader; None if it should be retried."""
        if is_out_of_time(code):
            return Broken("parse_timeout", f"reading it took more than {job.cpu_s:g} CPU-seconds")
        job.deaths += 1
        if job.deaths < MOST_DEATHS:
            return None
        if code == EXIT_OUT_OF_MEMORY:
            return Broken("parse_failed", f"reading it took more than {self._memory_mb} MB")
        return Broken("parse_failed", f"its readers ended with code {code}")

    def _tick(self) -> None:
        self._watch = None
        main = self._main
        if main is None and not self._aside and self._starting is None:
            return
        self._watch = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        for process in self._processes():
            if process.pending:
                process.idle_ticks += 1
                if process.idle_ticks * TICK_S > PATIENCE * process.pending[0].cpu_s:
                    process.kill()
        if main is None:
            return
        is_slow = main.pending and main.idle_ticks >= SLOW_TICKS
        if is_slow and len(self._aside) < MOST_ASIDE and self._has_others(main):
            self._set_aside(main)
        is_idle = not (self._runs or main.pending or self._turns)
        self._idle_ticks = self._idle_ticks + 1 if is_idle else 0
        if self._idle_ticks >= IDLE_TICKS:
            self._main = None
            main.end()

    def _processes(self) -> Iterator[ReaderProcess]:
        if self._main is not None:
            yield self._main
        yield from self._aside

    def _has_others(self, process: ReaderProcess) -> bool:
        """Whether another run waits for the current page."""
        at_work = process.pending[0].run
        is_behind = any(job.run != at_work for job in process.pending)
        return is_behind or self._turns.has_others(at_work)

    def _set_aside(self, process: ReaderProcess) -> None:
        """Leave a process to its current page; its other jobs move to another process."""
        log.info("reader_set_aside", pages=len(process.pending))
        self._turns.paused.add(process.pending[0].run)
        self._aside.add(process)
        self._main = None
        for job in reversed(process.take_back(1)):
            self._turns.add(job, is_first=True)
        self._send()


def _fail(jobs: Iterable[Job], error: Exception) -> None:
    for job in jobs:
        if not job.future.done():
            job.future.set_exception(error)


class RunPages:
    """Reads the pages of one run."""

    def __init__(self, reader: Reader, run: int) -> None:
        self._reader = reader
        self._run = run

    async def read(self, page: PageFacts, body: bytes, hops: int) -> PageRead:
        """Read and judge the page; if it breaks the reader, it is judged with an error."""
        order = ReadPage(self._run, self._reader.page_cpu_s, page, hops)
        try:
            return await self._reader.ask(self._run, order, body, PageRead)
        except Broken as broken:
            page.error, page.error_detail = broken.kind, broken.detail
        order = ReadPage(self._run, self._reader.page_cpu_s, page, hops)
        return await self._reader.ask(self._run, order, b"", PageRead)

    async def read_stored(
        self,
        facts: bytes,
        links: bytes,
        urls: dict[int, str],
        *,
        depth: int,
        in_sitemap: bool,
        hops: int,
    ) -> PageRead:
        """Judge the stored facts of a page; `urls` are those of the keys in `links`."""
        order = ReadStored(
            self._run, self._reader.page_cpu_s, facts, links, urls, depth, in_sitemap, hops
        )
        return await self._reader.ask(self._run, order, b"", PageRead)

    def forget(self, keys: Iterable[int]) -> None:
        """These URLs were not stored: report them again if they are found again."""
        self._reader.forget(self._run, keys)

    def close(self) -> None:
        self._reader.close_run(self._run)
