"""Why an outbound request has no response, with the codes that are stored with pages."""

import asyncio
import socket
import ssl
from typing import Literal

import aiohttp

from lsos.core.errors import LsosError
from lsos.core.outbound.content_coding import DecodingError
from lsos.core.outbound.resolver import AddressBlockedError

OutboundErrorKind = Literal[
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
]


class OutboundError(LsosError):
    """There is no response; `detail` contains neither userinfo nor query."""

    status = 502
    code = "outbound_failed"

    def __init__(self, kind: OutboundErrorKind, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind: OutboundErrorKind = kind
        self.detail: str = detail


def kind_of(error: Exception) -> OutboundErrorKind:  # noqa: PLR0911 - one flat table
    """Classify the exceptions of aiohttp, sockets and decoders."""
    cause = _cause(error)
    if isinstance(cause, AddressBlockedError):
        return "address_blocked"
    if isinstance(error, asyncio.TimeoutError) or isinstance(cause, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectorDNSError) or isinstance(cause, socket.gaierror):
        return "dns"
    if isinstance(error, aiohttp.ClientSSLError) or isinstance(cause, ssl.SSLError):
        return "tls"
    if isinstance(error, DecodingError):
        return "bad_encoding"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "reset" if _is_cut_short(error) else "protocol"
    if isinstance(cause, ConnectionResetError | BrokenPipeError):
        return "reset"
    if isinstance(error, aiohttp.ClientConnectorError):
        # This includes unreachable networks and hosts.
        return "refused"
    if isinstance(error, aiohttp.ServerDisconnectedError | OSError):
        return "reset"
    return "protocol"


def reason_of(error: Exception) -> str:
    """A description of the error, without the URL that aiohttp's texts contain."""
    if isinstance(error, aiohttp.ClientResponseError):
        # The first line only, since the others quote the response.
        return error.message.partition("\n")[0].rstrip(":")[:200]
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror[:200]
    if isinstance(cause, DecodingError):
        return str(cause)
    return type(cause).__name__


def _cause(error: Exception) -> Exception:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error


def _is_cut_short(error: aiohttp.ClientPayloadError) -> bool:
    return "Not enough data" in str(error) or "Not enough data" in str(error.__cause__)
