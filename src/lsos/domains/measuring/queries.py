"""Reads of runs; row-level security chooses the tenant."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import NotFound
from lsos.core.http.paging import paginate
from lsos.core.http.schema import Page
from lsos.domains.measuring.models import Measurement
from lsos.domains.measuring.rules import OPEN_STATES, Run


def run_of(row: Measurement) -> Run:
    return msgspec.convert(row, Run, from_attributes=True)


async def get_row(
    session: AsyncSession, tenant_id: UUID, run_id: UUID, kind: str, *, is_locked: bool = False
) -> Measurement:
    """NotFound also for a run of another kind."""
    row = await session.get(
        Measurement,
        (tenant_id, run_id),
        with_for_update=is_locked or None,
        populate_existing=is_locked,
    )
    if row is None or row.kind != kind:
        raise NotFound("no such run", code=f"{kind}_run_not_found")
    return row


async def get_run(session: AsyncSession, tenant_id: UUID, run_id: UUID, kind: str) -> Run:
    return run_of(await get_row(session, tenant_id, run_id, kind))


async def is_open(session: AsyncSession, run: Run) -> bool:
    state = await session.scalar(select(Measurement.state).where(Measurement.id == run.id))
    return state in OPEN_STATES


async def find_open(
    session: AsyncSession, campaign_id: UUID, kind: str, scope: Mapping[str, str]
) -> Run | None:
    query = select(Measurement).where(
        Measurement.campaign_id == campaign_id,
        Measurement.kind == kind,
        Measurement.scope == dict(scope),
        Measurement.state.in_(OPEN_STATES),
    )
    row = await session.scalar(query)
    return None if row is None else run_of(row)


async def list_runs(
    session: AsyncSession, kind: str, campaign_id: UUID | None, cursor: str | None, limit: int
) -> Page[Run]:
    """Newest first."""
    query = select(Measurement).where(Measurement.kind == kind)
    if campaign_id is not None:
        query = query.where(Measurement.campaign_id == campaign_id)
    key = (Measurement.created_at.desc(), Measurement.id.desc())
    return (await paginate(session, query, key, cursor, limit)).map(run_of)


async def find_latest_run(session: AsyncSession, campaign_id: UUID, kind: str) -> Run | None:
    """The newest one, of whatever state and scope."""
    query = (
        select(Measurement)
        .where(Measurement.campaign_id == campaign_id, Measurement.kind == kind)
        .order_by(Measurement.created_at.desc(), Measurement.id.desc())
        .limit(1)
    )
    row = await session.scalar(query)
    return None if row is None else run_of(row)
