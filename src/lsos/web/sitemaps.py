"""Parses sitemaps of all formats from untrusted bytes, in bounded memory."""

import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

import msgspec

from lsos.web.sitemap_xml import MAX_TEXT, Fault, Kind, Stop, XmlReader
from lsos.web.urls import Resolver

MAX_SITEMAP_BYTES = 52_428_800
"""Uncompressed, as defined by sitemaps.org."""
MAX_SITEMAP_URLS = 50_000
MAX_LASTMODS = 1_000

_CHUNK = 65_536
_SPACE = b" \t\r\n"


class Entry(msgspec.Struct, gc=False):
    """A URL listed in a sitemap."""

    loc: str
    """Normalised; a relative one is resolved against the sitemap's URL."""
    lastmod: str = ""
    """As written (pubDate of RSS, updated of Atom); "" if absent."""
    alternates: list[tuple[str, str]] = msgspec.field(default_factory=list)
    """(hreflang in lower case, normalised URL) of xhtml:link elements."""


class Sitemap(msgspec.Struct):
    """The contents of one sitemap; entries in order, including duplicates."""

    kind: Kind = ""
    entries: list[Entry] = msgspec.field(default_factory=list)
    children: list[str] = msgspec.field(default_factory=list)
    """Normalised URLs of the sitemaps listed in an index."""
    fault: Fault = ""
    bytes: int = 0
    """Uncompressed bytes read."""
    is_over_limit: bool = False
    """Whether it has more URLs or bytes than allowed; the rest was not read."""
    lastmods: list[str] = msgspec.field(default_factory=list)
    """Dates of the entries, at most 1,000; not of RSS, whose dates have a different format."""
    invalid_lastmods: list[str] = msgspec.field(default_factory=list)
    """Dates (including an index's) that are not W3C dates; at most 1,000."""


def parse_sitemap(
    body: bytes,
    url: str,
    *,
    max_bytes: int = MAX_SITEMAP_BYTES,
    max_urls: int = MAX_SITEMAP_URLS,
) -> Sitemap:
    """Parse a sitemap with the given URL; never raises.

    gzip is detected by its magic number, not by name or type. The work is proportional to the
    uncompressed size: seconds for a full one, so do not call it on the event loop.
    """
    sitemap, is_repairable = _read(body, url, max_bytes, max_urls, is_repairing=False)
    if is_repairable:
        repaired, _ = _read(body, url, max_bytes, max_urls, is_repairing=True)
        if len(repaired.entries) + len(repaired.children) > (
            len(sitemap.entries) + len(sitemap.children)
        ):
            repaired.fault = repaired.fault or "malformed"
            return repaired
    return sitemap


_LASTMOD = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)


def parse_lastmod(text: str) -> datetime | None:
    """W3C date and time (NOTE-datetime) in UTC; missing parts take their first value."""
    match = _LASTMOD.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    offset = timedelta()
    if zone is not None and zone != "Z":
        if int(zone[4:]) > 59:
            return None
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
        offset = -offset if zone[0] == "-" else offset
    try:
        return datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            timezone(offset),
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class _Reader(Protocol):
    def feed(self, chunk: bytes) -> None: ...
    def close(self) -> None: ...


def _read(
    body: bytes, url: str, max_bytes: int, max_urls: int, *, is_repairing: bool
) -> tuple[Sitemap, bool]:
    """The sitemap, and whether escaping its ampersands could reveal more of it."""
    sitemap = Sitemap()
    reader: _Reader | None = None
    has_space = False
    try:
        for raw in _uncompressed(body):
            sitemap.bytes += len(raw)
            if sitemap.bytes > max_bytes:
                sitemap.is_over_limit = True
                raise Stop("too_large")
            chunk = raw
            if reader is None:
                content = raw.removeprefix(b"\xef\xbb\xbf")
                chunk = content.lstrip(_SPACE)
                has_space |= len(chunk) < len(content)
                if not chunk:
                    continue
                if has_space and chunk.startswith(b"<?xml"):
                    sitemap.fault = "malformed"  # and readable without the white space before it
                reader = _reader_for(chunk, _Sink(sitemap, url, max_urls), is_repairing)
            reader.feed(chunk)
        if reader is None:
            raise Stop("empty")
        reader.close()
    except Stop as stop:
        sitemap.fault = stop.fault
        return sitemap, stop.is_repairable
    return sitemap, False


