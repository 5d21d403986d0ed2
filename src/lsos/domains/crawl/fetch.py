"""Fetches one claimed URL: robots, the host's interval, the response as facts."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from lsos.core.clock import now
from lsos.core.outbound.client import Outbound, OutboundError, Response
from lsos.core.outbound.response import retry_after_s
from lsos.domains.crawl.frontier import Claim
from lsos.domains.crawl.hosts import HostRules
from lsos.domains.crawl.politeness import HostClock
from lsos.domains.crawl.rules import (
    MAX_COOL_DOWN_S,
    MAX_TRIES,
    RunSettings,
    is_retryable,
    retry_delay_s,
)
from lsos.web.facts import Cookie, PageFacts
from lsos.web.urls import Resolver, host_of

MAX_BODY_BYTES = 3_000_000
"""Googlebot reads the first 2 MB of HTML; what is beyond ours is cut and marked."""
LONGEST_WAIT_S = 5.0
"""A host whose next free moment is further away gets its URL back."""
LONGEST_HOST_WAIT_S = 60.0
"""For requests that are no page."""
KEPT_HEADERS = frozenset(
    {
        "cf-mitigated",
        "content-language",
        "content-security-policy",
        "date",
        "link",
        "location",
        "referrer-policy",
        "retry-after",
        "server",
        "strict-transport-security",
        "vary",
        "x-content-type-options",
        "x-frame-options",
        "x-robots-tag",
    }
)
"""Response headers that facts keep."""
HEADER_CHARS = 2_000


class Known(msgspec.Struct, frozen=True, gc=False):
    """Validators of a URL from the previous run."""

    etag: str
    last_modified: str


class PutBack(NamedTuple):
    """The URL could not be measured now."""

    delay_s: float
    is_no_try: bool


class Fetched(NamedTuple):
    page: PageFacts
    body: bytes


class Fetcher:
    """Of one slice: knows the run's settings and what its hosts allow."""

    def __init__(
        self, outbound: Outbound, clock: HostClock, settings: RunSettings, start_url: str
    ) -> None:
        self._outbound = outbound
        self._clock = clock
        self._settings = settings
        self._start_url = start_url
        self.interval_s = settings.min_interval_s
        """Between requests that are no page."""

    async def wait_for(self, host: str) -> None:
        """Wait for the host's next free moment, for requests that are no page."""
        ours, wait_s = await self._clock.reserve(host, self.interval_s, LONGEST_HOST_WAIT_S)
        await asyncio.sleep(wait_s if ours else LONGEST_HOST_WAIT_S)

    async def fetch(self, claim: Claim, rules: HostRules, known: Known | None) -> Fetched | PutBack:
        """The URL as measured, or why it must wait. Never raises for what a site does."""
        page = PageFacts(
            url=claim.url,
            depth=claim.depth,
            is_start=claim.url == self._start_url,
            in_sitemap=claim.in_sitemap,
            attempts=claim.attempts,
        )
        if rules.is_unreachable:
            is_blocked = rules.facts.robots_error == "address_blocked"
            page.error = "address_blocked" if is_blocked else "robots_unreachable"
            page.robots_allowed = page.googlebot_allowed = False
            return Fetched(page, b"")
        page.googlebot_allowed = rules.allows_googlebot(claim.url)
        if not rules.allows(claim.url):
            page.error, page.robots_allowed = "robots_disallowed", False
            return Fetched(page, b"")
        host = host_of(claim.url)
        interval_s = rules.interval_s(self._settings)
        ours, wait_s = await self._clock.reserve(host, interval_s, LONGEST_WAIT_S)
        if not ours:
            return PutBack(min(wait_s, MAX_COOL_DOWN_S), is_no_try=True)
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        return await self._ask(page, host, claim, known)

    async def _ask(
        self, page: PageFacts, host: str, claim: Claim, known: Known | None
    ) -> Fetched | PutBack:
        body = b""
        try:
            response = await self._outbound.get(
                claim.url,
                headers=self._headers(known),
                timeout_s=self._settings.timeout_s,
                max_bytes=MAX_BODY_BYTES,
            )
        except OutboundError as error:
            page.error, page.error_detail = error.kind, error.detail[:500]
        else:
            body = response.body
            _describe(page, response)
            if response.status in (429, 503) and claim.attempts < MAX_TRIES:
                delay_s = retry_after_s(response.header("retry-after"), now())
                delay_s = min(delay_s if delay_s is not None else 5.0, MAX_COOL_DOWN_S)
                await self._clock.cool_down(host, delay_s)
                return PutBack(delay_s, is_no_try=False)
        if is_retryable(page.status, page.error) and claim.attempts < MAX_TRIES:
            return PutBack(retry_delay_s(claim.attempts), is_no_try=False)
        return Fetched(page, body)

    def _headers(self, known: Known | None) -> Mapping[str, str]:
        headers = {
            "User-Agent": self._settings.user_agent,
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": "en,*;q=0.5",
        }
        if known is not None and known.etag:
            headers["If-None-Match"] = known.etag
        elif known is not None and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        return headers


def _describe(page: PageFacts, response: Response) -> None:
    page.status = response.status
    page.content_encoding = response.content_encoding
    page.body_bytes = len(response.body)
    page.transfer_bytes = response.transfer_bytes
    page.is_truncated = response.is_truncated
    page.ttfb_ms = round(response.ttfb_ms, 1)
    page.total_ms = round(response.total_ms, 1)
    kept: dict[str, str] = {}
    for name, raw in response.headers:
        if name in KEPT_HEADERS:
            value = raw[:HEADER_CHARS].replace("\x00", "")
            # A bot prefix of X-Robots-Tag holds for its own header line only.
            joint = "\n" if name == "x-robots-tag" else ", "
            kept[name] = f"{kept[name]}{joint}{value}" if name in kept else value
        elif name == "content-type":
            page.content_type = raw.lower()[:200].replace("\x00", "")
        elif name == "etag":
            page.etag = raw[:500].replace("\x00", "")
        elif name == "last-modified":
            page.last_modified = raw[:100].replace("\x00", "")
        elif name == "set-cookie" and len(page.cookies) < 20:
            page.cookies.append(_cookie(raw))
    page.headers = kept
    if location := response.location:
        url, _, is_http = Resolver(page.url).resolve(location)
        page.redirect_url = url if is_http else ""


def _cookie(raw: str) -> Cookie:
    first, *attributes = raw[:HEADER_CHARS].replace("\x00", "").split(";")
    named = {
        name.strip().lower(): value.strip().lower()
        for name, _, value in (attribute.partition("=") for attribute in attributes)
    }
    return Cookie(
        name=first.partition("=")[0].strip()[:200],
        is_secure="secure" in named,
        is_http_only="httponly" in named,
        same_site=named.get("samesite", ""),
    )
