"""What the rooms offer to recommendations and to the campaign score; `registries` lists it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.reference.signals import Signal

ReadSignals = Callable[[AsyncSession, UUID], Awaitable[list[Signal]]]
ReadTime = Callable[[AsyncSession, UUID], Awaitable[datetime | None]]
ReadScore = Callable[[AsyncSession, UUID], Awaitable[float | None]]


class SignalSource(NamedTuple):
    """A measuring room, by campaign id."""

    room: str
    signals: ReadSignals
    measured_at: ReadTime
    """When the readings began that the signals rest on, the oldest of them; None: nothing proves
    that what they do not show has gone."""
    measured_at_of: Mapping[str, ReadTime] = {}
    """The same for signals, by code, that rest on other readings than the rest of the room's."""


class ScoreSource(NamedTuple):
    """A part of the campaign score: 0 to 100, None when unmeasured."""

    part: str
    value: ReadScore


class Sources(NamedTuple):
    signals: Sequence[SignalSource]
    scores: Sequence[ScoreSource]
