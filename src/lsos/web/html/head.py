"""Handlers for title, meta and link elements anywhere, and the position of the walk."""

import re
from typing import Final

from selectolax.lexbor import LexborNode, create_tag

from lsos.web.facts import Canonical, Hreflang, PageFacts, Resource, ResourceKind
from lsos.web.html.directives import BOTS, from_meta
from lsos.web.html.text import fold, raw_text
from lsos.web.urls import Resolver

Attributes = dict[str, str | None]

SPACE = "\t\n\f\r "
MAX_TEXT = 2_000
_REFRESH = re.compile(
    r"\s*(?P<delay>\d*)[\d.\s]*[;,]?\s*(?:url\s*=)?\s*(?P<quote>['\"]?)(?P<url>.*)",
    re.IGNORECASE | re.DOTALL,
)
_INSTANT_S = 1
"""Longest delay of a refresh that nobody waits for."""
_ICON_RELS = frozenset(("icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"))
_PRELOADS: Final[dict[str, ResourceKind]] = {
    "script": "script",
    "style": "style",
    "image": "image",
    "font": "font",
    "audio": "media",
    "video": "media",
}


def tag_id(name: str) -> int:
    return create_tag(name).tag_id


_SVG: Final = tag_id("svg")


class Head:
    """The position of the walk, and the handlers for elements that belong in head."""

    def __init__(self, page: PageFacts, resolver: Resolver, ids: frozenset[str]) -> None:
        self.page = page
        self.resolve = resolver.resolve
        self.ids = ids
        self.in_head = True
        self.comment_count = 0
        self.dropped: list[tuple[LexborNode, bool]] = []
        """Elements outside the main text, in document order; True if their text is visible."""

    def comment(self, node: LexborNode) -> None:
        self.comment_count += 1

    def body(self, node: LexborNode) -> None:
        self.in_head = False

    def chrome(self, node: LexborNode) -> None:
        self.dropped.append((node, True))

    def unseen(self, node: LexborNode) -> None:
        if not self.in_head:
            self.dropped.append((node, False))

    def title(self, node: LexborNode) -> None:
        text = fold(raw_text(node))[:MAX_TEXT]
        if self.in_head:
            self.page.titles.append(text)
            return
        self.dropped.append((node, False))
        if not _is_foreign(node):
            self.page.body_titles.append(text)

    def meta(self, node: LexborNode) -> None:
        attributes = node.attributes
        content = (attributes.get("content") or "")[:MAX_TEXT]
        name = (attributes.get("name") or "").strip().lower()
        key = name or (attributes.get("property") or "").strip().lower()
        page = self.page
        if name == "description":
            if self.in_head:
                page.descriptions.append(fold(content))
            else:
                page.body_metas.append(name)
        elif name in BOTS:
            if not self.in_head and name in ("robots", "googlebot"):
                page.body_metas.append(name)
            # Search engines honour them in the body too.
            if found := from_meta(name, content):
                page.directives.append(found)
        elif name == "viewport":
            page.viewport = content if page.viewport is None else page.viewport
        elif key[:3] == "og:":
            page.og.setdefault(key, content.strip())
        elif key[:8] == "twitter:":
            page.twitter.setdefault(key, content.strip())
        elif (attributes.get("http-equiv") or "").strip().lower() == "refresh":
            self._refresh(content)
        if (prop := attributes.get("property")) and name and prop[:3] == "og:":
            page.og.setdefault(prop.strip().lower(), content.strip())

    def _refresh(self, content: str) -> None:
        found = _REFRESH.match(content)
        if found is None or self.page.meta_refresh:
            return
        quote, target = found["quote"], found["url"]
        target = target.partition(quote)[0] if quote else target.strip()
        if target:
            url, _, is_http = self.resolve(target)
            if is_http and url != self.page.url:
                self.page.meta_refresh = url
                self.page.is_sent_on = int(found["delay"][:9] or 0) <= _INSTANT_S

    def link(self, node: LexborNode) -> None:
        attributes = node.attributes
        raw = (attributes.get("href") or "").strip(SPACE)
        rels = (attributes.get("rel") or "").lower().split()
        if not rels or "href" not in attributes:
            return
        url, _, is_http = self.resolve(raw) if raw else ("", "", False)
        url = url if is_http else ""
        page = self.page
        if "canonical" in rels:
            page.canonicals.append(Canonical(url, raw[:MAX_TEXT], "html", self.in_head))
        if "alternate" in rels and "hreflang" in attributes and "stylesheet" not in rels:
            lang = (attributes["hreflang"] or "").strip().lower()[:100]
            page.hreflangs.append(Hreflang(lang, url, raw[:MAX_TEXT], "html", self.in_head))
        if "next" in rels:
            page.rel_next = page.rel_next or url
        if "prev" in rels or "previous" in rels:
            page.rel_prev = page.rel_prev or url
        if url and (kind := _resource_kind(rels, attributes)):
            page.resources.append(Resource(url, kind, raw[:500]))
            if kind == "icon":
                page.icons.append(url)


def _resource_kind(rels: list[str], attributes: Attributes) -> ResourceKind | None:
    if "stylesheet" in rels:
        return "style"
    if not _ICON_RELS.isdisjoint(rels):
        return "icon"
    if "preload" in rels:
        return _PRELOADS.get((attributes.get("as") or "").strip().lower(), "other")
    if "modulepreload" in rels:
        return "script"
    return "other" if "manifest" in rels else None


def _is_foreign(node: LexborNode) -> bool:
    """Whether it is inside svg; checks only near ancestors, so deep trees cost nothing."""
    parent = node.parent
    for _ in range(32):
        if parent is None:
            return False
        if parent.tag_id == _SVG:
            return True
        parent = parent.parent
    return False
