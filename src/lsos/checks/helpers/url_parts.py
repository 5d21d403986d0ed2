"""What the checks of links, canonicals and URLs ask about the parts of a URL."""

import re

from lsos.checks.site import SiteContext
from lsos.web.urls import host_of, registrable_domain

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def path_of(url: str) -> str:
    """Path of an absolute URL, as written."""
    start = url.find("/", url.find("://") + 3)
    return "" if start < 0 else url[start:].partition("?")[0].partition("#")[0]


def query_of(url: str) -> str:
    return url.partition("#")[0].partition("?")[2]


def query_names(url: str) -> list[str]:
    """Names of the query parameters, as written, in order, duplicates kept."""
    return [pair.partition("=")[0] for pair in query_of(url).split("&") if pair]


def is_on_host(url: str, site: SiteContext) -> bool:
    """The URL is on the site's host; www and apex are one host."""
    return host_of(url).removeprefix("www.") == site.host.removeprefix("www.")


def is_on_domain(url: str, site: SiteContext) -> bool:
    """The URL is on the site's registrable domain or a name below it."""
    return registrable_domain(host_of(url)) == registrable_domain(site.host)


def is_relative(reference: str) -> bool:
    """A relative reference, the ones that begin with // included (RFC 3986 section 4.2)."""
    return _SCHEME.match(reference) is None
