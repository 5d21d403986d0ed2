"""Bodies of the local routes."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from lsos.core.http.schema import In, Out
from lsos.domains.campaigns.nap import Match
from lsos.domains.local.rules import FORMULA, Part


class LocalRefreshCreate(In):
    """Measure the profiles of a campaign."""

    campaign_id: UUID
    """Campaign whose locations are measured."""
    dry_run: bool = False
    """true: start nothing, and answer 200 with what a run would ask for."""


class LocalRefreshAccepted(Out):
    """A refresh that was accepted."""

    refresh_id: UUID
    """Id of the refresh."""
    job_id: UUID
    """Job that does the work."""
    state: str = "queued"
    """Always queued."""


class HealthView(Out):
    """The business profile of one location; null is what was not measured."""

    location_id: UUID
    """The location."""
    location_name: str
    """Its name."""
    state: str
    """Of the newest measurement, which may have failed: found, not_found, empty, error or
    unmeasured."""
    error_code: str | None
    """What went wrong in it, as a stable word; null: nothing."""
    day: date | None
    """Day (UTC) of the measurement that the score is from; null: not measured."""
    measured_at: datetime | None
    """When that was; null: not measured."""
    source: str | None
    """Who measured; synthetic: made up, for trials. null: not measured."""
    score: float | None
    """0 to 100; null: fewer than 50 of 100 points were measured."""
    measured: float | None
    """Points that could be judged, 0 to 100: the denominator of the score; null: not measured."""
    parts: list[Part]
    """Parts of the score."""
    profile_url: str | None
    """Address of the profile; null: not known."""
    formula: str = FORMULA
    """Name and version of the formula."""


class NapCell(Out):
    """A value that was compared."""

    match: Match
    """How well it matches; format_only differs in notation alone, review needs a person."""
    expected: str
    """Value of the location."""
    found: str
    """Value that was found; empty: none."""
    where: str
    """URL of the page or of the profile."""
    measured_at: datetime
    """When it was read."""


class NapRow(Out):
    """Name, address and phone of a location on each surface; null is a field that was not measured
    there."""

    location_id: UUID
    """The location."""
    location_name: str
    """Its name."""
    structured_data: dict[str, NapCell | None]
    """In the structured data of the site, by field: name, address, phone; null: not measured."""
    visible_text: dict[str, NapCell | None]
    """In the visible text of the site, by field; null: not measured."""
    profile: dict[str, NapCell | None]
    """On the business profile, by field; null: not measured."""
    judged: int
    """Cells that are neither null nor for a review: the denominator of `errors`."""
    errors: int
    """Cells of these that are minor, wrong or missing."""


PackState = Literal["found", "not_found", "empty", "error", "unmeasured"]


class PackRow(Out):
    """A keyword in the local pack."""

    keyword_id: UUID
    """The keyword."""
    keyword: str
    """Its text."""
    place: str
    """Where it was searched from, as the keyword names it."""
    device: str
    """What it was searched on."""
    state: PackState
    """Whether the business was found in the pack; empty: the search shows no pack."""
    position: int | None
    """Position among the entries of the pack, from 1; null: not found."""
    day: date | None
    """Day (UTC) of the measurement; null: not measured."""
    source: str | None
    """Who measured; synthetic: made up, for trials. null: not measured."""


class PackView(Out):
    """How often the business is in the local pack."""

    presence_share: float | None
    """0 to 100: searches with a pack that holds the business, in percent of `shown`; null: no pack
    was shown."""
    found: int
    """Searches with a pack that holds the business."""
    shown: int
    """Searches that show a pack: the denominator."""
    without_pack: int
    """Searches that show no pack."""
    errors: int
    """Searches that failed; they are left out of the denominator."""
    unmeasured: int
    """Searches that were not measured; left out as well."""
    keywords: list[PackRow]
    """Each keyword."""
