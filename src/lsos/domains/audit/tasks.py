"""The jobs that judge a crawl."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.queue.work import Death, Summary, Work, task
from lsos.domains.audit.rules import RESCORE
from lsos.domains.crawl import service as crawl
from lsos.domains.crawl.rules import JUDGE
from lsos.domains.jobs import queries as jobs


async def run_died(session: AsyncSession, death: Death) -> None:
    """The run can't be judged: it has failed, with what it has measured kept."""
    await crawl.fail(session, death.tenant_id, death.arguments["run_id"], death.reason_code)


@task(JUDGE, attempts=5, timeout_s=600, on_dead=run_died)
async def judge_run(work: Work, run_id: UUID) -> Summary:
    """Judge a run whose frontier is empty, and end it."""
    # numpy: 17 MB and 0.1 s that the start of a worker, and its event loop, need not pay.
    module = await asyncio.to_thread(import_module, "lsos.domains.audit.judge")
    judge: Callable[[Work, UUID], Awaitable[Summary]] = module.judge
    return await judge(work, run_id)


@task(RESCORE, attempts=5, timeout_s=600)
async def rescore_run(work: Work, run_id: UUID) -> Summary:
    """Score a run anew, unless a later decision about the campaign's issues waits to do it."""
    assert work.campaign_id is not None
    async with work.session() as session:
        later = await jobs.find_later_queued(session, RESCORE, work.campaign_id, work.job_id)
    if later is not None:
        return {"state": "left_to_later", "job_id": str(later)}
    module = await asyncio.to_thread(import_module, "lsos.domains.audit.judge")
    rescore: Callable[[Work, UUID], Awaitable[Summary]] = module.rescore
    return await rescore(work, run_id)


TASKS = (judge_run, rescore_run)
