"""Parses XML sitemaps and feeds with expat: incremental, bounded, ignoring declarations."""

import re
from typing import Literal, Protocol
from xml.parsers import expat

import msgspec

Kind = Literal["", "urlset", "index", "rss", "atom", "text"]
Fault = Literal[
    "",
    "empty",
    "html",
    "unknown",
    "malformed",
    "truncated",
    "namespace",
    "dtd",
    "bad_gzip",
    "too_large",
]
"""Errors of a sitemap.

Entries before the error are kept: `malformed`, `truncated`, `namespace` and `too_large` often come
with entries."""

MAX_TEXT = 8_192
"""Characters of an element that are kept."""

_MAX_TOKEN = 1 << 20  # bytes that expat may buffer while it waits for the end of a tag
_MAX_DEPTH = 64
_MAX_ALTERNATES = 200
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)")
_INCOMPLETE_REFERENCE = re.compile(rb"&[a-zA-Z0-9#]{0,9}\Z")
# Decoded as declared; everything else is decoded as UTF-8, as sitemaps.org requires. A sitemap
# therefore can't select one of Python's codecs.
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,60}encoding\s{0,9}=\s{0,9}["'](iso-8859-[0-9]{1,2}|windows-125[0-8])["']""",
    re.IGNORECASE,
)
_TRUNCATED_CODES = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)
_REPAIRABLE_CODES = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_INVALID_TOKEN,
        expat.errors.XML_ERROR_UNDEFINED_ENTITY,
    )
)
_NAMESPACES: dict[str, frozenset[str]] = {
    "urlset": frozenset(
        f"{scheme}://{name}"
        for scheme in ("http", "https")
        for name in (
            "www.sitemaps.org/schemas/sitemap/0.9",
            "www.google.com/schemas/sitemap/0.84",
            "www.google.com/schemas/sitemap/0.9",
        )
    ),
    "feed": frozenset({"http://www.w3.org/2005/Atom"}),
}
_NAMESPACES["sitemapindex"] = _NAMESPACES["urlset"]


class Stop(Exception):
    """Ends reading; not an error if there is no fault."""

    def __init__(self, fault: Fault, is_repairable: bool = False) -> None:
        super().__init__(fault)
        self.fault: Fault = fault
        self.is_repairable = is_repairable


class Sink(Protocol):
    """Receives what a reader finds."""

    def identify(self, kind: Kind, fault: Fault = "") -> None: ...
    def resolve(self, href: str) -> str: ...
    def add(self, loc: str, lastmod: str, alternates: list[tuple[str, str]]) -> None: ...


class _Shape(msgspec.Struct, frozen=True):
    """Where a format keeps its entries."""

    kind: Kind
    depth: int
    """Depth of an entry; the root has depth 1."""
    entry: str
    loc: str
    """Child element with the URL; "" if the URL is a link element's href."""
    lastmod: str


_SHAPES = {
    "urlset": _Shape("urlset", 2, "url", "loc", "lastmod"),
    "sitemapindex": _Shape("index", 2, "sitemap", "loc", "lastmod"),
    "rss": _Shape("rss", 3, "item", "link", "pubDate"),
    "feed": _Shape("atom", 2, "entry", "", "updated"),
}


