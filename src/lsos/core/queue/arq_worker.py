"""arq's worker, woken by a published message or a freed slot instead of sleeping.

All that LSOS knows of arq's insides is in this module.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from arq.worker import Worker

from lsos.core import cancelling
from lsos.core.redis.client import OUTAGE, WAKE, queue_key

IDLE_POLL_S = 0.5
"""Poll of a worker that is notified: for deferred jobs, and what was pushed while it was away."""
RECONNECT_S = 1.0
IN_PROGRESS_S = 15.0
"""How long a message is hidden that a worker has picked up; the claim of the row is the true lock.
arq's own figure would hide what a killed worker had picked up for as long as the longest task."""

log = structlog.get_logger(__name__)

Hook = Callable[[dict[str, Any]], Awaitable[None]]


class WakingWorker(Worker):
    """Starts within milliseconds of a push, and outlives an absence of Redis."""

    def __init__(self, *, begin: Hook, end: Hook, **kwargs: Any) -> None:
        """`begin` and `end` get the context around all work; Redis may be away in both."""
        super().__init__(**kwargs)
        self._begin = begin
        self._end = end
        self._wake = asyncio.Event()
        self._is_stopping = False
        self.in_progress_timeout_s = IN_PROGRESS_S

    async def main(self) -> None:
        """arq's loop, but for the sleep, and for Redis: its absence is waited out."""
        self.ctx["redis"] = self.pool
        await self._begin(self.ctx)
        listening = asyncio.ensure_future(self._listen())
        try:
            while not self._is_stopping:
                self._wake.clear()
                try:
                    await self._poll_iteration()
                except OUTAGE as error:
                    log.warning("redis_away", error=type(error).__name__)
                    await asyncio.sleep(RECONNECT_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_POLL_S):
                        await self._wake.wait()
        finally:
            await cancelling.end(listening)

    def handle_sig(self, signum: signal.Signals) -> None:
        # The cancellation alone may be lost: Python 3.11's wait_for, by which redis-py sends its
        # commands, swallows one that meets a finished write.
        self._is_stopping = True
        self._wake.set()
        super().handle_sig(signum)

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        # Marks end before long jobs do; their messages are still there until then.
        fresh = [job_id for job_id in job_ids if job_id.decode() not in self.tasks]
        try:
            await super().start_jobs(fresh)
        except OUTAGE:
            # arq counts a job before it asks Redis for it; uncounted, the slot would be lost.
            self._release_sem_dec_counter_on_complete()
            raise

    async def close(self) -> None:
        """arq's, but that neither an absence of Redis nor a job cancelled early skips a step."""
        if not self._handle_signals:
            self.handle_sig(signal.SIGUSR1)
        if self.main_task is not None:
            await asyncio.wait({self.main_task})
        for begun in self.tasks.values():
            if not begun.cancelling():  # it began after the stop; the others are ending already
                begun.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        with contextlib.suppress(*OUTAGE):
            await self.pool.delete(self.health_check_key)
        await self._end(self.ctx)
        with contextlib.suppress(*OUTAGE):
            await self.pool.aclose(close_connection_pool=True)

    def _release_sem_dec_counter_on_complete(self) -> None:
        super()._release_sem_dec_counter_on_complete()
        self._wake.set()

    async def _listen(self) -> None:
        channel = WAKE + self.queue_name.removeprefix(queue_key(""))
        while True:
            try:
                async with self.pool.pubsub() as pubsub:
                    await pubsub.subscribe(channel)
                    async for _ in pubsub.listen():
                        self._wake.set()
            except OUTAGE:
                await asyncio.sleep(RECONNECT_S)
