"""Work waiting for a reader: runs take turns, and each run keeps its order."""

from collections import deque

from lsos.reader.process import Job


class Turns:
    """Queues of jobs by run."""

    def __init__(self) -> None:
        self.paused: set[int] = set()
        """Runs with a slow page; their other pages wait."""
        self._waiting: dict[int, deque[Job]] = {}
        self._order: deque[int] = deque()
        """Runs in the order in which they may send a page."""

    def __bool__(self) -> bool:
        """Set when work may be waiting."""
        return bool(self._waiting)

    def add(self, job: Job, *, is_first: bool = False) -> None:
        jobs = self._waiting.get(job.run)
        if jobs is None:
            jobs = self._waiting[job.run] = deque()
            self._order.append(job.run)
        if is_first:
            jobs.appendleft(job)
        else:
            jobs.append(job)

    def next(self) -> Job | None:
        """Take the next job of the run whose turn it is."""
        for _ in range(len(self._order)):
            run = self._order.popleft()
            jobs = self._waiting.get(run)
            while jobs and jobs[0].future.done():
                jobs.popleft()  # the caller was cancelled
            if not jobs:
                self._waiting.pop(run, None)
                continue
            self._order.append(run)
            if run not in self.paused:
                return jobs.popleft()
        return None

    def has_others(self, run: int) -> bool:
        """Whether another run has a job that may be sent."""
        return any(
            jobs and other != run and other not in self.paused
            for other, jobs in self._waiting.items()
        )

    def drop(self, run: int) -> None:
        """Drop the jobs of this run, because nobody waits for them any more."""
        self._waiting.pop(run, None)

    def clear(self) -> list[Job]:
        """Remove and return all waiting jobs."""
        jobs = [job for jobs in self._waiting.values() for job in jobs]
        self._waiting.clear()
        self._order.clear()
        return jobs
