"""URL identity: normalisation, resolution, hosts, keys and the scope of a crawl."""

import ipaddress
import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Self
from urllib.parse import quote

import ada_url

from lsos.web.patterns import Glob
from lsos.web.suffixes import below_suffix, public_suffix

MAX_URL_LENGTH = 4_096
"""Maximum length of a normalised URL. Twice what browsers and caches are known to accept; longer
ones are crawler traps or data."""

TRACKING_PARAMS = frozenset(
    {"utm_*", "mtm_*", "pk_campaign", "pk_kwd", "pk_source", "pk_medium", "pk_content"}
    | {"_ga", "_gl", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "srsltid"}
    | {"gad_source", "gad_campaignid", "fbclid", "igshid"}
    | {"msclkid", "yclid", "ysclid", "_openstat"}
    | {"ttclid", "twclid", "rdt_cid", "li_fat_id", "epik", "ScCid", "wickedid"}
    | {"hsa_*", "_hsenc", "_hsmi", "__hstc", "__hssc", "__hsfp"}
    | {"mc_cid", "mc_eid", "mkt_tok", "vero_id", "oly_enc_id", "oly_anon_id"}
)
"""Query parameters that identify a campaign or a click, but never the resource."""

_MAX_INPUT = 4 * MAX_URL_LENGTH
_HTTP = ("http://", "https://")
_OF_ORIGIN = ("/", *_HTTP)
"""Prefixes of links that mean the same on every page of an origin. `http:x` is relative."""
_OTHER_SCHEMES = ("mailto:", "tel:", "javascript:", "data:", "sms:")
_SPACE = " \t\n\f\r"
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")

# What the WHATWG parser and `normalise` leave unchanged; possessive, so no backtracking.
_P = r"[A-Za-z0-9_\-./~!$&'()*+,;=:@]*+"
_Q = r"[A-Za-z0-9_\-./~!$&()*+,;=:@?\[\]]*+"
_F = r"[A-Za-z0-9_\-./~!$&'()*+,;=:@?%]*+"
_PLAIN = re.compile(
    rf"(/(?!/){_P}(?:%(?!2E)[0-9A-F]{{2}}{_P})*+)"
    rf"(?:\?(?=[^#])({_Q}(?:%[0-9A-F]{{2}}{_Q})*+))?"
    rf"(?:#({_F}))?"
)
_PLAIN_FRAGMENT = re.compile(rf"#({_F})")


def normalise(url: str, drop_params: frozenset[str] = frozenset()) -> str | None:
    """The canonical spelling of an absolute http(s) URL; None for anything else or too long.

    It is the WHATWG href without fragment and empty query, with percent triplets in upper case. The
    order of the query is kept. `drop_params` are parameter names as written in queries, or prefixes
    such as `utm_*`.
    """
    if len(url) > _MAX_INPUT:
        return None
    try:
        href = ada_url.normalize_url(url)
    except ValueError:
        return None
    return _finish(href.partition("#")[0], drop_params)


_Resolved = tuple[str, str, bool]


