"""Bodies of the review routes."""

from datetime import datetime
from uuid import UUID

from lsos.core.http.schema import In, Out
from lsos.domains.reviews.rules import Figures


class ReviewsRefresh(In):
    """Read the reviews of a campaign."""

    campaign_id: UUID
    """Campaign whose reviews are read."""
    location_id: UUID | None = None
    """Only this location; null or left out: all locations."""
    dry_run: bool = False
    """true: start nothing, and answer 200 with what a run would ask for."""


class ReviewsJobAccepted(Out):
    """A refresh that was accepted."""

    job_id: UUID
    """Job that does the work."""
    run_id: UUID
    """Run of the measurement."""
    state: str = "queued"
    """Always queued."""


class ReviewView(Out):
    """A review of a location."""

    id: UUID
    """Id of the review."""
    location_id: UUID
    """Location that was reviewed."""
    external_id: str
    """Id of the review at its source."""
    author: str
    """Name of the author as it is shown."""
    rating: float
    """Stars, 1 to 5."""
    text: str
    """Text of the review; empty: stars only."""
    published_at: datetime
    """When it was published."""
    edited_at: datetime | None
    """When it was last edited; null: it was not."""
    answered_at: datetime | None
    """When the business answered; null: it has not."""
    answer: str | None
    """Text of the answer; null: there is none."""
    source: str
    """Who read it; synthetic: made up, for trials."""
    first_seen_at: datetime
    """When it was first read."""
    last_seen_at: datetime
    """When it was last read."""


class VelocityView(Out):
    """What the reviews of one location say; null is what was not read far enough."""

    location_id: UUID
    """The location."""
    location_name: str
    """Its name."""
    state: str
    """Of the newest reading, which may have failed: found, not_found, empty, error or
    unmeasured."""
    error_code: str | None
    """What went wrong in it, as a stable word; null: nothing."""
    source: str | None
    """Who read; synthetic: made up, for trials. null: not measured."""
    measured_at: datetime | None
    """When the reading was made that the figures are from; null: not measured."""
    is_complete: bool | None
    """All reviews of the profile were read; null: not measured."""
    oldest_at: datetime | None
    """How far back the reading went; null: not measured."""
    profile_total: int | None
    """Reviews that the profile claims to have; null: not stated."""
    profile_rating: float | None
    """Mean rating that the profile shows, 1 to 5; null: not stated."""
    figures: Figures
    """The figures."""
