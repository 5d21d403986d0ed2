"""Bodies of the review routes."""

from datetime import datetime
from uuid import UUID

from lsos.core.http.schema import In, Out
from lsos.domains.measuring.bodies import DryRun
from lsos.domains.reviews.rules import Figures


class ReviewsRefresh(In):
    campaign_id: UUID
    location_id: UUID | None = None
    """Left out: all locations."""
    dry_run: DryRun = False


class ReviewsJobAccepted(Out):
    job_id: UUID
    run_id: UUID
    state: str = "queued"


class ReviewView(Out):
    id: UUID
    location_id: UUID
    external_id: str
    author: str
    rating: float
    text: str
    published_at: datetime
    edited_at: datetime | None
    answered_at: datetime | None
    answer: str | None
    source: str
    """synthetic: made up, for trying out."""
    first_seen_at: datetime
    last_seen_at: datetime


class VelocityView(Out):
    """What the reviews of one location say; null is what was not read far enough."""

    location_id: UUID
    location_name: str
    state: str
    """Of the newest reading, which may have failed: found | not_found | empty | error |
    unmeasured."""
    error_code: str | None
    source: str | None
    measured_at: datetime | None
    """Of the reading that the figures are from."""
    is_complete: bool | None
    """All of the profile's reviews were read."""
    oldest_at: datetime | None
    """How far back the reading went."""
    profile_total: int | None
    """Reviews that the profile claims."""
    profile_rating: float | None
    figures: Figures
