"""Bodies of the rank routes."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from lsos.core.http.schema import In, Out
from lsos.domains.measuring.bodies import DryRun
from lsos.domains.measuring.rules import State
from lsos.domains.providers.rules import MeasurementState
from lsos.domains.rank.rules import MAX_BULK, Change, Device, Organic, Place

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
Tags = Annotated[list[Tag], msgspec.Meta(max_length=20)]
Volume = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class KeywordCreate(In):
    text: Line
    language: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z]{2,4})?\Z")] = "en"
    country: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z]{2})?\Z")] = ""
    """ISO 3166-1 alpha-2."""
    location: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Name or code of the place as the provider knows it; left out when a point says it."""
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    device: Device = "desktop"
    volume: Volume | None = None
    """Searches a month; left out: unknown."""
    tags: Tags = msgspec.field(default_factory=list)


class KeywordsCreate(In):
    campaign_id: UUID
    keywords: Annotated[list[KeywordCreate], msgspec.Meta(min_length=1, max_length=MAX_BULK)]


class KeywordUpdate(In):
    volume: Volume | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    """Whether later runs measure it."""


class KeywordView(Out):
    id: UUID
    campaign_id: UUID
    text: str
    language: str
    country: str
    location: str
    latitude: float | None
    longitude: float | None
    device: Device
    volume: int | None
    tags: list[str]
    is_active: bool
    created_at: datetime


class Duplicate(Out):
    index: int
    """Of the keyword in the request."""
    keyword_id: UUID
    """The keyword that is the same but for case, spaces and the like."""


class KeywordsCreated(Out):
    created: list[KeywordView]
    duplicates: list[Duplicate]


class RankSchedule(In):
    campaign_id: UUID
    dry_run: DryRun = False


class RankRunAccepted(Out):
    run_id: UUID
    state: State


class SnapshotView(Out):
    keyword_id: UUID
    keyword: str
    run_id: UUID
    day: date
    state: MeasurementState
    position: int | None
    """Organic, from 1; null unless found."""
    url: str | None
    pack_state: MeasurementState
    pack_position: int | None
    results: list[Organic]
    pack: list[Place]
    features: list[str]
    source: str
    error_code: str | None
    measured_at: datetime


class TrendPoint(Out):
    day: date
    state: MeasurementState
    position: int | None
    pack_state: MeasurementState
    pack_position: int | None
    delta: int | None
    """Places gained (positive) or lost since `compared_with`; only between two positions."""
    change: Change | None
    """Null when there is nothing measured to compare with."""
    compared_with: date | None
    source: str


class TrendView(Out):
    keyword_id: UUID
    text: str
    location: str
    latitude: float | None
    longitude: float | None
    device: Device
    points: list[TrendPoint]
    """One a day that has an outcome, oldest first."""


class Denominator(Out):
    keywords: int
    """Measured ones; a keyword that is not found counts, one with an error does not."""
    volume: float
    """Their searches a month, unknown ones at the median of the known."""


class VisibilityDay(Out):
    day: date
    value: float | None
    """0-100: share of the clicks that the first positions would bring; null: nothing measured."""
    denominator: Denominator
    left_out: int
    """Keywords without an answer on that day."""
    source: str


class VisibilityView(Out):
    formula: str
    ctr_curve: str
    days: list[VisibilityDay]
