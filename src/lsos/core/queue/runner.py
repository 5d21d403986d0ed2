"""Runs one job: claims its row, runs its task without a session, records the outcome."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec
import structlog
from opentelemetry import propagate, trace
from opentelemetry.trace import Status, StatusCode

from lsos.core.db.database import Database, is_outage
from lsos.core.db.session import Push, wants_push
from lsos.core.errors import LsosError, Permanent, Reschedule, Transient
from lsos.core.metrics.metrics import JOB_WAIT, TASK, Metrics
from lsos.core.queue.claims import AGAIN, CLAIM, DEAD, DONE, RENEW, Claimed
from lsos.core.queue.jobs import backoff_s
from lsos.core.queue.work import Death, Registry, Summary, Task, Work
from lsos.core.redis.client import OUTAGE
from lsos.core.resources import Resources
from lsos.core.settings.settings import Settings

log = structlog.get_logger(__name__)
tracer = trace.get_tracer("lsos.jobs")

RECORD_TRIES = 8
RECORD_GRACE_S = 8.0
"""How long a stopping worker waits for an outcome to be written; supervisors kill after 10 s."""
LAST_ERROR_CHARS = 2_000


_Claim = tuple[UUID, int]
"""Job id and generation."""


class Runner:
    """One instance per worker process."""

    def __init__(
        self,
        *,
        db: Database,
        settings: Settings,
        registry: Registry,
        worker: str,
        resources: Resources,
        metrics: Metrics | None = None,
    ) -> None:
        self._db = db
        self._settings = settings
        self._registry = registry
        self._worker = worker
        self._resources = resources
        self._metrics = metrics or Metrics(is_enabled=False)
        self._running: dict[_Claim, tuple[UUID, asyncio.Task[Any] | None]] = {}

    async def run(self, tenant_id: UUID, job_id: UUID) -> None:
        """Run a job if this worker can claim it; raises nothing but cancellation."""
        try:
            claimed = await self._claim_or_give_back(tenant_id, job_id)
        except Exception as error:  # noqa: BLE001 -- the row stays queued and the sweeper pushes it again
            log.warning("claim_failed", job=str(job_id), error=type(error).__name__)
            return
        if claimed is None:
            return
        with structlog.contextvars.bound_contextvars(
            request_id=claimed.request_id,
            tenant=str(claimed.tenant_id),
            campaign=str(claimed.campaign_id) if claimed.campaign_id else None,
            job=str(claimed.id),
            task=claimed.name,
        ):
            claim = claimed.id, claimed.generation
            self._running[claim] = (tenant_id, asyncio.current_task())
            try:
                await self._attempt(claimed)
            finally:
                self._running.pop(claim, None)

    async def _claim_or_give_back(self, tenant_id: UUID, job_id: UUID) -> Claimed | None:
        """Claim the job, such that a SIGTERM in between leaves no claim behind."""
        claiming = asyncio.ensure_future(self._claim(tenant_id, job_id))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            await asyncio.wait({claiming})
            if not claiming.exception() and (claimed := claiming.result()):
                await self._put_back(claimed)
            raise

    async def _claim(self, tenant_id: UUID, job_id: UUID) -> Claimed | None:
        async with self._db.tenant_session(tenant_id) as session:
            row = (
                await session.execute(
                    CLAIM,
                    {
                        "tenant_id": tenant_id,
                        "id": job_id,
                        "worker": self._worker,
                        "lease_s": self._settings.job_lease_seconds,
                    },
                )
            ).one_or_none()
        if row is None:
            return None
        claimed = Claimed(**row._mapping, started=time.perf_counter())
        if not claimed.is_resumed:
            self._metrics.observe(JOB_WAIT, claimed.queue, claimed.waited_ms)
        return claimed

    async def _attempt(self, job: Claimed) -> None:
        known = self._registry.tasks.get(job.name)
        with tracer.start_as_current_span(
            f"job {job.name}",
            context=propagate.extract(job.trace or {}),
            attributes={"lsos.job": str(job.id), "lsos.attempt": job.attempts},
        ) as span:
            try:
                if known is None:
                    raise Permanent(f"no task is named {job.name}", code="unknown_task")
                if job.attempts > known.attempts:
                    raise Permanent("its workers died in every attempt", code="attempts_exhausted")
                async with asyncio.timeout(known.timeout_s):
                    summary = await known.body(self._work(job), **known.arguments(job.args))
            except asyncio.CancelledError:
                if (
                    job.id,
                    job.generation,
                ) not in self._running:  # lost: another worker has the job
                    return
                await self._put_back(job)
                raise
            except Reschedule as wait:
                # The task got through, so earlier failures no longer count.
                await self._record(self._again, job, wait, wait.delay_s, 0)
            except Exception as raised:  # noqa: BLE001 -- every failure becomes a state of the row
                error = _first(raised)
                span.record_exception(error)
                span.set_status(Status(StatusCode.ERROR))
                await self._failed(job, known, error)
            else:
                await self._record(self._done, job, summary)
                log.info("job_done", seconds=round(time.perf_counter() - job.started, 3))

    def _work(self, job: Claimed) -> Work:
        return Work(
            tenant_id=job.tenant_id,
            campaign_id=job.campaign_id,
            job_id=job.id,
            queue=job.queue,
            attempt=job.attempts,
            db=self._db,
            settings=self._settings,
            resources=self._resources,
            metrics=self._metrics,
        )

    async def _failed(self, job: Claimed, known: Task | None, error: Exception) -> None:
        attempts_left = known is not None and job.attempts < known.attempts
        if is_retryable(error) and attempts_left:
            delay_s = backoff_s(job.attempts, random.random())  # noqa: S311 -- jitter, no secret
            log.warning("job_retried", error=str(error), delay_s=round(delay_s, 1))
            await self._record(self._again, job, error, delay_s, job.attempts)
        else:
            log.error("job_dead", error=str(error), error_type=type(error).__name__, exc_info=error)
            await self._record(self._dead, job, known, error)

    async def _put_back(self, job: Claimed) -> None:
        """Requeue a job on SIGTERM without using an attempt, shielded from the cancellation."""
        error = Transient("the worker was stopped", code="worker_stopped")
        await self._record(self._again, job, error, 0.0, job.attempts - 1)

    async def _record(self, how: Callable[..., Awaitable[None]], *args: object) -> None:
        """Write an outcome; no cancellation may interrupt it, so finished work stays finished."""
        writing = asyncio.ensure_future(self._write(how, *args))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing}, timeout=RECORD_GRACE_S)
            raise

    async def _write(self, how: Callable[..., Awaitable[None]], *args: object) -> None:
        """Wait out a restart of PostgreSQL; after that, the lease expires."""
        for attempt in range(RECORD_TRIES):
            try:
                await how(*args)
            except Exception as error:
                if not is_outage(error) or attempt == RECORD_TRIES - 1:
                    log.exception("outcome_not_recorded")
                    return
                await asyncio.sleep(min(5.0, 0.25 * 2**attempt))
            else:
                return

    async def _done(self, job: Claimed, summary: Summary | None) -> None:
        async with self._db.tenant_session(job.tenant_id) as session:
            body = msgspec.json.encode(summary or {}, enc_hook=str).decode()
            done = await session.execute(DONE, {**self._key(job), "summary": body})
            is_ours = done.first() is not None
        if is_ours:
            self._count(job, "done")

    async def _again(self, job: Claimed, error: Exception, delay_s: float, attempts: int) -> None:
        async with self._db.tenant_session(job.tenant_id) as session:
            parameters = {
                **self._key(job),
                **_describe(error),
                "delay_s": delay_s,
                "attempts": max(0, attempts),
            }
            new_generation = (await session.execute(AGAIN, parameters)).scalar_one_or_none()
            if new_generation is not None:
                wants_push(
                    session,
                    Push(
                        tenant_id=job.tenant_id,
                        job_id=job.id,
                        generation=new_generation,
                        queue=job.queue,
                        delay_s=delay_s,
                    ),
                )
        if new_generation is not None and is_retryable(error) and attempts == job.attempts:
            self._count(job, "retried")

    async def _dead(self, job: Claimed, known: Task | None, error: Exception) -> None:
        async with self._db.tenant_session(job.tenant_id) as session:
            buried = await session.execute(DEAD, {**self._key(job), **_describe(error)})
            if buried.first() is None:
                return
            if known is not None and known.on_dead is not None:
                try:
                    async with session.begin_nested():
                        await known.on_dead(session, _death(job, known, error))
                except Exception as failure:
                    if is_outage(failure):
                        raise
                    # A job whose hook fails must not be revived again and again.
                    log.exception("on_dead_failed")
        self._count(job, "exceeded" if is_exhausted(error) else "dead")

    def _count(self, job: Claimed, outcome: str) -> None:
        """Called after the commit, so that only real outcomes are counted, and once."""
        name = job.name if job.name in self._registry.tasks else "unknown"
        ms = (time.perf_counter() - job.started) * 1000
        self._metrics.count(TASK, f"{name}:{outcome}", total=ms)

    def _key(self, job: Claimed) -> dict[str, object]:
        return {
            "tenant_id": job.tenant_id,
            "id": job.id,
            "worker": self._worker,
            "generation": job.generation,
        }

    async def heartbeat(self) -> None:
        """Renew all claims in a loop; a job whose claim is lost is cancelled (fencing)."""
        while True:
            await asyncio.sleep(self._settings.job_lease_seconds / 4)
            for tenant_id in {tenant for tenant, _ in self._running.values()}:
                claims = {claim for claim, (t, _) in self._running.items() if t == tenant_id}
                try:
                    await self._renew(tenant_id, claims)
                except Exception as error:  # noqa: BLE001 -- an outage must not end the loop
                    log.warning("heartbeat_failed", error=type(error).__name__)

    async def _renew(self, tenant_id: UUID, claims: set[_Claim]) -> None:
        async with self._db.tenant_session(tenant_id) as session:
            parameters = {
                "tenant_id": tenant_id,
                "ids": [job_id for job_id, _ in claims],
                "worker": self._worker,
                "lease_s": self._settings.job_lease_seconds,
            }
            kept = {(row.id, row.generation) for row in await session.execute(RENEW, parameters)}
        for lost in claims - kept:
            _, body = self._running.pop(lost, (None, None))
            if body is not None:
                log.warning("claim_lost", job=str(lost[0]))
                body.cancel()


def _death(job: Claimed, known: Task, error: Exception) -> Death:
    try:
        arguments: Mapping[str, Any] = known.arguments(job.args)
    except Permanent:
        arguments = job.args  # the cause of death
    return Death(
        tenant_id=job.tenant_id,
        campaign_id=job.campaign_id,
        arguments=arguments,
        reason_code=str(_describe(error)["reason"]),
    )


def is_retryable(error: BaseException) -> bool:
    """Outages, timeouts and errors that a task declares transient; anything else is a bug."""
    if isinstance(error, LsosError):
        return isinstance(error, Transient)
    return isinstance(error, (TimeoutError, *OUTAGE)) or is_outage(error)


def is_exhausted(error: BaseException) -> bool:
    """The last error of a job that died because no attempt was left."""
    is_worn = isinstance(error, LsosError) and error.code == "attempts_exhausted"
    return is_worn or is_retryable(error)


def _first(error: Exception) -> Exception:
    """The first failure of a task group; it decides whether another attempt can help."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _describe(error: Exception) -> dict[str, object]:
    reason = error.code if isinstance(error, LsosError) else "unexpected_error"
    if isinstance(error, TimeoutError):
        reason = "task_timeout"
    return {
        "error_type": type(error).__name__,
        "reason": reason,
        "error": str(error).replace("\x00", "")[:LAST_ERROR_CHARS],
    }
