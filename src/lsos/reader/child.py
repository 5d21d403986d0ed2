"""The reader process: reads requests from its only descriptor, responds, and exits with its worker.

It has no network, database or secrets; work that takes too much CPU time or memory ends it.
"""

import argparse
import contextlib
import gc
import os
import resource
import signal
from typing import BinaryIO

from lsos.reader import protocol
from lsos.reader.protocol import (
    Answer,
    CloseRun,
    Failed,
    Forget,
    OpenRun,
    Order,
    ReadPage,
    ReadRobots,
    ReadSitemap,
    ReadStored,
    RobotsRead,
    SitemapRead,
    Work,
)
from lsos.reader.reading import RunReader
from lsos.web.robots import parse_robots
from lsos.web.sitemaps import parse_sitemap

CHANNEL, STDOUT, STDERR = 0, 1, 2
MAX_DESCRIPTORS = 64
"""Enough descriptors for modules that are imported late, such as codecs."""
BUFFER_BYTES = 1 << 18
MAX_REMEMBERED = 400_000
"""Maximum number of cached URLs of all runs together: about 100 MB."""
COLLECT_EVERY = 1_000
"""Pages between two garbage collections of cycles, which reading hardly creates."""


class Reader:
    """The state of all runs of one worker."""

    def __init__(self) -> None:
        self._runs: dict[int, RunReader] = {}

    def obey(self, order: Order, raw: bytes) -> Answer | None:
        """The response to a message; None if it needs none."""
        match order:
            case OpenRun():
                self._runs[order.run] = RunReader(order)
            case CloseRun():
                self._runs.pop(order.run, None)
            case Forget():
                if run := self._runs.get(order.run):
                    run.known.forget(order.keys)
            case _:
                return self._work(order, raw)
        return None

    def _work(self, order: Work, raw: bytes) -> Answer:
        """Raises only MemoryError; ends the process if it exceeds its CPU time."""
        # When the time is up, the kernel sends SIGPROF, which by default ends the process, even in
        # C code. It is CPU time, because load on the machine is not the page's fault.
        signal.setitimer(signal.ITIMER_PROF, order.cpu_s)
        try:
            return self._read(order, raw)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 -- one page must not affect the others
            return Failed(type(error).__name__)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def _read(self, order: Work, raw: bytes) -> Answer:
        match order:
            case ReadPage():
                answer = self._runs[order.run].read(order, raw)
            case ReadStored():
                answer = self._runs[order.run].read_stored(order)
            case ReadSitemap():
                return SitemapRead(parse_sitemap(raw, order.url))
            case ReadRobots():
                robots = parse_robots(raw)
                return RobotsRead(robots.groups, robots.sitemaps, robots.invalid_lines)
        self._bound_memory()
        return answer

    def _bound_memory(self) -> None:
        known = [run.known for run in self._runs.values()]
        if sum(map(len, known)) > MAX_REMEMBERED:
            max(known, key=len).clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory-mb", type=int, required=True)
    _confine(parser.parse_args().memory_mb)
    gc.collect()
    gc.freeze()
    gc.disable()
    with (
        contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError),
        open(CHANNEL, "rb", buffering=BUFFER_BYTES, closefd=False) as orders,
        open(CHANNEL, "wb", buffering=BUFFER_BYTES, closefd=False) as answers,
    ):
        try:
            _serve(orders, answers)
        except MemoryError:
            os._exit(protocol.EXIT_OUT_OF_MEMORY)


def _serve(orders: BinaryIO, answers: BinaryIO) -> None:
    reader = Reader()
    answers.write(protocol.READY)
    answers.flush()
    pages = 0
    while True:
        length, raw_length = protocol.HEADER.unpack(_exactly(orders, protocol.HEADER.size))
        order = protocol.decode_order(_exactly(orders, length))
        answer = reader.obey(order, _exactly(orders, raw_length))
        if answer is None:
            continue
        answers.writelines(protocol.frame(answer))
        # Respond at once: the worker assumes that the first unanswered job is being processed.
        answers.flush()
        pages += 1
        if pages % COLLECT_EVERY == 0:
            gc.collect()


def _exactly(orders: BinaryIO, size: int) -> bytes:
    """Raises EOFError if the worker has gone."""
    data = orders.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _confine(memory_mb: int) -> None:
    """Close inherited descriptors, set resource limits, and leave termination to the worker."""
    os.dup2(STDERR, STDOUT)
    os.closerange(STDERR + 1, os.sysconf("SC_OPEN_MAX"))
    size = memory_mb * 1_000_000
    _limit(resource.RLIMIT_AS, size)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, MAX_DESCRIPTORS)
    # Terminals and supervisors signal the whole group, while the worker still has pages to read.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})


def _limit(kind: int, size: int) -> None:
    """Lower a limit; if the system does not support it, the time limit must suffice."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (size, size))


if __name__ == "__main__":
    main()
