"""Use cases of the entity: ask for an analysis, claim it, note how it ended."""

from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.errors import Conflict, NotFound
from lsos.core.http.principal import Principal
from lsos.core.queue.jobs import enqueue
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns import service as campaigns
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.entity import queries
from lsos.domains.entity.models import EntityReport
from lsos.domains.entity.rules import BASELINE_STEP, Analysis
from lsos.domains.entity.schemas import AnalysisAccepted

ANALYZE = "entity.analyze"


async def request_analysis(
    session: AsyncSession, principal: Principal, campaign_id: UUID
) -> AnalysisAccepted:
    """Conflict without a finished crawl: there is nothing to judge."""
    campaign = await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
    if campaign.setup_state == "Archived":
        raise Conflict("an archived campaign is not measured", code="campaign_archived")
    run = await crawl_queries.find_latest_scored_run(session, campaign_id)
    if run is None:
        raise Conflict(
            "no crawl of this campaign has finished: POST /crawl/schedule first", code="no_crawl"
        )
    report = _report(principal.tenant_id, campaign_id, run.id, principal.user_id)
    session.add(report)
    await session.flush()
    job_id = await enqueue(
        session,
        ANALYZE,
        tenant_id=principal.tenant_id,
        campaign_id=campaign_id,
        report_id=report.id,
    )
    assert job_id is not None
    return AnalysisAccepted(job_id=job_id, report_id=report.id, crawl_run_id=run.id)


async def start_baseline(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID, queue: str
) -> UUID | None:
    """The report's id; None when no crawl has finished."""
    run = await crawl_queries.find_latest_scored_run(session, campaign_id)
    if run is None:
        return None
    report = _report(tenant_id, campaign_id, run.id, None)
    session.add(report)
    await session.flush()
    await enqueue(
        session,
        ANALYZE,
        tenant_id=tenant_id,
        campaign_id=campaign_id,
        queue=queue,
        dedupe_key=f"baseline:{campaign_id}",
        report_id=report.id,
        step=BASELINE_STEP,
    )
    return report.id


async def claim(session: AsyncSession, tenant_id: UUID, report_id: UUID) -> EntityReport | None:
    """The report, now running; None when it is done already."""
    report = await queries.find_report(session, tenant_id, report_id, is_locked=True)
    if report is None:
        raise NotFound("no such entity report", code="entity_report_not_found")
    if report.state == "done":
        return None
    # A job that was given up may be tried again.
    report.state, report.reason_code, report.finished_at = "running", None, None
    return report


async def finish(
    session: AsyncSession, report: EntityReport, analysis: Analysis, *, is_baseline: bool
) -> bool:
    """Store what was found; False when another run of the job was faster."""
    locked = await queries.find_report(session, report.tenant_id, report.id, is_locked=True)
    if locked is None or locked.state == "done":
        return False
    locked.state, locked.finished_at = "done", now()
    locked.score = analysis.score
    locked.parts = msgspec.to_builtins(analysis.parts)
    locked.graph = msgspec.to_builtins(analysis.graph)
    if is_baseline:
        await campaigns.finish_step(
            session, locked.tenant_id, locked.campaign_id, BASELINE_STEP, None
        )
    return True


async def fail(
    session: AsyncSession, tenant_id: UUID, report_id: UUID, reason_code: str, *, is_baseline: bool
) -> None:
    report = await queries.find_report(session, tenant_id, report_id, is_locked=True)
    if report is None or report.state in ("done", "failed"):
        return
    report.state, report.finished_at, report.reason_code = "failed", now(), reason_code
    if is_baseline:
        await fail_baseline(session, tenant_id, report.campaign_id, reason_code)


async def fail_baseline(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID | None, reason_code: str
) -> None:
    if campaign_id is not None:
        await campaigns.finish_step(session, tenant_id, campaign_id, BASELINE_STEP, reason_code)


def _report(
    tenant_id: UUID, campaign_id: UUID, run_id: UUID, requested_by: UUID | None
) -> EntityReport:
    return EntityReport(
        id=new_id(),
        tenant_id=tenant_id,
        campaign_id=campaign_id,
        crawl_run_id=run_id,
        state="queued",
        requested_by=requested_by,
        created_at=now(),
    )
