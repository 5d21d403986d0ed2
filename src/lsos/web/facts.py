"""What is known about one fetched URL: the input of page checks.

Facts are data with derived properties only; they are created by `parse` and `fetch`, stored as
msgpack, and read by checks, the site analysis and higher rooms.
"""

from functools import cached_property
from typing import Literal

import msgspec

FetchError = Literal[
    "timeout",
    "dns",
    "refused",
    "reset",
    "tls",
    "protocol",
    "too_large",
    "bad_encoding",
    "address_blocked",
    "too_many_redirects",
    "robots_disallowed",
    "robots_unreachable",
    "parse_timeout",
    "parse_failed",
]
"""Why a URL could not be measured.

`robots_*`: it was not requested. `parse_*`: its response cannot be parsed, because it takes more
time (`parse_timeout`) or memory than allowed, or crashes the parser."""
BLOCKED_STATUSES = (401, 403, 429)
"""Answers that may be meant for crawlers alone, and say nothing of what visitors get."""
MAX_SHELL_WORDS = 25
"""Of a document that waits for scripts: a notice to switch them on, or that the page loads."""
NO_ANSWER = ("timeout", "dns", "refused", "reset", "tls", "protocol", "too_many_redirects")
"""Errors with which a visitor gets no page either."""
UNMEASURED_ERRORS = ("robots_disallowed", "robots_unreachable", "parse_timeout", "parse_failed")
"""Errors that say nothing about what a visitor sees."""

LinkKind = Literal["a", "area", "iframe"]
ResourceKind = Literal["script", "style", "image", "media", "frame", "font", "icon", "other"]


class Link(msgspec.Struct, array_like=True, gc=False):
    """A hyperlink of the page; links are in document order, including duplicates."""

    url: str
    """Absolute and normalised, without fragment; the raw href if it is not an http(s) URL."""
    href: str
    """As written, stripped of ASCII white space, truncated to 2,048 characters."""
    anchor: str
    """Accessible name: text, else img alt, svg title, aria-label, title; truncated to 200."""
    kind: LinkKind = "a"
    is_nofollow: bool = False
    """rel contains nofollow (or ugc or sponsored, which Google treats alike)."""
    rel: str = ""
    target: str = ""
    fragment: str = ""
    is_http: bool = True
    """False for mailto:, tel:, javascript:, data: and invalid URLs."""
    has_name: bool = True
    """Whether an accessible name exists (including aria-labelledby)."""
    role: str = ""


class Anchorless(msgspec.Struct, array_like=True, gc=False):
    """An `a` without href but with text and a script hook: a link that crawlers can't follow."""

    text: str
    hook: str
    """Which attribute: onclick, data-href or routerlink."""


class Image(msgspec.Struct, array_like=True, gc=False):
    src: str
    """Absolute URL; "" without src."""
    alt: str | None
    """None without an alt attribute."""
    has_size: bool
    """Whether it has width and height attributes, or inline width and height or aspect-ratio."""
    is_hidden: bool = False
    """aria-hidden=true, or role presentation or none."""
    is_pixel: bool = False
    """width and height are both 1 or 0."""
    srcset: str = ""
    """srcset of the image and of its picture's sources, joined by spaces; truncated to 500."""
    in_picture: bool = False


class Resource(msgspec.Struct, array_like=True, gc=False):
    url: str
    kind: ResourceKind
    raw: str = ""
    """As written, truncated to 500 characters."""


class Form(msgspec.Struct, array_like=True, gc=False):
    action: str
    """Absolute; the page's URL without an action."""
    method: str = "get"
    has_password: bool = False


class Canonical(msgspec.Struct, array_like=True, gc=False):
    url: str
    """Resolved and normalised without fragment; "" if it is not a valid http(s) URL."""
    raw: str
    source: Literal["html", "header"] = "html"
    in_head: bool = True


class Hreflang(msgspec.Struct, array_like=True, gc=False):
    lang: str
    """As written, lower case, stripped."""
    url: str
    raw: str
    source: Literal["html", "header"] = "html"
    in_head: bool = True


class Heading(msgspec.Struct, array_like=True, gc=False):
    level: int
    text: str


class Cookie(msgspec.Struct, array_like=True, gc=False):
    """A Set-Cookie header without its value."""

    name: str
    is_secure: bool
    is_http_only: bool
    same_site: str
    """lower case; "" when absent."""


