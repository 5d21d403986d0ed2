"""Checks of the response itself: errors, blocks, refreshes, size and type."""

from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence, Severity, text
from lsos.checks.helpers.error_pages import error_shell, not_found_name
from lsos.checks.helpers.guards import ok_html
from lsos.checks.helpers.url_parts import path_of
from lsos.checks.site import SiteFacts
from lsos.web.facts import PageFacts
from lsos.web.host_facts import HostFacts

_FAMILIES = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "application/json": "json",
    "text/css": "css",
    "text/javascript": "js",
    "application/javascript": "js",
    "application/x-javascript": "js",
    "application/ecmascript": "js",
    "text/xml": "xml",
    "application/xml": "xml",
}
_EXTENSIONS = {
    "pdf": "pdf",
    "xml": "xml",
    "css": "css",
    "js": "js",
    "json": "json",
    "jpg": "image",
    "jpeg": "image",
    "png": "image",
    "gif": "image",
    "webp": "image",
    "svg": "image",
}


def _answered_unblocked(page: PageFacts, _: Context) -> bool:
    return page.status >= 400 and not page.is_blocked


def _blocked(page: PageFacts, _: Context) -> bool:
    return page.status >= 400 and page.is_blocked


def _failed(page: PageFacts, _: Context) -> bool:
    return page.error is not None


def _has_body(page: PageFacts, _: Context) -> bool:
    return page.status == 200 and page.error is None and page.body_bytes > 0


def is_key_page(page: PageFacts, at: Context) -> bool:
    """The start URL or the landing page of a location."""
    return page.is_start or any(place.landing_url == page.url for place in at.site.places)


