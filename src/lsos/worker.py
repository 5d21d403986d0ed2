"""The worker: runs the tasks of all rooms from a queue.

`arq lsos.worker.WorkerSettings` serves the default queue by polling. `lsos worker` runs
`WakingWorker`, which also starts jobs within milliseconds of a push and survives outages of Redis.
"""

import argparse
import asyncio
import gc
import os
import secrets
import socket
from contextlib import AsyncExitStack
from typing import Any

import structlog
import uvloop

from lsos.core import cancelling, priority
from lsos.core.db.database import Database
from lsos.core.errors import LsosError
from lsos.core.metrics.metrics import Metrics
from lsos.core.observability import log as logs
from lsos.core.observability.telemetry import Telemetry, trace_sql
from lsos.core.queue import arq_options, worker_registry
from lsos.core.queue.arq_worker import WakingWorker
from lsos.core.queue.notifier import Notifier, deserialize, serialize
from lsos.core.queue.runner import Runner
from lsos.core.queue.work import Loop
from lsos.core.redis.client import (
    DEFAULT_QUEUE,
    WORKERS,
    arq_settings,
    client,
)
from lsos.core.resources import Resources
from lsos.core.settings.settings import Settings
from lsos.embedded.installation import resolve_settings
from lsos.room import Joints
from lsos.rooms import JOINTS

POLL_S = 0.05

log = structlog.get_logger(__name__)


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
    # Objects from start-up live as long as the process: exclude them from garbage collection.
    gc.collect()
    gc.freeze()
    log.info("worker_started", worker=name, queue=queue_name)


async def shutdown(ctx: dict[str, Any]) -> None:
    if stack := ctx.get("stack"):
        await stack.aclose()


async def _repeat(loop: Loop, resources: Resources) -> None:
    while True:
        await arq_options.quietly(loop.name, loop.body(resources))
        await asyncio.sleep(loop.every_s)


def _options(settings: Settings, queue: str, rooms: Joints) -> dict[str, Any]:
    options = arq_options.options(settings, queue, rooms.ticks())
    options["ctx"]["rooms"] = rooms
    return options


async def serve(
    settings: Settings,
    queue: str = DEFAULT_QUEUE,
    *,
    handle_signals: bool = True,
    rooms: Joints = JOINTS,
) -> None:
    """Work until SIGTERM, SIGINT or cancellation; running jobs return to the queue."""
    pool = client(settings.arq_redis_url, job_serializer=serialize, job_deserializer=deserialize)
    worker = WakingWorker(
        begin=startup,
        end=shutdown,
        redis_pool=pool,
        handle_signals=handle_signals,
        **_options(settings, queue, rooms),
    )
    # Closing needs an uncancelled task: before Python 3.11.3, timeouts within a cancelled one fire
    # at once, and connections would stay open.
    try:
        await asyncio.shield(asyncio.ensure_future(worker.async_run()))
    except asyncio.CancelledError:
        log.info("worker_stopping")
    finally:
        closing = asyncio.ensure_future(worker.close())
        await asyncio.wait({closing})
        closing.result()


def _begin(given: Settings | None) -> Settings:
    """Load the settings of this process, and set up its logging and CPU priority."""
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
    """`WorkerSettings` for the `arq` command, created on access because it reads settings."""
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
