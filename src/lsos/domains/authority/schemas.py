"""Bodies of the authority routes."""

from datetime import date, datetime
from uuid import UUID

from lsos.core.http.schema import In, Out
from lsos.domains.authority.rules import FORMULA
from lsos.domains.measuring.bodies import MeasurementView


class AuthorityRefreshCreate(In):
    """Measure the links of a campaign."""

    campaign_id: UUID
    """Campaign whose site and competitors are measured."""
    dry_run: bool = False
    """true: start nothing, and answer 200 with what a run would ask for."""


class AuthorityRefreshAccepted(Out):
    """A refresh that was accepted."""

    refresh_id: UUID
    """Id of the refresh."""
    job_id: UUID
    """Job that does the work."""
    state: str = "queued"
    """Always queued."""


class BacklinkView(Out):
    """A link from another site to the campaign's site."""

    id: UUID
    """Id of the link."""
    source_url: str
    """Page that links."""
    source_domain: str
    """Its host, without www."""
    target_url: str
    """Page that is linked to."""
    anchor: str
    """Text of the link; empty: none."""
    is_followed: bool
    """false: it is marked nofollow, ugc or sponsored."""
    first_seen_at: datetime
    """When it was first read."""
    last_seen_at: datetime
    """When it was last read."""
    lost_at: datetime | None
    """When a complete reading no longer had it; null: it is there."""
    source: str
    """Who measured; synthetic: made up, for trials."""


class DomainView(Out):
    """Link counts of a domain."""

    domain: str
    """The domain."""
    is_own: bool
    """Whether it is the campaign's own site."""
    state: str
    """Of the newest measurement, which may have failed: found, not_found, empty, error or
    unmeasured."""
    error_code: str | None
    """What went wrong in it, as a stable word; null: nothing."""
    day: date | None
    """Day (UTC) of the counts; null: not measured."""
    measured_at: datetime | None
    """When they were measured; null: not measured."""
    backlinks: int | None
    """Links to the domain; null: not measured."""
    referring_domains: int | None
    """Domains that link to it; null: not measured."""
    followed_domains: int | None
    """Domains of these with a link that is followed; null: not measured."""
    source: str | None
    """Who measured; synthetic: made up, for trials. null: not measured."""


class LinkLives(Out):
    """How the listed links of the own site come and go."""

    live: int
    """Links that are there."""
    followed: int
    """Links of these that pass authority."""
    new: int
    """Live links first seen in the last 30 days."""
    lost: int
    """Links lost in the last 30 days."""
    window_days: int
    """Length of these days."""


class AuthoritySummary(Out):
    """Authority of the site, compared with its competitors."""

    score: float | None
    """0 to 100, of the own site; null: no competitor is measured."""
    score_of: int | None
    """Followed domains of the strongest measured competitor: the denominator of the score; null:
    none is measured."""
    competitors_measured: int
    """Competitors that are measured."""
    competitors: int
    """Competitors of the campaign."""
    own: DomainView | None
    """Counts of the own site; null: never asked for."""
    others: list[DomainView]
    """Counts of the competitors."""
    links: LinkLives
    """How the listed links come and go."""
    latest_refresh: MeasurementView | None
    """The newest refresh; null: there was none."""
    formula: str = FORMULA
    """Name and version of the formula."""
