"""Bodies of the local routes."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from lsos.core.http.schema import In, Out
from lsos.domains.campaigns.nap import Match
from lsos.domains.local.rules import FORMULA, Part
from lsos.domains.measuring.bodies import DryRun


class LocalRefreshCreate(In):
    campaign_id: UUID
    dry_run: DryRun = False


class LocalRefreshAccepted(Out):
    refresh_id: UUID
    job_id: UUID
    state: str = "queued"


class HealthView(Out):
    """The profile of one location; null is what was not measured."""

    location_id: UUID
    location_name: str
    state: str
    """Of the newest measurement, which may have failed: found | not_found | empty | error |
    unmeasured."""
    error_code: str | None
    day: date | None
    """Of the measurement that the score is from."""
    measured_at: datetime | None
    source: str | None
    """synthetic: made up, for trying out."""
    score: float | None
    """0 to 100; null under 50 of 100 points measured."""
    measured: float | None
    """Points that could be judged: the denominator of the score."""
    parts: list[Part]
    profile_url: str | None
    formula: str = FORMULA


class NapCell(Out):
    match: Match
    expected: str
    found: str
    where: str
    """URL of the page or of the profile."""
    measured_at: datetime


class NapRow(Out):
    """A location; null is a field that was not measured on that surface."""

    location_id: UUID
    location_name: str
    structured_data: dict[str, NapCell | None]
    """By field: name, address, phone."""
    visible_text: dict[str, NapCell | None]
    profile: dict[str, NapCell | None]
    judged: int
    """Cells that are neither null nor for a review: the denominator of `errors`."""
    errors: int
    """Of these: minor, wrong or missing."""


PackState = Literal["found", "not_found", "empty", "error", "unmeasured"]


class PackRow(Out):
    keyword_id: UUID
    keyword: str
    place: str
    """Where was searched from, as the keyword names it."""
    device: str
    state: PackState
    """empty: the search shows no local pack."""
    position: int | None
    """Among the entries of the pack, from 1."""
    day: date | None
    source: str | None


class PackView(Out):
    presence_share: float | None
    """0 to 100: searches with a pack that holds the business / searches that show a pack."""
    found: int
    shown: int
    """Searches that show a pack: the denominator."""
    without_pack: int
    errors: int
    """Left out of the denominator."""
    unmeasured: int
    keywords: list[PackRow]
