"""robots.txt and sitemaps of the hosts of a run: fetched once a run, kept, asked by every slice."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from lsos.core.outbound.client import Outbound, OutboundError, Response
from lsos.domains.crawl.rules import MAX_CRAWL_DELAY_S, RunSettings
from lsos.reader.reader import Broken, Reader
from lsos.web.host_facts import HostFacts, SitemapFacts
from lsos.web.html.source import sniff
from lsos.web.robots import MAX_ROBOTS_BYTES, Robots, verdict
from lsos.web.sitemaps import MAX_SITEMAP_BYTES, Entry, Sitemap
from lsos.web.urls import Resolver, host_of, origin_of

ROBOTS_TRIES = 3
ROBOTS_HOPS = 5  # RFC 9309 section 2.3.1.2
MAX_SITEMAPS = 50
MAX_SITEMAP_DEPTH = 4
SITEMAPS_S = 300.0
"""What is not read by then is left out: a job that read sitemaps for ever would never crawl."""
MAX_TIMEOUT_S = 20.0
"""Of one try at robots.txt, however patient the run is with pages; of a sitemap thrice that."""
WELL_KNOWN_SITEMAPS = ("/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml")
GOOGLEBOT = "googlebot"

Wait = Callable[[str], Awaitable[None]]
"""Waits for the host's next free moment."""


class HostRules:
    """What one host allows, compiled."""

    def __init__(self, facts: HostFacts, agent: str) -> None:
        self.facts = facts
        self._verdict = verdict(facts.robots_status, facts.robots_error)
        self._robots = Robots(facts.groups)
        self._agent = agent

    @property
    def is_unreachable(self) -> bool:
        return self._verdict == "disallow_all"

    def allows(self, url: str) -> bool:
        return self._ask(self._agent, url)

    def allows_googlebot(self, url: str) -> bool:
        return self._ask(GOOGLEBOT, url)

    def interval_s(self, settings: RunSettings) -> float:
        """Our own least interval, or the host's Crawl-delay where that is longer (up to 30 s)."""
        delay = self._robots.crawl_delay_s(self._agent) or 0.0
        return max(settings.min_interval_s, min(delay, MAX_CRAWL_DELAY_S))

    def _ask(self, agent: str, url: str) -> bool:
        if self._verdict == "parse":
            return self._robots.allows(agent, url)
        return self._verdict == "allow_all"


def agent_token(user_agent: str) -> str:
    """The product token that robots.txt groups name (RFC 9110 section 10.1.5)."""
    return user_agent.split("/", 1)[0].split(" ", 1)[0].strip().lower() or "*"


async def fetch_host(
    outbound: Outbound, reader: Reader, url: str, settings: RunSettings, wait: Wait
) -> HostFacts:
    """robots.txt of the origin of `url`: three tries, five redirects, 500 KiB."""
    origin = origin_of(url)
    facts = HostFacts(host=host_of(url), scheme=origin.split(":", 1)[0])
    for attempt in range(ROBOTS_TRIES):
        if attempt:
            await asyncio.sleep(0.5 * 3 ** (attempt - 1))
        await wait(facts.host)
        facts.robots_error, facts.robots_status = None, 0
        try:
            response, _ = await outbound.get_following(
                origin + "/robots.txt",
                max_hops=ROBOTS_HOPS,
                headers={"User-Agent": settings.user_agent},
                timeout_s=min(settings.timeout_s, MAX_TIMEOUT_S),
                max_bytes=MAX_ROBOTS_BYTES + 1,
            )
        except OutboundError as error:
            facts.robots_error = error.kind
            if error.kind in ("too_many_redirects", "address_blocked"):
                break
            continue
        facts.robots_status = response.status
        if response.status < 500 and response.status != 429:
            await _read_robots(facts, response, reader)
            break
    return facts