class XmlReader:
    """Expat without namespaces: undeclared prefixes, common with extensions, are not errors here.

    Entities can be declared only in a document type's internal subset, which is refused entirely.
    """

    def __init__(self, sink: Sink, head: bytes, is_repairing: bool) -> None:
        """`head` is the known beginning of the document; it is fed again."""
        self._sink = sink
        self._is_repairing = is_repairing
        self._held = b""
        self._fed = 0
        self._depth = 0
        self._shape = _SHAPES["urlset"]
        self._prefix = ""
        self._is_inside = False
        self._field = ""
        self._text: list[str] = []
        self._text_length = 0
        self._values: dict[str, str] = {}
        self._alternates: list[tuple[str, str]] = []
        self._parser = expat.ParserCreate(_encoding(head))
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes) -> None:
        if self._is_repairing:
            chunk = self._held + chunk
            half = _INCOMPLETE_REFERENCE.search(chunk)
            end = half.start() if half else len(chunk)
            chunk, self._held = chunk[:end], chunk[end:]
        self._parse(chunk)

    def close(self) -> None:
        self._parse(self._held, is_final=True)

    def _parse(self, chunk: bytes, *, is_final: bool = False) -> None:
        if self._is_repairing:
            chunk = _BARE_AMPERSAND.sub(b"&amp;", chunk)
        try:
            self._parser.Parse(chunk, is_final)
        except expat.ExpatError as error:
            is_cut = is_final and error.code in _TRUNCATED_CODES
            is_repairable = error.code in _REPAIRABLE_CODES
            raise Stop("truncated" if is_cut else "malformed", is_repairable) from None
        except (ValueError, LookupError):  # an encoding that Python does not have
            raise Stop("malformed") from None
        self._fed += len(chunk)
        if self._fed - self._parser.CurrentByteIndex > _MAX_TOKEN:
            raise Stop("malformed")

    def _doctype(self, name: str, _system: object, _public: object, has_subset: int) -> None:
        if has_subset:
            raise Stop("dtd")
        if name.lower() == "html":
            raise Stop("html")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        entry_depth = self._shape.depth
        if self._depth > _MAX_DEPTH:
            raise Stop("malformed")
        if self._depth == 1:
            self._root(name, attributes)
        elif self._depth == entry_depth:
            self._is_inside = name == self._prefix + self._shape.entry
            self._values = {}
            self._alternates = []
        elif self._is_inside and self._depth == entry_depth + 1:
            self._child(name, attributes)

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        prefix, colon, local = name.rpartition(":")
        shape = _SHAPES.get(local)
        if shape is None:
            raise Stop("html" if local.lower() == "html" else "unknown")
        self._shape = shape
        self._prefix = prefix + colon
        declared = attributes.get(f"xmlns{colon}{prefix}", "")
        is_foreign = local in _NAMESPACES and declared not in _NAMESPACES[local]
        self._sink.identify(shape.kind, "namespace" if is_foreign else "")

    def _child(self, name: str, attributes: dict[str, str]) -> None:
        own_name = name.removeprefix(self._prefix)
        is_own = name == self._prefix + own_name
        if is_own and own_name in (self._shape.loc, self._shape.lastmod):
            self._field = own_name
            self._text = []
            self._text_length = 0
        elif name.rpartition(":")[2] == "link":
            self._link(attributes)

    def _link(self, attributes: dict[str, str]) -> None:
        href = attributes.get("href", "").strip()
        if not href or "alternate" not in attributes.get("rel", "alternate").lower().split():
            return
        if self._shape.kind == "atom":
            self._values.setdefault("", href)
        lang = attributes.get("hreflang", "").strip().lower()
        url = self._sink.resolve(href)
        if lang and url and len(self._alternates) < _MAX_ALTERNATES:
            self._alternates.append((lang, url))

    def _characters(self, text: str) -> None:
        if self._field and self._text_length < MAX_TEXT:
            self._text.append(text)
            self._text_length += len(text)

    def _end(self, _name: str) -> None:
        if self._is_inside and self._depth <= self._shape.depth + 1:
            if self._field:
                text = "".join(self._text)[:MAX_TEXT].strip()
                self._values.setdefault(self._field, text)
                self._field = ""
            elif self._depth == self._shape.depth:
                self._is_inside = False
                lastmod = self._values.get(self._shape.lastmod, "")[:100]
                self._sink.add(self._values.get(self._shape.loc, ""), lastmod, self._alternates)
        self._depth -= 1


def _encoding(head: bytes) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in head[:2]:
        return "utf-16be" if head[0] == 0 else "utf-16le"
    declared = _DECLARED.match(head)
    return declared[1].decode("ascii") if declared else "utf-8"
