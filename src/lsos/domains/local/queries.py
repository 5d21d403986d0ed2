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

from lsos.core.errors import NotFound
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import MAX_LOCATIONS
from lsos.domains.local.models import LocalRefresh, NapMatch, ProfileSnapshot
from lsos.domains.local.rules import Part
from lsos.domains.local.signals import signals_of
from lsos.domains.providers.rules import MEASURED
from lsos.domains.rank import queries as rank_queries
from lsos.signals import Signal

_CHUNK = 500
FINISHED = ("completed", "completed_with_errors")


class Known(NamedTuple):
    """A location's newest snapshots."""

    measured: ProfileSnapshot | None
    """The newest with an answer."""
    latest: ProfileSnapshot | None
    """The newest, which may have failed."""


async def get_refresh(session: AsyncSession, tenant_id: UUID, refresh_id: UUID) -> LocalRefresh:
    """Locks the row: the slices of a refresh take turns."""
    found = await session.get(
        LocalRefresh, (tenant_id, refresh_id), with_for_update=True, populate_existing=True
    )
    if found is None:
        raise NotFound("no such refresh", code="local_refresh_not_found")
    return found


async def find_latest_refresh(
    session: AsyncSession, campaign_id: UUID, *, is_finished: bool = False
) -> LocalRefresh | None:
    query = (
        select(LocalRefresh)
        .where(LocalRefresh.campaign_id == campaign_id)
        .order_by(LocalRefresh.created_at.desc(), LocalRefresh.id.desc())
        .limit(1)
    )
    if is_finished:
        query = query.where(LocalRefresh.state.in_(FINISHED))
    return await session.scalar(query)


async def find_measured_at(session: AsyncSession, campaign_id: UUID) -> datetime | None:
    """When the newest finished refresh began."""
    refresh = await find_latest_refresh(session, campaign_id, is_finished=True)
    return None if refresh is None else refresh.started_at


async def load_snapshots(session: AsyncSession, location_ids: Sequence[UUID]) -> dict[UUID, Known]:
    measured = await _newest(session, location_ids, is_measured=True)
    latest = await _newest(session, location_ids, is_measured=False)
    return {i: Known(measured.get(i), latest.get(i)) for i in location_ids}


async def measured_in(
    session: AsyncSession, refresh: LocalRefresh, location_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """States of the locations that this refresh has measured already."""
    rows = await session.execute(
        select(ProfileSnapshot.location_id, ProfileSnapshot.state).where(
            ProfileSnapshot.location_id.in_(location_ids),
            ProfileSnapshot.measured_at >= (refresh.started_at or refresh.created_at),
            ProfileSnapshot.state.in_(MEASURED),
        )
    )
    return {row.location_id: row.state for row in rows}


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
