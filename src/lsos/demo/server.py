"""Serves the demo site on loopback: `python -m lsos.demo.server --port 8099`."""

import argparse
import asyncio
import gzip
import hashlib
import logging
import signal
import socket
import sys
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path

from aiohttp import web

from lsos.demo.site import FORM_TARGET, Page, build, not_found

ACCESS_FORMAT = '%a %t "%r" %s %b "%{User-Agent}i"'
GZIP_MIN_BYTES = 256
GZIP_TYPES = ("text/", "application/xml", "image/svg+xml")
SHUTDOWN_S = 2.0

log = logging.getLogger("lsos.demo.access")


class Site:
    """Serves the pages of one site."""

    def __init__(self, pages: Mapping[str, Page], missing: Page) -> None:
        self._pages = pages
        self._missing = missing
        self._zipped: dict[bytes, bytes] = {}

    async def handle(self, request: web.Request) -> web.Response:
        # The request line as sent: yarl would normalise escapes that the site distinguishes.
        target = request.raw_path
        path = target.partition("?")[0]
        if not (request.method in ("GET", "HEAD") or self._takes_form(request.method, path)):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        page = self._pages.get(target) or self._pages.get(path) or self._missing
        headers = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
        headers |= page.headers
        body = page.body
        if page.status == 200:
            # Weak, because the plain and the gzip form share it (RFC 9110 section 8.8.1).
            headers["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
            headers["Cache-Control"] = "no-cache"
            if _is_fresh(request, headers):
                return web.Response(status=304, headers=headers)
        if len(body) >= GZIP_MIN_BYTES and headers["Content-Type"].startswith(GZIP_TYPES):
            headers["Vary"] = "Accept-Encoding"
            if _takes_gzip(request.headers.get("Accept-Encoding", "")):
                headers["Content-Encoding"] = "gzip"
                body = self._gzip(body)
        return web.Response(status=page.status, headers=headers, body=body)

    @staticmethod
    def _takes_form(method: str, path: str) -> bool:
        return method == "POST" and path == FORM_TARGET

    def _gzip(self, body: bytes) -> bytes:
        if body not in self._zipped:
            self._zipped[body] = gzip.compress(body, 6, mtime=0)
        return self._zipped[body]


def _is_fresh(request: web.Request, headers: Mapping[str, str]) -> bool:
    """If-None-Match takes precedence over If-Modified-Since (RFC 9110 section 13.2.2)."""
    tags = request.if_none_match
    if tags is not None:
        own = headers["ETag"].removeprefix("W/").strip('"')
        return any(tag.value in ("*", own) for tag in tags)
    since = request.if_modified_since
    changed = headers.get("Last-Modified")
    return since is not None and changed is not None and parsedate_to_datetime(changed) <= since


def _takes_gzip(accept: str) -> bool:
    for item in accept.lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def create_app(base_url: str) -> web.Application:
    """The demo site under `base_url`, such as http://127.0.0.1:8099."""
    app = web.Application()
    site = Site(build(base_url), not_found(base_url))
    app.router.add_route("*", "/{path:.*}", site.handle)
    return app


async def start(sock: socket.socket, base_url: str = "") -> tuple[web.AppRunner, str]:
    """Serve on a bound socket; returns the runner, which must be cleaned up, and the base URL."""
    host, port = sock.getsockname()[:2]
    url = base_url.rstrip("/") or f"http://{host}:{port}"
    runner = web.AppRunner(
        create_app(url),
        access_log=log,
        access_log_format=ACCESS_FORMAT,
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    await web.SockSite(runner, sock).start()
    return runner, url


async def serve(host: str, port: int, base_url: str = "") -> None:
    """Serve until SIGTERM or SIGINT; the first line on stdout is the port."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with socket.create_server((host, port)) as sock:
        runner, url = await start(sock, base_url)
        sys.stdout.write(f"{sock.getsockname()[1]}\nDemo site at {url}/\n")
        sys.stdout.flush()
        await stop.wait()
        await runner.cleanup()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="lsos.demo.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8099, help="0 picks a free one")
    parser.add_argument("--base-url", default="", help="if the site has another public origin")
    parser.add_argument("--access-log", type=Path, help="log file, one line per request")
    options = parser.parse_args(arguments)
    handler = logging.FileHandler(options.access_log) if options.access_log else None
    log.addHandler(handler or logging.StreamHandler())
    log.setLevel(logging.INFO)
    asyncio.run(serve(options.host, options.port, options.base_url))


if __name__ == "__main__":
    main()
