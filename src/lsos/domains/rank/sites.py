"""Whose website a result is, also where many businesses share a host."""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from lsos.core.outbound.addresses import parse_target
from lsos.web.suffixes import below_suffix, public_suffix

SHARED_HOSTS = frozenset(
    {
        "etsy.com",
        "facebook.com",
        "instagram.com",
        "linkedin.com",
        "linktr.ee",
        "medium.com",
        "pinterest.com",
        "sites.google.com",
        "tiktok.com",
        "tripadvisor.com",
        "x.com",
        "yelp.com",
        "youtube.com",
    }
)
"""Hosts on which the path says whose page it is."""
_KINDS = frozenset(
    {"a", "biz", "c", "channel", "company", "in", "p", "pages", "people", "shop", "user", "view"}
)
"""First segments of a path there that are followed by a name."""


def site_of(url: str) -> str:
    """The website that a URL of it stands for: a host, with a part of the path if many share it.

    A bare domain or its www stands for the domain with all its hosts, any other host for itself
    and what is below it: the branches of a franchise are businesses of their own. "" if it is no
    URL.
    """
    host, path = _place_of(url)
    if shared := _shared(host):
        segments = 2 if path[:1] and path[0] in _KINDS else 1
        return "/".join([shared, *path[:segments]]) if len(path) >= segments else ""
    bare = host.removeprefix("www.")
    return bare if bare == _registrable(host) else host


def _shared(host: str) -> str | None:
    """The shared host that it is or belongs to, such as m.facebook.com."""
    return next((h for h in (host, _registrable(host)) if h in SHARED_HOSTS), None)


@lru_cache(maxsize=8_192)
def is_of_site(url: str, site: str) -> bool:
    """Whether a result belongs to the website that `site_of` has named."""
    host, path = _place_of(url)
    if not site or not host:
        return False
    owner, *segments = site.split("/")
    is_host = host.removeprefix("www.") == owner.removeprefix("www.") or host.endswith("." + owner)
    return is_host and path[: len(segments)] == segments


def _place_of(url: str) -> tuple[str, list[str]]:
    """Host without a final dot, and the segments of the path in lower case; "" if it is no URL."""
    try:
        target = parse_target(url)
    except ValueError:
        return "", []
    path = urlsplit(url).path.casefold()
    return target.host.rstrip("."), [segment for segment in path.split("/") if segment]


def _registrable(host: str) -> str:
    """Registrable domain of a host by the Public Suffix List; of an address, itself."""
    try:
        return str(ip_address(host))
    except ValueError:
        if public_suffix(host):
            return below_suffix(host) or host
        # The list's rule for a top-level domain that it does not name.
        return ".".join(host.split(".")[-2:])
