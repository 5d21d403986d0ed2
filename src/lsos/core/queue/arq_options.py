"""What LSOS tells arq: its one function, the ticks as cron jobs, and limits that never apply first.

A worker's context holds `settings`, `queue` (its name), `resources` and `runner` once it has begun.
"""

import contextlib
from collections.abc import Awaitable, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

import structlog
from arq import cron
from arq.cron import CronJob
from arq.worker import Function, func

from lsos.core.queue import sweeper, worker_registry
from lsos.core.queue.notifier import RUN_FUNCTION, deserialize, serialize
from lsos.core.queue.runner import Runner
from lsos.core.queue.work import Tick
from lsos.core.redis.client import OUTAGE, queue_key
from lsos.core.resources import Resources
from lsos.core.settings.settings import Settings

SWEEP_SECONDS = frozenset(range(0, 60, 5))

log = structlog.get_logger(__name__)


async def run_job(ctx: dict[str, Any], tenant_id: str, job_id: str) -> None:
    """The only arq function; the job's row names the task."""
    runner: Runner = ctx["runner"]
    await runner.run(UUID(tenant_id), UUID(job_id))


async def sweep(resources: Resources) -> None:
    """Free the claims of lost workers, and push due jobs that nobody has started."""
    with contextlib.suppress(*OUTAGE):
        await sweeper.sweep(resources.db)


async def purge(resources: Resources) -> None:
    """Delete ended jobs that are older than they are kept for."""
    await sweeper.purge(resources.db)


TICKS = (
    Tick("sweep", sweep, seconds=SWEEP_SECONDS, runs_at_start=True),
    Tick("purge", purge, minutes=frozenset({17})),
)
"""Ticks of the queue itself; rooms add theirs."""

FUNCTIONS: Sequence[Function] = (
    # Tasks define our attempts and timeouts; arq's must never take effect first.
    func(run_job, name=RUN_FUNCTION, max_tries=1_000_000, timeout=700, keep_result=0),
)


def options(settings: Settings, queue: str, ticks: Sequence[Tick]) -> dict[str, Any]:
    """Arguments of arq's Worker for this queue; `ticks` are those of the rooms."""
    return {
        "functions": FUNCTIONS,
        "cron_jobs": [_cron_job(tick) for tick in (*TICKS, *ticks)],
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
        "ctx": {"settings": settings, "queue": queue},
    }


async def quietly(name: str, work: Awaitable[object]) -> None:
    """Log instead of raise: arq would log a traceback per tick while PostgreSQL is unavailable."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 -- the next tick repairs
        log.warning("tick_failed", tick=name, error=type(error).__name__)


def _cron_job(tick: Tick) -> CronJob:
    async def run(ctx: dict[str, Any]) -> None:
        await quietly(tick.name, tick.body(ctx["resources"]))

    return cron(
        run,
        name=tick.name,
        minute=None if tick.minutes is None else set(tick.minutes),
        second=set(tick.seconds),
        run_at_startup=tick.runs_at_start,
        keep_result=0,
    )
