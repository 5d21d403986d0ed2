"""Composes the dashboard from what the rooms below measured; it owns no table.

One statement reads what belongs to the campaign: a dozen round trips and their spans would cost
more than the rows. A test holds it to the rooms' own queries.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.errors import NotFound
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.dashboard.schemas import (
    CrawlStatus,
    Dashboard,
    LatestReport,
    RecommendationOverview,
    ReportOverview,
    ScheduleStatus,
    ServiceLevels,
    TopRecommendation,
    Visibility,
)
from lsos.domains.health import queries as health_queries
from lsos.domains.health.rules import Level
from lsos.domains.intelligence.rules import ENDED, State
from lsos.domains.rank import queries as rank_queries
from lsos.domains.reports.policy import ReportState

TOP_ITEMS = 5

_CAMPAIGN = text("""
    select
        (select to_jsonb(r) from (
            select id as run_id, state, phase, admitted, done, pages, errors, started_at,
                finished_at, issue_counts, technical_score
            from crawl_runs where campaign_id = c.id order by created_at desc, id desc limit 1
        ) r) as crawl,
        (select technical_score from crawl_runs
            where campaign_id = c.id and state = any(:finished)
            order by created_at desc, id desc limit 1) as technical_score,
        (select max(day) from rank_snapshots where campaign_id = c.id) as rank_day,
        (select score from entity_reports where campaign_id = c.id and state = 'done'
            order by created_at desc, id desc limit 1) as entity_score,
        (select jsonb_agg(to_jsonb(n)) from (
            select state, risk_tier, count(*) as count, sum(confidence) as confidence
            from recommendations where campaign_id = c.id group by state, risk_tier
        ) n) as advice,
        (select jsonb_agg(to_jsonb(t)) from (
            select id, code, title, room, state, risk_tier, impact, effort, priority
            from recommendations where campaign_id = c.id and state <> all(:ended)
            order by priority desc, id desc limit :top
        ) t) as top_items,
        (select jsonb_object_agg(state, count) from (
            select state, count(*) as count from reports where campaign_id = c.id group by state
        ) n) as reports,
        (select to_jsonb(r) from (
            select id, state, reason_code, created_at, finished_at,
                (select coalesce(jsonb_object_agg(state, count), '{}') from (
                    select state, count(*) as count from report_deliveries
                    where report_id = reports.id group by state
                ) n) as deliveries_by_state
            from reports where campaign_id = c.id order by created_at desc, id desc limit 1
        ) r) as report,
        (select to_jsonb(s) from (
            select cadence, is_enabled, next_due_at, last_due_at, last_status, retry_count
            from report_schedules where campaign_id = c.id
        ) s) as schedule
    from campaigns c where c.id = :campaign_id
""")


async def get_dashboard(
    session: AsyncSession, campaign_id: UUID, judged: health_queries.LastJudged
) -> Dashboard:
    """NotFound for a campaign that this principal can't see."""
    found = (
        await session.execute(
            _CAMPAIGN,
            {
                "campaign_id": campaign_id,
                "finished": list(crawl_queries.FINISHED),
                "ended": list(ENDED),
                "top": TOP_ITEMS,
            },
        )
    ).one_or_none()
    if found is None:
        raise NotFound("no such campaign", code="campaign_not_found")
    state, levels = await judged.read(session)
    latest = found.crawl or {}
    score = latest.get("technical_score")
    return Dashboard(
        campaign_id=campaign_id,
        technical_score=found.technical_score if score is None else score,
        entity_score=found.entity_score,
        visibility=await _visibility(session, campaign_id, found.rank_day),
        recommendation_summary=_recommendations(found),
        latest_crawl_status=msgspec.convert(found.crawl, CrawlStatus | None, strict=False),
        report_status_summary=_reports(found),
        slo_health_snapshot=_levels(levels),
        platform_state=state,
        generated_at=now(),
    )


def _recommendations(found: Any) -> RecommendationOverview | None:
    """None before the first: that nothing was found is not said of what was never judged."""
    if not found.advice:
        return None
    by_state: dict[State, int] = {}
    by_tier: dict[str, int] = {}
    for row in found.advice:
        by_state[row["state"]] = by_state.get(row["state"], 0) + row["count"]
        tier = str(row["risk_tier"])
        by_tier[tier] = by_tier.get(tier, 0) + row["count"]
    total = sum(by_state.values())
    return RecommendationOverview(
        total_count=total,
        open_count=sum(count for state, count in by_state.items() if state not in ENDED),
        counts_by_state=by_state,
        counts_by_risk_tier=by_tier,
        average_confidence_score=round(sum(row["confidence"] for row in found.advice) / total, 4),
        top_items=msgspec.convert(found.top_items or [], list[TopRecommendation]),
    )


def _reports(found: Any) -> ReportOverview | None:
    if not found.reports and found.schedule is None:
        return None
    counts: dict[ReportState, int] = found.reports or {}
    return ReportOverview(
        total_count=sum(counts.values()),
        counts_by_state=counts,
        latest=msgspec.convert(found.report, LatestReport | None),
        schedule=msgspec.convert(found.schedule, ScheduleStatus | None),
    )


async def _visibility(
    session: AsyncSession, campaign_id: UUID, day: date | None
) -> Visibility | None:
    value = (
        None if day is None else await rank_queries.find_visibility_of(session, campaign_id, day)
    )
    if value is None:
        return None
    return Visibility(value=value, of="keywords with an outcome on the newest measured day")


def _levels(levels: Sequence[Level] | None) -> ServiceLevels | None:
    """As they were last judged; None when nobody did of late."""
    if levels is None:
        return None
    return ServiceLevels(
        slos=list(levels), is_ok=all(level.ok for level in levels if level.ok is not None)
    )
