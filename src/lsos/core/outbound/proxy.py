"""Requests through the operator's proxies: choosing one, and attributing failures."""

import socket
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from ipaddress import ip_address
from typing import Any, Protocol

import aiohttp
from aiohttp.abc import AbstractResolver

from lsos.core.errors import Transient
from lsos.core.outbound.response import Response
from lsos.core.settings.provider_config import Proxy

CONNECT_S = 10.0
"""Time limit to reach a proxy and complete TLS with the target behind it."""
TARGETS_FAULT = frozenset({502, 503, 504})
"""A healthy proxy's responses to CONNECT if the target is at fault."""


class ProxiesUnavailable(Transient):
    """No proxy works. It says nothing about the target, so it is not an OutboundError."""

    code = "proxies_unavailable"


class ProxyChooser(Protocol):
    async def choose(self, tried: AbstractSet[str]) -> Proxy | None:
        """A proxy whose URL has not been tried yet; None if all have been."""

    async def report(self, proxy: Proxy, fault: str | None) -> None:
        """Report the result; `fault` is a short description, None if the proxy worked."""


async def checked_address(guard: AbstractResolver, host: str, port: int) -> str:
    """The address to request from a proxy, resolved here and checked to be public."""
    try:
        return str(ip_address(host))
    except ValueError:
        answers = await guard.resolve(host, port, socket.AF_UNSPEC)
        return answers[0]["host"]


async def through_proxies(
    chooser: ProxyChooser, ask: Callable[[dict[str, Any]], Awaitable[Response]]
) -> Response:
    """Call `ask` with the options of one proxy after the other until one works.

    A failed proxy has not forwarded anything, so any method may be sent to the next one. If a proxy
    cannot reach the target, another one might.
    """
    tried: set[str] = set()
    unreached: Exception | None = None
    while (proxy := await chooser.choose(tried)) is not None:
        tried.add(proxy.url)
        try:
            response = await ask(_options(proxy))
        except aiohttp.ClientHttpProxyError as error:
            if error.status in TARGETS_FAULT:
                unreached = error
                continue
            await chooser.report(proxy, f"HTTP {error.status}")
        except (aiohttp.ClientProxyConnectionError, aiohttp.ConnectionTimeoutError) as error:
            await chooser.report(proxy, _reason(error))
        else:
            if response.status != 407:
                await chooser.report(proxy, None)
                return response
            await chooser.report(proxy, "HTTP 407")
    if unreached is not None:
        raise unreached
    raise ProxiesUnavailable(f"none of {len(tried)} proxies works")


def _options(proxy: Proxy) -> dict[str, Any]:
    options: dict[str, Any] = {"proxy": proxy.url}
    if proxy.username:
        login = aiohttp.encode_basic_auth(proxy.username, proxy.password)
        # aiohttp sends it as Proxy-Authorization, with the request or its CONNECT.
        options["proxy_headers"] = {"Authorization": login}
    return options


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "timeout"
    cause = error.os_error if isinstance(error, aiohttp.ClientProxyConnectionError) else error
    return (cause.strerror if isinstance(cause, OSError) else None) or type(cause).__name__
