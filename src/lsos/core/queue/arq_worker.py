"""arq's worker, woken by a published message or a free slot instead of polling.

Only this module depends on arq's internals.
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
"""Polling interval for deferred jobs, and for messages pushed while the worker was away."""
RECONNECT_S = 1.0
IN_PROGRESS_S = 15.0
"""How long a message that a worker has picked up stays hidden; the row's claim is the lock.

arq's default would hide the messages of a killed worker for as long as the longest task."""

log = structlog.get_logger(__name__)

Hook = Callable[[dict[str, Any]], Awaitable[None]]


class WakingWorker(Worker):
    """Starts jobs within milliseconds of a push, and survives outages of Redis."""

    def __init__(self, *, begin: Hook, end: Hook, **kwargs: Any) -> None:
        """`begin` and `end` receive the context around all work; Redis may be unavailable in
        both."""
        super().__init__(**kwargs)
        self._begin = begin
        self._end = end
        self._wake = asyncio.Event()
        self._is_stopping = False
        self.in_progress_timeout_s = IN_PROGRESS_S

    async def main(self) -> None:
        """arq's loop without the sleep, and waiting out outages of Redis."""
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
        # A single cancellation can be lost: in Python 3.11, wait_for, which redis-py uses to send
        # commands, swallows one that arrives as the write finishes.
        self._is_stopping = True
        self._wake.set()
        super().handle_sig(signum)

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        # Marks expire before long jobs end; the jobs' messages still exist until then.
        fresh = [job_id for job_id in job_ids if job_id.decode() not in self.tasks]
        try:
            await super().start_jobs(fresh)
        except OUTAGE:
            # arq counts a job before it asks Redis for it; if not reset, the slot would be lost.
            self._release_sem_dec_counter_on_complete()
            raise

    async def close(self) -> None:
        """Like arq's, except that neither an outage of Redis nor a job cancelled early skips a
        step."""
        if not self._handle_signals:
            self.handle_sig(signal.SIGUSR1)
        if self.main_task is not None:
            await asyncio.wait({self.main_task})
        for begun in self.tasks.values():
            if not begun.cancelling():  # it started after the stop; the others are already ending
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
