"""Reads of background jobs; row-level security chooses the tenant and a viewer's campaigns."""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.reads import columns_of
from lsos.core.errors import NotFound
from lsos.core.http.paging import HotList
from lsos.core.queue.jobs import Job


async def get_job(
    session: AsyncSession, tenant_id: UUID, job_id: UUID, *, lock: bool = False
) -> Job:
    job = await session.get(Job, (tenant_id, job_id), with_for_update=lock or None)
    if job is None:
        raise NotFound("no such job", code="job_not_found")
    return job


JOBS = HotList(
    select(*columns_of(Job)),
    key=(Job.created_at.desc(), Job.id.desc()),
    filters={
        "state": Job.state == bindparam("state"),
        "name": Job.name == bindparam("name"),
        "campaign_id": Job.campaign_id == bindparam("campaign_id"),
    },
)
"""Newest first."""


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