class Resolver:
    """Resolves the links of one page; it caches them, so discard it after the page.

    Results that do not depend on the page's path are cached for all pages of its origin, because
    most links of a page occur on every page of its site.
    """

    MEMO_SIZE = 4_096
    MEMO_CHARS = 200

    def __init__(self, base_url: str, drop_params: frozenset[str] = frozenset()) -> None:
        self._drop = drop_params
        self._page = _plain_url(base_url, drop_params)
        self._base = base_url
        if self._page is None:
            # Absolute links resolve even without a valid base.
            self._base = base_url if ada_url.check_url(base_url) else "about:blank"
            self._page = normalise(base_url, drop_params)
        self._origin = ""
        self._quick_length = -1
        if self._page is not None:
            self._origin = self._page[: self._page.index("/", 8)]
            self._quick_length = MAX_URL_LENGTH - len(self._origin)
        self._own_links = self._origin + "/"
        self._of_page: dict[str, _Resolved] = {}
        self._of_origin = _origin_memo(self._origin, drop_params) if self._origin else {}

    def resolve(self, href: str) -> _Resolved:
        """(normalised URL, fragment without #, True); (href stripped, "", False) if not http(s)."""
        memo = self._of_origin if href.startswith(_OF_ORIGIN) else self._of_page
        known = memo.get(href)
        if known is None:
            known = self._quick(href) or self.resolve_by_parser(href)
            if len(memo) < self.MEMO_SIZE and len(href) <= self.MEMO_CHARS:
                memo[href] = known
        return known

    def resolve_by_parser(self, href: str) -> _Resolved:
        """Like `resolve`, without the fast paths."""
        if len(href) <= _MAX_INPUT:
            try:
                joined = ada_url.join_url(self._base, href)
            except ValueError:
                joined = ""
            found, _, fragment = joined.partition("#")
            url = _finish(found, self._drop)
            if url is not None:
                return url, fragment, True
        return href.strip(_SPACE), "", False

    def _quick(self, href: str) -> _Resolved | None:
        """Resolve simple links within the site by concatenation, much faster than the parser."""
        if len(href) > self._quick_length:
            return None
        if href[:1] == "/":
            path = href
        elif href.startswith(self._own_links):
            path = href[len(self._origin) :]
        else:
            return self._quick_other(href)
        plain = _plain(path, self._drop)
        return None if plain is None else (self._origin + plain[0], plain[1], True)

    def _quick_other(self, href: str) -> _Resolved | None:
        if href[:1] == "#" and self._page is not None:
            match = _PLAIN_FRAGMENT.fullmatch(href)
            return (self._page, match[1], True) if match else None
        return (href.strip(_SPACE), "", False) if href.startswith(_OTHER_SCHEMES) else None


def _plain(path: str, drop_params: frozenset[str]) -> tuple[str, str] | None:
    """(path and query, fragment) of a reference that the parser would leave unchanged."""
    match = _PLAIN.fullmatch(path)
    if match is None or "/." in path:
        return None
    if match.lastindex == 1:
        return path, ""
    path, query, fragment = match.groups()
    if query is not None:
        if drop_params:
            query = _without_params(query, drop_params)
        if query:
            path = f"{path}?{query}"
    return path, fragment or ""


def _plain_url(url: str, drop_params: frozenset[str]) -> str | None:
    """Like `normalise` for common URLs, at a fraction of the time; None for others."""
    slash = url.find("/", 8)
    if slash < 0 or len(url) > MAX_URL_LENGTH or not _is_origin(url[:slash]):
        return None
    plain = _plain(url[slash:], drop_params)
    return None if plain is None else url[:slash] + plain[0]


@lru_cache(maxsize=256)
def _is_origin(text: str) -> bool:
    return normalise(text + "/") == text + "/"


@lru_cache(maxsize=8)
def _origin_memo(origin: str, drop_params: frozenset[str]) -> dict[str, _Resolved]:
    """The origins of the latest pages, each with its first links: menus come first."""
    return {}


def host_of(url: str) -> str:
    """Host of a normalised URL, with a non-default port."""
    return _split(url)[0]


def origin_of(url: str) -> str:
    """scheme://host[:port] of a normalised URL."""
    return f"{url.partition('://')[0]}://{_split(url)[0]}"


@lru_cache(maxsize=4_096)
def registrable_domain(host: str) -> str:
    """Public suffix plus one label, such as example.co.uk or alice.github.io.

    IP addresses, names without a public suffix and public suffixes themselves are their own domain.
    """
    name = _name_of(host)
    return below_suffix(name) or name


@lru_cache(maxsize=4_096)
def has_public_suffix(host: str) -> bool:
    """False for addresses and for names such as localhost, shop.internal or site.test."""
    return bool(public_suffix(_name_of(host)))


def is_private_name_or_address(host: str) -> bool:
    """Whether no visitor from the public internet can reach it by this name.

    This is for reports only: the outbound guard decides what may be connected to.
    """
    name = _name_of(host)
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return not has_public_suffix(name)
    return not address.is_global or address.is_multicast


