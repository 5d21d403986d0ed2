"""The jobs table, the source of truth for all background work; Redis only wakes workers."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog
from opentelemetry import propagate
from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.clock import new_id, now
from lsos.core.db.keys import one_of
from lsos.core.db.model import Base, TenantRow
from lsos.core.db.session import Push, wants_push
from lsos.core.redis.client import DEFAULT_QUEUE

JobState = Literal["queued", "running", "done", "dead", "cancelled"]
MAX_BACKOFF_S = 300.0


class Job(TenantRow, Base):
    """One piece of background work.

    `generation` counts how often the job was made ready to run. It is part of the message id in
    Redis, so a message that a dead worker still holds cannot hide the job.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        one_of("state", JobState),
        Index("ix_jobs_due", "due_at", postgresql_where=text("state = 'queued'")),
        Index("ix_jobs_lease", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_jobs_tenant_state", "tenant_id", "state", "created_at"),
        Index("ix_jobs_finished", "finished_at", postgresql_where=text("finished_at is not null")),
        Index(
            "uq_jobs_dedupe",
            "tenant_id",
            "name",
            "dedupe_key",
            unique=True,
            postgresql_where=text("dedupe_key is not null and state in ('queued', 'running')"),
        ),
    )

    campaign_id: Mapped[UUID | None]
    name: Mapped[str]
    queue: Mapped[str] = mapped_column(default=DEFAULT_QUEUE)
    args: Mapped[dict[str, object]]
    state: Mapped[str] = mapped_column(default="queued")
    dedupe_key: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    generation: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    pushed_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    first_started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    summary: Mapped[dict[str, object] | None]
    error_type: Mapped[str | None]
    reason_code: Mapped[str | None]
    last_error: Mapped[str | None]
    request_id: Mapped[str | None]
    trace: Mapped[dict[str, object] | None]


async def enqueue(
    session: AsyncSession,
    name: str,
    *,
    tenant_id: UUID,
    campaign_id: UUID | None = None,
    queue: str = DEFAULT_QUEUE,
    delay_s: float = 0.0,
    dedupe_key: str | None = None,
    **ids: object,
) -> UUID | None:
    """Insert a job in the caller's transaction; workers are notified after the commit.

    `ids` become the task's keyword arguments. With a `dedupe_key`, returns None if a job with that
    name and key is already queued or running.
    """
    job_id = new_id()
    context = structlog.contextvars.get_contextvars()
    trace: dict[str, str] = {}
    propagate.inject(trace)
    statement = insert(Job).values(
        tenant_id=tenant_id,
        id=job_id,
        campaign_id=campaign_id,
        name=name,
        queue=queue,
        args={k: str(v) if isinstance(v, UUID) else v for k, v in ids.items()},
        state="queued",
        dedupe_key=dedupe_key,
        attempts=0,
        generation=0,
        due_at=now() + timedelta(seconds=delay_s),
        pushed_at=now(),
        request_id=context.get("request_id"),
        trace=trace or None,
    )
    if dedupe_key is not None:
        statement = statement.on_conflict_do_nothing()
    inserted = (await session.execute(statement.returning(Job.id))).scalar_one_or_none()
    if inserted is not None:
        wants_push(
            session,
            Push(tenant_id=tenant_id, job_id=job_id, generation=0, queue=queue, delay_s=delay_s),
        )
    return inserted


def backoff_s(attempt: int, jitter: float) -> float:
    """Seconds to wait before the next attempt: doubling from 1 s, at most 300 s.

    `jitter` in [0, 1) spreads it by 25 % either way.
    """
    base = min(MAX_BACKOFF_S, 2.0 ** max(0, attempt - 1))
    return base * (0.75 + 0.5 * jitter)
