"""The worker: the tasks of all rooms, run for whoever pushes to a queue.

`arq lsos.worker.WorkerSettings` serves the default queue by polling. `lsos worker` runs
`WakingWorker`, which also starts within milliseconds of a push and outlives an absence of Redis.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import secrets
import socket
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC
from typing import Any
from uuid import UUID

import structlog
import uvloop
from arq import cron
from arq.cron import CronJob
from arq.worker import Function, func

from lsos.core import cancelling, priority
from lsos.core.db.database import Database
from lsos.core.errors import LsosError
from lsos.core.metrics.metrics import Metrics
from lsos.core.observability import log as logs
from lsos.core.observability.telemetry import Telemetry, trace_sql
from lsos.core.queue import sweeper, worker_registry
from lsos.core.queue.arq_worker import WakingWorker
from lsos.core.queue.notifier import RUN_FUNCTION, Notifier, deserialize, serialize
from lsos.core.queue.runner import Runner
from lsos.core.queue.work import Loop, Tick
from lsos.core.redis.client import (
    DEFAULT_QUEUE,
    OUTAGE,
    WORKERS,
    arq_settings,
    client,
    queue_key,
)
from lsos.core.resources import Resources
from lsos.core.settings.settings import Settings
from lsos.embedded.installation import resolve_settings
from lsos.room import Joints
from lsos.rooms import JOINTS

POLL_S = 0.05
SWEEP_SECONDS = frozenset(range(0, 60, 5))

log = structlog.get_logger(__name__)


async def run_job(ctx: dict[str, Any], tenant_id: str, job_id: str) -> None:
    """The one arq function: the row says which task it is."""
    runner: Runner = ctx["runner"]
    await runner.run(UUID(tenant_id), UUID(job_id))


async def sweep(resources: Resources) -> None:
    with contextlib.suppress(*OUTAGE):
        await sweeper.sweep(resources.db)


async def purge(resources: Resources) -> None:
    await sweeper.purge(resources.db)


TICKS = (
    Tick("sweep", sweep, seconds=SWEEP_SECONDS, runs_at_start=True),
    Tick("purge", purge, minutes=frozenset({17})),
)
"""Of the queue itself; rooms bring theirs."""


async def startup(ctx: dict[str, Any]) -> None:
    settings: Settings = ctx["settings"]
    rooms: Joints = ctx["rooms"]
    stack = ctx["stack"] = AsyncExitStack()
    telemetry = Telemetry(settings, service="lsos-worker")
    stack.callback(telemetry.close)
    redis = client(settings.redis_url)
    queue = client(settings.arq_redis_url)
    stack.push_async_callback(redis.aclose)
    stack.push_async_callback(queue.aclose)
    db = Database.of(settings, application_name="lsos-worker", pusher=Notifier(queue))
    stack.push_async_callback(db.close)
    trace_sql(db.engine)
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    resources = await stack.enter_async_context(Resources(settings, redis, db))
    ctx["resources"] = resources
    await rooms.start(resources)
    metrics = Metrics(is_enabled=settings.metrics_enabled)
    runner = ctx["runner"] = Runner(
        db=db,
        settings=settings,
        registry=rooms.tasks(),
        worker=name,
        resources=resources,
        metrics=metrics,
    )
    queue_name = ctx["queue"]
    await stack.enter_async_context(worker_registry.announce(redis, WORKERS + queue_name, name))
    if settings.metrics_enabled:
        await stack.enter_async_context(metrics.flushing(db))
    background = [runner.heartbeat()]
    if queue_name == DEFAULT_QUEUE:
        background += [_repeat(loop, resources) for loop in rooms.loops()]
    for running in background:
        stack.push_async_callback(cancelling.end, asyncio.ensure_future(running))
    # What start-up made lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    log.info("worker_started", worker=name, queue=queue_name)


async def shutdown(ctx: dict[str, Any]) -> None:
    if stack := ctx.get("stack"):
        await stack.aclose()


async def _repeat(loop: Loop, resources: Resources) -> None:
    while True:
        await _quietly(loop.name, loop.body(resources))
        await asyncio.sleep(loop.every_s)


async def _quietly(name: str, work: Awaitable[object]) -> None:
    """A tick must not fail: arq would log a trace per minute while PostgreSQL is away."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 -- the next tick repairs
        log.warning("tick_failed", tick=name, error=type(error).__name__)


def _cron_job(tick: Tick) -> CronJob:
    async def run(ctx: dict[str, Any]) -> None:
        await _quietly(tick.name, tick.body(ctx["resources"]))

    return cron(
        run,
        name=tick.name,
        minute=None if tick.minutes is None else set(tick.minutes),
        second=set(tick.seconds),
        run_at_startup=tick.runs_at_start,
        keep_result=0,
    )


FUNCTIONS: Sequence[Function] = (
    # Our own attempts and time-outs are in the task; arq's must never come first.
    func(run_job, name=RUN_FUNCTION, max_tries=1_000_000, timeout=700, keep_result=0),
)


def _options(settings: Settings, queue: str, rooms: Joints) -> dict[str, Any]:
    return {
        "functions": FUNCTIONS,
        "cron_jobs": [_cron_job(tick) for tick in (*TICKS, *rooms.ticks())],
        "queue_name": queue_key(queue),
        "max_jobs": settings.worker_max_jobs,
        "queue_read_limit": 1_000,
        "keep_result": 0,
        "max_tries": 1_000_000,
        "job_serializer": serialize,
        "job_deserializer": deserialize,
        "timezone": UTC,
        "health_check_interval": worker_registry.BEAT_S,
        "log_results": False,
        "ctx": {"settings": settings, "queue": queue, "rooms": rooms},
    }


async def serve(
    settings: Settings,
    queue: str = DEFAULT_QUEUE,
    *,
    handle_signals: bool = True,
    rooms: Joints = JOINTS,
) -> None:
    """Work until SIGTERM, SIGINT or cancellation; what is under way goes back into the queue."""
    pool = client(settings.arq_redis_url, job_serializer=serialize, job_deserializer=deserialize)
    worker = WakingWorker(
        begin=startup,
        end=shutdown,
        redis_pool=pool,
        handle_signals=handle_signals,
        **_options(settings, queue, rooms),
    )
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


def main(
    queue: str = DEFAULT_QUEUE, settings: Settings | None = None, *, rooms: Joints = JOINTS
) -> None:
    """One worker process."""
    settings = _begin(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, queue, rooms=rooms))


def __getattr__(name: str) -> Any:
    """`WorkerSettings` for the `arq` command, made when it is asked for: it reads settings."""
    if name != "WorkerSettings":
        raise AttributeError(name)
    settings = _begin(None)
    options = {
        **_options(settings, DEFAULT_QUEUE, JOINTS),
        "redis_settings": arq_settings(settings.arq_redis_url),
        "on_startup": startup,
        "on_shutdown": shutdown,
        "poll_delay": POLL_S,
    }
    return type("WorkerSettings", (), options)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue", default=DEFAULT_QUEUE)
    main(parser.parse_args().queue)
