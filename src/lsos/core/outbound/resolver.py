"""Name resolution and socket creation restricted to public addresses."""

import asyncio
import errno
import socket
from concurrent.futures import ThreadPoolExecutor

from aiohappyeyeballs import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from lsos.core.outbound.addresses import is_local_name, is_public_literal

_THREADS = 32
_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class AddressBlockedError(OSError):
    """A name or socket resolves to an address that is not public."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.EACCES, f"{what} is not public")


class DnsResolver(AbstractResolver):
    """getaddrinfo in dedicated threads, so that slow name servers block nothing else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        # AI_ADDRCONFIG would hide localhost on a machine without a network.
        flags = 0 if is_local_name(host) else socket.AI_ADDRCONFIG
        infos = await asyncio.get_running_loop().run_in_executor(
            self._threads,
            # As bytes: the idna codec raises UnicodeError for labels over 63 characters.
            lambda: socket.getaddrinfo(
                host.encode(), port, family=family, type=socket.SOCK_STREAM, flags=flags
            ),
        )
        return [
            ResolveResult(
                hostname=host,
                host=str(sockaddr[0]),
                port=port,
                family=found,
                proto=proto,
                flags=_NUMERIC,
            )
            for found, _, proto, _, sockaddr in infos
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedResolver(AbstractResolver):
    """Refuses a name if any of its addresses is not public.

    The client connects to (and caches) exactly the returned addresses, so a second DNS answer
    cannot slip in.
    """

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = await self._inner.resolve(host, port, family)
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        if not all(is_public_literal(answer["host"]) for answer in answers):
            raise AddressBlockedError(host)
        return answers

    async def close(self) -> None:
        """The inner resolver is closed by its owner."""


def guarded_socket(address: AddrInfoType) -> socket.socket:
    """A socket for the address, checked again, because IP literals bypass the resolver."""
    family, kind, proto, _, sockaddr = address
    has_zone = len(sockaddr) == 4 and sockaddr[3] != 0
    if has_zone or not is_public_literal(str(sockaddr[0])):
        raise AddressBlockedError(str(sockaddr[0]))
    return socket.socket(family, kind, proto)
