"""The URLs that a page refers to, as keys for storage, and which are new to the run."""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

import msgspec

from lsos.web.facts import PageFacts
from lsos.web.stored import LinkFlag, PageLinks
from lsos.web.urls import Scope, url_key

MAX_HOPS = 10
"""Maximum number of redirects to follow, as with Googlebot."""
MAX_INTERNED = 200_000
"""Maximum number of cached URLs per run."""


class UrlSource(IntEnum):
    """How a run first discovered a URL."""

    START = 0
    SITEMAP = 1
    LINK = 2
    REDIRECT = 3
    CANONICAL = 4
    HREFLANG = 5
    PAGINATION = 6
    REFRESH = 7


class Discovered(msgspec.Struct, gc=False, array_like=True):
    """A URL that the run has discovered."""

    key: int
    url: str
    source: UrlSource
    is_internal: bool
    depth: int
    """Number of links from the start URL on the path by which it was discovered."""
    hops: int = 0
    in_sitemap: bool = False
    is_wanted: bool = True
    """Internal, within the depth limit and allowed: it may enter the frontier."""


class _Interned(NamedTuple):
    key: int
    is_internal: bool


class Interner:
    """Cache of one slice: URL -> key, and the keys that the run is known to have discovered.

    Most links of a page occur on every page of its site, so they are not hashed, scoped or inserted
    again.
    """

    def __init__(self, secret: bytes, scope: Scope, max_depth: int | None) -> None:
        """`secret` is the key of the URL hashes; `max_depth` None means no limit."""
        self._secret = secret
        self._scope = scope
        self._max_depth = max_depth
        self._known: dict[str, _Interned] = {}
        self._discovered: set[int] = set()

    def key(self, url: str) -> int:
        return self._intern(url).key

    def read(self, page: PageFacts, hops: int) -> tuple[PageLinks, list[Discovered]]:
        """The page's references as keys, and the URLs that are new to this slice."""
        links = PageLinks([], [], [])
        discovered: list[Discovered] = []
        targets, flags, anchors = links.targets, links.flags, links.anchors
        for url, flag, anchor, source in _references(page):
            interned = self._known.get(url) or self._intern(url)
            targets.append(interned.key)
            flags.append(flag)
            anchors.append(anchor)
            if interned.key not in self._discovered:
                self._discovered.add(interned.key)
                discovered.append(self._discover(url, interned, page, source, hops))
        return links, discovered

    def forget(self, keys: Iterable[int]) -> None:
        """Forget these URLs, because the transaction that was to insert them failed."""
        self._discovered.difference_update(keys)

    def clear(self) -> None:
        """Clear the cache to free memory; rediscovering URLs costs only time."""
        self._known.clear()
        self._discovered.clear()

    def __len__(self) -> int:
        """The number of cached URLs."""
        return len(self._known)

    def _discover(
        self, url: str, interned: _Interned, page: PageFacts, source: UrlSource, hops: int
    ) -> Discovered:
        is_redirect = source == UrlSource.REDIRECT
        depth = page.depth if is_redirect else page.depth + 1
        deepest = self._max_depth
        return Discovered(
            key=interned.key,
            url=url,
            source=source,
            is_internal=interned.is_internal,
            depth=min(depth, 32_000),
            hops=hops + 1 if is_redirect else 0,
            is_wanted=interned.is_internal
            and (deepest is None or depth <= deepest)
            and not (is_redirect and hops >= MAX_HOPS),
        )

    def _intern(self, url: str) -> _Interned:
        known = self._known.get(url)
        if known is None:
            if len(self._known) >= MAX_INTERNED:
                self.clear()
            known = _Interned(url_key(self._secret, url), self._scope.contains(url))
            self._known[url] = known
        return known


_Reference = tuple[str, int, str, UrlSource]
"""URL, flags, anchor, how the URL was discovered."""


# As plain integers: for each link of a page, `|` of an enum's members costs more than the rest.
_NOFOLLOW, _IFRAME, _AREA = int(LinkFlag.NOFOLLOW), int(LinkFlag.IFRAME), int(LinkFlag.AREA)
_PAGE_NOFOLLOW = int(LinkFlag.PAGE_NOFOLLOW)


def _references(page: PageFacts) -> Iterator[_Reference]:
    if page.redirect_url:
        yield page.redirect_url, LinkFlag.REDIRECT, "", UrlSource.REDIRECT
    of_page = _PAGE_NOFOLLOW if "nofollow" in page.robots_values() else 0
    for link in page.links:
        if link.is_http:
            flag = of_page | _NOFOLLOW if link.is_nofollow else of_page
            if link.kind != "a":
                flag |= _IFRAME if link.kind == "iframe" else _AREA
            yield link.url, flag, link.anchor, UrlSource.LINK
    yield from _annotations(page)


def _annotations(page: PageFacts) -> Iterator[_Reference]:
    if page.meta_refresh:
        yield page.meta_refresh, LinkFlag.REFRESH, "", UrlSource.REFRESH
    for canonical in page.canonicals:
        if canonical.url and canonical.url != page.url:
            yield canonical.url, LinkFlag.CANONICAL, "", UrlSource.CANONICAL
    for hreflang in page.hreflangs:
        if hreflang.url.startswith("http") and hreflang.url != page.url:
            yield hreflang.url, LinkFlag.HREFLANG, hreflang.lang, UrlSource.HREFLANG
    for url in (page.rel_next, page.rel_prev):
        if url:
            yield url, LinkFlag.PAGINATION, "", UrlSource.PAGINATION
