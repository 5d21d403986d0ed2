"""Reads of campaigns and what belongs to them; row-level security chooses the tenant."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.reads import Read, columns_of
from lsos.core.errors import NotFound
from lsos.core.http.paging import HotList
from lsos.core.http.schema import TimeKey
from lsos.domains.campaigns.models import BaselineStep, Campaign, Competitor, Location
from lsos.domains.campaigns.rules import Listing


async def get_campaign(session: AsyncSession, tenant_id: UUID, campaign_id: UUID) -> Campaign:
    campaign = await session.get(Campaign, (tenant_id, campaign_id))
    if campaign is None:
        raise NotFound("no such campaign", code="campaign_not_found")
    return campaign


async def find_locked_campaign(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID
) -> Campaign | None:
    """Locks the row until the transaction ends; rows that refer to it may still be inserted."""
    return await session.get(
        Campaign,
        (tenant_id, campaign_id),
        with_for_update={"key_share": True},
        populate_existing=True,
    )


async def get_locked_campaign(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID
) -> Campaign:
    campaign = await find_locked_campaign(session, tenant_id, campaign_id)
    if campaign is None:
        raise NotFound("no such campaign", code="campaign_not_found")
    return campaign


CAMPAIGNS = HotList(
    select(*columns_of(Campaign)),
    key=(Campaign.created_at, Campaign.id),
    filters={"setup_state": Campaign.setup_state == bindparam("setup_state")},
)
LOCATIONS = HotList(
    select(*columns_of(Location)).where(Location.campaign_id == bindparam("campaign_id")),
    key=(Location.created_at, Location.id),
)
COMPETITORS = HotList(
    select(*columns_of(Competitor)).where(Competitor.campaign_id == bindparam("campaign_id")),
    key=(Competitor.created_at, Competitor.id),
)
_EXISTS = Read(select(Campaign.id).where(Campaign.id == bindparam("campaign_id")))


async def check_campaign(session: AsyncSession, campaign_id: UUID) -> None:
    """NotFound unless the caller sees this campaign; for reads, which do not need its row."""
    if await _EXISTS.row(session, campaign_id=campaign_id) is None:
        raise NotFound("no such campaign", code="campaign_not_found")


async def list_steps(session: AsyncSession, campaign_id: UUID) -> Sequence[BaselineStep]:
    query = select(BaselineStep).where(BaselineStep.campaign_id == campaign_id)
    return (await session.scalars(query.order_by(BaselineStep.name))).all()


async def get_location(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID, location_id: UUID
) -> Location:
    location = await session.get(Location, (tenant_id, location_id))
    if location is None or location.campaign_id != campaign_id:
        raise NotFound("no such location", code="location_not_found")
    return location


async def list_locations(
    session: AsyncSession, campaign_id: UUID, after: TimeKey | None, limit: int
) -> Sequence[Location]:
    query = select(Location).where(Location.campaign_id == campaign_id)
    if after is not None:
        query = query.where(tuple_(Location.created_at, Location.id) > after)
    query = query.order_by(Location.created_at, Location.id).limit(limit + 1)
    return (await session.scalars(query)).all()


async def list_listings(
    session: AsyncSession, campaign_id: UUID, after: TimeKey | None, limit: int
) -> list[Listing]:
    """Locations in order of creation, and one more than `limit` when there are more."""
    rows = await list_locations(session, campaign_id, after, limit)
    return [msgspec.convert(row, Listing, from_attributes=True) for row in rows]


async def get_listing(session: AsyncSession, campaign_id: UUID, location_id: UUID) -> Listing:
    """NotFound unless it is a location of this campaign."""
    query = select(Location).where(Location.campaign_id == campaign_id, Location.id == location_id)
    row = await session.scalar(query)
    if row is None:
        raise NotFound("no such location", code="location_not_found")
    return msgspec.convert(row, Listing, from_attributes=True)


async def count_locations(session: AsyncSession, campaign_id: UUID) -> int:
    query = select(func.count()).where(Location.campaign_id == campaign_id)
    return await session.scalar(query) or 0


async def get_competitor(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID, competitor_id: UUID
) -> Competitor:
    competitor = await session.get(Competitor, (tenant_id, competitor_id))
    if competitor is None or competitor.campaign_id != campaign_id:
        raise NotFound("no such competitor", code="competitor_not_found")
    return competitor


async def list_competitors(
    session: AsyncSession, campaign_id: UUID, after: TimeKey | None, limit: int
) -> Sequence[Competitor]:
    query = select(Competitor).where(Competitor.campaign_id == campaign_id)
    if after is not None:
        query = query.where(tuple_(Competitor.created_at, Competitor.id) > after)
    query = query.order_by(Competitor.created_at, Competitor.id).limit(limit + 1)
    return (await session.scalars(query)).all()


async def count_competitors(session: AsyncSession, campaign_id: UUID) -> int:
    query = select(func.count()).where(Competitor.campaign_id == campaign_id)
    return await session.scalar(query) or 0
