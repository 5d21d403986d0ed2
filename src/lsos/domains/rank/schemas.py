"""Bodies of the rank routes."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from lsos.core.http.schema import Example, In, Out
from lsos.core.http.wording import expected
from lsos.domains.measuring.rules import State
from lsos.domains.providers.rules import MeasurementState
from lsos.domains.rank.rules import MAX_BULK, Change, Device, Organic, Place

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
Tags = Annotated[list[Tag], msgspec.Meta(max_length=20)]
Language = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z]{2,4})?\Z",
        extra=expected("a language tag, such as en or pt-BR"),
    ),
]
Country = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([A-Za-z]{2})?\Z",
        extra=expected("an ISO 3166-1 code, such as DE"),
    ),
]
Volume = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class KeywordCreate(In):
    """A search that is measured: its text, where and on what it is searched."""

    text: Line
    """What is searched for."""
    language: Language = "en"
    """Language of the search as a BCP 47 tag, such as en or pt-BR."""
    country: Country = ""
    """ISO 3166-1 code of two letters, such as DE; empty: not given."""
    location: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Name or code of the place as the provider knows it; empty: none, or a point is given."""
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    """Point that is searched from, in degrees, north positive; null or left out: none."""
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    """Point that is searched from, in degrees, east positive; null or left out: none."""
    device: Device = "desktop"
    """What is searched on."""
    volume: Volume | None = None
    """Searches per month; null or left out: unknown."""
    tags: Tags = msgspec.field(default_factory=list)
    """Words of your own to group keywords by."""


class KeywordsCreate(In):
    """Keywords to be added to a campaign."""

    campaign_id: UUID
    """Campaign that they are added to."""
    keywords: Annotated[list[KeywordCreate], msgspec.Meta(min_length=1, max_length=MAX_BULK)]
    """The keywords, at most 1,000."""

    EXAMPLE: ClassVar[Example] = {
        "campaign_id": "01920000-0000-7000-8000-000000000000",
        "keywords": [
            {"text": "dentist riga", "language": "en", "country": "LV", "volume": 480},
            {"text": "dental implants", "device": "mobile", "tags": ["implants"]},
        ],
    }


class KeywordUpdate(In):
    """What to change in a keyword; fields left out stay as they are."""

    volume: Volume | UnsetType | None = UNSET
    """Searches per month; null: unknown."""
    tags: Tags | UnsetType = UNSET
    """All tags of the keyword; replaces the former list."""
    is_active: bool | UnsetType = UNSET
    """Whether later runs measure it."""


class KeywordView(Out):
    """A search that is measured."""

    id: UUID
    """Id of the keyword."""
    campaign_id: UUID
    """Campaign that it belongs to."""
    text: str
    """What is searched for."""
    language: str
    """Language of the search."""
    country: str
    """ISO 3166-1 code of two letters; empty: not given."""
    location: str
    """Name or code of the place; empty: none."""
    latitude: float | None
    """Point that is searched from, in degrees, north positive; null: none."""
    longitude: float | None
    """Point that is searched from, in degrees, east positive; null: none."""
    device: Device
    """What is searched on."""
    volume: int | None
    """Searches per month; null: unknown."""
    tags: list[str]
    """Words of your own."""
    is_active: bool
    """Whether runs measure it."""
    created_at: datetime
    """When it was added."""


class Duplicate(Out):
    """A keyword of the request that was there already."""

    index: int
    """Its place in the request, from 0."""
    keyword_id: UUID
    """The keyword that is the same except for case, spaces and the like."""


class KeywordsCreated(Out):
    """What became of the keywords."""

    created: list[KeywordView]
    """Keywords that were added."""
    duplicates: list[Duplicate]
    """Keywords that were there already."""


class RankSchedule(In):
    """Measure the ranks of a campaign once."""

    campaign_id: UUID
    """Campaign whose active keywords are measured."""
    dry_run: bool = False
    """true: start nothing, and answer 200 with what a run would ask for."""


class RankRunAccepted(Out):
    """A run that was accepted and will start by itself."""

    run_id: UUID
    """Id of the run, to watch it with."""
    state: State
    """State of the run when it was accepted."""


class SnapshotView(Out):
    """What was found for a keyword on a day."""

    keyword_id: UUID
    """The keyword."""
    keyword: str
    """Its text."""
    run_id: UUID
    """Run that measured it."""
    day: date
    """Day (UTC) of the measurement."""
    state: MeasurementState
    """found; not_found: beyond the results; empty: the search has none; error; unmeasured."""
    position: int | None
    """Organic position of the campaign's site, from 1; null: not found."""
    url: str | None
    """Page of the site that was found; null: not found."""
    pack_state: MeasurementState
    """The same for the local pack; empty: none is shown."""
    pack_position: int | None
    """Position in the local pack, from 1; null: not found."""
    results: list[Organic]
    """Organic results, at most 20."""
    pack: list[Place]
    """Entries of the local pack; empty: none."""
    features: list[str]
    """Other parts of the results page, by the names of the provider."""
    source: str
    """Who measured: synthetic (made up, for trials), http or serpapi."""
    error_code: str | None
    """What went wrong, as a stable word; null: nothing."""
    measured_at: datetime
    """When it was measured."""


class TrendPoint(Out):
    """A keyword on one day, compared with the last measured day before."""

    day: date
    """The day (UTC)."""
    state: MeasurementState
    """found; not_found; empty; error; unmeasured."""
    position: int | None
    """Organic position, from 1; null: not found."""
    pack_state: MeasurementState
    """The same for the local pack."""
    pack_position: int | None
    """Position in the local pack, from 1; null: not found."""
    delta: int | None
    """Places gained (positive) or lost since `compared_with`; null: not between two positions."""
    change: Change | None
    """What changed since `compared_with`; null: nothing measured to compare with."""
    compared_with: date | None
    """The last measured day before; null: there is none."""
    source: str
    """Who measured: synthetic (made up, for trials), http or serpapi."""


class TrendView(Out):
    """The days of a keyword."""

    keyword_id: UUID
    """The keyword."""
    text: str
    """Its text."""
    location: str
    """Name or code of its place; empty: none."""
    latitude: float | None
    """Point that is searched from, in degrees, north positive; null: none."""
    longitude: float | None
    """Point that is searched from, in degrees, east positive; null: none."""
    device: Device
    """What is searched on."""
    points: list[TrendPoint]
    """One per day that has an outcome, oldest first."""


class Denominator(Out):
    """What a visibility is over."""

    keywords: int
    """Measured keywords; one that was not found counts, one with an error does not."""
    volume: float
    """Their searches per month, unknown ones at the median of the known."""


class VisibilityDay(Out):
    """Visibility on one day."""

    day: date
    """The day (UTC)."""
    value: float | None
    """0 to 100: expected clicks at the measured positions, in percent of those if every keyword
    ranked first; null: nothing measured."""
    denominator: Denominator
    """What the value is over."""
    left_out: int
    """Keywords without an answer on that day."""
    source: str
    """Who measured: synthetic (made up, for trials), http or serpapi."""


class VisibilityView(Out):
    """Visibility by day."""

    formula: str
    """Name and version of the formula."""
    ctr_curve: str
    """Id of the click-through curve."""
    days: list[VisibilityDay]
    """One per measured day, oldest first."""
