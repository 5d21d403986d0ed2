"""Bodies of the crawl routes."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from lsos.checks.base import Severity
from lsos.core.http.schema import Example, In, Out
from lsos.domains.crawl.rules import Mode, Phase, RunState

Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Patterns = Annotated[list[Pattern], msgspec.Meta(max_length=50)]


class CrawlSchedule(In):
    """Start one run now; what is left out comes from the settings of the installation."""

    campaign_id: UUID
    """Campaign whose site is crawled."""
    mode: Mode = "deep"
    """deep: fetch every page; delta: do not fetch pages again that have not changed since the last
    finished run."""
    start_url: Annotated[str, msgspec.Meta(max_length=2_048)] | None = None
    """URL to begin at; null or left out: the campaign's site."""
    max_pages: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    """Page budget of the run; null or left out: the installation's or the tenant's limit."""
    max_depth: Annotated[int, msgspec.Meta(ge=0, le=1_000)] | None = None
    """Most clicks away from the start URL; null or left out: no limit."""
    include: Patterns = msgspec.field(default_factory=list)
    """Paths to stay in: a prefix, * for any characters, a final $ for the end; empty: all."""
    exclude: Patterns = msgspec.field(default_factory=list)
    """Paths to leave out, in the same notation as `include`."""
    subdomains: bool = False
    """Whether subdomains belong to the site."""
    drop_tracking: bool = True
    """Whether URLs that differ only by utm_* and similar parameters count as one."""
    use_sitemaps: bool = True
    """Whether URLs are taken from sitemaps too."""
    min_interval_s: Annotated[float, msgspec.Meta(ge=0, le=60)] | None = None
    """Seconds between two requests to a host, not below the installation's minimum; null or left
    out: that minimum."""

    EXAMPLE: ClassVar[Example] = {
        "campaign_id": "01920000-0000-7000-8000-000000000000",
        "mode": "deep",
        "max_pages": 500,
        "exclude": ["/internal-search*"],
    }


class Progress(Out):
    """How far a run is: `done` of `admitted` URLs have a result; `admitted` grows up to the
    budget."""

    admitted: int
    """URLs taken into the run, within its page budget."""
    done: int
    """URLs of these that have a result, measured or not."""
    pages: int
    """HTML pages among the results."""
    errors: int
    """URLs that gave no response, or an error status."""
    unmeasured: int
    """URLs that were blocked or never asked for; they leave every denominator."""
    reused: int
    """Pages taken from the last run because they had not changed (mode delta)."""
    bytes: int
    """Bytes received over the network."""
    max_pages: int
    """Page budget of the run."""
    pages_per_s: float | None
    """Results per second since the start; null: it has not started."""


class FiredCheck(Out):
    """A check that found something in this run."""

    code: str
    """Code of the check."""
    severity: Severity
    """Severity that the check had in this run."""
    affected_pages: float
    """How many eligible pages it affects."""


class ScoreBasis(Out):
    """What the technical score rests on."""

    formula: str
    """Name and version of the formula."""
    eligible_pages: int
    """HTML pages with status 200 that are not noindex: the denominator."""
    coverage: float
    """Share of the admitted URLs that were measured, 0 to 1; below 0.95 there is no score."""
    share_of_clean_pages: float | None
    """Share of the eligible pages without a critical or high issue, 0 to 1; null: no page is
    eligible."""
    is_sampled: bool
    """The run met its page or depth budget: the score is of a sample."""
    checks_fired: list[FiredCheck]
    """Checks that found something, info left out, in order of code."""


