"""What is known about one host of a site: its robots.txt and its sitemaps."""

from typing import Literal

import msgspec

from lsos.web.facts import FetchError


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
    """As in the URL, with a non-default port."""
    scheme: str
    is_start: bool = False
    robots_status: int = 0
    robots_error: FetchError | None = None
    robots_bytes: int = 0
    robots_is_html: bool = False
    robots_text: str = ""
    """Truncated to 512,000 bytes (RFC 9309 section 2.5)."""
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
    """"" if the body has none of these formats."""
    parent: str = ""
    """URL of the index that lists it."""
    from_robots: bool = False
    bytes: int = 0
    """Uncompressed."""
    url_count: int = 0
    is_over_limit: bool = False
    fault: str = ""
    """Its error (`sitemap_xml.Fault`, or unreachable); it may still have entries."""
    lastmods: list[str] = msgspec.field(default_factory=list)
    """As written, at most 1,000."""
    invalid_lastmods: list[str] = msgspec.field(default_factory=list)
