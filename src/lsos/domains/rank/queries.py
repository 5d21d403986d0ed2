"""Reads of keywords, runs and snapshots; row-level security chooses the tenant."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, and_, exists, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from lsos.core.errors import NotFound
from lsos.core.http.schema import TimeKey
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import MAX_LOCATIONS
from lsos.domains.measuring.rules import Run
from lsos.domains.providers.rules import MEASURED
from lsos.domains.rank.models import Keyword, RankSnapshot
from lsos.domains.rank.rules import (
    CTR_CURVES,
    DEFAULT_CURVE,
    BusinessIdentity,
    Unit,
    visibility,
)
from lsos.domains.rank.signals import signals_of
from lsos.domains.rank.sites import site_of
from lsos.signals import Signal

COMPARED_DAYS = 35
"""How far back a drop looks for what was before."""

DayKey = tuple[date, UUID]


class Counted(NamedTuple):
    """Keywords of one day."""

    day: date
    units: list[Unit]
    """Measured ones."""
    left_out: int
    source: str


async def get_keyword(session: AsyncSession, tenant_id: UUID, keyword_id: UUID) -> Keyword:
    keyword = await session.get(Keyword, (tenant_id, keyword_id))
    if keyword is None:
        raise NotFound("no such keyword", code="keyword_not_found")
    return keyword


async def list_keywords(
    session: AsyncSession,
    campaign_id: UUID,
    *,
    tag: str | None,
    is_active: bool | None,
    after: TimeKey | None,
    limit: int,
) -> Sequence[Keyword]:
    """In order of creation."""
    query = select(Keyword).where(Keyword.campaign_id == campaign_id)
    if tag is not None:
        query = query.where(Keyword.tags.contains([tag]))
    if is_active is not None:
        query = query.where(Keyword.is_active == is_active)
    if after is not None:
        query = query.where(tuple_(Keyword.created_at, Keyword.id) > after)
    query = query.order_by(Keyword.created_at, Keyword.id).limit(limit + 1)
    return (await session.scalars(query)).all()


async def count_keywords(
    session: AsyncSession, campaign_id: UUID, *, active_only: bool = False
) -> int:
    query = select(func.count()).where(Keyword.campaign_id == campaign_id)
    if active_only:
        query = query.where(Keyword.is_active)
    return await session.scalar(query) or 0


async def list_snapshots(
    session: AsyncSession,
    *,
    campaign_id: UUID | None,
    run: Run | None,
    keyword_id: UUID | None,
    day: date | None,
    after: DayKey | None,
    limit: int,
) -> Sequence[Row[RankSnapshot, str]]:
    """(snapshot, text of its keyword), newest day first."""
    query = select(RankSnapshot, Keyword.text).join(Keyword, same_keyword())
    if campaign_id is not None:
        query = query.where(RankSnapshot.campaign_id == campaign_id)
    if run is not None:
        query = query.where(
            RankSnapshot.campaign_id == run.campaign_id,
            RankSnapshot.day == run.day,
            RankSnapshot.run_id == run.id,
        )
    if keyword_id is not None:
        query = query.where(RankSnapshot.keyword_id == keyword_id)
    if day is not None:
        query = query.where(RankSnapshot.day == day)
    if after is not None:
        same_day = and_(RankSnapshot.day == after[0], RankSnapshot.keyword_id > after[1])
        query = query.where(or_(RankSnapshot.day < after[0], same_day))
    query = query.order_by(RankSnapshot.day.desc(), RankSnapshot.keyword_id).limit(limit + 1)
    return (await session.execute(query)).all()


async def list_points(
    session: AsyncSession, keyword_ids: Sequence[UUID], since: date
) -> dict[UUID, list[Any]]:
    """Outcomes a keyword, oldest first, without the results."""
    query = (
        select(
            RankSnapshot.keyword_id,
            RankSnapshot.day,
            RankSnapshot.state,
            RankSnapshot.position,
            RankSnapshot.pack_state,
            RankSnapshot.pack_position,
            RankSnapshot.source,
        )
        .where(RankSnapshot.keyword_id.in_(keyword_ids), RankSnapshot.day >= since)
        .order_by(RankSnapshot.keyword_id, RankSnapshot.day)
    )
    found: dict[UUID, list[Any]] = {keyword_id: [] for keyword_id in keyword_ids}
    for row in await session.execute(query):
        found[row.keyword_id].append(row)
    return found


async def count_days(
    session: AsyncSession, campaign_id: UUID, since: date, until: date | None = None
) -> list[Counted]:
    """What visibility is computed from, day by day, oldest first."""
    query = (
        select(
            RankSnapshot.day,
            RankSnapshot.state,
            RankSnapshot.position,
            Keyword.volume,
            RankSnapshot.source,
            func.count(),
        )
        .join(Keyword, same_keyword())
        .where(RankSnapshot.campaign_id == campaign_id, RankSnapshot.day >= since)
        .group_by(
            RankSnapshot.day,
            RankSnapshot.state,
            RankSnapshot.position,
            Keyword.volume,
            RankSnapshot.source,
        )
        .order_by(RankSnapshot.day)
    )
    if until is not None:
        query = query.where(RankSnapshot.day <= until)
    units: dict[date, list[Unit]] = {}
    left_out: dict[date, int] = {}
    sources: dict[date, set[str]] = {}
    for day, state, position, volume, source, number in await session.execute(query):
        units.setdefault(day, [])
        sources.setdefault(day, set()).add(source)
        if state in MEASURED:
            units[day] += [Unit(volume, position)] * number
        else:
            left_out[day] = left_out.get(day, 0) + number
    return [
        Counted(day, found, left_out.get(day, 0), "+".join(sorted(sources[day])))
        for day, found in units.items()
    ]


async def find_newest_day(session: AsyncSession, campaign_id: UUID) -> date | None:
    """The newest day with an outcome."""
    query = select(func.max(RankSnapshot.day)).where(RankSnapshot.campaign_id == campaign_id)
    return await session.scalar(query)


async def list_day(session: AsyncSession, campaign_id: UUID, day: date) -> Sequence[Any]:
    """Outcomes of the active keywords on one day, with what names the keyword."""
    query = _outcomes().where(RankSnapshot.campaign_id == campaign_id, RankSnapshot.day == day)
    rows: Sequence[Any] = (await session.execute(query.order_by(Keyword.text, Keyword.id))).all()
    return rows


async def list_measured_before(
    session: AsyncSession, campaign_id: UUID, day: date, since: date
) -> dict[UUID, Any]:
    """The newest measured outcome of each active keyword before a day."""
    query = (
        _outcomes()
        .where(
            RankSnapshot.campaign_id == campaign_id,
            RankSnapshot.day < day,
            RankSnapshot.day >= since,
            RankSnapshot.state.in_(MEASURED),
        )
        .order_by(RankSnapshot.keyword_id, RankSnapshot.day.desc())
        .ext(distinct_on(RankSnapshot.keyword_id))
    )
    return {row.keyword_id: row for row in await session.execute(query)}


async def find_measured_at(session: AsyncSession, campaign_id: UUID) -> datetime | None:
    """When the first question was asked that the newest day's ranks answer.

    None while a keyword that was known before has no answer of that day.
    """
    day = await find_newest_day(session, campaign_id)
    if day is None:
        return None
    is_answered, of_day = RankSnapshot.state.in_(MEASURED), RankSnapshot.day == day
    lags = await session.scalar(
        select(RankSnapshot.keyword_id)
        .join(Keyword, same_keyword())
        .where(RankSnapshot.campaign_id == campaign_id, of_day, ~is_answered, Keyword.is_active)
        .where(_was_answered_before(day))
        .limit(1)
    )
    if lags is not None:
        return None
    query = (
        select(func.min(RankSnapshot.measured_at))
        .join(Keyword, same_keyword())
        .where(RankSnapshot.campaign_id == campaign_id, of_day, is_answered, Keyword.is_active)
    )
    return await session.scalar(query)


def _was_answered_before(day: date) -> Any:
    earlier = aliased(RankSnapshot)
    return exists().where(
        earlier.tenant_id == RankSnapshot.tenant_id,
        earlier.keyword_id == RankSnapshot.keyword_id,
        earlier.day < day,
        earlier.state.in_(MEASURED),
    )


async def signals(session: AsyncSession, campaign_id: UUID) -> list[Signal]:
    """What the newest day's ranks ask for; empty when nothing was measured."""
    day = await find_newest_day(session, campaign_id)
    if day is None:
        return []
    since = day - timedelta(days=COMPARED_DAYS)
    before = await list_measured_before(session, campaign_id, day, since)
    return signals_of(await list_day(session, campaign_id, day), before)


