"""Checks of robots.txt itself, of the topic indexability."""

from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.robots_rules import blocked_bots, has_robots_txt
from lsos.checks.site import SiteFacts
from lsos.web.host_facts import HostFacts
from lsos.web.robots import MAX_ROBOTS_BYTES

ROBOTS_UNREACHABLE = frozenset({"dns", "tls", "timeout", "refused", "reset", "protocol"})
"""Errors that leave robots.txt unread: RFC 9309 section 2.3.1.4 demands complete disallow."""


def _evidence(value: str | int | None, limit: float | None = None) -> Evidence:
    return Evidence(value=value, selector="robots.txt", limit=limit)


def _robots_txt_5xx(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    if host.robots_error in ROBOTS_UNREACHABLE:
        yield _evidence(host.robots_error)
    elif host.robots_status >= 500 or host.robots_status == 429:
        yield _evidence(host.robots_status)


def _robots_txt_missing(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    if 400 <= host.robots_status < 500 and host.robots_status != 429:
        yield _evidence(host.robots_status)


def _robots_txt_invalid(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    if not 200 <= host.robots_status < 300:
        return
    if host.robots_is_html:
        found = _evidence("HTML")
        found.severity = "medium"
        yield found
        return
    for line in host.invalid_robots_lines:
        yield _evidence(text(line))


def _robots_txt_too_big(host: HostFacts, _facts: SiteFacts, at: Context) -> Iterator[Evidence]:
    limit = at.limits["bytes"]
    if host.robots_bytes > limit:
        yield _evidence(host.robots_bytes, limit=limit)


def _robots_txt_no_sitemap(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    found = [s.url for s in host.sitemaps if s.status == 200 and s.kind]
    if has_robots_txt(host) and not host.robots_sitemaps and found:
        evidence = _evidence(None)
        evidence.urls = found[:20]
        yield evidence


def _robots_txt_disallow_all(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    if blocked_bots(host, ("Googlebot",)):
        yield _evidence("Googlebot")


CHECKS = (
    Check(
        code="robots_txt_5xx",
        topic="indexability",
        severity="critical",
        scope="host",
        title="robots.txt can't be read (5xx, 429 or no answer)",
        why="Crawlers must then treat the whole host as disallowed: Google stops crawling it, and "
        "pages drop from the index when this lasts.",
        fix="Serve /robots.txt as a static file that answers 200, or 404 if there are no rules.",
        run_host=_robots_txt_5xx,
        source="RFC 9309 section 2.3.1.4",
    ),
    Check(
        code="robots_txt_missing",
        topic="indexability",
        severity="info",
        scope="host",
        title="No robots.txt",
        why="Everything may be crawled, which is fine; there is just no place that names the "
        "sitemap or keeps crawlers out of carts and search results.",
        fix="Add a robots.txt with a Sitemap line and the few Disallow rules that you need.",
        run_host=_robots_txt_missing,
        source="RFC 9309 section 2.3.1.3",
    ),
    Check(
        code="robots_txt_invalid",
        topic="indexability",
        severity="low",
        scope="host",
        title="robots.txt has lines that crawlers ignore",
        why="A misspelt field or a rule before any user-agent line has no effect; an HTML page in "
        "place of robots.txt has none at all.",
        fix="Correct or remove the lines, put each rule below a user-agent line, and serve the "
        "file as text/plain.",
        run_host=_robots_txt_invalid,
        source="RFC 9309 section 2.2",
    ),
    Check(
        code="robots_txt_too_big",
        topic="indexability",
        severity="medium",
        scope="host",
        title="robots.txt over 500 KiB",
        why="Crawlers need to read only the first 500 KiB; Google ignores the rules after it.",
        fix="Join rules by wildcards and drop rules for paths that no longer exist.",
        run_host=_robots_txt_too_big,
        limits={"bytes": MAX_ROBOTS_BYTES},
        source="RFC 9309 section 2.5",
    ),
    Check(
        code="robots_txt_no_sitemap",
        topic="indexability",
        severity="info",
        scope="host",
        title="robots.txt names no sitemap although there is one",
        why="The Sitemap line is the one place where every search engine looks, without an account "
        "in its webmaster tools.",
        fix="Add a line with the absolute URL of the sitemap: Sitemap: https://.../sitemap.xml.",
        run_host=_robots_txt_no_sitemap,
        source="sitemaps.org protocol: specifying the sitemap location in robots.txt",
    ),
    Check(
        code="robots_txt_disallow_all",
        topic="indexability",
        severity="critical",
        scope="host",
        title="robots.txt disallows / for Googlebot",
        why="Google can't crawl the site: pages lose their snippets and rankings, and new ones are "
        "not found. Often a staging file that went live.",
        fix="Remove Disallow: / from the group that holds for Googlebot, or allow what it should "
        "crawl.",
        run_host=_robots_txt_disallow_all,
        source="RFC 9309 section 2.2.2",
    ),
)
