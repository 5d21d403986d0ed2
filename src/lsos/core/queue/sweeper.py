"""Repairs the effects of crashes, lost pushes or a flushed Redis; runs in every worker's cron."""

import structlog
from sqlalchemy import text

from lsos.core.db.database import Database
from lsos.core.db.session import Push, wants_push
from lsos.core.db.system import system_session

log = structlog.get_logger(__name__)

PUSH_AGAIN_S = 15.0
BATCH = 500

_FREE = text("""
    update jobs set state = 'queued', generation = generation + 1,
        claimed_by = null, lease_until = null,
        due_at = now(), pushed_at = now(), error_type = 'Transient', reason_code = 'worker_lost',
        last_error = 'the worker stopped renewing its claim'
    where (tenant_id, id) in (
        select tenant_id, id from jobs where state = 'running' and lease_until < now()
        order by lease_until limit :batch for update skip locked
    )
    returning tenant_id, id, generation, queue, 0 as delay_s
""")
_DUE = text("""
    update jobs set pushed_at = now(),
        generation = generation + case when due_at < now() - interval '1 minute' then 1 else 0 end
    where (tenant_id, id) in (
        select tenant_id, id from jobs
        where state = 'queued' and due_at <= now()
            and (pushed_at is null
                 or due_at < now() - interval '2 seconds' and pushed_at < now() - case
                    when due_at < now() - interval '1 minute' then interval '1 minute'
                    else make_interval(secs => :push_again_s) end)
        order by due_at limit :batch for update skip locked
    )
    returning tenant_id, id, generation, queue, extract(epoch from due_at - now()) as delay_s
""")
_PURGE = text("""
    delete from jobs where (tenant_id, id) in (
        select tenant_id, id from jobs
        where finished_at < now() - make_interval(days => :days)
            and state in ('done', 'cancelled')
        limit :batch
    )
    returning id
""")
_PURGE_KEYS = text("delete from idempotency_keys where created_at < now() - interval '24 hours'")


async def sweep(db: Database, *, push_again_s: float = PUSH_AGAIN_S) -> dict[str, object]:
    """Release expired claims, and notify workers again of due jobs that nobody has started.

    Each job keeps its place in the queue. After a minute the message gets a new id, because a dead
    worker may still hold the old one; then at most once per minute, because otherwise a backlog
    would feed itself.
    """
    async with system_session(db) as session:
        freed = (await session.execute(_FREE, {"batch": BATCH})).all()
        due = (await session.execute(_DUE, {"batch": BATCH, "push_again_s": push_again_s})).all()
        for row in (*freed, *due):
            push = Push(
                tenant_id=row.tenant_id,
                job_id=row.id,
                generation=row.generation,
                queue=row.queue,
                delay_s=float(row.delay_s),
            )
            wants_push(session, push)
    if freed:
        log.warning("claims_freed", jobs=len(freed))
    return {"freed": len(freed), "pushed": len(due)}


async def purge(db: Database, *, days: int = 7) -> dict[str, object]:
    """Delete finished jobs older than `days` and expired idempotency keys; dead jobs are kept."""
    deleted = 0
    async with system_session(db) as session:
        await session.execute(_PURGE_KEYS)
        while rows := (await session.execute(_PURGE, {"days": days, "batch": BATCH})).all():
            deleted += len(rows)
    return {"deleted": deleted}
