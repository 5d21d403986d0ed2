"""Use cases of the entity: ask for an analysis, run it, note how it ended."""

import asyncio
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.errors import Conflict, NotFound
from lsos.core.jobs import enqueue
from lsos.core.principal import Principal
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns import service as campaigns
from lsos.domains.campaigns.rules import MAX_LOCATIONS
from lsos.domains.crawl import findings as crawl_findings
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.entity import queries
from lsos.domains.entity.analysis import Analyser, Analysis, Subject
from lsos.domains.entity.models import EntityReport
from lsos.domains.entity.places import Place
from lsos.domains.entity.rules import BASELINE_STEP
from lsos.domains.entity.schemas import AnalysisAccepted
from lsos.domains.entity.topics import Keyword
from lsos.domains.rank import queries as rank_queries

ANALYZE = "entity.analyze"
MAX_KEYWORDS = 10_000
_YIELD_EVERY = 20
"""Pages between two turns of the event loop: other jobs and the heartbeat must go on."""


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


async def analyse(session: AsyncSession, report: EntityReport) -> Analysis:
    """Judge the pages of the report's run, streamed: memory does not grow with the site."""
    campaign = await campaign_queries.get_campaign(session, report.tenant_id, report.campaign_id)
    assert report.crawl_run_id is not None
    run = await crawl_queries.get_run(session, report.tenant_id, report.crawl_run_id)
    locations = await campaign_queries.list_locations(session, campaign.id, None, MAX_LOCATIONS)
    keywords = await rank_queries.list_keywords(
        session, campaign.id, tag=None, is_active=True, after=None, limit=MAX_KEYWORDS
    )
    analyser = Analyser(
        Subject(
            start_url=str((run.site or {}).get("start_url") or campaign.site_url),
            business_name=campaign.business_name or campaign.name,
            services=campaign.services,
            places=[msgspec.convert(row, Place, from_attributes=True) for row in locations],
            keywords=[Keyword(text=row.text, language=row.language) for row in keywords],
            is_cut_off=run.is_cut_off,
        )
    )
    count = 0
    async for page in crawl_findings.stream_eligible(session, run.id):
        analyser.add(page)
        count += 1
        if count % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return analyser.finish()


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
