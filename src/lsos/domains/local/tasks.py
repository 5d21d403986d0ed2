"""Jobs of local presence: its measurement, and the NAP of a new crawl."""

from uuid import UUID

from lsos.core.queue.work import Summary, Work, task
from lsos.domains.local import service
from lsos.domains.local.measurement import KIND
from lsos.domains.measuring.jobs import tasks_of
from lsos.room import enqueue_followers


@task("local.match_site", attempts=5, timeout_s=300)
async def match_site(work: Work, run_id: UUID) -> Summary:
    """The NAP of a site that has just been crawled."""
    assert work.campaign_id is not None
    async with work.session() as session:
        counts = await service.match_site(session, work.tenant_id, work.campaign_id)
        if counts:
            await enqueue_followers(work, session)
    return {"run_id": str(run_id), "matches": dict(counts)}


TASKS = (*tasks_of(KIND), match_site)
