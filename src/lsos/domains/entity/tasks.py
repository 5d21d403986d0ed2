"""Jobs of the entity: the analysis of a crawl, and the step of the baseline that follows one."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import Permanent
from lsos.core.queue.work import Death, Summary, Work, task
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.entity import judge, service
from lsos.room import enqueue_followers

CRAWL_STEP = "crawl"


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
        await enqueue_followers(work, session)
    return {
        "state": "done",
        "report_id": str(report_id),
        "score": analysis.score,
        "pages": analysis.graph["pages"],
    }


@task("entity.baseline", attempts=5, timeout_s=60, on_dead=baseline_died)
async def baseline(work: Work, step: str) -> Summary:
    """Judge the baseline's crawl, which has ended."""
    assert work.campaign_id is not None
    async with work.session() as session:
        steps = await campaign_queries.list_steps(session, work.campaign_id)
        if all(row.state != "running" for row in steps if row.name == step):
            return {"state": "ended_already", "step": step}
        if any(row.state == "failed" for row in steps if row.name == CRAWL_STEP):
            raise Permanent("the baseline's crawl has failed", code="no_crawl")
        report_id = await service.start_baseline(
            session, work.tenant_id, work.campaign_id, work.queue
        )
        if report_id is None:
            raise Permanent("no crawl has finished", code="no_crawl")
    return {"report_id": str(report_id), "step": step}


TASKS = (analyze, baseline)
