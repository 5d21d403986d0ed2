"""Composes the dashboard from what the rooms below measured; it owns no table."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.dashboard.schemas import CrawlStatus, Dashboard
from lsos.domains.entity import queries as entity_queries


async def get_dashboard(session: AsyncSession, tenant_id: UUID, campaign_id: UUID) -> Dashboard:
    """NotFound for a campaign that this principal can't see."""
    await campaign_queries.get_campaign(session, tenant_id, campaign_id)
    latest = await crawl_queries.find_latest_run(session, campaign_id)
    scored = latest
    if latest is not None and latest.technical_score is None:
        scored = await crawl_queries.find_latest_scored_run(session, campaign_id)
    return Dashboard(
        campaign_id=campaign_id,
        technical_score=None if scored is None else scored.technical_score,
        entity_score=await entity_queries.find_score(session, campaign_id),
        visibility=None,
        recommendation_summary=None,
        latest_crawl_status=None
        if latest is None
        else CrawlStatus(
            run_id=latest.id,
            state=latest.state,
            phase=latest.phase,
            admitted=latest.admitted,
            done=latest.done,
            pages=latest.pages,
            errors=latest.errors,
            started_at=latest.started_at,
            finished_at=latest.finished_at,
            issue_counts=latest.issue_counts,
        ),
        report_status_summary=None,
        slo_health_snapshot=None,
        platform_state=None,
        generated_at=now(),
    )
