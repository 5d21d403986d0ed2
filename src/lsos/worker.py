"""The worker: arq's settings, and a worker that a bell wakes.

`arq lsos.worker.WorkerSettings` serves the default queue by polling. `lsos worker` runs
`BellWorker`, which also starts within milliseconds of a push and outlives an absence of Redis.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import secrets
import signal
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC
from typing import Any
from uuid import UUID

import structlog
import uvloop
from arq import cron
from arq.worker import Function, Worker, func
from redis.asyncio import Redis

from lsos.core import cancelling, presence, priority, sweeper
from lsos.core import log as logs
from lsos.core.bell import RUN_FUNCTION, Bell, deserialize, serialize
from lsos.core.db import Database
from lsos.core.errors import LsosError
from lsos.core.local import resolve_settings
from lsos.core.metrics import Metrics
from lsos.core.redis import BELL, DEFAULT_QUEUE, OUTAGE, WORKERS, arq_settings, client, queue_key
from lsos.core.runner import Runner
from lsos.core.settings import Settings
from lsos.core.telemetry import Telemetry, span, trace_sql
from lsos.domains.health import service as health
from lsos.domains.reports import schedules as report_schedules
from lsos.resources import resources
from lsos.tasks import registry

POLL_S = 0.05
BELL_POLL_S = 0.5
"""Poll of a worker with a bell: only for what is deferred, or was pushed while nobody listened."""
RECONNECT_S = 1.0
IN_PROGRESS_S = 15.0
"""How long a message is hidden that a worker has picked up; the claim of the row is the true lock.
arq's own figure would hide what a killed worker had picked up for as long as the longest task."""

log = structlog.get_logger(__name__)


async def run_job(ctx: dict[str, Any], tenant_id: str, job_id: str) -> None:
    """The one arq function: the row says which task it is."""
    runner: Runner = ctx["runner"]
    await runner.run(UUID(tenant_id), UUID(job_id))


async def sweep(ctx: dict[str, Any]) -> None:
    with contextlib.suppress(*OUTAGE):
        await _quietly("sweep", sweeper.sweep(ctx["db"]))


async def purge(ctx: dict[str, Any]) -> None:
    await _quietly("purge", sweeper.purge(ctx["db"]))
    await _quietly("purge_metrics", health.purge(ctx["db"]))


async def report_tick(ctx: dict[str, Any]) -> None:
    settings: Settings = ctx["settings"]
    ticking = report_schedules.tick(ctx["db"], sender=settings.smtp_from_email)
    with span("report_tick"):  # what it starts belongs to its trace
        await _quietly("report_tick", ticking)


async def _quietly(name: str, work: Any) -> None:
    """A cron must not fail: arq would log a trace a minute while PostgreSQL is away."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 -- the next tick repairs
        log.warning("cron_failed", cron=name, error=type(error).__name__)


async def startup(ctx: dict[str, Any]) -> None:
    settings: Settings = ctx["settings"]
    stack = ctx["stack"] = AsyncExitStack()
    telemetry = Telemetry(settings, service="lsos-worker")
    stack.callback(telemetry.close)
    redis = client(settings.redis_url)
    queue = client(settings.arq_redis_url)
    stack.push_async_callback(redis.aclose)
    stack.push_async_callback(queue.aclose)
    db = ctx["db"] = Database.of(settings, application_name="lsos-worker", pusher=Bell(queue))
    stack.push_async_callback(db.close)
    trace_sql(db.engine)
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    shared = await stack.enter_async_context(resources(settings, redis))
    await shared["library"].start(db)
    metrics = Metrics(is_enabled=settings.metrics_enabled)
    runner = ctx["runner"] = Runner(
        db=db,
        settings=settings,
        registry=registry(),
        worker=name,
        resources=shared,
        metrics=metrics,
    )
    queue_name = ctx.get("queue", DEFAULT_QUEUE)
    await stack.enter_async_context(presence.told(redis, WORKERS + queue_name, name))
    loops = [runner.heartbeat()]
    if settings.metrics_enabled:
        await stack.enter_async_context(metrics.flushing(db))
        if queue_name == DEFAULT_QUEUE:
            loops.append(_evaluate(db, redis))
    for loop in loops:
        stack.push_async_callback(cancelling.end, asyncio.ensure_future(loop))
    # What start-up made lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    log.info("worker_started", worker=name, queue=queue_name)


async def shutdown(ctx: dict[str, Any]) -> None:
    if stack := ctx.get("stack"):
        await stack.aclose()


async def _evaluate(db: Database, redis: Redis) -> None:
    """Judge alerts and the platform state; no cron, since those stop when Redis is away."""
    while True:
        await _quietly("evaluate", health.evaluate(db, redis))
        await asyncio.sleep(health.EVALUATE_S)


FUNCTIONS: Sequence[Function] = (
    # Our own attempts and time-outs stand in the task; arq's must never come first.
    func(run_job, name=RUN_FUNCTION, max_tries=1_000_000, timeout=700, keep_result=0),
)
SWEEP_SECONDS = set(range(0, 60, 5))


class BellWorker(Worker):
    """arq's worker, woken by a published message or a freed slot instead of sleeping."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._bell = asyncio.Event()
        self._is_stopping = False
        self.in_progress_timeout_s = IN_PROGRESS_S

    async def main(self) -> None:
        """arq's loop, but for the sleep, and for Redis: its absence is waited out."""
        self.ctx["redis"] = self.pool
        await startup(self.ctx)
        listening = asyncio.ensure_future(self._listen())
        try:
            while not self._is_stopping:
                self._bell.clear()
                try:
                    await self._poll_iteration()
                except OUTAGE as error:
                    log.warning("redis_away", error=type(error).__name__)
                    await asyncio.sleep(RECONNECT_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BELL_POLL_S):
                        await self._bell.wait()
        finally:
            await cancelling.end(listening)

    def handle_sig(self, signum: signal.Signals) -> None:
        # The cancellation alone may be lost: Python 3.11's wait_for, by which redis-py sends its
        # commands, swallows one that meets a finished write.
        self._is_stopping = True
        self._bell.set()
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
        await shutdown(self.ctx)
        with contextlib.suppress(*OUTAGE):
            await self.pool.aclose(close_connection_pool=True)

    def _release_sem_dec_counter_on_complete(self) -> None:
        super()._release_sem_dec_counter_on_complete()
        self._bell.set()

    async def _listen(self) -> None:
        channel = BELL + self.queue_name.removeprefix(queue_key(""))
        while True:
            try:
                async with self.pool.pubsub() as pubsub:
                    await pubsub.subscribe(channel)
                    async for _ in pubsub.listen():
                        self._bell.set()
            except OUTAGE:
                await asyncio.sleep(RECONNECT_S)


