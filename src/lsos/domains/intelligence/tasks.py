"""The job that turns measurements into recommendations."""

from uuid import UUID

from lsos.core.errors import NotFound
from lsos.core.queue.work import Summary, Work, task
from lsos.domains.campaigns import queries as campaigns
from lsos.domains.intelligence import service
from lsos.domains.intelligence.rules import REFRESH
from lsos.domains.jobs import queries as jobs
from lsos.domains.reference.library import library
from lsos.room import joints


@task(REFRESH, attempts=5, timeout_s=180)
async def refresh(work: Work, run_id: UUID | None = None) -> Summary:
    """Refresh one campaign, unless a later job of the same kind waits to do it.

    A later job was enqueued by a later commit, and reads all that this one would: nothing is
    lost, and a burst of measurements costs one refresh. `run_id` is what a crawl passes on.
    """
    if work.campaign_id is None:
        return {"state": "no_campaign"}
    async with work.session() as session:
        later = await jobs.find_later_queued(session, REFRESH, work.campaign_id, work.job_id)
    if later is not None:
        return {"state": "left_to_later", "job_id": str(later)}
    async with work.session() as session:
        release = await work.resources.get(library).current(session)
        if release is None:
            return {"state": "no_library"}
        try:
            campaign = await campaigns.get_campaign(session, work.tenant_id, work.campaign_id)
        except NotFound:
            return {"state": "campaign_gone"}
        if campaign.setup_state == "Archived":
            return {"state": "campaign_archived"}
        done = await service.refresh(
            session,
            work.tenant_id,
            work.campaign_id,
            release,
            work.resources.get(joints),
        )
    return {
        "state": "refreshed",
        "library_version": release.version,
        "run_id": run_id,
        **done._asdict(),
    }


TASKS = (refresh,)
