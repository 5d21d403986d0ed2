"""Settings of a run, its states, and links as they are stored."""

from enum import IntEnum, IntFlag
from typing import Literal, get_args

import msgspec

RunState = Literal["queued", "running", "completed", "completed_with_errors", "failed", "cancelled"]
RUN_STATES: tuple[RunState, ...] = get_args(RunState)
OPEN_STATES = ("queued", "running")
Mode = Literal["deep", "delta"]

MAX_HOPS = 10
"""Redirects that are followed, as Googlebot does."""
MAX_TRIES = 3
"""Tries of a URL that times out, does not resolve or answers 5xx."""
MAX_QUEUED_RUNS = 500
"""Runs of one tenant that may wait; more are refused."""
SLICE_S = 25.0
"""How long a slice works before it lets others have its place."""
LEASE_S = 450.0
"""How long a claimed URL is out of reach of others: longer than a slice may take. One that dies
and begins again gives back what it had."""
MAX_COOL_DOWN_S = 120.0
MAX_CRAWL_DELAY_S = 30.0
MAX_TEXT_STORED = 20_000
JUDGE = "audit.judge"
"""Task that judges a run whose frontier is empty, and ends it."""


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was asked to do; fixed at its start."""

    start_url: str
    mode: Mode = "deep"
    max_pages: int
    max_depth: int | None = None
    include: list[str] = msgspec.field(default_factory=list)
    exclude: list[str] = msgspec.field(default_factory=list)
    subdomains: bool = False
    drop_tracking: bool = True
    use_sitemaps: bool = True
    user_agent: str
    min_interval_s: float
    timeout_s: float
    concurrency: int
    batch_size: int
    slices: int = 2
    allow_private: bool = False
    """Set by `lsos audit --allow-private` alone."""


class UrlSource(IntEnum):
    """How a run first discovered a URL."""

    START = 0
    SITEMAP = 1
    LINK = 2
    REDIRECT = 3
    CANONICAL = 4
    HREFLANG = 5
    PAGINATION = 6
    REFRESH = 7


class LinkFlag(IntFlag):
    NOFOLLOW = 1
    """By the rel of the link."""
    IFRAME = 2
    AREA = 4
    CANONICAL = 8
    HREFLANG = 16
    REDIRECT = 32
    PAGINATION = 64
    REFRESH = 128
    PAGE_NOFOLLOW = 256
    """By the robots directives of its page."""

    @property
    def kind(self) -> str:
        """Name of the kind of reference, for exports."""
        named = ("IFRAME", "AREA", "CANONICAL", "HREFLANG", "REDIRECT", "PAGINATION", "REFRESH")
        return next((name.lower() for name in named if LinkFlag[name] in self), "link")

    @property
    def is_followed(self) -> bool:
        return not self & (LinkFlag.NOFOLLOW | LinkFlag.PAGE_NOFOLLOW)


class PageLinks(msgspec.Struct, array_like=True, gc=False):
    """References of one page as parallel lists, in document order."""

    targets: list[int]
    """Keys of crawl_urls."""
    flags: list[int]
    anchors: list[str]


def is_retryable(status: int, error: str | None) -> bool:
    """Worth another try: the definitions of http_5xx, fetch_timeout and fetch_dns."""
    return error in ("timeout", "dns", "refused", "reset", "protocol") or status >= 500


def retry_delay_s(tries: int) -> float:
    """Wait before the next try of a URL: 0.5 s, then 2 s."""
    return 0.5 * 4.0 ** (tries - 1)


def end_state(*, responses: int, unmeasured: int) -> RunState:
    """How a run ends whose frontier is empty."""
    if responses == 0:
        return "failed"
    return "completed_with_errors" if unmeasured else "completed"
