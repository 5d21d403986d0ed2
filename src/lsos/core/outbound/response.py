"""The response to an outbound request, and reading its body up to a limit."""

import email.utils
from datetime import UTC, datetime

import aiohttp
import msgspec

from lsos.core.outbound.content_coding import DecodingError, decoder_for

READ_BYTES = 65_536
"""The most that is read beyond a limit."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Response(msgspec.Struct, frozen=True, gc=False):
    """A response, read to its end or to the limit."""

    url: str
    """As requested: WHATWG-normalised, without userinfo and fragment."""
    status: int
    headers: list[tuple[str, str]]
    """In order, names in lower case, decoded as latin-1."""
    body: bytes
    """After decoding Content-Encoding."""
    content_encoding: str
    """As sent, in lower case."""
    transfer_bytes: int
    """Body bytes taken from the connection, before decoding."""
    is_truncated: bool
    ttfb_ms: float
    """From the call to the response headers, including name lookup and connecting."""
    total_ms: float
    http_version: str

    def header(self, name: str) -> str:
        """First value of a header; "" if absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), "")

    @property
    def location(self) -> str:
        """Location of a 301, 302, 303, 307 or 308 as written; "" otherwise."""
        if self.status not in REDIRECTS:
            return ""
        raw = self.header("location")
        try:
            # Servers send UTF-8 here, and browsers read it so.
            return raw.encode("latin-1").decode()
        except UnicodeDecodeError:
            return raw


class Hop(msgspec.Struct, frozen=True, gc=False):
    """One redirect that was followed."""

    url: str
    status: int
    location: str
    """As written."""


async def read_body(
    stream: aiohttp.StreamReader, codings: list[str], max_bytes: int
) -> tuple[bytes, int, bool]:
    """The decoded body, the bytes read, and whether the body was truncated at the limit."""
    decoder = None
    parts: list[bytes] = []
    room = max_bytes
    taken = 0
    while chunk := await stream.read(READ_BYTES):
        if codings and not taken:
            # Checked only here, because a response without a body may name any coding.
            decoder = decoder_for(codings)
        taken += len(chunk)
        data = chunk if decoder is None else decoder.feed(chunk, room + 1)
        parts.append(data)
        room -= len(data)
        # A second limit: an encoded stream may be endless and decode to nothing.
        if room < 0 or taken > max_bytes + READ_BYTES:
            return b"".join(parts)[:max_bytes], taken, True
    if decoder is not None and not decoder.is_finished:
        raise DecodingError("coded body ends early")
    return b"".join(parts), taken, False


def retry_after_s(value: str, at: datetime) -> float | None:
    """Seconds of a Retry-After header, a number or an HTTP date (RFC 9110 section 10.2.3)."""
    value = value.strip()
    if value.isascii() and value.isdecimal() and len(value) < 10:
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - at).total_seconds())