async def _read_robots(facts: HostFacts, response: Response, reader: Reader) -> None:
    if not 200 <= response.status < 300:
        return
    body = response.body
    facts.robots_bytes = len(body)
    facts.robots_is_html = sniff(body) == "html"
    facts.robots_text = body[:MAX_ROBOTS_BYTES].decode("utf-8", "replace").replace("\x00", "")
    try:
        robots = await reader.read_robots(body[:MAX_ROBOTS_BYTES])
    except Broken as broken:
        facts.robots_error = broken.kind
        return
    facts.groups = robots.groups
    facts.robots_sitemaps = robots.sitemaps
    facts.invalid_robots_lines = robots.invalid_lines


class Listed(NamedTuple):
    """URLs of the sitemaps of a host, in order, and what is known of each file."""

    entries: list[Entry]
    files: list[SitemapFacts]


async def read_sitemaps(
    outbound: Outbound,
    reader: Reader,
    host: HostFacts,
    settings: RunSettings,
    wait: Wait,
    *,
    most: int,
) -> Listed:
    """Fetch the sitemaps that robots.txt names, else the well-known ones, and their children.

    Stops at 50 files, four levels, five minutes or `most` entries; a file is read once, so cycles
    end.
    """
    origin = f"{host.scheme}://{host.host}"
    resolver = Resolver(origin + "/")
    named = [resolver.resolve(line) for line in host.robots_sitemaps]
    queue = [(url, "", 0, True) for url in dict.fromkeys(u for u, _, is_http in named if is_http)]
    guesses = [] if queue else [origin + path for path in WELL_KNOWN_SITEMAPS]
    listed = Listed([], [])
    seen = {url for url, *_ in queue}
    deadline = time.monotonic() + SITEMAPS_S
    while (queue or guesses) and len(listed.files) < MAX_SITEMAPS and len(listed.entries) < most:
        if time.monotonic() > deadline:
            break
        url, parent, depth, from_robots = queue.pop(0) if queue else (guesses.pop(0), "", 0, False)
        await wait(host_of(url))
        facts, sitemap = await _read_sitemap(outbound, reader, url, settings)
        if not parent and not from_robots and facts.status != 200:
            continue
        guesses.clear()
        facts.parent, facts.from_robots = parent, from_robots
        listed.files.append(facts)
        listed.entries.extend(sitemap.entries)
        for child in sitemap.children if depth < MAX_SITEMAP_DEPTH else ():
            if child not in seen:
                seen.add(child)
                queue.append((child, url, depth + 1, False))
    return listed


async def _read_sitemap(
    outbound: Outbound, reader: Reader, url: str, settings: RunSettings
) -> tuple[SitemapFacts, Sitemap]:
    facts = SitemapFacts(url=url)
    try:
        response, _ = await outbound.get_following(
            url,
            max_hops=ROBOTS_HOPS,
            headers={"User-Agent": settings.user_agent},
            timeout_s=min(settings.timeout_s, MAX_TIMEOUT_S) * 3,
            max_bytes=MAX_SITEMAP_BYTES + 1,
        )
    except OutboundError as error:
        facts.error = error.kind
        facts.fault = "unreachable"
        return facts, Sitemap()
    facts.status = response.status
    if response.status != 200:
        facts.fault = "unreachable"
        return facts, Sitemap()
    try:
        sitemap = await reader.read_sitemap(response.url, response.body)
    except Broken as broken:
        facts.fault = broken.kind
        return facts, Sitemap()
    facts.kind = sitemap.kind
    facts.fault = sitemap.fault
    facts.bytes = sitemap.bytes
    facts.url_count = len(sitemap.entries)
    facts.is_over_limit = sitemap.is_over_limit
    facts.lastmods = sitemap.lastmods
    facts.invalid_lastmods = sitemap.invalid_lastmods
    return facts, sitemap


def pack(facts: HostFacts) -> bytes:
    return msgspec.msgpack.encode(facts)


def unpack(raw: bytes) -> HostFacts:
    return msgspec.msgpack.decode(raw, type=HostFacts)