class Directives(msgspec.Struct, array_like=True, gc=False):
    """Robots directives from one source for one user-agent token."""

    bot: str
    """"" for all bots, otherwise the lower-case token, such as googlebot."""
    source: Literal["meta", "header"]
    values: list[str]
    """Lower case, stripped, such as noindex, max-snippet:0, unavailable_after: <date>."""


class StructuredItem(msgspec.Struct, gc=False):
    """One JSON-LD or microdata node, extracted from @graph and arrays; nested nodes stay nested."""

    types: list[str]
    """schema.org type names without prefix, such as Dentist."""
    id: str | None
    data: dict[str, object]
    """Properties as given (JSON-LD) or as lists of strings and items (microdata)."""
    source: Literal["jsonld", "microdata"] = "jsonld"
    is_top: bool = True
    """A top-level node, not nested in another node's property."""


class PageFacts(msgspec.Struct, kw_only=True, omit_defaults=True, dict=True):
    """One URL as measured: the response and, if it is HTML, the document.

    Derived properties are cached on first use, which is after `parse`; the cache is in `__dict__`
    and is neither compared nor stored.
    """

    url: str
    depth: int = 0
    """Clicks from the start URL; sitemap-only URLs have the depth at which they were seeded (0)."""
    is_start: bool = False
    in_sitemap: bool = False
    error: FetchError | None = None
    error_detail: str = ""
    status: int = 0
    """HTTP status; 0 without a response."""
    redirect_url: str = ""
    """Normalised target of a 301, 302, 303, 307 or 308."""
    attempts: int = 1
    content_type: str = ""
    """Content-Type as sent, in lower case, truncated to 200 characters."""
    sniffed_type: str = ""
    """html, xml, json, pdf, image, text, empty or unknown, from the first 1,024 bytes."""
    charset: str = ""
    """WHATWG name of the encoding with which the body was decoded."""
    charset_source: Literal["", "bom", "header", "meta", "default"] = ""
    content_encoding: str = ""
    body_bytes: int = 0
    """After decoding Content-Encoding."""
    transfer_bytes: int = 0
    is_truncated: bool = False
    """Whether the body was truncated at the size limit; the part before it was parsed."""
    ttfb_ms: float = 0.0
    total_ms: float = 0.0
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    """Lower-case names of the headers in `fetch.KEPT_HEADERS`; repeated ones joined by ', '."""
    cookies: list[Cookie] = msgspec.field(default_factory=list)
    etag: str = ""
    last_modified: str = ""
    robots_allowed: bool = True
    """Allowed by robots.txt for our user agent."""
    googlebot_allowed: bool = True
    """Allowed by robots.txt for Googlebot."""

    is_html: bool = False
    """Status 2xx-5xx with an HTML body that was parsed; the fields below are set only then."""
    has_doctype: bool = False
    lang: str | None = None
    """html lang attribute as written; None if absent."""
    base_href: str = ""
    titles: list[str] = msgspec.field(default_factory=list)
    """title elements in head, white space collapsed (never svg titles)."""
    body_titles: list[str] = msgspec.field(default_factory=list)
    descriptions: list[str] = msgspec.field(default_factory=list)
    """meta descriptions in head."""
    body_metas: list[str] = msgspec.field(default_factory=list)
    """Names of meta robots, googlebot and description elements found in the body."""
    viewport: str | None = None
    directives: list[Directives] = msgspec.field(default_factory=list)
    meta_refresh: str = ""
    """Normalised target of a meta refresh to another URL; "" if there is none."""
    is_sent_on: bool = False
    """The refresh is instant: browsers and Google take it for a redirect."""
    og: dict[str, str] = msgspec.field(default_factory=dict)
    """Open Graph properties: first value of each og: name."""
    twitter: dict[str, str] = msgspec.field(default_factory=dict)
    canonicals: list[Canonical] = msgspec.field(default_factory=list)
    hreflangs: list[Hreflang] = msgspec.field(default_factory=list)
    rel_next: str = ""
    rel_prev: str = ""
    icons: list[str] = msgspec.field(default_factory=list)
    headings: list[Heading] = msgspec.field(default_factory=list)
    """In document order, including empty ones; text truncated to 500 characters."""
    links: list[Link] = msgspec.field(default_factory=list)
    anchorless: list[Anchorless] = msgspec.field(default_factory=list)
    images: list[Image] = msgspec.field(default_factory=list)
    pictures_without_img: int = 0
    resources: list[Resource] = msgspec.field(default_factory=list)
    forms: list[Form] = msgspec.field(default_factory=list)
    items: list[StructuredItem] = msgspec.field(default_factory=list)
    jsonld_errors: list[str] = msgspec.field(default_factory=list)
    """Decoder message and first characters of each JSON-LD block that is not valid JSON."""
    has_microdata: bool = False
    has_rdfa: bool = False
    tel_links: list[str] = msgspec.field(default_factory=list)
    """Percent-decoded values of tel: links."""
    mailto_links: list[str] = msgspec.field(default_factory=list)
    phones: list[str] = msgspec.field(default_factory=list)
    """Phone-like strings in the visible text, as written, at most 50."""
    element_count: int = 0
    duplicate_ids: list[str] = msgspec.field(default_factory=list)
    """At most 20."""
    structure_faults: list[str] = msgspec.field(default_factory=list)
    """Errors in the source's tokens: two_heads, two_bodies, head_closed_early:<element>."""
    text: str = ""
    """Main text: visible text without nav, header, footer, aside, pre, code, option, script, style
    and template; white space collapsed; truncated to 100,000 characters."""
    chrome_text: str = ""
    """Concatenated visible text of nav, header, footer, aside, pre and code, white space collapsed;
    truncated to 20,000 characters."""
    text_bytes: int = 0
    """UTF-8 size of all visible text."""
    word_count: int = 0
    """Words of the main text; for Chinese, Japanese and Thai its characters / 2."""
    text_blocks: int = 0
    """Headings, list items, table cells and the like in the main text."""
    text_hash: int = 0
    """Signed 64-bit hash of the normalised main text; 0 if it is empty."""

    @property
    def title(self) -> str:
        return self.titles[0] if self.titles else ""

    @property
    def description(self) -> str:
        return self.descriptions[0] if self.descriptions else ""

    @cached_property
    def h1s(self) -> list[str]:
        """Non-empty H1 texts."""
        return [h.text for h in self.headings if h.level == 1 and h.text]

    @cached_property
    def is_ok_html(self) -> bool:
        """A page that visitors get to see: HTML with status 200 that does not send them on."""
        return self.is_html and self.status == 200 and not self.is_sent_on

    @cached_property
    def is_script_built(self) -> bool:
        """The document holds hardly any text and no link, and scripts: they build what visitors
        see, so that nothing can be said of its text, headings and links.
        """
        if not self.is_ok_html or self.word_count > MAX_SHELL_WORDS:
            return False
        is_bare = len(self.chrome_text.split()) <= MAX_SHELL_WORDS
        links = any(link.is_http and link.kind == "a" for link in self.links)
        return is_bare and not links and any(r.kind == "script" for r in self.resources)

    @cached_property
    def is_measured(self) -> bool:
        """Any typed response counts; blocked, unrequested and unreadable URLs do not."""
        return self.error not in UNMEASURED_ERRORS and not self.is_blocked

    @cached_property
    def is_blocked(self) -> bool:
        """401, 403, 429, or 503 with a challenge marker: the page is unmeasured, not broken."""
        return self.status in BLOCKED_STATUSES or (
            self.status == 503 and self.headers.get("cf-mitigated") == "challenge"
        )

    def robots_values(self, bot: str = "googlebot") -> set[str]:
        """Directives for `bot` from all sources together; none means noindex, nofollow."""
        values: set[str] = set()
        for entry in self.directives:
            if entry.bot in ("", bot):
                values.update(entry.values)
        if "none" in values:
            values |= {"noindex", "nofollow"}
        return values

    @cached_property
    def is_noindex(self) -> bool:
        return "noindex" in self.robots_values()

    @cached_property
    def canonical_url(self) -> str:
        """The canonical that the page declares; "" if there is none or several disagree."""
        urls = {c.url for c in self.canonicals if c.url and c.in_head}
        return urls.pop() if len(urls) == 1 else ""

    @cached_property
    def is_canonicalised(self) -> bool:
        """Whether the page declares another URL as its canonical."""
        return self.canonical_url not in ("", self.url)

    @cached_property
    def is_eligible(self) -> bool:
        """Meant to be found in search: status 200, HTML, no noindex, canonical to itself or none.

        Unlike an indexable page it may be blocked for Googlebot, which is then a fault of its own.
        """
        return self.is_ok_html and not self.is_noindex and not self.is_canonicalised

    @cached_property
    def is_indexable(self) -> bool:
        """Status 200, HTML, no noindex, canonical absent or to itself, allowed for Googlebot."""
        return self.is_eligible and self.googlebot_allowed
