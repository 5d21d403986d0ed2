"""Builders of facts with sane defaults, so that a test names only what it is about."""

from datetime import UTC, datetime
from typing import Any

from lsos.checks.site import SiteContext, SiteFacts
from lsos.web.facts import (
    Canonical,
    Heading,
    Hreflang,
    Image,
    Link,
    PageFacts,
    StructuredItem,
)
from lsos.web.host_facts import HostFacts, RobotsGroup, SitemapFacts
from tests.support.graphs import graph

HOST = "www.example.com"
ORIGIN = f"https://{HOST}"
URL = f"{ORIGIN}/plumbing"
TEXT = "We repair pipes, boilers and taps in Springfield on every day of the week. " * 20


def page(**overrides: Any) -> PageFacts:
    """An indexable HTML page on which no check of severity low or above fires."""
    url = overrides.get("url", URL)
    values: dict[str, Any] = {
        "url": url,
        "depth": 1,
        "status": 200,
        "content_type": "text/html; charset=utf-8",
        "sniffed_type": "html",
        "charset": "utf-8",
        "charset_source": "header",
        "content_encoding": "gzip",
        "body_bytes": 40_000,
        "transfer_bytes": 9_000,
        "ttfb_ms": 90.0,
        "total_ms": 120.0,
        "headers": {
            "content-type": "text/html; charset=utf-8",
            "date": "Tue, 03 Nov 2026 10:00:00 GMT",
            "strict-transport-security": "max-age=31536000; includeSubDomains",
            "content-security-policy": "default-src 'self'; frame-ancestors 'self'",
            "x-content-type-options": "nosniff",
            "x-frame-options": "SAMEORIGIN",
            "referrer-policy": "strict-origin-when-cross-origin",
        },
        "is_html": True,
        "has_doctype": True,
        "lang": "en",
        "titles": ["Plumbers in Springfield | Example Plumbing"],
        "descriptions": [
            "Example Plumbing repairs pipes, boilers and taps in Springfield, on weekdays and "
            "weekends alike. Call us for a fixed price."
        ],
        "viewport": "width=device-width, initial-scale=1",
        "og": {
            "og:title": "Plumbers in Springfield",
            "og:description": "Repairs of pipes, boilers and taps.",
            "og:image": f"{ORIGIN}/van.jpg",
            "og:url": url,
            "og:type": "website",
        },
        "twitter": {"twitter:card": "summary_large_image"},
        "canonicals": [Canonical(url=url, raw=url)],
        "icons": [f"{ORIGIN}/favicon.ico"],
        "headings": [Heading(1, "Plumbers in Springfield"), Heading(2, "Boiler repair")],
        "links": [link("/"), link("/contact", anchor="Contact us")],
        "images": [Image(src=f"{ORIGIN}/van.jpg", alt="Our van", has_size=True)],
        "element_count": 300,
        "text": TEXT,
        "text_bytes": len(TEXT),
        "word_count": len(TEXT.split()),
        "text_hash": 42,
    }
    values.update(overrides)
    return PageFacts(**values)


def link(href: str, **overrides: Any) -> Link:
    """A link of the page at `ORIGIN`; a path is resolved, everything else kept as it is."""
    is_http = href.startswith(("http:", "https:", "/"))
    values: dict[str, Any] = {
        "url": ORIGIN + href if href.startswith("/") else href,
        "href": href,
        "anchor": "Plumbing in Springfield",
        "is_http": is_http,
    }
    values.update(overrides)
    return Link(**values)


def canonical(raw: str, **overrides: Any) -> Canonical:
    url = (ORIGIN + raw if raw.startswith("/") else raw).partition("#")[0]
    return Canonical(**{"url": url, "raw": raw, **overrides})


def hreflang(lang: str, raw: str, **overrides: Any) -> Hreflang:
    url = ORIGIN + raw if raw.startswith("/") else raw
    return Hreflang(**{"lang": lang.lower(), "url": url, "raw": raw, **overrides})


def item(*types: str, **overrides: Any) -> StructuredItem:
    values: dict[str, Any] = {"types": list(types), "id": None, "data": {}}
    values.update(overrides)
    return StructuredItem(**values)


def site_context(**overrides: Any) -> SiteContext:
    values: dict[str, Any] = {
        "start_url": f"{ORIGIN}/",
        "host": HOST,
        "domain": "example.com",
        "is_private_host": False,
        "business_name": "Example Plumbing",
    }
    values.update(overrides)
    return SiteContext(**values)


def group(*agents: str, **overrides: Any) -> RobotsGroup:
    """A robots.txt group; `disallow=` and `allow=` take a pattern or several."""
    rules: list[tuple[str, str]] = []
    for kind in ("allow", "disallow"):
        patterns = overrides.pop(kind, ())
        patterns = (patterns,) if isinstance(patterns, str) else patterns
        rules.extend((kind, pattern) for pattern in patterns)
    return RobotsGroup(agents=[a.lower() for a in agents], rules=rules, **overrides)


def sitemap(**overrides: Any) -> SitemapFacts:
    """A readable sitemap that robots.txt names."""
    values: dict[str, Any] = {
        "url": f"{ORIGIN}/sitemap.xml",
        "status": 200,
        "kind": "urlset",
        "from_robots": True,
        "bytes": 4_000,
        "url_count": 40,
    }
    values.update(overrides)
    return SitemapFacts(**values)


def host(**overrides: Any) -> HostFacts:
    """The start host with a robots.txt that allows everything and names one good sitemap."""
    values: dict[str, Any] = {
        "host": HOST,
        "scheme": "https",
        "is_start": True,
        "robots_status": 200,
        "robots_bytes": 60,
        "robots_sitemaps": [f"{ORIGIN}/sitemap.xml"],
        "groups": [group("*", disallow="/cart")],
        "sitemaps": [sitemap()],
    }
    values.update(overrides)
    return HostFacts(**values)


def site(*hosts: HostFacts, **overrides: Any) -> SiteFacts:
    values: dict[str, Any] = {
        "context": site_context(),
        "now": datetime(2026, 6, 1, tzinfo=UTC),
        "hosts": {h.host: h for h in hosts},
        "page_count": 40,
        "indexable_count": 38,
        "graph": graph({"/": ["/plumbing"], "/plumbing": ["/"]}),
    }
    values.update(overrides)
    return SiteFacts(**values)
