"""Reads of background jobs; row-level security chooses the tenant and a viewer's campaigns."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import NotFound
from lsos.core.http.schema import TimeKey
from lsos.core.queue.jobs import Job, JobState


async def get_job(
    session: AsyncSession, tenant_id: UUID, job_id: UUID, *, lock: bool = False
) -> Job:
    job = await session.get(Job, (tenant_id, job_id), with_for_update=lock or None)
    if job is None:
        raise NotFound("no such job", code="job_not_found")
    return job


async def list_jobs(
    session: AsyncSession,
    *,
    state: JobState | None,
    name: str | None,
    campaign_id: UUID | None,
    before: TimeKey | None,
    limit: int,
) -> Sequence[Job]:
    """Newest first."""
    query = select(Job).order_by(Job.created_at.desc(), Job.id.desc()).limit(limit + 1)
    if state is not None:
        query = query.where(Job.state == state)
    if name is not None:
        query = query.where(Job.name == name)
    if campaign_id is not None:
        query = query.where(Job.campaign_id == campaign_id)
    if before is not None:
        query = query.where(tuple_(Job.created_at, Job.id) < before)
    return (await session.scalars(query)).all()


async def find_later_queued(
    session: AsyncSession, name: str, campaign_id: UUID, job_id: UUID
) -> UUID | None:
    """A job of this name and campaign that was made after `job_id` and has not started yet."""
    return await session.scalar(
        select(Job.id)
        .where(
            Job.campaign_id == campaign_id,
            Job.name == name,
            Job.state == "queued",
            Job.id > job_id,
        )
        .order_by(Job.id.desc())
        .limit(1)
    )
