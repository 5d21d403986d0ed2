"""Composes the dashboard from the figures that the rooms bring; it owns no table."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.db.reads import Read
from lsos.core.errors import NotFound
from lsos.core.resources import Resources
from lsos.domains.dashboard.schemas import Dashboard, ServiceLevels
from lsos.domains.health.queries import LastJudged
from lsos.domains.health.rules import Level
from lsos.room import Statement, combined, joints

_FIELDS = frozenset(field.name for field in structs.fields(Dashboard))


class Board:
    """The figures of all rooms, read in one round trip.

    A figure with the name of a field of the Dashboard is that field; the others are numbers, and
    the answer has them by name.
    """

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self._read = Read(combined(statements))

    async def show(self, session: AsyncSession, campaign_id: UUID, judged: LastJudged) -> Dashboard:
        """NotFound for a campaign that this principal can't see."""
        found = await self._read.row(session, campaign_id=campaign_id)
        if found is None or found["campaign_id"] is None:
            raise NotFound("no such campaign", code="campaign_not_found")
        values: dict[str, Any] = {s.name: s.read(found[s.name]) for s in self._statements}
        state, levels = await judged.read(session)
        return Dashboard(
            **{name: value for name, value in values.items() if name in _FIELDS},
            figures={name: value for name, value in values.items() if name not in _FIELDS},
            slo_health_snapshot=_levels(levels),
            platform_state=state,
            generated_at=now(),
        )


def board(resources: Resources) -> Board:
    return Board(resources.get(joints).dashboard)


def _levels(levels: Sequence[Level] | None) -> ServiceLevels | None:
    """As they were last judged; None when nobody did of late."""
    if levels is None:
        return None
    return ServiceLevels(
        slos=list(levels), is_ok=all(level.ok for level in levels if level.ok is not None)
    )
