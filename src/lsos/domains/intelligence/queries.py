"""Reads of recommendations, their events, and campaign scores."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Float, bindparam, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.reads import columns_of
from lsos.core.errors import NotFound
from lsos.core.http.paging import HotList
from lsos.domains.intelligence.models import CampaignScore, Recommendation, RecommendationEvent
from lsos.domains.intelligence.rules import ENDED

_PRIORITY = (Recommendation.priority.desc(), Recommendation.id.desc())

RECOMMENDATIONS = HotList(
    select(*columns_of(Recommendation)).where(
        Recommendation.campaign_id == bindparam("campaign_id")
    ),
    key=_PRIORITY,
    filters={
        "state": Recommendation.state == bindparam("state"),
        "is_open": Recommendation.state.not_in(ENDED) == bindparam("is_open"),
        "room": Recommendation.room == bindparam("room"),
        "code": Recommendation.code == bindparam("code"),
        "risk_tier": Recommendation.risk_tier == bindparam("risk_tier"),
    },
)
"""Highest priority first."""


async def list_open(
    session: AsyncSession, campaign_id: UUID, limit: int
) -> Sequence[Recommendation]:
    """The open ones of highest priority, highest first."""
    query = (
        select(Recommendation)
        .where(Recommendation.campaign_id == campaign_id, Recommendation.state.not_in(ENDED))
        .order_by(*_PRIORITY)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def get_recommendation(
    session: AsyncSession, tenant_id: UUID, recommendation_id: UUID, *, lock: bool = False
) -> Recommendation:
    row = await session.get(
        Recommendation, (tenant_id, recommendation_id), with_for_update=lock or None
    )
    if row is None:
        raise NotFound("no such recommendation", code="recommendation_not_found")
    return row


async def list_events(
    session: AsyncSession, recommendation_id: UUID
) -> Sequence[RecommendationEvent]:
    """In order of time."""
    query = select(RecommendationEvent).where(
        RecommendationEvent.recommendation_id == recommendation_id
    )
    order = (RecommendationEvent.created_at, RecommendationEvent.id)
    return (await session.scalars(query.order_by(*order))).all()


async def lock_open(session: AsyncSession, campaign_id: UUID) -> Sequence[Recommendation]:
    """All open recommendations of a campaign, locked until the transaction ends."""
    query = (
        select(Recommendation)
        .where(Recommendation.campaign_id == campaign_id, Recommendation.state.not_in(ENDED))
        .order_by(Recommendation.id)
        .with_for_update()
    )
    return (await session.scalars(query)).all()


async def list_newest_ended(session: AsyncSession, campaign_id: UUID) -> Sequence[Recommendation]:
    """Of each code and group the one that ended last."""
    query = (
        select(Recommendation)
        .where(Recommendation.campaign_id == campaign_id, Recommendation.state.in_(ENDED))
        .ext(distinct_on(Recommendation.code, Recommendation.group_key))
        .order_by(Recommendation.code, Recommendation.group_key, Recommendation.id.desc())
    )
    return (await session.scalars(query)).all()


class Counts(NamedTuple):
    total: int
    by_state: dict[str, int]
    by_risk_tier: dict[int, int]
    average_confidence: float | None


async def count_recommendations(session: AsyncSession, campaign_id: UUID) -> Counts:
    """All of a campaign, ended ones included."""
    rows = await session.execute(
        select(
            Recommendation.state,
            Recommendation.risk_tier,
            func.count(),
            func.sum(Recommendation.confidence).cast(Float),
        )
        .where(Recommendation.campaign_id == campaign_id)
        .group_by(Recommendation.state, Recommendation.risk_tier)
    )
    by_state: dict[str, int] = {}
    by_tier: dict[int, int] = {}
    confidence = 0.0
    for state, tier, count, total in rows:
        by_state[state] = by_state.get(state, 0) + count
        by_tier[tier] = by_tier.get(tier, 0) + count
        confidence += total
    count = sum(by_state.values())
    return Counts(count, by_state, by_tier, round(confidence / count, 4) if count else None)


async def list_scores(
    session: AsyncSession, campaign_id: UUID, since: date | None, limit: int
) -> Sequence[CampaignScore]:
    """Newest day first."""
    query = select(CampaignScore).where(CampaignScore.campaign_id == campaign_id)
    if since is not None:
        query = query.where(CampaignScore.day >= since)
    return (await session.scalars(query.order_by(CampaignScore.day.desc()).limit(limit))).all()


async def find_newest_score(session: AsyncSession, campaign_id: UUID) -> CampaignScore | None:
    scores = await list_scores(session, campaign_id, None, 1)
    return scores[0] if scores else None
