"""Bodies of the authority routes."""

from datetime import date, datetime
from uuid import UUID

from lsos.core.http.schema import In, Out
from lsos.domains.authority.rules import FORMULA
from lsos.domains.measuring.bodies import DryRun, RunView


class AuthorityRefreshCreate(In):
    campaign_id: UUID
    dry_run: DryRun = False


class AuthorityRefreshAccepted(Out):
    refresh_id: UUID
    job_id: UUID
    state: str = "queued"


class BacklinkView(Out):
    id: UUID
    source_url: str
    source_domain: str
    target_url: str
    anchor: str
    is_followed: bool
    first_seen_at: datetime
    last_seen_at: datetime
    lost_at: datetime | None
    """When a complete reading no longer had it."""
    source: str
    """synthetic: made up, for trying out."""


class DomainView(Out):
    domain: str
    is_own: bool
    state: str
    """Of the newest measurement, which may have failed."""
    error_code: str | None
    day: date | None
    """Of the counts."""
    measured_at: datetime | None
    backlinks: int | None
    referring_domains: int | None
    followed_domains: int | None
    source: str | None


class LinkLives(Out):
    """Of the listed links of the own site."""

    live: int
    followed: int
    """Live ones that pass authority."""
    new: int
    """Live ones first seen in the last 30 days."""
    lost: int
    """In the last 30 days."""
    window_days: int


class AuthoritySummary(Out):
    score: float | None
    """Of the own site; null without a measured competitor."""
    score_of: int | None
    """Followed domains of the strongest measured competitor: the denominator of the score."""
    competitors_measured: int
    competitors: int
    own: DomainView | None
    others: list[DomainView]
    links: LinkLives
    latest_refresh: RunView | None
    formula: str = FORMULA