def _options(settings: Settings, queue: str) -> dict[str, Any]:
    return {
        "functions": FUNCTIONS,
        "cron_jobs": [
            cron(sweep, name="sweep", second=SWEEP_SECONDS, run_at_startup=True, keep_result=0),
            cron(purge, name="purge", minute=17, keep_result=0),
            cron(report_tick, name="report_tick", second=0, run_at_startup=True, keep_result=0),
        ],
        "queue_name": queue_key(queue),
        "max_jobs": settings.worker_max_jobs,
        "queue_read_limit": 1_000,
        "keep_result": 0,
        "max_tries": 1_000_000,
        "job_serializer": serialize,
        "job_deserializer": deserialize,
        "timezone": UTC,
        "health_check_interval": presence.BEAT_S,
        "log_results": False,
        "ctx": {"settings": settings, "queue": queue},
        "on_shutdown": shutdown,
    }


async def serve(
    settings: Settings, queue: str = DEFAULT_QUEUE, *, handle_signals: bool = True
) -> None:
    """Work until SIGTERM, SIGINT or cancellation; what is under way goes back into the queue."""
    pool = client(settings.arq_redis_url, job_serializer=serialize, job_deserializer=deserialize)
    worker = BellWorker(redis_pool=pool, handle_signals=handle_signals, **_options(settings, queue))
    # Closing needs a task that nobody has cancelled: before Python 3.11.3 every time-out within
    # a cancelled one fires at once, and connections would stay open.
    try:
        await asyncio.shield(asyncio.ensure_future(worker.async_run()))
    except asyncio.CancelledError:
        log.info("worker_stopping")
    finally:
        closing = asyncio.ensure_future(worker.close())
        await asyncio.wait({closing})
        closing.result()


def _begin(given: Settings | None) -> Settings:
    """The settings of this process, by which it logs, and its CPU priority."""
    try:
        settings = given or resolve_settings()
    except LsosError as error:
        raise SystemExit(error.message) from None
    logs.configure(settings.log_level, secrets=settings.secrets)
    priority.lower(settings.worker_nice)
    return settings


def main(queue: str = DEFAULT_QUEUE, settings: Settings | None = None) -> None:
    """One worker process."""
    settings = _begin(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, queue))


def __getattr__(name: str) -> Any:
    """`WorkerSettings` for the `arq` command, made when it is asked for: it reads settings."""
    if name != "WorkerSettings":
        raise AttributeError(name)
    settings = _begin(None)
    options = {
        **_options(settings, DEFAULT_QUEUE),
        "redis_settings": arq_settings(settings.arq_redis_url),
        "on_startup": startup,
        "poll_delay": POLL_S,
    }
    return type("WorkerSettings", (), options)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue", default=DEFAULT_QUEUE)
    main(parser.parse_args().queue)
