"""Writes snapshots of profiles and NAP matches; a failure never replaces what was measured."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import delete, or_, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.domains.local.models import NapMatch, ProfileSnapshot
from lsos.domains.local.rules import Health, NapFinding, ProfileReading
from lsos.domains.measuring.rules import Run
from lsos.domains.providers.rules import MEASURED

_CHUNK = 500


async def store_matches(
    session: AsyncSession,
    tenant_id: UUID,
    campaign_id: UUID,
    findings: Iterable[tuple[UUID, NapFinding]],
    at: datetime,
) -> None:
    """`at`: when the reading began that they are of."""
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


async def drop_other_matches(
    session: AsyncSession,
    location_ids: Sequence[UUID],
    surfaces: Iterable[str],
    findings: Iterable[tuple[UUID, NapFinding]],
) -> None:
    """Fields that the campaign no longer states, or a surface no longer tells."""
    kept: dict[UUID, list[tuple[UUID, str, str]]] = defaultdict(list)
    for location_id, finding in findings:
        kept[location_id].append((location_id, finding.surface, finding.field))
    named = list(surfaces)
    cell = tuple_(NapMatch.location_id, NapMatch.surface, NapMatch.field)
    for start in range(0, len(location_ids), _CHUNK):
        ids = location_ids[start : start + _CHUNK]
        await session.execute(
            delete(NapMatch).where(
                NapMatch.location_id.in_(ids),
                NapMatch.surface.in_(named),
                cell.not_in([key for i in ids for key in kept.get(i, [])]),
            )
        )


async def store_snapshot(
    session: AsyncSession,
    run: Run,
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
        tenant_id=run.tenant_id,
        campaign_id=run.campaign_id,
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


async def store_unmeasured(session: AsyncSession, run: Run, location_ids: Sequence[UUID]) -> None:
    """What the run has not come to, with its reason; a snapshot of the day stays as it is."""
    for start in range(0, len(location_ids), _CHUNK):
        rows = [
            {
                "tenant_id": run.tenant_id,
                "campaign_id": run.campaign_id,
                "id": new_id(),
                "location_id": location_id,
                "day": run.day,
                "measured_at": now(),
                "state": "unmeasured",
                "source": run.source,
                "error_code": run.reason_code,
            }
            for location_id in sorted(location_ids[start : start + _CHUNK])
        ]
        await session.execute(insert(ProfileSnapshot).values(rows).on_conflict_do_nothing())
