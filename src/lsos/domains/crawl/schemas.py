"""Bodies of the crawl routes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from lsos.core.http.schema import In, Out
from lsos.domains.crawl.rules import Mode, RunState

Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Patterns = Annotated[list[Pattern], msgspec.Meta(max_length=50)]


class CrawlSchedule(In):
    """Start one run now; what is left out comes from the installation's settings."""

    campaign_id: UUID
    mode: Mode = "deep"
    """delta: pages that have not changed since the last finished run are not sent again."""
    start_url: Annotated[str, msgspec.Meta(max_length=2_048)] | None = None
    """Left out: the campaign's site."""
    max_pages: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    max_depth: Annotated[int, msgspec.Meta(ge=0, le=1_000)] | None = None
    include: Patterns = msgspec.field(default_factory=list)
    """Paths to stay in: a prefix, * for any run of characters, a last $ for the end."""
    exclude: Patterns = msgspec.field(default_factory=list)
    subdomains: bool = False
    drop_tracking: bool = True
    """utm_* and the like do not make another URL."""
    use_sitemaps: bool = True
    min_interval_s: Annotated[float, msgspec.Meta(ge=0, le=60)] | None = None
    """Not below the installation's least interval."""


class Progress(Out):
    """How far a run is: `done` of `admitted` URLs have a result; `admitted` grows to the budget."""

    admitted: int
    done: int
    pages: int
    errors: int
    unmeasured: int
    reused: int
    bytes: int
    max_pages: int
    pages_per_s: float | None


class RunView(Out):
    id: UUID
    campaign_id: UUID
    state: RunState
    phase: str
    """waiting | starting | crawling | analysing | ended"""
    mode: Mode
    start_url: str
    progress: Progress
    is_cut_off: bool
    """The page or depth budget was met: the run is a sample of the site."""
    technical_score: float | None
    score: dict[str, Any] | None
    issue_counts: dict[str, int] | None
    failed_checks: dict[str, int]
    """Checks that crashed, a fault of ours, by code: on how many pages, or 1 for the whole site."""
    reason_code: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RunAccepted(Out):
    run_id: UUID
    state: RunState


class PageView(Out):
    url: str
    depth: int | None
    """Clicks from the start URL; null before the run was judged, and where no click leads."""
    status: int | None
    error: str | None
    redirect_url: str | None
    content_type: str | None
    title: str | None
    canonical: str | None
    words: int
    body_bytes: int
    ttfb_ms: float | None
    is_html: bool
    is_indexable: bool
    is_reused: bool
    fetched_at: datetime


class LinkView(Out):
    source: str
    target: str
    kind: str
    is_followed: bool
    is_internal: bool
    anchor: str
