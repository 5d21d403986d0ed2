"""Handlers for the elements of a page, which `parse` calls in one walk over the tree."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from lsos.web.facts import (
    Anchorless,
    Form,
    Heading,
    Image,
    Link,
    LinkKind,
    Resource,
    ResourceKind,
)
from lsos.web.html.head import MAX_TEXT, SPACE, Attributes, Head, tag_id
from lsos.web.html.structured_data import jsonld_items
from lsos.web.html.text import fold, raw_text

_NOFOLLOW = frozenset(("nofollow", "ugc", "sponsored"))
_HOOKS = ("onclick", "data-href", "routerlink")
_STYLE_WIDTH = re.compile(r"(?:^|[;\s])width\s*:", re.IGNORECASE)
_STYLE_HEIGHT = re.compile(r"(?:^|[;\s])height\s*:", re.IGNORECASE)


class Elements(Head):
    """Reads elements in document order into one PageFacts."""

    def heading(self, node: LexborNode) -> None:
        # An image is read out and indexed by its alternative text.
        text = fold(raw_text(node)) or _alternatives(node)
        self.page.headings.append(Heading(_LEVELS[node.tag_id], text[:500]))

    def anchor(self, node: LexborNode) -> None:
        attributes = node.attributes
        href = attributes.get("href")
        if href is None and "href" not in attributes:
            href = attributes.get("xlink:href")
            if href is None:
                self._anchorless(node, attributes)
                return
        name = fold(raw_text(node))
        has_name = True
        if not name:
            name, has_name = self._fallback_name(node, attributes)
        self._add_link(href or "", name, "a", attributes, has_name)

    def _anchorless(self, node: LexborNode, attributes: Attributes) -> None:
        if "name" in attributes or "id" in attributes:
            return
        hook = next((key for key in _HOOKS if key in attributes), "")
        if hook and (text := fold(raw_text(node))):
            self.page.anchorless.append(Anchorless(text[:200], hook))

    def _fallback_name(self, node: LexborNode, attributes: Attributes) -> tuple[str, bool]:
        """The accessible name of a link without text, and whether it has any."""
        for candidate in (
            _alternatives(node),
            attributes.get("aria-label"),
            attributes.get("title"),
        ):
            if candidate and (name := fold(candidate)):
                return name[:200], True
        referred = (attributes.get("aria-labelledby") or "").split()
        return "", any(reference in self.ids for reference in referred)

    def area(self, node: LexborNode) -> None:
        attributes = node.attributes
        if "href" not in attributes:
            return
        keys = ("alt", "aria-label", "title")
        name = next((fold(value) for key in keys if (value := attributes.get(key))), "")
        self._add_link(attributes["href"] or "", name, "area", attributes, bool(name))

    def _add_link(
        self,
        href: str,
        name: str,
        kind: LinkKind,
        attributes: Attributes,
        has_name: bool = True,
    ) -> None:
        href = href.strip(SPACE)
        url, fragment, is_http = self.resolve(href)
        if not is_http:
            url = url[:2048]
            self._contact(href)
        rel = target = role = ""
        is_nofollow = False
        # Most links have no attributes other than href and class.
        if len(attributes) > 1:
            if rel := attributes.get("rel") or "":
                tokens = rel.lower().split()
                rel = " ".join(tokens)[:200]
                is_nofollow = not _NOFOLLOW.isdisjoint(tokens)
            target = attributes.get("target") or ""
            role = attributes.get("role") or ""
        self.page.links.append(
            Link(
                url,
                href[:2048],
                name[:200],
                kind,
                is_nofollow,
                rel,
                target,
                fragment[:2048],
                is_http,
                has_name,
                role,
            )
        )

    def _contact(self, href: str) -> None:
        scheme, _, value = href[:MAX_TEXT].partition(":")
        scheme = scheme.lower()
        if scheme in ("tel", "mailto"):
            value = value.partition("?")[0] if scheme == "mailto" else value
            value = unquote(value).replace("\0", "\ufffd")
            (self.page.tel_links if scheme == "tel" else self.page.mailto_links).append(value)

    def iframe(self, node: LexborNode) -> None:
        self.unseen(node)
        attributes = node.attributes
        src = (attributes.get("src") or "").strip(SPACE)
        if src:
            # Frames are followed but not clicked: a missing title is not an empty anchor.
            title = fold(attributes.get("title") or "")
            self._add_link(src, title, "iframe", attributes)
            self._add_resource(src, "frame")

    def frame(self, node: LexborNode) -> None:
        attributes = node.attributes
        self._add_resource(attributes.get("src") or attributes.get("data") or "", "frame")

    def script(self, node: LexborNode) -> None:
        self.unseen(node)
        attributes = node.attributes
        if src := attributes.get("src"):
            self._add_resource(src, "script")
        kind = attributes.get("type")
        if kind and kind.partition(";")[0].strip().lower() == "application/ld+json":
            items, fault = jsonld_items(node.text())
            self.page.items.extend(items)
            if fault:
                self.page.jsonld_errors.append(fault)

    def media(self, node: LexborNode) -> None:
        attributes = node.attributes
        self._add_resource(attributes.get("src") or "", "media")
        self._add_resource(attributes.get("poster") or "", "image")

    def _add_resource(self, src: str, kind: ResourceKind) -> None:
        src = src.strip(SPACE)
        if src:
            url, _, is_http = self.resolve(src)
            if is_http:
                self.page.resources.append(Resource(url, kind, src[:500]))

    def image(self, node: LexborNode) -> None:
        attributes = node.attributes
        src = (attributes.get("src") or "").strip(SPACE)
        url = ""
        if src:
            url, _, is_http = self.resolve(src)
            if is_http:
                self.page.resources.append(Resource(url, "image", src[:500]))
            url = url if is_http else url[:500]
        width, height = attributes.get("width"), attributes.get("height")
        parent = node.parent
        in_picture = parent is not None and parent.tag_id == _PICTURE
        srcset = attributes.get("srcset") or ""
        if parent is not None and in_picture:
            sources = (source.attributes.get("srcset") for source in parent.css("source"))
            srcset = " ".join(filter(None, (srcset, *sources)))
        alt = attributes.get("alt")
        self.page.images.append(
            Image(
                url,
                (alt or "")[:MAX_TEXT] if "alt" in attributes else None,
                bool(width and height) or _has_style_size(attributes.get("style") or ""),
                attributes.get("aria-hidden") == "true"
                or attributes.get("role") in ("presentation", "none"),
                _is_tiny(width) and _is_tiny(height),
                srcset[:500],
                in_picture,
            )
        )

    def picture(self, node: LexborNode) -> None:
        if node.css_first("img") is None:
            self.page.pictures_without_img += 1

    def form(self, node: LexborNode) -> None:
        attributes = node.attributes
        action = (attributes.get("action") or "").strip(SPACE)
        self.page.forms.append(
            Form(
                self.resolve(action)[0][:2048] if action else self.page.url,
                (attributes.get("method") or "get").strip().lower(),
                node.css_first('input[type="password" i]') is not None,
            )
        )


def _alternatives(node: LexborNode) -> str:
    """Alternative texts of the images below a node."""
    return fold(" ".join(image.attributes.get("alt") or "" for image in node.css("img[alt]")))


def _has_style_size(style: str) -> bool:
    return bool(style) and (
        "aspect-ratio" in style.lower()
        or bool(_STYLE_WIDTH.search(style) and _STYLE_HEIGHT.search(style))
    )


def _is_tiny(size: str | None) -> bool:
    return size is not None and size.strip().removesuffix("px") in ("0", "1")


_PICTURE: Final = tag_id("picture")
_LEVELS: Final = {tag_id(f"h{level}"): level for level in range(1, 7)}
_TAGS: Final[dict[Callable[[Elements, LexborNode], None], str]] = {
    Elements.body: "body frameset",
    # Code is shown, and is no prose.
    Elements.chrome: "nav header footer aside pre code",
    # Of a list of choices one is shown at a time.
    Elements.unseen: "style noscript noembed noframes option template",
    Elements.title: "title",
    Elements.meta: "meta",
    Elements.link: "link",
    Elements.heading: "h1 h2 h3 h4 h5 h6",
    Elements.anchor: "a",
    Elements.area: "area",
    Elements.iframe: "iframe",
    Elements.frame: "frame embed object",
    Elements.script: "script",
    Elements.media: "video audio source track",
    Elements.image: "img",
    Elements.picture: "picture",
    Elements.form: "form",
}
_COMMENT: Final = [node.tag_id for node in LexborHTMLParser("<p><!---->").css("p")[0].traverse()][1]
HANDLERS: Final = {
    tag_id(name): handler for handler, tags in _TAGS.items() for name in tags.split()
} | {_COMMENT: Elements.comment}
"""Keyed by Lexbor's tag number: comparing names would create a string per node."""
