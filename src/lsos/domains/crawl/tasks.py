"""Jobs of a crawl: dispatch, begin, slice, finish, and the baseline's step."""

from uuid import UUID, uuid5

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import Reschedule
from lsos.core.metrics.metrics import CRAWL_RUN
from lsos.core.queue.jobs import enqueue
from lsos.core.queue.work import Death, Summary, Work, task
from lsos.core.redis.client import tenant_key
from lsos.core.resources import semaphore
from lsos.domains.crawl import queries, reuse, service
from lsos.domains.crawl.begin import adopted_start, begin
from lsos.domains.crawl.dispatch import start_waiting
from lsos.domains.crawl.hosts import HostRules, agent_token
from lsos.domains.crawl.rules import SLICE_S, RunSettings
from lsos.domains.crawl.slice import Slice
from lsos.domains.crawl.store import RunStopped
from lsos.room import joints

SLICE_LEASE_S = 15.0
SLICE_TIMEOUT_S = 420.0
"""Enough for the slowest robots.txt and page that a slice may begin in its last moment."""
FINISH_S = 1.0
"""Wait of a finish that came too early."""
IDLE_S = 0.3
"""Wait of a slice that found nothing to claim while others still fetch."""


async def run_died(session: AsyncSession, death: Death) -> None:
    """A job of a run is dead: so is the run."""
    await service.fail(session, death.tenant_id, death.arguments["run_id"], death.reason_code)


async def baseline_died(session: AsyncSession, death: Death) -> None:
    await service.fail_baseline(session, death.tenant_id, death.campaign_id, death.reason_code)


@task("crawl.dispatch", attempts=20, timeout_s=30)
async def dispatch(work: Work) -> Summary:
    async with work.session() as session:
        return {"started": await start_waiting(session, work.tenant_id, work.settings)}


@task("crawl.begin", attempts=10, timeout_s=600, on_dead=run_died)
async def begin_run(
    work: Work, run_id: UUID, start_url: str | None = None, hops: int = 0
) -> Summary:
    async with work.session() as session:
        run = await queries.get_run(session, work.tenant_id, run_id)
    if run.state != "running":
        return {"state": run.state}
    settings = msgspec.convert(run.settings, RunSettings)
    try:
        return await begin(work, run, start_url or settings.start_url, hops)
    except RunStopped:
        return {"state": "stopped"}


@task("crawl.slice", attempts=25, timeout_s=SLICE_TIMEOUT_S, on_dead=run_died)
async def slice_run(work: Work, run_id: UUID) -> Summary:
    """Fetch for up to 25 s; then back into the queue, behind whoever waits there."""
    limit = work.settings.crawl_max_active_runs_per_tenant * 4
    key = tenant_key(work.tenant_id, "crawl:slices")
    async with work.resources.get(semaphore).hold(
        key, limit, SLICE_LEASE_S, str(work.job_id)
    ) as lease:
        if lease is None:
            raise Reschedule("the tenant's slices are all at work", delay_s=0.5)
        async with work.session() as session:
            run = await queries.get_run(session, work.tenant_id, run_id)
            if run.state != "running" or run.site is None:
                return {"state": run.state}
            checks = await queries.load_checks(session)
            known = await queries.load_hosts(session, run_id)
            previous = await reuse.find_reusable_run(session, run)
        agent = agent_token(str(run.settings["user_agent"]))
        hosts = {origin: HostRules(facts, agent) for origin, facts in known.items()}
        slice_ = Slice(work, run, checks, hosts, previous)
        end = await slice_.run(SLICE_S)
    if end.is_stopped:
        return {"state": "stopped", "done": end.done}
    if end.open:
        raise Reschedule("more to fetch", delay_s=max(end.wait_s, 0.0 if end.done else IDLE_S))
    async with work.session() as session:
        await enqueue(
            session,
            "crawl.finish",
            tenant_id=work.tenant_id,
            campaign_id=work.campaign_id,
            queue=work.queue,
            # Of this start: the finish that moved the run may not have been recorded yet.
            dedupe_key=str(uuid5(run_id, slice_.site.start_url)),
            run_id=run_id,
        )
    return {"state": "frontier_empty", "done": end.done}


@task("crawl.finish", attempts=5, timeout_s=600, on_dead=run_died)
async def finish_run(work: Work, run_id: UUID) -> Summary:
    """Go on where the start URL leads, or judge the run."""
    async with work.session() as session:
        run = await queries.get_run(session, work.tenant_id, run_id)
        if run.state != "running":
            return {"state": run.state}
        is_empty = not await queries.has_open_urls(session, run_id)
        if not is_empty:
            # It stays, so that no slice's call for it can be lost, and sees that one is at work.
            await enqueue(
                session,
                "crawl.slice",
                tenant_id=work.tenant_id,
                campaign_id=work.campaign_id,
                queue=work.queue,
                dedupe_key=f"{work.job_id}:0",
                run_id=run_id,
            )
    if not is_empty:
        raise Reschedule("URLs are left to fetch", delay_s=FINISH_S)
    async with work.session() as session:
        target = await adopted_start(session, run)
        if target is not None:
            await enqueue(
                session,
                "crawl.begin",
                tenant_id=work.tenant_id,
                campaign_id=work.campaign_id,
                queue=work.queue,
                run_id=run_id,
                start_url=target,
                hops=1,
            )
            return {"state": "moved", "start_url": target}
        await service.set_phase(session, run_id, "analysing")
    async with work.session() as session:
        finished = await service.finish(
            session, run_id, work.tenant_id, work.resources.get(joints).follows_crawl
        )
    if finished is None:
        return {"state": "ended_already"}
    work.metrics.count(CRAWL_RUN, finished.state)
    return {
        "state": finished.state,
        "pages": finished.pages,
        "technical_score": finished.technical_score,
    }


@task("crawl.baseline", attempts=5, timeout_s=30, on_dead=baseline_died)
async def baseline(work: Work, step: str) -> Summary:
    """The baseline's crawl: a deep run of the campaign's site."""
    assert work.campaign_id is not None
    async with work.session() as session:
        run = await service.schedule_baseline(
            session, work.settings, work.tenant_id, work.campaign_id
        )
    return {"run_id": str(run.id), "step": step}


TASKS = (dispatch, begin_run, slice_run, finish_run, baseline)
