"""The way out through the operator's proxies: which one, and whose fault a failure is."""

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
"""To reach a proxy, and the target's TLS behind it."""
TARGETS_FAULT = frozenset({502, 503, 504})
"""A proxy's answers to CONNECT when it is well and the target is not."""


class ProxiesUnavailable(Transient):
    """No proxy works; it says nothing of the target, so it is no OutboundError."""

    code = "proxies_unavailable"


class ProxyChooser(Protocol):
    async def choose(self, tried: AbstractSet[str]) -> Proxy | None:
        """A proxy whose URL was not tried yet; None when all were."""

    async def report(self, proxy: Proxy, fault: str | None) -> None:
        """How it went; `fault` is a word or two, None when the proxy did its work."""


async def checked_address(guard: AbstractResolver, host: str, port: int) -> str:
    """The address that a proxy is to be asked for: resolved here and found public."""
    try:
        return str(ip_address(host))
    except ValueError:
        answers = await guard.resolve(host, port, socket.AF_UNSPEC)
        return answers[0]["host"]


async def through_proxies(
    chooser: ProxyChooser, ask: Callable[[dict[str, Any]], Awaitable[Response]]
) -> Response:
    """`ask` with the options of one proxy after the other until one has done its work.

    A failed proxy has sent nothing on, so any method may go to the next one. When a proxy can't
    reach the target, the next one may.
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
        # aiohttp turns it into Proxy-Authorization, of the request or of its CONNECT.
        options["proxy_headers"] = {"Authorization": login}
    return options


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "timeout"
    cause = error.os_error if isinstance(error, aiohttp.ClientProxyConnectionError) else error
    return (cause.strerror if isinstance(cause, OSError) else None) or type(cause).__name__
