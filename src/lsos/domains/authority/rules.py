"""What links say of a site's authority, beside its competitors."""

import hashlib
import math
from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from lsos.domains.providers.rules import MeasurementState
from lsos.signals import SignalKind

FORMULA = "lsos-authority-v1"
LinkLife = Literal["live", "lost"]

MAX_LINKS = 20_000
"""Of the own site that one refresh reads; more are counted, but not listed."""
RECENT_DAYS = 30
LOW_SCORE = 50.0

SIGNALS: tuple[SignalKind, ...] = (
    SignalKind(
        "authority_low",
        "authority",
        "medium",
        "The authority score is under 50: the strongest competitor has far more followed domains",
    ),
    SignalKind("backlinks_lost", "authority", "medium", "Backlinks were lost in the last 30 days"),
)


class RawLink(msgspec.Struct, frozen=True, kw_only=True):
    """A backlink as a provider tells it."""

    source_url: str
    target_url: str
    anchor: str
    is_followed: bool
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None

    @property
    def source_domain(self) -> str:
        return host_of(self.source_url)

    @property
    def key(self) -> int:
        """64 bits of the hash of both ends, signed as PostgreSQL has it."""
        text = f"{self.source_url}\n{self.target_url}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)


class LinkCounts(msgspec.Struct, frozen=True):
    """Of live links."""

    backlinks: int | None = None
    referring_domains: int | None = None
    followed_domains: int | None = None
    """Referring domains with at least one followed link."""


class LinkPage(msgspec.Struct, frozen=True):
    state: Literal["found", "not_found", "empty"]
    counts: LinkCounts
    links: list[RawLink]
    next_cursor: str | None = None


class DomainReading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of one domain, or why nothing was."""

    domain: str
    state: MeasurementState
    source: str
    counts: LinkCounts = LinkCounts()
    links: list[RawLink] = msgspec.field(default_factory=list)
    is_complete: bool = False
    """All live links were read: only then is a missing one lost."""
    error_code: str | None = None


def score(own: int | None, competitors: Iterable[int | None]) -> float | None:
    """Followed referring domains on a logarithmic scale, 100 at the strongest competitor's.

    Null without a measured competitor, and when nobody has any.
    """
    measured = [count for count in competitors if count is not None]
    if own is None or not measured:
        return None
    most = max(measured)
    if most == 0:
        return 100.0 if own else None
    return 100 * min(1.0, math.log1p(own) / math.log1p(most))


def host_of(url: str) -> str:
    """Host name in lower case, without `www.`; "" when there is none."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
    return host.removeprefix("www.")
