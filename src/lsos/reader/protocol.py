"""What worker and reader say to each other: msgpack messages in frames with their lengths.

A frame is two little-endian 32-bit lengths, a message, and raw bytes (the body of a response,
else nothing). Work is answered in the order in which it was sent.
"""

import struct

import msgspec

from lsos.checks.base import Scope, Severity
from lsos.checks.engine import CheckSetting, Finding
from lsos.checks.site import SiteContext
from lsos.web.discovery import Discovered
from lsos.web.facts import PageFacts
from lsos.web.host_facts import RobotsGroup
from lsos.web.sitemaps import Sitemap

HEADER = struct.Struct("<II")
"""Length of the message, length of the raw bytes."""
READY = HEADER.pack(0, 0)
"""The first frame of a reader, empty: what ends it from now on may be a page's fault."""
MAX_ANSWER_BYTES = 256_000_000
"""An answer beyond it is no answer: a reader that was taken over can't fill the worker's memory."""
EXIT_OUT_OF_MEMORY = 70


encode_json = msgspec.json.Encoder().encode


class OpenRun(msgspec.Struct, tag="open"):
    """What all pages of one run share; sent before the first of them."""

    run: int
    """Number by which the messages to come name this run."""
    secret: bytes
    """Keys the hashes of URLs."""
    site: SiteContext
    checks: dict[str, CheckSetting]
    include: list[str]
    exclude: list[str]
    subdomains: bool
    drop_params: frozenset[str]
    max_depth: int | None


class CloseRun(msgspec.Struct, tag="close"):
    run: int


class Forget(msgspec.Struct, tag="forget"):
    """These URLs were not stored: whoever finds them again reports them again."""

    run: int
    keys: list[int]


class ReadPage(msgspec.Struct, tag="page"):
    """Parse the raw bytes as the body of `page`, then judge it.

    A page with an error is judged alone.
    """

    run: int
    cpu_s: float
    """CPU-seconds of the reader that this may take."""
    page: PageFacts
    """The response as fetched."""
    hops: int


class ReadStored(msgspec.Struct, tag="stored"):
    """Judge what an earlier run has stored of a page that has not changed."""

    run: int
    cpu_s: float
    facts: bytes
    links: bytes
    urls: dict[int, str]
    """Of the keys in `links`."""
    depth: int
    in_sitemap: bool
    hops: int


class ReadSitemap(msgspec.Struct, tag="sitemap"):
    """Read the raw bytes as the sitemap of this URL."""

    cpu_s: float
    url: str


class ReadRobots(msgspec.Struct, tag="robots"):
    """Read the raw bytes as a robots.txt."""

    cpu_s: float


Work = ReadPage | ReadStored | ReadSitemap | ReadRobots
Order = OpenRun | CloseRun | Forget | Work


class PageRow(msgspec.Struct, array_like=True, gc=False):
    """What tables and counters hold of a page beside its facts."""

    url: str
    depth: int
    status: int
    error: str | None
    redirect_url: str
    """Target of a redirect or of a meta refresh; "" when there is none."""
    content_type: str
    canonical: str
    title: str
    etag: str
    last_modified: str
    words: int
    body_bytes: int
    transfer_bytes: int
    ttfb_ms: float
    text_hash: int
    is_html: bool
    is_indexable: bool
    is_eligible: bool
    is_measured: bool
    robots_allowed: bool


class FindingRow(msgspec.Struct, array_like=True, gc=False):
    """A finding as it is stored."""

    code: str
    subject: int
    """Key of the URL or host that it is about."""
    severity: Severity
    scope: Scope
    url: str
    count: int
    evidence: str
    """JSON list of `Evidence`."""


def finding_row(finding: Finding, subject: int) -> FindingRow:
    """`subject` is the key of the finding's URL or host."""
    return FindingRow(
        code=finding.code,
        subject=subject,
        severity=finding.severity,
        scope=finding.scope,
        url=finding.subject,
        count=finding.count,
        evidence=encode_json(finding.evidence).decode(),
    )


class PageRead(msgspec.Struct, tag="page", gc=False):
    row: PageRow
    facts: bytes
    """As `stored.pack_facts` makes them."""
    links: bytes
    """As `stored.pack_links` makes them."""
    findings: list[FindingRow]
    discovered: list[Discovered]
    failed_checks: list[str]
    """Codes of checks that crashed on this page."""


class SitemapRead(msgspec.Struct, tag="sitemap"):
    sitemap: Sitemap


class RobotsRead(msgspec.Struct, tag="robots"):
    groups: list[RobotsGroup]
    sitemaps: list[str]
    invalid_lines: list[str]


class Failed(msgspec.Struct, tag="failed"):
    """The reader met an error of its own; it goes on."""

    reason: str
    """Class of the exception."""


Answer = PageRead | SitemapRead | RobotsRead | Failed

encode = msgspec.msgpack.Encoder().encode
decode_order = msgspec.msgpack.Decoder(Order).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode


def frame(message: msgspec.Struct, raw: bytes = b"") -> list[bytes]:
    """A frame in pieces, so that large bodies are not copied."""
    packed = encode(message)
    return [HEADER.pack(len(packed), len(raw)), packed, raw]
