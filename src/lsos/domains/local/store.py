"""Writes snapshots of profiles and NAP matches; a failure never replaces what was measured."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import delete, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.domains.local.models import LocalRefresh, NapMatch, ProfileSnapshot
from lsos.domains.local.rules import Health, NapFinding, ProfileReading
from lsos.domains.providers.rules import MEASURED

_CHUNK = 500


async def store_matches(
    session: AsyncSession,
    tenant_id: UUID,
    campaign_id: UUID,
    findings: Iterable[tuple[UUID, NapFinding]],
) -> None:
    at = now()
    rows = sorted(
        (
            {
                "tenant_id": tenant_id,
                "id": new_id(),
                "campaign_id": campaign_id,
                "location_id": location_id,
                **msgspec.structs.asdict(finding),
                "measured_at": at,
            }
            for location_id, finding in findings
        ),
        key=lambda row: (str(row["location_id"]), str(row["surface"]), str(row["field"])),
    )
    for start in range(0, len(rows), _CHUNK):
        statement = insert(NapMatch).values(rows[start : start + _CHUNK])
        told = ("match", "expected", "found", "where", "measured_at")
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "location_id", "surface", "field"],
                set_={name: statement.excluded[name] for name in told},
            )
        )


async def drop_older_matches(
    session: AsyncSession, location_ids: Sequence[UUID], surfaces: Iterable[str], at: datetime
) -> None:
    """Fields that the campaign no longer states, or a surface no longer tells."""
    await session.execute(
        delete(NapMatch).where(
            NapMatch.location_id.in_(location_ids),
            NapMatch.surface.in_(list(surfaces)),
            NapMatch.measured_at < at,
        )
    )


async def store_snapshot(
    session: AsyncSession,
    refresh: LocalRefresh,
    location_id: UUID,
    told: ProfileReading,
    health: Health | None,
    at: datetime,
) -> None:
    """One a location and day."""
    values = {
        "measured_at": at,
        "state": told.state,
        "source": told.source,
        "profile": None if told.profile is None else msgspec.to_builtins(told.profile),
        "health_score": None if health is None else health.score,
        "health": None if health is None else msgspec.to_builtins(health),
        "error_code": told.error_code,
    }
    statement = insert(ProfileSnapshot).values(
        tenant_id=refresh.tenant_id,
        campaign_id=refresh.campaign_id,
        id=new_id(),
        location_id=location_id,
        day=at.date(),
        **values,
    )
    may_replace = ProfileSnapshot.state.not_in(MEASURED)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "location_id", "day"],
            set_=values,
            where=or_(may_replace, statement.excluded.state.in_(MEASURED)),
        )
    )
