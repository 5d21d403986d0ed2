"""What a rank run asks: active keywords without an answer of the day, and how many have one."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.providers.rules import MEASURED
from lsos.domains.rank.models import Keyword, RankSnapshot
from lsos.domains.rank.queries import same_keyword
from lsos.domains.rank.rules import RankQuery


async def list_unanswered(
    session: AsyncSession, campaign_id: UUID, day: date, after: UUID | None, limit: int
) -> Sequence[Keyword]:
    """Up to `limit` active keywords after that one without an answer of the day.

    In two steps: as one anti-join, a planner without statistics compares every pair.
    """
    while True:
        query = select(Keyword).where(Keyword.campaign_id == campaign_id, Keyword.is_active)
        if after is not None:
            query = query.where(Keyword.id > after)
        looked_at = (await session.scalars(query.order_by(Keyword.id).limit(limit))).all()
        if not looked_at:
            return []
        done = set(
            await session.scalars(
                select(RankSnapshot.keyword_id).where(
                    RankSnapshot.campaign_id == campaign_id,
                    RankSnapshot.keyword_id.between(looked_at[0].id, looked_at[-1].id),
                    RankSnapshot.day == day,
                    RankSnapshot.state.in_(MEASURED),
                )
            )
        )
        if found := [keyword for keyword in looked_at if keyword.id not in done]:
            return found
        after = looked_at[-1].id


async def count_answered(session: AsyncSession, campaign_id: UUID, day: date) -> int:
    """Active keywords with an answer of the day."""
    query = (
        select(func.count())
        .select_from(RankSnapshot)
        .join(Keyword, same_keyword())
        .where(
            RankSnapshot.campaign_id == campaign_id,
            RankSnapshot.day == day,
            RankSnapshot.state.in_(MEASURED),
            Keyword.is_active,
        )
    )
    return await session.scalar(query) or 0


def query_of(keyword: Keyword, day: date) -> RankQuery:
    """The question of one keyword on one day."""
    return RankQuery(
        text=keyword.text,
        language=keyword.language,
        country=keyword.country,
        location=keyword.location,
        latitude=keyword.latitude,
        longitude=keyword.longitude,
        device="mobile" if keyword.device == "mobile" else "desktop",
        day=day,
    )
