"""Reads of profiles, their health and the NAP matrix."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import MAX_LOCATIONS
from lsos.domains.local.models import NapMatch, ProfileSnapshot
from lsos.domains.local.rules import Part
from lsos.domains.local.signals import signals_of
from lsos.domains.providers.rules import MEASURED
from lsos.domains.rank import queries as rank_queries
from lsos.signals import Signal

_CHUNK = 500


class Known(NamedTuple):
    """A location's newest snapshots."""

    measured: ProfileSnapshot | None
    """The newest with an answer."""
    latest: ProfileSnapshot | None
    """The newest, which may have failed."""


async def find_measured_at(session: AsyncSession, campaign_id: UUID) -> datetime | None:
    """When the location was asked for whose newest answer is the oldest: all are as new as that."""
    newest = (
        select(func.max(ProfileSnapshot.measured_at).label("at"))
        .where(ProfileSnapshot.campaign_id == campaign_id, ProfileSnapshot.state.in_(MEASURED))
        .group_by(ProfileSnapshot.location_id)
        .subquery()
    )
    oldest: datetime | None = await session.scalar(select(func.min(newest.c.at)))
    return oldest


async def find_nap_measured_at(session: AsyncSession, campaign_id: UUID) -> datetime | None:
    """When the oldest of the readings began that the NAP matrix rests on: profiles and crawl."""
    query = select(func.min(NapMatch.measured_at)).where(NapMatch.campaign_id == campaign_id)
    return await session.scalar(query)


async def load_snapshots(session: AsyncSession, location_ids: Sequence[UUID]) -> dict[UUID, Known]:
    measured = await _newest(session, location_ids, is_measured=True)
    latest = await _newest(session, location_ids, is_measured=False)
    return {i: Known(measured.get(i), latest.get(i)) for i in location_ids}


async def load_matches(
    session: AsyncSession, location_ids: Sequence[UUID]
) -> dict[UUID, list[NapMatch]]:
    found: dict[UUID, list[NapMatch]] = defaultdict(list)
    query = select(NapMatch).where(NapMatch.location_id.in_(location_ids))
    for row in await session.scalars(query):
        found[row.location_id].append(row)
    return found


async def load_pack(session: AsyncSession, campaign_id: UUID) -> Sequence[Any]:
    """Outcomes of the active keywords on the newest day that was measured."""
    day = await rank_queries.find_newest_day(session, campaign_id)
    return [] if day is None else await rank_queries.list_day(session, campaign_id, day)


async def signals(session: AsyncSession, campaign_id: UUID) -> list[Signal]:
    """From the newest profiles and NAP matches; who is missing in packs, `rank` says."""
    listings = await campaign_queries.list_listings(session, campaign_id, None, MAX_LOCATIONS)
    ids = [listing.id for listing in listings]
    known: dict[UUID, Known] = {}
    matches: dict[UUID, list[NapMatch]] = {}
    for start in range(0, len(ids), _CHUNK):
        known |= await load_snapshots(session, ids[start : start + _CHUNK])
        matches |= await load_matches(session, ids[start : start + _CHUNK])
    return signals_of(
        listings,
        {i: k.measured for i, k in known.items() if k.measured is not None},
        matches,
    )


async def find_health_score(session: AsyncSession, campaign_id: UUID) -> float | None:
    """Mean health of the campaign's locations that have one."""
    newest = (
        select(ProfileSnapshot.health_score)
        .where(ProfileSnapshot.campaign_id == campaign_id, ProfileSnapshot.state.in_(MEASURED))
        .ext(distinct_on(ProfileSnapshot.location_id))
        .order_by(ProfileSnapshot.location_id, ProfileSnapshot.day.desc())
        .subquery()
    )
    mean = await session.scalar(select(func.avg(newest.c.health_score)))
    return None if mean is None else round(float(mean), 2)


def parts_of(health: Mapping[str, object] | None) -> list[Part]:
    return msgspec.convert((health or {}).get("parts", []), list[Part])


async def _newest(
    session: AsyncSession, location_ids: Sequence[UUID], *, is_measured: bool
) -> dict[UUID, ProfileSnapshot]:
    query = (
        select(ProfileSnapshot)
        .where(ProfileSnapshot.location_id.in_(location_ids))
        .ext(distinct_on(ProfileSnapshot.location_id))
        .order_by(ProfileSnapshot.location_id, ProfileSnapshot.day.desc())
    )
    if is_measured:
        query = query.where(ProfileSnapshot.state.in_(MEASURED))
    return {row.location_id: row for row in await session.scalars(query)}