def url_key(secret: bytes, url: str) -> int:
    """Signed 64-bit key of a URL, hashed with `secret` (at most 64 bytes).

    The secret prevents a hostile site from constructing collisions.
    """
    digest = blake2b(url.encode("utf-8", "surrogatepass"), key=secret, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@dataclass(frozen=True, slots=True)
class Scope:
    """Decides which URLs belong to the crawled site."""

    host: str
    """Host of the start URL, without www., with a non-default port."""
    domain: str
    """Registrable domain whose subdomains belong to the site; "" if only the host does."""
    port: str
    include: tuple[Glob, ...]
    exclude: tuple[Glob, ...]

    @classmethod
    def of(
        cls,
        start_url: str,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        subdomains: bool = False,
    ) -> Self:
        """Patterns are those of `Glob`, such as `/blog/`, `/*/print$` or `*?sort=`. A URL must
        match one of `include`, if there are any, and none of `exclude`, including the start URL.
        """
        url = normalise(start_url)
        if url is None:
            raise ValueError(f"not an http(s) URL: {start_url!r}")
        host = host_of(url)
        name, port = _name_and_port(host)
        # Subdomains of a public suffix, such as github.io, belong to different owners.
        is_shared = has_public_suffix(name) and not below_suffix(_name_of(name))
        return cls(
            host=_without_www(host),
            domain=registrable_domain(name) if subdomains and not is_shared else "",
            port=port,
            include=tuple(map(_scope_glob, include)),
            exclude=tuple(map(_scope_glob, exclude)),
        )

    def contains(self, url: str) -> bool:
        """`url` must be normalised. www and apex are one host, http and https one site."""
        if not url.startswith(_HTTP):
            return False
        host, path = _split(url)
        if _without_www(host) != self.host and not self._is_subdomain(host):
            return False
        if self.include and not any(glob.matches(path) for glob in self.include):
            return False
        return not any(glob.matches(path) for glob in self.exclude)

    def _is_subdomain(self, host: str) -> bool:
        if not self.domain:
            return False
        name, port = _name_and_port(host)
        return port == self.port and (name == self.domain or name.endswith("." + self.domain))


def _finish(href: str, drop_params: frozenset[str]) -> str | None:
    """Apply the rules of `normalise` beyond the WHATWG parser; `href` has no fragment."""
    if not href.startswith(_HTTP):
        return None
    if "%" in href:
        href = _PERCENT.sub(lambda match: match[0].upper(), href)
    if "?" in href:
        path, _, query = href.partition("?")
        if drop_params:
            query = _without_params(query, drop_params)
        href = f"{path}?{query}" if query else path
    return href if len(href) <= MAX_URL_LENGTH else None


def _without_params(query: str, drop_params: frozenset[str]) -> str:
    names, prefixes = _names_and_prefixes(drop_params)
    pairs = query.split("&")
    kept = [
        pair
        for pair in pairs
        if (name := pair.partition("=")[0]) not in names and not name.startswith(prefixes)
    ]
    return query if len(kept) == len(pairs) else "&".join(kept)


@lru_cache(maxsize=256)
def _names_and_prefixes(drop_params: frozenset[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    prefixes = tuple(name[:-1] for name in drop_params if name.endswith("*"))
    return frozenset(name for name in drop_params if not name.endswith("*")), prefixes


def _split(url: str) -> tuple[str, str]:
    """(host with port, path and query) of a normalised URL."""
    authority, slash, path = url.partition("://")[2].partition("/")
    return authority.rpartition("@")[2], slash + path


def _name_and_port(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and "]" not in port else (host, "")


def _name_of(host: str) -> str:
    """The host as spelled in the suffix list: no port, no trailing dot, lower case."""
    is_bare_v6 = host.count(":") > 1 and not host.startswith("[")
    return (host if is_bare_v6 else _name_and_port(host)[0]).rstrip(".").lower()


def _without_www(host: str) -> str:
    rest = host.removeprefix("www.")
    return rest if "." in rest else host


def _scope_glob(pattern: str) -> Glob:
    is_printable = pattern.isprintable() and not any(char.isspace() for char in pattern)
    if not pattern.startswith(("/", "*")) or not is_printable or "#" in pattern:
        raise ValueError(f"not a URL path pattern: {pattern!r}")
    if len(pattern) > MAX_URL_LENGTH:
        raise ValueError(f"URL path pattern is too long: {pattern[:100]!r}")
    encoded = quote(pattern, safe=string.punctuation)
    return Glob.of(_PERCENT.sub(lambda match: match[0].upper(), encoded))
