"""Jobs of the entity: the analysis of a crawl, and the step of the baseline that waits for one."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.errors import Permanent, Reschedule
from lsos.core.queue.work import Death, Summary, Work, task
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.entity import judge, service
from lsos.domains.entity.rules import BASELINE_STEP

CRAWL_STEP = "crawl"
WAIT_S = 2.0
PATIENCE = timedelta(hours=24)
"""How long the baseline's crawl may take."""


async def analysis_died(session: AsyncSession, death: Death) -> None:
    report_id = UUID(str(death.arguments["report_id"]))
    is_baseline = death.arguments.get("step") is not None
    await service.fail(
        session, death.tenant_id, report_id, death.reason_code, is_baseline=is_baseline
    )


async def baseline_died(session: AsyncSession, death: Death) -> None:
    await service.fail_baseline(session, death.tenant_id, death.campaign_id, death.reason_code)


@task(service.ANALYZE, attempts=3, timeout_s=600, on_dead=analysis_died)
async def analyze(work: Work, report_id: UUID, step: str | None = None) -> Summary:
    async with work.session() as session:
        report = await service.claim(session, work.tenant_id, report_id)
    if report is None:
        return {"state": "ended_already"}
    async with work.session() as session:
        analysis = await judge.analyse(session, report)
    async with work.session() as session:
        is_ours = await service.finish(session, report, analysis, is_baseline=step is not None)
        if not is_ours:
            return {"state": "ended_already"}
        await work.enqueue_followers(session)
    return {
        "state": "done",
        "report_id": str(report_id),
        "score": analysis.score,
        "pages": analysis.graph["pages"],
    }


@task("entity.baseline", attempts=5, timeout_s=60, on_dead=baseline_died)
async def baseline(work: Work, step: str) -> Summary:
    """Wait for the baseline's crawl, then judge it."""
    assert work.campaign_id is not None
    async with work.session() as session:
        steps = {
            row.name: row for row in await campaign_queries.list_steps(session, work.campaign_id)
        }
        own, crawl = steps.get(BASELINE_STEP), steps.get(CRAWL_STEP)
        if own is None or own.state != "running":
            return {"state": "ended_already", "step": step}
        if crawl is None or crawl.state == "failed":
            raise Permanent("the baseline's crawl has failed", code="no_crawl")
        if crawl.state == "running":
            if now() - own.created_at > PATIENCE:
                raise Permanent("the baseline's crawl takes too long", code="crawl_too_slow")
            raise Reschedule("the baseline's crawl is under way", delay_s=WAIT_S)
        report_id = await service.start_baseline(
            session, work.tenant_id, work.campaign_id, work.queue
        )
        if report_id is None:
            raise Permanent("no crawl has finished", code="no_crawl")
    return {"report_id": str(report_id), "step": step}


TASKS = (analyze, baseline)