def _uncompressed(body: bytes) -> Iterator[bytes]:
    if body[:2] != b"\x1f\x8b":
        yield from (body[at : at + _CHUNK] for at in range(0, len(body), _CHUNK))
        return
    rest = body
    while rest[:2] == b"\x1f\x8b":  # a gzip file may have several members
        inflater = zlib.decompressobj(wbits=31)
        while not inflater.eof:
            try:
                chunk = inflater.decompress(rest, _CHUNK)
            except zlib.error:
                raise Stop("bad_gzip") from None
            rest = inflater.unconsumed_tail
            if chunk:
                yield chunk
            elif not rest and not inflater.eof:
                raise Stop("truncated")
        rest = inflater.unused_data


def _reader_for(head: bytes, sink: "_Sink", is_repairing: bool) -> _Reader:
    if head[:14].lower() == b"<!doctype html":
        raise Stop("html")  # expat accepts it only in upper case
    if head[:16].lstrip(_SPACE + b"\0\xff\xfe").startswith(b"<"):  # UTF-16 included
        return XmlReader(sink, head, is_repairing)
    return _TextReader(sink)


class _Sink:
    """Receives what readers find, applying limits and normalisation in one place."""

    def __init__(self, sitemap: Sitemap, url: str, max_urls: int) -> None:
        self.sitemap = sitemap
        self._resolver = Resolver(url)
        self._max_urls = max_urls

    def identify(self, kind: Kind, fault: Fault = "") -> None:
        self.sitemap.kind = kind
        self.sitemap.fault = fault or self.sitemap.fault

    def resolve(self, href: str) -> str:
        """ "" if it is not an http(s) URL."""
        url, _, is_http = self._resolver.resolve(href)
        return url if is_http else ""

    def add(self, loc: str, lastmod: str, alternates: list[tuple[str, str]]) -> None:
        sitemap = self.sitemap
        if len(sitemap.entries) + len(sitemap.children) >= self._max_urls:
            sitemap.is_over_limit = True
            raise Stop(sitemap.fault)
        if lastmod and sitemap.kind != "rss":
            is_valid = parse_lastmod(lastmod) is not None
            if not is_valid and len(sitemap.invalid_lastmods) < MAX_LASTMODS:
                sitemap.invalid_lastmods.append(lastmod)
            if sitemap.kind != "index" and len(sitemap.lastmods) < MAX_LASTMODS:
                sitemap.lastmods.append(lastmod)
        url = self.resolve(loc) if loc else ""
        if not url:
            return
        if sitemap.kind == "index":
            sitemap.children.append(url)
        else:
            sitemap.entries.append(Entry(url, lastmod, alternates))


class _TextReader:
    """One absolute URL per line; if the first line is not one, the format is unknown."""

    def __init__(self, sink: _Sink) -> None:
        self._sink = sink
        self._rest = b""
        self._is_unknown = False

    def feed(self, chunk: bytes) -> None:
        if self._is_unknown:
            return  # its bytes are still counted
        *lines, self._rest = re.split(rb"[\r\n]", self._rest + chunk)
        for line in lines:
            self._line(line)
        if len(self._rest) > MAX_TEXT:
            self._line(self._rest)
            self._rest = b""

    def close(self) -> None:
        self._line(self._rest)
        if self._is_unknown:
            raise Stop("unknown")
        if not self._sink.sitemap.kind:
            raise Stop("empty")  # nothing but control characters and the like

    def _line(self, raw: bytes) -> None:
        line = raw[:MAX_TEXT].decode("utf-8-sig", "replace").strip()
        if not line or self._is_unknown:
            return
        sitemap = self._sink.sitemap
        is_url = line.lower().startswith(("http://", "https://")) and self._sink.resolve(line)
        if is_url:
            sitemap.kind = "text"
            self._sink.add(line, "", [])
        elif sitemap.kind:
            sitemap.fault = "malformed"
        else:
            self._is_unknown = True
