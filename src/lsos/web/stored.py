"""The stored form of pages: facts and links as msgpack, readable without a parser."""

from collections.abc import Mapping
from enum import IntFlag

import msgspec

from lsos.web.facts import Link, PageFacts

MAX_TEXT_STORED = 20_000
"""Maximum characters of the main text in stored facts."""

_ENCODER = msgspec.msgpack.Encoder()


class LinkFlag(IntFlag):
    """The kind of a stored reference, and whether crawlers may follow it."""

    NOFOLLOW = 1
    """Set by the rel of the link."""
    IFRAME = 2
    AREA = 4
    CANONICAL = 8
    HREFLANG = 16
    REDIRECT = 32
    PAGINATION = 64
    REFRESH = 128
    PAGE_NOFOLLOW = 256
    """Set by the robots directives of its page."""

    @property
    def kind(self) -> str:
        """Name of the kind of reference, for exports."""
        named = ("IFRAME", "AREA", "CANONICAL", "HREFLANG", "REDIRECT", "PAGINATION", "REFRESH")
        return next((name.lower() for name in named if LinkFlag[name] in self), "link")

    @property
    def is_followed(self) -> bool:
        return not self & (LinkFlag.NOFOLLOW | LinkFlag.PAGE_NOFOLLOW)


_IN_FACTS = (
    LinkFlag.CANONICAL
    | LinkFlag.HREFLANG
    | LinkFlag.REDIRECT
    | LinkFlag.PAGINATION
    | LinkFlag.REFRESH
)
"""References that are also in the page's facts."""


class PageLinks(msgspec.Struct, array_like=True, gc=False):
    """References of one page as parallel lists, in document order."""

    targets: list[int]
    """Keys of their URLs (`urls.url_key`)."""
    flags: list[int]
    """LinkFlag."""
    anchors: list[str]


def pack_facts(page: PageFacts) -> bytes:
    """Facts in their stored form: links are a separate column, and the text is truncated."""
    links, page_text = page.links, page.text
    page.links, page.text = [], page_text[:MAX_TEXT_STORED]
    try:
        return _ENCODER.encode(page)
    finally:
        page.links, page.text = links, page_text


def unpack_facts(raw: bytes) -> PageFacts:
    return msgspec.msgpack.decode(raw, type=PageFacts)


def pack_links(links: PageLinks) -> bytes:
    return _ENCODER.encode(links)


def unpack_links(raw: bytes) -> PageLinks:
    return msgspec.msgpack.decode(raw, type=PageLinks)


def links_from(stored: PageLinks, urls: Mapping[int, str]) -> list[Link]:
    """Hyperlinks from their stored form, without those in the page's facts."""
    return [
        Link(
            url=urls[target],
            href=urls[target],
            anchor=anchor,
            kind="iframe" if flag & LinkFlag.IFRAME else "area" if flag & LinkFlag.AREA else "a",
            is_nofollow=bool(flag & LinkFlag.NOFOLLOW),
        )
        for target, flag, anchor in zip(stored.targets, stored.flags, stored.anchors, strict=True)
        if target in urls and not flag & _IN_FACTS
    ]
