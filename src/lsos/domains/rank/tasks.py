"""Jobs of ranks: measure a run in slices, and the baseline's step."""

import time
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import Reschedule
from lsos.core.queue.work import Death, Summary, Work, task
from lsos.domains.providers.base import Busy
from lsos.domains.rank import queries, service
from lsos.domains.rank.measure import Batch
from lsos.domains.rank.models import RankRun
from lsos.domains.rank.progress import list_to_measure
from lsos.domains.rank.providers.factory import rank_provider
from lsos.domains.rank.rules import SLICE_S
from lsos.room import enqueue_followers

TIMEOUT_S = 120.0
"""Of a slice: keywords are begun for 25 s, and the last one may take 30 s."""
LONGEST_NAP_S = 300.0


async def run_died(session: AsyncSession, death: Death) -> None:
    run_id = UUID(str(death.arguments["run_id"]))
    await service.finish(session, death.tenant_id, run_id, stopped_by=death.reason_code)


async def baseline_died(session: AsyncSession, death: Death) -> None:
    await service.fail_baseline(session, death.tenant_id, death.campaign_id, death.reason_code)


@task("rank.measure", attempts=5, timeout_s=TIMEOUT_S, on_dead=run_died)
async def measure(work: Work, run_id: UUID) -> Summary:
    """Keywords without an answer of the day, for 25 s; then back into the queue.

    A repeat goes on where the last one was: what has an answer is not asked for again.
    """
    provider = work.resources.get(rank_provider)
    until = time.monotonic() + SLICE_S
    async with work.session() as session:
        run = await service.start(session, work.tenant_id, run_id, provider.source)
        if run is None:
            return {"state": "ended_already"}
        own = await queries.load_own(session, work.tenant_id, run.campaign_id)
    last: UUID | None = None
    while True:
        async with work.session() as session:
            keywords = await list_to_measure(session, run, last, provider.batch_size)
        if not keywords:
            return await _finish(work, run, None)
        last = keywords[-1].id
        batch = Batch(work, run, own, until)
        await batch.measure(keywords)
        if batch.halt is not None:
            if not isinstance(batch.halt, Busy) or service.is_overdue(run):
                return await _finish(work, run, batch.halt.code)
            raise Reschedule(batch.halt.message, delay_s=min(batch.halt.wait_s, LONGEST_NAP_S))
        if time.monotonic() > until:
            raise Reschedule("more keywords", delay_s=0.0)


async def _finish(work: Work, run: RankRun, stopped_by: str | None) -> Summary:
    async with work.session() as session:
        ended = await service.finish(session, work.tenant_id, run.id, stopped_by=stopped_by)
        if ended is not None:
            await enqueue_followers(work, session)
    if ended is None:
        return {"state": "ended_already"}
    return {"state": ended.state, "counts": ended.counts, "source": ended.source}


@task("rank.baseline", attempts=5, timeout_s=30, on_dead=baseline_died)
async def baseline(work: Work, step: str) -> Summary:
    """The baseline's ranks: one run, or nothing to do without keywords."""
    assert work.campaign_id is not None
    source = work.resources.get(rank_provider).source
    async with work.session() as session:
        run = await service.schedule_baseline(session, work.tenant_id, work.campaign_id, source)
    if run is None:
        return {"step": step, "reason_code": service.NO_KEYWORDS}
    return {"step": step, "run_id": str(run.id)}


TASKS = (measure, baseline)
