"""Work of notes: those of its measurement, and one after each crawl."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id
from lsos.core.queue.work import Summary, Tick, Work, task
from lsos.core.resources import Resources
from lsos.domains.measuring.jobs import tasks_of
from tests.support.sample_room.measurement import KIND
from tests.support.sample_room.models import Note


async def _write(session: AsyncSession, work: Work, text: str) -> None:
    assert work.campaign_id is not None
    session.add(
        Note(tenant_id=work.tenant_id, id=new_id(), campaign_id=work.campaign_id, text=text)
    )
    await session.flush()


@task("notes.after_crawl")
async def after_crawl(work: Work, run_id: UUID) -> Summary:
    async with work.session() as session:
        await _write(session, work, "crawled")
    return {"run_id": str(run_id)}


async def tick(resources: Resources) -> None:
    """A hook for schedules: it only says that it ran."""
    await resources.redis.set("sample_room:ticked", "1")


TASKS = (*tasks_of(KIND), after_crawl)
TICKS = (Tick("notes_tick", tick, runs_at_start=True),)
