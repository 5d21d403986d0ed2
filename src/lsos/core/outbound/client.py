"""The only HTTP client of LSOS, guarded against private addresses, bombs and stalls."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from lsos.core.observability.telemetry import client_span
from lsos.core.outbound.addresses import Target, parse_target, printable
from lsos.core.outbound.content_coding import ACCEPT_ENCODING, DecodingError
from lsos.core.outbound.errors import OutboundError, kind_of, reason_of
from lsos.core.outbound.policy import OutboundPolicy
from lsos.core.outbound.proxy import (
    CONNECT_S,
    ProxyChooser,
    checked_address,
    through_proxies,
)
from lsos.core.outbound.resolver import DnsResolver, GuardedResolver, guarded_socket
from lsos.core.outbound.response import Hop, Response, read_body

__all__ = ["DEFAULT_MAX_BYTES", "Hop", "Outbound", "OutboundError", "Response"]

DEFAULT_MAX_BYTES = 5_000_000

_DNS_CACHE_S = 5
_MAX_FIELD_BYTES = 16_384
# Any other header may be a credential, so it is sent to its original origin only.
_HEADERS_FOR_ALL = frozenset({"accept", "accept-language", "user-agent"})


class _Ask(NamedTuple):
    method: str
    headers: Mapping[str, str] | None
    data: bytes | None
    timeout_s: float
    max_bytes: int
    accept_truncated: bool


class Outbound:
    """Async context manager around two connection pools.

    The guarded pool reaches public addresses only. The open one serves `allow_origins` (exact
    scheme://host:port), or every URL with `allow_private`. The pools share no connections. With
    `proxies`, public targets are requested through one of them, and never directly. `is_sent_once`:
    a request is not repeated on a new connection if a kept-alive one turns out to be closed. All
    failures are raised as OutboundError, except ProxiesUnavailable.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allow_origins: frozenset[str] = frozenset(),
        allow_private: bool = False,
        connections: int = 100,
        proxies: ProxyChooser | None = None,
        is_sent_once: bool = False,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING}
        self._policy = OutboundPolicy.of(allow_origins, allow_private=allow_private)
        self._connections = connections
        self._proxies = proxies
        self._is_sent_once = is_sent_once
        self._given_resolver = resolver
        self._tls: ssl.SSLContext | bool = tls if tls is not None else True

    async def __aenter__(self) -> Self:
        return self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def open(self) -> Self:
        """Create the connection pools; needs a running loop, and a final `close`."""
        self._resolver = self._given_resolver or DnsResolver()
        self._guard = GuardedResolver(self._resolver)
        self._open = self._session(self._connector(resolver=self._resolver))
        # The cache holds only addresses that passed the guard.
        self._guarded = self._session(
            self._connector(resolver=self._guard, socket_factory=guarded_socket)
        )
        # The operator configures the proxies, so their addresses may be private.
        self._proxied = self._session(self._connector(resolver=self._resolver))
        return self

    async def close(self) -> None:
        await self._guarded.close()
        await self._open.close()
        await self._proxied.close()
        if self._given_resolver is None:
            await self._resolver.close()

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        max_bytes: int = DEFAULT_MAX_BYTES,
        accept_truncated: bool = True,
    ) -> Response:
        """One GET; a redirect is returned like any other response. `timeout_s` is the total
        time."""
        ask = _Ask("GET", headers, None, timeout_s, max_bytes, accept_truncated)
        return await self._send(_target(url), ask)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        json: object = None,
        timeout_s: float = 10.0,
        max_bytes: int = DEFAULT_MAX_BYTES,
        accept_truncated: bool = False,
    ) -> Response:
        """One request; `json`, unless None, is sent as application/json instead of `data`."""
        if json is not None:
            data = msgspec.json.encode(json)
            headers = {"Content-Type": "application/json", **(headers or {})}
        ask = _Ask(method, headers, data, timeout_s, max_bytes, accept_truncated)
        return await self._send(_target(url), ask)

    async def get_following(
        self,
        url: str,
        *,
        max_hops: int = 5,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        max_bytes: int = DEFAULT_MAX_BYTES,
        accept_truncated: bool = True,
    ) -> tuple[Response, list[Hop]]:
        """GET, following at most `max_hops` redirects, all within `timeout_s`.

        Each hop is checked like an initial URL. Once the origin has changed, only headers that
        cannot hold credentials are sent. A repeated URL ends the chain as too_many_redirects.
        """
        deadline = time.monotonic() + timeout_s
        ask = _Ask("GET", headers, None, timeout_s, max_bytes, accept_truncated)
        target = _target(url)
        seen = {target.url}
        hops: list[Hop] = []
        while True:
            response = await self._send(target, ask)
            if not response.location:
                return response, hops
            following = _target(response.location, target.url)
            if len(hops) == max_hops or following.url in seen:
                detail = f"{printable(url)}: {len(hops) + 1} redirects"
                raise OutboundError("too_many_redirects", detail)
            hops.append(Hop(target.url, response.status, response.location))
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise OutboundError("timeout", f"{printable(url)}: {len(hops)} redirects")
            if headers and following.origin != target.origin:
                headers = {k: v for k, v in headers.items() if k.lower() in _HEADERS_FOR_ALL}
            ask = ask._replace(timeout_s=left_s, headers=headers)
            target = following
            seen.add(target.url)

    def _connector(self, **options: Any) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(
            limit=self._connections,
            ttl_dns_cache=_DNS_CACHE_S,
            ssl=self._tls,
            force_close=self._is_sent_once,
            **options,
        )

    def _session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            max_line_size=_MAX_FIELD_BYTES,
            max_field_size=_MAX_FIELD_BYTES,
        )
        # aiohttp has no public switch for its hidden retry of idempotent requests.
        session._retry_connection = not self._is_sent_once
        return session

    def _session_for(self, target: Target) -> aiohttp.ClientSession:
        if self._policy.is_exempt(target):
            return self._open
        if not self._policy.allows(target):
            raise OutboundError("address_blocked", f"{printable(target.url)}: not public")
        return self._guarded

    async def _send(self, target: Target, ask: _Ask) -> Response:
        session = self._session_for(target)
        url = URL(target.url, encoded=True)
        if url.raw_host != target.host:
            # If two parsers disagree on the host, it is an attack or a bug.
            raise OutboundError("address_blocked", f"{printable(target.url)}: ambiguous host")
        with client_span(f"http {ask.method}", target.url) as span:
            try:
                if self._proxies is not None and session is self._guarded:
                    response = await self._send_through(self._proxies, target, url, ask)
                else:
                    response = await _exchange(session, target.url, url, ask)
            except (aiohttp.ClientError, OSError, DecodingError) as error:
                # `from None`: aiohttp's error texts contain the whole URL.
                raise OutboundError(
                    kind_of(error), f"{printable(target.url)}: {reason_of(error)}"
                ) from None
            span.set_attribute("http.response.status_code", response.status)
            return response

    async def _send_through(
        self, proxies: ProxyChooser, target: Target, url: URL, ask: _Ask
    ) -> Response:
        async with asyncio.timeout(ask.timeout_s):
            address = await checked_address(self._guard, target.host, url.port or 0)
            # The proxy connects to the checked address; Host and TLS name the target.
            named = {"Host": target.origin.partition("://")[2], **(ask.headers or {})}
            asked = url.with_host(address)

            async def through(options: dict[str, Any]) -> Response:
                return await _exchange(
                    self._proxied,
                    target.url,
                    asked,
                    ask._replace(headers=named),
                    server_hostname=target.host,
                    **options,
                )

            return await through_proxies(proxies, through)


