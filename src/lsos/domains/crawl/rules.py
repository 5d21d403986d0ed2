"""Settings of a run, and its states."""

from typing import Literal

import msgspec

RunState = Literal["queued", "running", "completed", "completed_with_errors", "failed", "cancelled"]
OPEN_STATES = ("queued", "running")
FINISHED = ("completed", "completed_with_errors")
Mode = Literal["deep", "delta"]
Phase = Literal["waiting", "starting", "crawling", "analysing", "ended"]

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
