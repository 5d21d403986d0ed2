"""Checks of the sitemaps of a host, and of the URLs that they list."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from lsos.checks.base import Check, Context, Evidence, Severity, text
from lsos.checks.site import SiteFacts
from lsos.web.facts import PageFacts
from lsos.web.host_facts import HostFacts, SitemapFacts

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=$|T)")
TOO_LARGE = "too_large"
"""The fault of a sitemap that was cut at its limit: sitemap_over_limit speaks of it."""

_UNASKED = ("robots_disallowed", "robots_unreachable")


def _listed(page: PageFacts, _: Context) -> bool:
    return page.in_sitemap


def _listed_ok(page: PageFacts, _: Context) -> bool:
    return page.in_sitemap and page.status == 200


def _sitemap_non200(page: PageFacts, _: Context) -> Iterator[Evidence]:
    is_unmeasured = page.is_blocked or page.error in _UNASKED
    if page.status != 200 and not page.redirect_url and not is_unmeasured:
        yield Evidence(value=page.status or page.error, selector="status")


def _sitemap_redirect(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.redirect_url:
        yield Evidence(value=page.status, selector="header:location", urls=[page.redirect_url])


def _sitemap_noindex(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.directives and page.is_noindex:
        source = next(
            e.source for e in page.directives if {"noindex", "none"}.intersection(e.values)
        )
        yield Evidence(
            value="noindex",
            selector="header:x-robots-tag" if source == "header" else "meta[name=robots]",
        )


def _sitemap_blocked(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.error == "robots_disallowed" or not page.googlebot_allowed:
        yield Evidence(value=text(page.error_detail), selector="robots.txt")


def _sitemap_noncanonical(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.is_canonicalised:
        yield Evidence(
            value=text(page.canonical_url),
            selector="link[rel=canonical]",
            urls=[page.canonical_url],
        )


def _evidence(sitemap: SitemapFacts, value: str | int | None) -> Evidence:
    return Evidence(value=value, selector="sitemap", urls=[sitemap.url])


def _is_absent(sitemap: SitemapFacts) -> bool:
    """It was asked for and is not there; a block or a server error says nothing of that."""
    return 400 <= sitemap.status < 500 and sitemap.status not in (401, 403, 429)


def _sitemap_missing(host: HostFacts, facts: SiteFacts, at: Context) -> Iterator[Evidence]:
    pages = facts.indexable_count
    severity: Severity | None = "medium" if pages >= at.limits["medium_pages"] else None
    is_asked = host.is_start and host.robots_status > 0
    is_named = bool(host.robots_sitemaps) and not host.sitemaps
    if is_asked and not is_named and all(map(_is_absent, host.sitemaps)):
        yield Evidence(
            value=pages,
            selector="sitemap",
            urls=host.robots_sitemaps[:20],
            severity=severity,
        )


def _sitemap_invalid(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    for sitemap in host.sitemaps:
        if sitemap.status != 200 or sitemap.fault == TOO_LARGE:
            continue
        if sitemap.fault or not sitemap.kind:
            yield _evidence(sitemap, text(sitemap.fault or "no sitemap format"))


def _sitemap_child_unreachable(
    host: HostFacts, _facts: SiteFacts, _: Context
) -> Iterator[Evidence]:
    for sitemap in host.sitemaps:
        if sitemap.parent and sitemap.status != 200 and sitemap.error not in _UNASKED:
            found = _evidence(sitemap, sitemap.status or sitemap.error)
            found.urls.append(sitemap.parent)
            yield found


def _sitemap_over_limit(host: HostFacts, _facts: SiteFacts, at: Context) -> Iterator[Evidence]:
    urls, size = at.limits["urls"], at.limits["bytes"]
    for sitemap in host.sitemaps:
        if sitemap.bytes > size or sitemap.fault == TOO_LARGE:
            found = _evidence(sitemap, sitemap.bytes)
            found.limit = size
            yield found
        elif sitemap.url_count > urls or sitemap.is_over_limit:
            found = _evidence(sitemap, sitemap.url_count)
            found.limit = urls
            yield found


def _sitemap_lastmod_uniform(host: HostFacts, _facts: SiteFacts, at: Context) -> Iterator[Evidence]:
    # The lastmod of an index is about files: a generator writes them all at once.
    values = [v for s in host.sitemaps if s.kind != "index" for v in s.lastmods]
    if len(values) < at.limits["values"]:
        return
    days = Counter(v[:10] for v in values if _DAY.match(v))
    day, count = next(iter(days.most_common(1)), ("", 0))
    if count >= at.limits["same_day_share"] * len(values):
        yield Evidence(
            value=f"{count} of {len(values)} on {day}",
            selector="lastmod",
            limit=at.limits["same_day_share"],
        )


def _sitemap_lastmod_invalid(host: HostFacts, facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    last_day = (facts.now + timedelta(days=1)).date().isoformat()
    for sitemap in host.sitemaps:
        for value in sitemap.invalid_lastmods:
            yield _evidence(sitemap, text(value))
        invalid = set(sitemap.invalid_lastmods)
        for value in sitemap.lastmods:
            if value not in invalid and _DAY.match(value) and value[:10] > last_day:
                yield _evidence(sitemap, text(value))


CHECKS = (
    Check(
        code="sitemap_missing",
        topic="sitemap",
        severity="low",
        scope="host",
        title="No sitemap found",
        why="Search engines learn of new and changed pages only by following links, which takes "
        "longest on large or weakly linked sites.",
        fix="Generate an XML sitemap of all indexable URLs and name it in robots.txt.",
        run_host=_sitemap_missing,
        limits={"medium_pages": 500},
        source="sitemaps.org protocol",
    ),
    Check(
        code="sitemap_invalid",
        topic="sitemap",
        severity="high",
        scope="host",
        title="Sitemap can't be read",
        why="Search engines skip a file that is no well-formed sitemap, and with it all URLs that "
        "it should list.",
        fix="Serve well-formed XML in the sitemaps.org namespace (or RSS 2.0, Atom, or text with a "
        "URL a line), not an HTML page.",
        run_host=_sitemap_invalid,
        source="sitemaps.org protocol: XML tag definitions",
    ),
    Check(
        code="sitemap_child_unreachable",
        topic="sitemap",
        severity="medium",
        scope="host",
        title="Sitemap of the index does not answer 200",
        why="The URLs of this file are missing from what search engines learn through the index.",
        fix="Restore the file, or take it out of the sitemap index.",
        run_host=_sitemap_child_unreachable,
        source="sitemaps.org protocol: sitemap index files",
    ),
    Check(
        code="sitemap_over_limit",
        topic="sitemap",
        severity="high",
        scope="host",
        title="Sitemap over 50,000 URLs or 50 MB",
        why="Search engines refuse the file or ignore what lies beyond the limit.",
        fix="Split it into several sitemaps and list those in a sitemap index.",
        run_host=_sitemap_over_limit,
        limits={"urls": 50_000, "bytes": 52_428_800},
        source="sitemaps.org protocol: sitemap index files",
    ),
    Check(
        code="sitemap_non200",
        topic="sitemap",
        severity="high",
        scope="site",
        title="Listed URL does not answer 200",
        why="Search engines trust a sitemap less when it lists URLs that fail, and they spend "
        "crawling on them.",
        fix="Repair the URL or take it out of the sitemap.",
        run_page=_sitemap_non200,
        applies=_listed,
        source="Google Search Central: build and submit a sitemap",
    ),
    Check(
        code="sitemap_redirect",
        topic="sitemap",
        severity="medium",
        scope="site",
        title="Listed URL redirects",
        why="A sitemap should list final, canonical URLs; a redirecting one sends a weaker signal "
        "and costs a second request.",
        fix="List the target of the redirect in its place.",
        run_page=_sitemap_redirect,
        applies=_listed,
        source="Google Search Central: build and submit a sitemap",
    ),
    Check(
        code="sitemap_noindex",
        topic="sitemap",
        severity="high",
        scope="site",
        title="Listed URL is noindex",
        why="The sitemap asks for the page to be indexed and the page forbids it; one of the two "
        "is a mistake.",
        fix="Remove noindex if the page should rank, else take it out of the sitemap.",
        run_page=_sitemap_noindex,
        applies=_listed_ok,
        source="Google Search Central: build and submit a sitemap",
    ),
    Check(
        code="sitemap_blocked",
        topic="sitemap",
        severity="high",
        scope="site",
        title="Listed URL is disallowed by robots.txt",
        why="Search engines are told of the URL and forbidden to fetch it, so it is indexed "
        "without content or not at all.",
        fix="Allow the URL in robots.txt if it should rank, else take it out of the sitemap.",
        run_page=_sitemap_blocked,
        applies=_listed,
        source="Google Search Central: build and submit a sitemap",
    ),
    Check(
        code="sitemap_noncanonical",
        topic="sitemap",
        severity="medium",
        scope="site",
        title="Listed URL has another canonical",
        why="Sitemap and canonical name different URLs for the same content, so search engines "
        "must guess which one counts.",
        fix="List the canonical URL, or correct the canonical.",
        run_page=_sitemap_noncanonical,
        applies=_listed_ok,
        source="Google Search Central: specify a canonical URL",
    ),
    Check(
        code="sitemap_lastmod_uniform",
        topic="sitemap",
        severity="low",
        scope="host",
        title="Nearly all lastmod values are of the same day",
        why="Google uses lastmod only while it proves accurate; dates that come from the generator "
        "tell nothing of the pages.",
        fix="Write the date of the page's last significant change, or leave lastmod out.",
        run_host=_sitemap_lastmod_uniform,
        limits={"values": 20, "same_day_share": 0.9},
        source="Google Search Central: build and submit a sitemap",
    ),
    Check(
        code="sitemap_lastmod_invalid",
        topic="sitemap",
        severity="low",
        scope="host",
        title="lastmod is no W3C date or lies in the future",
        why="Search engines ignore the value, and may distrust the other dates of the file.",
        fix="Write dates as 2026-03-31 or 2026-03-31T09:30:00+02:00.",
        run_host=_sitemap_lastmod_invalid,
        source="W3C note: date and time formats; sitemaps.org protocol",
    ),
)