class RunView(Out):
    """One crawl of a campaign's site."""

    id: UUID
    """Id of the run."""
    campaign_id: UUID
    """Campaign that the run belongs to."""
    state: RunState
    """State of the run; completed_with_errors: some admitted URLs were not measured."""
    phase: Phase
    """What the run is doing now."""
    mode: Mode
    """deep: all pages; delta: only what has changed."""
    start_url: str
    """URL that the run began at, after redirects once they are known."""
    progress: Progress
    """How far the run is."""
    is_cut_off: bool
    """The run met its page or depth budget: it is a sample of the site."""
    technical_score: float | None
    """0 to 100 (lsos-tech-v2); null: not finished, or too little was measured."""
    score: ScoreBasis | None
    """What the score rests on; null: the run has not been judged."""
    issue_counts: dict[str, int] | None
    """Issues by severity; null: the run has not been judged."""
    failed_checks: dict[str, int]
    """Checks that crashed, a fault of ours, by code: on how many pages, or 1 for the whole site."""
    reason_code: str | None
    """Why it failed, was cancelled or waits; null: nothing to say."""
    created_at: datetime
    """When the run was requested."""
    started_at: datetime | None
    """When the run began; null: it is waiting."""
    finished_at: datetime | None
    """When the run ended; null: it has not."""

    EXAMPLE: ClassVar[Example] = {
        "id": "01920000-0000-7000-8000-000000000001",
        "campaign_id": "01920000-0000-7000-8000-000000000000",
        "state": "completed",
        "phase": "ended",
        "mode": "deep",
        "start_url": "https://www.example.com/",
        "progress": {
            "admitted": 120,
            "done": 120,
            "pages": 114,
            "errors": 3,
            "unmeasured": 0,
            "reused": 0,
            "bytes": 2381550,
            "max_pages": 500,
            "pages_per_s": 3.4,
        },
        "is_cut_off": False,
        "technical_score": 87.5,
        "score": {
            "formula": "lsos-tech-v2",
            "eligible_pages": 110,
            "coverage": 1.0,
            "share_of_clean_pages": 0.9636,
            "is_sampled": False,
            "checks_fired": [{"code": "title_missing", "severity": "high", "affected_pages": 4.0}],
        },
        "issue_counts": {"high": 4},
        "failed_checks": {},
        "reason_code": None,
        "created_at": "2026-03-01T09:30:00Z",
        "started_at": "2026-03-01T09:30:01Z",
        "finished_at": "2026-03-01T09:30:36Z",
    }


class RunAccepted(Out):
    """A run that was accepted and will start by itself."""

    run_id: UUID
    """Id of the run, to watch it with."""
    state: RunState
    """State of the run when it was accepted."""


class PageView(Out):
    """A URL of a run and what was measured of it."""

    url: str
    """The URL."""
    depth: int | None
    """Clicks from the start URL; null: the run was not judged yet, or no click leads there."""
    status: int | None
    """HTTP status of the last response; null: there was no response."""
    error: str | None
    """Why there was no usable response, such as timeout or dns; null: there was one."""
    redirect_url: str | None
    """Where it redirects to; null: it does not."""
    content_type: str | None
    """Media type of the response; null: none was stated."""
    title: str | None
    """Text of the title element; null: there is none."""
    canonical: str | None
    """URL that the page names as canonical; null: it names none."""
    words: int
    """Words of the main text."""
    body_bytes: int
    """Size of the body, uncompressed, in bytes."""
    ttfb_ms: float | None
    """Milliseconds from the request to the first byte; null: not measured."""
    is_html: bool
    """Whether it answered with HTML."""
    is_indexable: bool
    """Status 200, HTML, no noindex, canonical to itself or absent, and allowed for Googlebot."""
    is_reused: bool
    """Taken from the last run, as it had not changed."""
    fetched_at: datetime
    """When it was fetched."""


class LinkView(Out):
    """A reference from one page to a URL."""

    source: str
    """URL of the page."""
    target: str
    """URL that it refers to."""
    kind: str
    """What kind of reference: link, iframe, area, canonical, hreflang, redirect, pagination or
    refresh."""
    is_followed: bool
    """false: it is marked nofollow, ugc or sponsored."""
    is_internal: bool
    """Whether the target belongs to the site."""
    anchor: str
    """Text of the link; empty: it has none."""
