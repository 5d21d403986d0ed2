"""How far a run is: what is left to measure, and what came of the rest."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.providers.rules import MEASURED
from lsos.domains.rank.models import Keyword, RankRun, RankSnapshot
from lsos.domains.rank.queries import same_keyword


async def list_to_measure(
    session: AsyncSession, run: RankRun, after: UUID | None, limit: int
) -> Sequence[Keyword]:
    """Up to `limit` active keywords after that one without an answer of the run's day.

    Those that this run has asked for already are left out, whatever came of it. In two steps: as
    one anti-join, a planner without statistics compares every pair.
    """
    while True:
        query = select(Keyword).where(Keyword.campaign_id == run.campaign_id, Keyword.is_active)
        if after is not None:
            query = query.where(Keyword.id > after)
        looked_at = (await session.scalars(query.order_by(Keyword.id).limit(limit))).all()
        if not looked_at:
            return []
        done = set(
            await session.scalars(
                select(RankSnapshot.keyword_id).where(
                    RankSnapshot.campaign_id == run.campaign_id,
                    RankSnapshot.keyword_id.between(looked_at[0].id, looked_at[-1].id),
                    RankSnapshot.day == run.day,
                    or_(RankSnapshot.state.in_(MEASURED), RankSnapshot.run_id == run.id),
                )
            )
        )
        if found := [keyword for keyword in looked_at if keyword.id not in done]:
            return found
        after = looked_at[-1].id


async def count_outcomes(session: AsyncSession, run: RankRun) -> dict[str, int]:
    """Active keywords of the run's day by outcome; `kept`: measured by an earlier run."""
    query = (
        select(
            RankSnapshot.state,
            (RankSnapshot.run_id == run.id).label("is_ours"),
            func.count(),
        )
        .join(Keyword, same_keyword())
        .where(
            RankSnapshot.campaign_id == run.campaign_id,
            RankSnapshot.day == run.day,
            Keyword.is_active,
        )
        .group_by(RankSnapshot.state, text("is_ours"))
    )
    counts: dict[str, int] = {}
    for state, is_ours, number in await session.execute(query):
        if is_ours:
            counts[state] = counts.get(state, 0) + number
        elif state in MEASURED:
            counts["kept"] = counts.get("kept", 0) + number
    return counts
