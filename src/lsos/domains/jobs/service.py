"""Use cases of jobs: give a dead one another chance."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.db import audit_log
from lsos.core.db.session import Push, wants_push
from lsos.core.errors import Conflict
from lsos.core.http.principal import Principal
from lsos.core.queue.jobs import Job
from lsos.domains.jobs import queries


async def retry(session: AsyncSession, principal: Principal, job_id: UUID) -> Job:
    """Queue a dead job again with all its attempts; its last error stays until it is done."""
    job = await queries.get_job(session, principal.tenant_id, job_id, lock=True)
    if job.state != "dead":
        raise Conflict(
            f"only a dead job can be retried; this one is {job.state}",
            code="illegal_transition",
            detail={"from": job.state, "to": "queued", "allowed": []},
        )
    job.state = "queued"
    job.attempts = 0
    job.generation += 1
    job.due_at = job.pushed_at = now()
    job.claimed_by = job.lease_until = job.finished_at = None
    # Queue latency is measured from due_at to the first start.
    job.first_started_at = None
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(
            "another job for the same work is already queued or running", code="job_already_queued"
        ) from error
    push = Push(tenant_id=job.tenant_id, job_id=job.id, generation=job.generation, queue=job.queue)
    wants_push(session, push)
    audit_log.record(
        session,
        tenant_id=job.tenant_id,
        actor_id=principal.user_id,
        action="job.retried",
        target=job.id,
        name=job.name,
        generation=job.generation,
    )
    return job