def _target(url: str, base: str | None = None) -> Target:
    try:
        return parse_target(url, base)
    except ValueError:
        raise OutboundError("address_blocked", "not an absolute http(s) URL") from None


@lru_cache(maxsize=64)
def _timeout(total_s: float, connect_s: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total_s, sock_connect=connect_s)


async def _exchange(
    session: aiohttp.ClientSession, asked: str, url: URL, ask: _Ask, **options: Any
) -> Response:
    began = time.perf_counter()
    response = await session.request(
        ask.method,
        url,
        headers=ask.headers,
        data=ask.data,
        allow_redirects=False,
        timeout=_timeout(ask.timeout_s, CONNECT_S if "proxy" in options else None),
        **options,
    )
    ttfb = time.perf_counter()
    is_whole = False
    try:
        codings = response.headers.getall("Content-Encoding", [])
        body, transfer_bytes, is_truncated = await read_body(
            response.content, codings, ask.max_bytes
        )
        is_whole = not is_truncated
    finally:
        # Closing discards the unread rest; complete bodies have returned their connection.
        if not is_whole:
            response.close()
    if is_truncated and not ask.accept_truncated:
        raise OutboundError("too_large", f"{printable(asked)}: over {ask.max_bytes} bytes")
    version = response.version
    return Response(
        url=asked,
        status=response.status,
        headers=[
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in response.raw_headers
        ],
        body=body,
        content_encoding=", ".join(codings).lower(),
        transfer_bytes=transfer_bytes,
        is_truncated=is_truncated,
        ttfb_ms=(ttfb - began) * 1000,
        total_ms=(time.perf_counter() - began) * 1000,
        http_version=f"{version.major}.{version.minor}" if version else "",
    )