def _http_4xx(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if page.status < 500:
        severity: Severity | None = "critical" if is_key_page(page, at) else None
        yield Evidence(value=page.status, selector="status", severity=severity)


def _http_5xx(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.status >= 500:
        yield Evidence(value=page.status, selector="status")


def _fetch_timeout(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.error == "timeout":
        yield Evidence(value=text(page.error_detail or page.error))


def _fetch_refused(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.error in ("refused", "reset"):
        yield Evidence(value=text(page.error_detail or page.error))


def _fetch_blocked(page: PageFacts, _: Context) -> Iterator[Evidence]:
    yield Evidence(value=page.status, selector="status")


def _host_error(error: str, host: HostFacts) -> Iterator[Evidence]:
    if host.robots_error == error:
        yield Evidence(value=error, urls=[f"{host.scheme}://{host.host}/"])


def _fetch_dns(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    yield from _host_error("dns", host)


def _fetch_tls(host: HostFacts, _facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    yield from _host_error("tls", host)


def _soft_404(page: PageFacts, at: Context) -> Iterator[Evidence]:
    signals = []
    if page.word_count < at.limits["words"]:
        signals.append(f"{page.word_count} words")
    if page.directives and page.is_noindex:
        signals.append("noindex")
    weak = len(signals)
    name = not_found_name(page)
    if name is not None:
        signals.append(f"not-found name: {name}")
    # The text is searched only where a shell could make it two.
    shell = error_shell(page) if signals else None
    if shell is not None:
        signals.append(f"error text: {shell}")
    if len(signals) > max(1, weak):
        yield Evidence(value=text("; ".join(signals)), limit=2)


def _may_send_on(page: PageFacts, _: Context) -> bool:
    return page.status == 200 and bool(page.meta_refresh)


def _redirect_meta_refresh(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.meta_refresh not in ("", page.url):
        target = text(page.meta_refresh)
        yield Evidence(value=target, selector="meta[http-equiv=refresh]", urls=[page.meta_refresh])


def _html_large(page: PageFacts, at: Context) -> Iterator[Evidence]:
    if page.body_bytes > at.limits["bytes"]:
        is_high = page.body_bytes > at.limits["high_bytes"]
        limit = at.limits["high_bytes" if is_high else "bytes"]
        yield Evidence(page.body_bytes, limit=limit, severity="high" if is_high else None)


def _family(content_type: str) -> str:
    """html, xml, json, pdf, css, js, image, or the type itself."""
    kind = content_type.partition(";")[0].strip()
    if kind in _FAMILIES:
        return _FAMILIES[kind]
    if kind.startswith("image/"):
        return "image"
    if kind.endswith("+json"):
        return "json"
    return "xml" if kind.endswith("+xml") else kind


def _agrees(page: PageFacts, declared: str, found: str) -> bool:
    if declared == found:
        return True
    if found == "xml":
        # SVG is XML, and XHTML sent as text/html may open with an XML declaration.
        is_svg = page.content_type.startswith("image/svg")
        return is_svg or (declared == "html" and (page.has_doctype or bool(page.titles)))
    # A script or style sheet may open like JSON, and a script like nothing at all.
    return found == "json" and declared == "js"


def _mime_mismatch(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if not page.content_type.strip():
        yield Evidence(value="", selector="header:content-type")
        return
    found = page.sniffed_type
    if found not in ("html", "xml", "json", "pdf", "image"):
        name = path_of(page.url).rpartition("/")[2]
        found = _EXTENSIONS.get(name.rpartition(".")[2].lower(), "") if "." in name else ""
    if found and not _agrees(page, _family(page.content_type), found):
        value = text(f"{page.content_type}, but the content is {found}")
        yield Evidence(value=value, selector="header:content-type")


CHECKS = (
    Check(
        code="http_4xx",
        topic="fetch",
        severity="high",
        scope="page",
        title="Linked or listed URL answers with a client error (4xx)",
        why="Visitors who follow the link meet an error page, link equity pointing at the URL is "
        "lost, and the URL drops out of the index.",
        fix="Restore the page, redirect the URL (301) to its closest equivalent, or correct the "
        "links and sitemap entries that name it.",
        run_page=_http_4xx,
        applies=_answered_unblocked,
        source="RFC 9110 section 15.5",
    ),
    Check(
        code="http_5xx",
        topic="fetch",
        severity="critical",
        scope="page",
        title="URL answers with a server error (5xx)",
        why="The page can't be used, and repeated server errors make Google slow its crawl and "
        "later remove the URL from the index.",
        fix="Find the failing request in the server's error log and repair it; answer 503 with "
        "Retry-After only for planned maintenance.",
        run_page=_http_5xx,
        applies=_answered_unblocked,
        source="RFC 9110 section 15.6",
    ),
    Check(
        code="fetch_timeout",
        topic="fetch",
        severity="high",
        scope="page",
        title="No complete response before the time limit",
        why="Visitors leave before a page that slow appears, and search engines give up on the URL "
        "and crawl the host more slowly.",
        fix="Find what blocks the response (slow query, upstream call, overloaded host) and cache "
        "or shorten it.",
        run_page=_fetch_timeout,
        applies=_failed,
    ),
    Check(
        code="fetch_dns",
        topic="fetch",
        severity="critical",
        scope="host",
        title="Host name does not resolve",
        why="No browser and no crawler can reach any URL of a host that DNS doesn't know.",
        fix="Restore the host's A, AAAA or CNAME record, or correct the links that name the host.",
        run_host=_fetch_dns,
        source="RFC 1034 section 3.7",
    ),
    Check(
        code="fetch_refused",
        topic="fetch",
        severity="critical",
        scope="page",
        title="Connection refused or reset",
        why="The URL can't be reached at all, for visitors as for search engines.",
        fix="Check that the web server listens on this port and that no firewall or rate limit "
        "cuts the connection.",
        run_page=_fetch_refused,
        applies=_failed,
    ),
    Check(
        code="fetch_tls",
        topic="fetch",
        severity="critical",
        scope="host",
        title="TLS handshake or certificate fails",
        why="Browsers show a full-page warning in place of the site, and search engines can't "
        "fetch its https URLs.",
        fix="Install a certificate that is valid today, names this host and comes with its whole "
        "chain; serve TLS 1.2 or 1.3 and renew automatically.",
        run_host=_fetch_tls,
        source="RFC 9110 section 4.3.4",
    ),
    Check(
        code="fetch_blocked",
        topic="fetch",
        severity="medium",
        scope="page",
        title="Crawler was blocked (401, 403, 429 or a challenge)",
        why="The page could not be measured, so nothing is known of its quality; a rule that "
        "blocks us may block search engines too.",
        fix="Allow the crawler's user agent or address in the firewall, lower the crawl rate, and "
        "check in Search Console that Googlebot gets a 200.",
        run_page=_fetch_blocked,
        applies=_blocked,
        source="RFC 9110 section 15.5; RFC 6585 section 4",
    ),
    Check(
        code="soft_404",
        topic="fetch",
        severity="medium",
        scope="page",
        title="Error page answers with status 200 (soft 404)",
        why="Search engines keep crawling a page that says it doesn't exist, and Google reports it "
        "as a soft 404 and leaves it out of the index.",
        fix="Answer 404 or 410 for what is gone, or redirect (301) to the page that replaces it; "
        "if the page is real, give it content and a fitting title.",
        run_page=_soft_404,
        applies=ok_html,
        limits={"words": 50},
        source="Google Search Central: soft 404 errors",
    ),
    Check(
        code="redirect_meta_refresh",
        topic="fetch",
        severity="medium",
        scope="page",
        title="Redirect by meta refresh",
        why="Visitors see the wrong page first and the back button breaks; search engines learn of "
        "the move only after parsing the page.",
        fix="Replace the meta refresh by an HTTP redirect: 301 for a permanent move, 302 for a "
        "temporary one.",
        run_page=_redirect_meta_refresh,
        applies=_may_send_on,
        source="Google Search Central: redirects and Google Search",
    ),
    Check(
        code="html_large",
        topic="fetch",
        severity="medium",
        scope="page",
        title="HTML document over 1 MB",
        why="The document is slow to load and parse on a phone; Googlebot reads the first 2 MB and "
        "ignores what follows, links included.",
        fix="Move inline data, styles and base64 images into files of their own, and paginate long "
        "lists.",
        run_page=_html_large,
        applies=ok_html,
        limits={"bytes": 1_000_000, "high_bytes": 2_000_000},
        source="Google Search Central: Googlebot",
    ),
    Check(
        code="mime_mismatch",
        topic="fetch",
        severity="low",
        scope="page",
        title="Content-Type contradicts the content, or is absent",
        why="Browsers may download the file or refuse to run it, and search engines may not index "
        "a document whose type they are told wrongly.",
        fix="Have the server send the media type of the actual content, such as text/html; "
        "charset=utf-8 or application/pdf.",
        run_page=_mime_mismatch,
        applies=_has_body,
        source="RFC 9110 section 8.3; WHATWG MIME Sniffing",
    ),
)
