"""Small tasks that leave traces in a file, and a worker that knows them: for tests of jobs.

`python -m tests.support.job_tasks --queue q` is a worker process with these tasks alone; with
`--workers n` as many in one process; with `--deaf` one whose first command to Redis swallows a
SIGTERM.
"""

import argparse
import asyncio
import contextlib
import os
import signal
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from lsos import worker
from lsos.core.errors import Permanent, Reschedule, Transient
from lsos.core.observability import log
from lsos.core.queue.work import Death, Registry, Summary, Work, task
from lsos.core.settings.environment import load
from lsos.room import Joints
from tests.support.waiting import until


def note(path: str, word: str) -> None:
    """One atomic line."""
    with Path(path).open("a") as file:
        file.write(word + "\n")


def notes(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


async def buried(_: AsyncSession, death: Death) -> None:
    note(death.arguments["path"], f"buried:{death.reason_code}")


async def failing_hook(_: AsyncSession, death: Death) -> None:
    note(death.arguments["path"], "hook")
    raise RuntimeError("the hook has a bug")


@task("test.append")
async def append(work: Work, path: str, word: str = "ran") -> Summary:
    note(path, word)
    return {"word": word, "attempt": work.attempt}


@task("test.hold", attempts=3, timeout_s=600)
async def hold(work: Work, path: str) -> Summary:
    """Works until the file <path>.go appears."""
    note(path, f"start{work.attempt}")

    async def may_end() -> bool:
        return await asyncio.to_thread(Path(path + ".go").exists)

    await until(may_end, "leave to end")
    async with work.session():
        note(path, "end")
    return {}


@task("test.endless", timeout_s=600)
async def endless(_: Work, path: str) -> Summary:
    """Takes a slot and nothing else."""
    note(path, "start1")
    await asyncio.Event().wait()
    return {}


@task("test.permanent", attempts=3, on_dead=buried)
async def permanent(_: Work, path: str) -> Summary:
    note(path, "ran")
    raise Permanent("there is no such site", code="site_gone")


@task("test.flaky", attempts=2, on_dead=buried)
async def flaky(work: Work, path: str, failures: int) -> Summary:
    note(path, f"try{work.attempt}")
    if work.attempt <= failures:
        raise Transient("come back later", code="site_busy")
    return {}


@task("test.slow", attempts=1, timeout_s=0.05, on_dead=buried)
async def slow(_: Work, path: str) -> Summary:
    note(path, "ran")
    await asyncio.Event().wait()
    return {}


@task("test.bug", attempts=3, on_dead=failing_hook)
async def bug(_: Work, path: str) -> Summary:
    note(path, "ran")
    raise KeyError("a bug")


@task("test.twice", attempts=1)
async def twice(work: Work, path: str) -> Summary:
    """Waits once for a permit."""
    note(path, f"try{work.attempt}")
    if len(notes(Path(path))) == 1:
        raise Reschedule("no permit", delay_s=0.01)
    return {}


@task("test.poison", attempts=2, on_dead=buried)
async def poison(_: Work, path: str) -> Summary:
    """Takes its process along, as a fault in a C library does."""
    note(path, "took")
    os._exit(9)


def registry() -> Registry:
    tasks = Registry()
    for known in (append, hold, endless, permanent, flaky, slow, bug, twice, poison):
        tasks.add(known)
    return tasks


class JobRooms(Joints):
    """No room, but the tasks above."""

    def tasks(self) -> Registry:
        return registry()


ROOMS = JobRooms(())


async def several(queue: str, count: int) -> None:
    settings = load()
    await asyncio.gather(
        *(worker.serve(settings, queue, handle_signals=False, rooms=ROOMS) for _ in range(count))
    )


class Deaf(worker.WakingWorker):
    """Stopped in a command to Redis that swallows it, as wait_for of Python 3.11 may."""

    async def _poll_iteration(self) -> None:
        self.handle_sig(signal.SIGTERM)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        await super()._poll_iteration()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--queue", required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--deaf", action="store_true")
    options = parser.parse_args()
    if options.deaf:
        worker.WakingWorker = Deaf  # type: ignore[misc]  # the fault
    if options.workers == 1:
        worker.main(options.queue, rooms=ROOMS)
    else:
        log.configure("INFO")
        asyncio.run(several(options.queue, options.workers))
