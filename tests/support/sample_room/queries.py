"""Reads of notes, and what they say of a campaign."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.signals import Affected, Signal, SignalKind
from tests.support.sample_room.models import Note

KIND = SignalKind("notes_unread", "notes", "low", "Notes wait to be read")


async def list_notes(session: AsyncSession, campaign_id: UUID) -> Sequence[Note]:
    return (await session.scalars(select(Note).where(Note.campaign_id == campaign_id))).all()


async def find_measured_at(session: AsyncSession, campaign_id: UUID) -> datetime | None:
    return await session.scalar(
        select(func.max(Note.created_at)).where(Note.campaign_id == campaign_id)
    )


async def find_score(session: AsyncSession, campaign_id: UUID) -> float | None:
    return 100.0 if await list_notes(session, campaign_id) else None


async def signals(session: AsyncSession, campaign_id: UUID) -> list[Signal]:
    notes = await list_notes(session, campaign_id)
    if not notes:
        return []
    affected = Affected(count=len(notes), of=len(notes), unit="notes")
    return [
        Signal(
            code=KIND.code,
            room=KIND.room,
            severity=KIND.severity,
            affected=affected,
            measured_at=notes[-1].created_at,
        )
    ]
