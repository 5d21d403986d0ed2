"""Scriptable sites on loopback that keep their access log: the witnesses of what a crawl did."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.waiting import PATIENCE_S

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
WORDS = "We mend boilers, pipes and drains in Alder Bay, on every day of the week. " * 6


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/html"})


@dataclass(frozen=True)
class Hit:
    """One line of the access log."""

    path: str
    """With its query, as sent."""
    headers: Mapping[str, str]


def html(*links: str, title: str = "Alder Bay Plumbing", head: str = "", body: str = "") -> bytes:
    """A page that links to `links`; a link that begins with < is markup of its own."""
    anchors = [
        link if link.startswith("<") else f'<li><a href="{link}">Page {number}</a></li>'
        for number, link in enumerate(links)
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{head}'
        f"</head><body><main><h1>{title}</h1><p>{WORDS}</p>{body}<ul>{''.join(anchors)}</ul></main>"
        "</body></html>"
    ).encode()


class Site:
    """What is not scripted answers 404, robots.txt included."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}"
        self.local_url = f"http://localhost:{port}"
        """The same server under another host name."""
        self.hits: list[Hit] = []
        self._replies: dict[str, list[Reply]] = {}
        self._handlers: dict[str, Handler] = {}
        self._changed = asyncio.Condition()

    def page(self, path: str, *links: str, **options: str) -> None:
        self.reply(path, html(*links, **options))

    def reply(self, path: str, body: bytes | str = b"", status: int = 200, **headers: str) -> None:
        """One more answer of this path; the last one is repeated. `content_type` and the like."""
        raw = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("content-type", "text/html; charset=utf-8")
        self._replies.setdefault(path, []).append(Reply(raw, status, named))

    def redirect(self, path: str, to: str, status: int = 301) -> None:
        """As most servers do it: with a small HTML page."""
        body = f'<html><head><title>Moved</title></head><body><a href="{to}">here</a></body></html>'
        self.reply(path, body, status, location=to)

    def robots(self, text: str) -> None:
        self.reply("/robots.txt", text, content_type="text/plain")

    def sitemap(self, path: str, locations: Iterable[str], *, is_index: bool = False) -> None:
        outer, inner = ("sitemapindex", "sitemap") if is_index else ("urlset", "url")
        rows = "".join(f"<{inner}><loc>{self._absolute(loc)}</loc></{inner}>" for loc in locations)
        self.reply(
            path,
            f'<?xml version="1.0"?><{outer} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
            f"{rows}</{outer}>",
            content_type="application/xml",
        )

    def script(self, path: str, handler: Handler) -> None:
        self._handlers[path] = handler

    def forget(self, path: str) -> None:
        """The next `reply` is the first one again."""
        self._replies.pop(path, None)

    def paths(self) -> list[str]:
        return [hit.path for hit in self.hits]

    def count(self, path: str) -> int:
        return self.paths().count(path)

    async def until_hit(self, path: str, times: int = 1) -> None:
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: self.count(path) >= times)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path
        self.hits.append(Hit(path, dict(request.headers)))
        async with self._changed:
            self._changed.notify_all()
        handler = self._handlers.get(path) or self._handlers.get("*")
        if handler is not None:
            return await handler(request)
        replies = self._replies.get(path)
        if not replies:
            return web.Response(status=404, text="not found")
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        etag = reply.headers.get("etag")
        if etag is not None and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)

    def _absolute(self, location: str) -> str:
        return self.base_url + location if location.startswith("/") else location


class Sites:
    """Hands out sites on ports that were taken beforehand, so that settings can allow them."""

    def __init__(self, stack: AsyncExitStack, sockets: list[socket.socket]) -> None:
        self._stack = stack
        self._free = sockets
        self.origins = ",".join(
            f"http://{host}:{sock.getsockname()[1]}"
            for sock in sockets
            for host in ("127.0.0.1", "localhost")
        )

    def take(self) -> socket.socket:
        """A bound socket for a server of another kind."""
        return self._free.pop()

    async def open(self) -> Site:
        sock = self._free.pop()
        site = Site(sock.getsockname()[1])
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", site.answer)
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, sock).start()
        return site


@asynccontextmanager
async def site_pool(size: int) -> AsyncIterator[Sites]:
    async with AsyncExitStack() as stack:
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(size)]
        for sock in sockets:
            stack.callback(sock.close)
        yield Sites(stack, sockets)
