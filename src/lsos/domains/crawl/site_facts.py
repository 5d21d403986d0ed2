"""What is known of the hosts and the site of a run: the input of the checks at its end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from lsos.domains.crawl.facts import FetchError


class Place(msgspec.Struct, frozen=True, gc=False):
    """A location of the campaign, as far as checks need it."""

    name: str = ""
    phone: str = ""
    """E.164 or as given."""
    street: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""
    country: str = ""
    landing_url: str = ""


class SiteContext(msgspec.Struct, frozen=True, gc=False):
    """What a run knows before its first page."""

    start_url: str
    host: str
    domain: str
    """Registrable domain by the public suffix list; the host itself for addresses and localhost."""
    is_private_host: bool
    """Loopback or private address or a name without a public suffix: https is not judged there."""
    business_name: str = ""
    places: tuple[Place, ...] = ()


class RobotsGroup(msgspec.Struct, gc=False):
    agents: list[str]
    """Lower-case product tokens, * included."""
    rules: list[tuple[str, str]]
    """(allow | disallow, pattern)."""
    crawl_delay_s: float | None = None
    content_signals: list[tuple[str, str]] = msgspec.field(default_factory=list)


class HostFacts(msgspec.Struct, gc=False, kw_only=True):
    """One host of the run: its robots.txt and sitemaps."""

    host: str
    """As in the URL, with port if it is not the default."""
    scheme: str
    is_start: bool = False
    robots_status: int = 0
    robots_error: FetchError | None = None
    robots_bytes: int = 0
    robots_is_html: bool = False
    robots_text: str = ""
    """Cut at 512,000 bytes (RFC 9309 section 2.5)."""
    robots_sitemaps: list[str] = msgspec.field(default_factory=list)
    invalid_robots_lines: list[str] = msgspec.field(default_factory=list)
    """'<line number>: <text>', at most 20."""
    groups: list[RobotsGroup] = msgspec.field(default_factory=list)
    sitemaps: list["SitemapFacts"] = msgspec.field(default_factory=list)


class SitemapFacts(msgspec.Struct, gc=False, kw_only=True):
    url: str
    status: int = 0
    error: FetchError | None = None
    kind: Literal["", "urlset", "index", "rss", "atom", "text"] = ""
    """"" when the body is none of them."""
    parent: str = ""
    """URL of the index that names it."""
    from_robots: bool = False
    bytes: int = 0
    """Uncompressed."""
    url_count: int = 0
    is_over_limit: bool = False
    fault: str = ""
    """What is wrong with it (`sitemap_xml.Fault`, or unreachable); entries may still exist."""
    lastmods: list[str] = msgspec.field(default_factory=list)
    """As written, at most 1,000."""
    invalid_lastmods: list[str] = msgspec.field(default_factory=list)


class SiteFacts(msgspec.Struct, gc=False, kw_only=True):
    """A finished run as the site-wide checks see it."""

    context: SiteContext
    now: datetime
    hosts: Mapping[str, HostFacts]
    page_count: int = 0
    """HTML pages fetched."""
    indexable_count: int = 0
    is_cut_off: bool = False