async def find_visibility(session: AsyncSession, campaign_id: UUID) -> float | None:
    """Of the newest day with an outcome, 0-100."""
    day = await find_newest_day(session, campaign_id)
    return None if day is None else await find_visibility_of(session, campaign_id, day)


async def find_visibility_of(session: AsyncSession, campaign_id: UUID, day: date) -> float | None:
    """Of one day, 0-100; None when nothing was measured."""
    (counted,) = await count_days(session, campaign_id, day, day)
    value = visibility(counted.units, CTR_CURVES[DEFAULT_CURVE]).value
    return None if value is None else round(value, 2)


async def load_own(session: AsyncSession, tenant_id: UUID, campaign_id: UUID) -> BusinessIdentity:
    """By what the campaign knows itself in results."""
    campaign = await campaign_queries.get_campaign(session, tenant_id, campaign_id)
    locations = await campaign_queries.list_locations(session, campaign_id, None, MAX_LOCATIONS)
    return BusinessIdentity(
        site=site_of(campaign.site_url),
        cids=frozenset(location.cid for location in locations if location.cid),
        place_ids=frozenset(location.place_id for location in locations if location.place_id),
    )


def _outcomes() -> Any:
    return (
        select(
            RankSnapshot.keyword_id,
            RankSnapshot.day,
            RankSnapshot.measured_at,
            RankSnapshot.state,
            RankSnapshot.position,
            RankSnapshot.url,
            RankSnapshot.pack_state,
            RankSnapshot.pack_position,
            RankSnapshot.source,
            Keyword.text,
            Keyword.location,
            Keyword.device,
            Keyword.volume,
        )
        .join(Keyword, same_keyword())
        .where(Keyword.is_active)
    )


def same_keyword() -> Any:
    return and_(Keyword.tenant_id == RankSnapshot.tenant_id, Keyword.id == RankSnapshot.keyword_id)
