"""Turns a response into PageFacts: one Lexbor parse, one walk over its elements, no IO."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from lsos.web.facts import Canonical, Hreflang, PageFacts
from lsos.web.html.charset import decode
from lsos.web.html.directives import from_header, links
from lsos.web.html.elements import HANDLERS, Elements
from lsos.web.html.head import tag_id
from lsos.web.html.shown_phones import MAX_PHONES, find_phones
from lsos.web.html.source import cut_hostile, may_have_faults, sniff, structure_faults
from lsos.web.html.structured_data import microdata_items
from lsos.web.html.text import fold_page, raw_text, text_hash
from lsos.web.schema_org.countries import countries_of_page
from lsos.web.urls import Resolver

_MAX_MAIN_TEXT = 100_000
_MAX_CHROME_TEXT = 20_000
_BASE = tag_id("base")
_MARKS = "base[href],[typeof],[itemscope]"
"""Rare elements: searching for all of them costs hardly more than searching for one."""
_BLOCKS = "h1,h2,h3,h4,h5,h6,li,dt,dd,td,th,button,label,summary,caption,figcaption,legend"
"""Elements whose text is read as a sentence of its own, with or without a full stop."""
_HTML_TYPES = ("text/html", "application/xhtml+xml")


def parse(page: PageFacts, body: bytes, *, drop_params: frozenset[str] = frozenset()) -> PageFacts:
    """Fill `page`, whose fetch fields are set, from headers and body, and return it.

    `drop_params` are query parameters that do not distinguish URLs. Never raises for any bytes.
    """
    page.sniffed_type = sniff(body)
    _read_headers(page, drop_params)
    if _is_html(page):
        _read_html(page, body, drop_params)
    return page


def _is_html(page: PageFacts) -> bool:
    """Whether a browser would show it as HTML, and it looks like HTML.

    An empty 200 page counts: to a visitor it is a page without title and text.
    """
    # The body of a redirect is for clients that do not follow it.
    if page.status < 200 or 300 <= page.status < 400:
        return False
    declared = page.content_type.partition(";")[0].strip()
    if declared in _HTML_TYPES:
        return page.sniffed_type in ("html", "text") or (
            page.sniffed_type == "empty" and page.status == 200
        )
    return declared == "" and page.sniffed_type == "html"


def _read_headers(page: PageFacts, drop_params: frozenset[str]) -> None:
    if value := page.headers.get("x-robots-tag"):
        page.directives.extend(from_header(_storable(value)))
    if value := page.headers.get("link"):
        resolver = Resolver(page.url, drop_params)
        for raw, params in links(_storable(value)):
            rels = params.get("rel", "").lower().split()
            url, _, is_http = resolver.resolve(raw)
            url = url if is_http else ""
            if "canonical" in rels:
                page.canonicals.append(Canonical(url, raw, "header"))
            if "alternate" in rels and "hreflang" in params:
                lang = params["hreflang"].strip().lower()
                page.hreflangs.append(Hreflang(lang, url, raw, "header"))


def _storable(header: str) -> str:
    """Header bytes that are not UTF-8 arrive as lone surrogates, which databases reject."""
    if header.isascii() and "\0" not in header:
        return header
    return header.encode("utf-8", "replace").decode().replace("\0", "")


def _read_html(page: PageFacts, body: bytes, drop_params: frozenset[str]) -> None:
    decoded = decode(body, page.content_type)
    page.is_html = True
    page.charset, page.charset_source = decoded.name, decoded.source
    data = cut_hostile(decoded.data)
    page.is_truncated = page.is_truncated or len(data) < len(decoded.data)
    # With scripting, noscript is text, as in browsers: an image in it does not end head.
    tree = LexborHTMLParser(data, scripting=True)
    root = tree.root
    if root is None:
        return
    page.has_doctype = _has_doctype(root)
    attributes = root.attributes
    if "lang" in attributes:
        page.lang = attributes["lang"] or ""
    marks = tree.css(_MARKS)
    resolver = _resolver(page, marks, drop_params)
    ids = [identity for node in tree.css("[id]") if (identity := node.id)]
    reader = Elements(page, resolver, frozenset(ids))
    page.element_count = _walk(root, reader)
    if len(reader.ids) < len(ids):
        repeated = (identity for identity, times in Counter(ids).items() if times > 1)
        page.duplicate_ids = [identity[:200] for identity in islice(repeated, 20)]
    page.has_rdfa = any("typeof" in node.attributes for node in marks)
    page.has_microdata = any("itemscope" in node.attributes for node in marks)
    if page.has_microdata and tree.body is not None:
        page.items.extend(microdata_items(root, resolver.resolve))
    if _moved_to_body(page) or may_have_faults(data):
        page.structure_faults = structure_faults(data)
    # Last, because it destroys the tree.
    _read_text(page, tree.body, reader.dropped)


def _walk(root: LexborNode, reader: Elements) -> int:
    """Call the handler of each element; returns the number of elements."""
    count = 0
    handler_of = HANDLERS.get
    for node in root.traverse():
        count += 1
        if handler := handler_of(node.tag_id):
            handler(reader, node)
    return count - reader.comment_count


def _has_doctype(root: LexborNode) -> bool:
    node = root.prev
    while node is not None and node.tag != "-doctype":
        node = node.prev
    return node is not None


def _resolver(
    page: PageFacts, marks: Iterable[LexborNode], drop_params: frozenset[str]
) -> Resolver:
    """The first base element with href, which applies to the whole page wherever it is."""
    for node in marks:
        if node.tag_id == _BASE and "href" in node.attributes:
            url, _, is_http = Resolver(page.url).resolve(node.attributes["href"] or "")
            if is_http:
                page.base_href = url
            break
    return Resolver(page.base_href or page.url, drop_params)


def _moved_to_body(page: PageFacts) -> bool:
    """Whether something that belongs in head ended up in the parsed body."""
    return bool(
        page.body_titles
        or page.body_metas
        or any(not canonical.in_head for canonical in page.canonicals)
        or any(not hreflang.in_head for hreflang in page.hreflangs)
    )


def _read_text(
    page: PageFacts, body: LexborNode | None, dropped: list[tuple[LexborNode, bool]]
) -> None:
    """The main text, and what is derived from all visible text.

    Processed backwards, so that nested elements come before their parents: each text is read once,
    and no node is used after it has been freed.
    """
    chrome: list[str] = []
    for node, is_visible in reversed(dropped):
        if is_visible:
            chrome.append(raw_text(node))
        node.decompose()
    if body is not None:
        page.text_blocks = len(body.css(_BLOCKS))
    main = fold_page(raw_text(body) if body is not None else "")
    rest = fold_page("\n".join(reversed(chrome)))
    page.text = main.text[:_MAX_MAIN_TEXT]
    page.chrome_text = rest.text[:_MAX_CHROME_TEXT]
    page.word_count = main.word_count
    page.text_hash = text_hash(main.data)
    page.text_bytes = len(main.data) + len(rest.data)
    countries = countries_of_page(page)
    phones = find_phones(main.data, countries) + find_phones(rest.data, countries)
    page.phones = list(dict.fromkeys(phones))[:MAX_PHONES]
