"""The protocol between worker and reader: length-prefixed msgpack messages.

A frame is two little-endian 32-bit lengths, a message, and raw bytes (the body of a response,
otherwise empty). Responses come in the order of the requests.
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
"""The first, empty frame of a reader: from now on, its death may be a page's fault."""
MAX_ANSWER_BYTES = 256_000_000
"""Larger responses are invalid, so that a compromised reader can't fill the worker's memory."""
EXIT_OUT_OF_MEMORY = 70


encode_json = msgspec.json.Encoder().encode


class OpenRun(msgspec.Struct, tag="open"):
    """What all pages of one run share; sent before the first page."""

    run: int
    """Number that identifies the run in later messages."""
    secret: bytes
    """Secret key of the URL hashes."""
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
    """These URLs were not stored: report them again if they are found again."""

    run: int
    keys: list[int]


class ReadPage(msgspec.Struct, tag="page"):
    """Parse the raw bytes as the body of `page`, then judge it. A page with an error is only
    judged.
    """

    run: int
    cpu_s: float
    """Limit in CPU-seconds of the reader."""
    page: PageFacts
    """The response as fetched."""
    hops: int


class ReadStored(msgspec.Struct, tag="stored"):
    """Judge the stored facts of a page that has not changed since an earlier run."""

    run: int
    cpu_s: float
    facts: bytes
    links: bytes
    urls: dict[int, str]
    """URLs of the keys in `links`."""
    depth: int
    in_sitemap: bool
    hops: int


class ReadSitemap(msgspec.Struct, tag="sitemap"):
    """Parse the raw bytes as the sitemap at this URL."""

    cpu_s: float
    url: str


class ReadRobots(msgspec.Struct, tag="robots"):
    """Parse the raw bytes as a robots.txt."""

    cpu_s: float


Work = ReadPage | ReadStored | ReadSitemap | ReadRobots
Order = OpenRun | CloseRun | Forget | Work


class PageRow(msgspec.Struct, array_like=True, gc=False):
    """The columns and counters of a page, in addition to its facts."""

    url: str
    depth: int
    status: int
    error: str | None
    redirect_url: str
    """Target of a redirect or of a meta refresh; "" if there is none."""
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
    """A finding in its stored form."""

    code: str
    subject: int
    """Key of the URL or host that the finding is about."""
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
    """Packed by `stored.pack_facts`."""
    links: bytes
    """Packed by `stored.pack_links`."""
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
    """The reader had an internal error, and continues."""

    reason: str
    """Class name of the exception."""


Answer = PageRead | SitemapRead | RobotsRead | Failed

encode = msgspec.msgpack.Encoder().encode
decode_order = msgspec.msgpack.Decoder(Order).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode


def frame(message: msgspec.Struct, raw: bytes = b"") -> list[bytes]:
    """A frame in pieces, so that large bodies are not copied."""
    packed = encode(message)
    return [HEADER.pack(len(packed), len(raw)), packed, raw]
