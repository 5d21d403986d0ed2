"""A synthetic site for crawler benchmarks, served from memory to avoid being the bottleneck.

`python -m tools.bench.site --pages 2000 --kb 40 --port 0` prints its port as the first line.
"""

import argparse
import asyncio
import json
import random
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from xml.sax.saxutils import escape

import uvloop

LINKS = 60
NAV_LINKS, FOOT_LINKS = 12, 8
CHILDREN = 20
"""Links of a page down the tree that makes every page reachable."""
SITEMAP_MAX = 50_000
MAX_HEAD_BYTES = 65_536

_TEXT = (
    "boiler water heater leak valve pipe drain kitchen bathroom repair service local town street "
    "family owner price quote estimate visit morning evening weekend winter spring garden roof "
    "window door floor wall paint timber stone metal copper steel tool van team engineer plumber "
    "apprentice license insurance warranty year month day hour minute call phone message answer "
    "question problem noise smell pressure cold warm hot slow quick safe clean dry damp simple "
    "careful honest friendly careful small large old new first second last early late before after "
    "during under over behind between near far home house flat office school shop hotel farm "
    "customer neighbor tenant landlord manager builder plan survey photo drawing note record part "
    "stock supplier delivery order invoice payment deposit refund discount offer season storm "
    "frost flood burst blocked broken cracked worn rusty loose tight"
)
_WORDS = _TEXT.split()
_CSS = "".join(
    f".c{number}{{margin:{number % 7}px;padding:{number % 5}px;color:#{number * 4099 % 4096:03x}}}"
    for number in range(90)
)
_ICON = (
    '<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">'
    '<path d="M12 2C8.1 2 5 5.1 5 9c0 5.2 7 13 7 13s7-7.8 7-13c0-3.9-3.1-7-7-7zm0 9.5a2.5 2.5 0 1 '
    '1 0-5 2.5 2.5 0 0 1 0 5z"/></svg>'
)


class Generator:
    """Generates pages by number; the same arguments give the same bytes."""

    def __init__(self, count: int, kb: int, base_url: str) -> None:
        self.count = count
        self.size = kb * 1024
        self.base_url = base_url

    def path(self, number: int) -> str:
        if number == 0:
            return "/"
        word = _WORDS[number * 31 % len(_WORDS)]
        return f"/{_WORDS[number % 40]}/{word}-{number}/"

    def targets(self, number: int, rng: random.Random) -> list[int]:
        """The `LINKS` pages that a page links to, with its children in the tree first."""
        first = number * CHILDREN + 1
        children = list(range(first, min(first + CHILDREN, self.count)))
        return children + [rng.randrange(self.count) for _ in range(LINKS - len(children))]

    def html(self, number: int) -> bytes:
        rng = random.Random(number)
        anchors = [
            f'<a class="c{target % 90}" href="{self.path(target)}">{_title(target)}</a>'
            for target in self.targets(number, rng)
        ]
        # The tree's links are in the main part, where every crawler looks.
        cut = LINKS - NAV_LINKS - FOOT_LINKS
        main, nav, foot = anchors[:cut], anchors[cut : cut + NAV_LINKS], anchors[-FOOT_LINKS:]
        start = self._head(number, rng)
        header = (
            '<body class="page"><header class="site"><nav aria-label="Main"><ul>'
            + "".join(f"<li>{anchor}</li>" for anchor in nav)
            + "</ul></nav></header>"
        )
        body = (
            f'<main id="main"><article><h1>{_title(number)} in town</h1>'
            + "".join(_section(index, rng) for index in range(6))
            + '<div class="grid">'
            + "".join(_card(anchor, index, rng) for index, anchor in enumerate(main))
            + "</div></article></main>"
        )
        end = (
            '<footer class="site"><ul>'
            + "".join(f"<li>{anchor}</li>" for anchor in foot)
            + "</ul><p>Bench Plumbing, 1 Test Street, Alder Bay, ME 04872. "
            '<a href="tel:+1-207-555-0100">(207) 555-0100</a></p></footer>'
        )
        page = start + header + body + end
        return (page + _state(self.size - len(page) - 16, rng) + "</body></html>").encode()

    def _head(self, number: int, rng: random.Random) -> str:
        url = self.base_url + self.path(number)
        data = {
            "@context": "https://schema.org",
            "@type": "Plumber",
            "name": "Bench Plumbing",
            "telephone": "+1-207-555-0100",
            "url": url,
            "address": {
                "@type": "PostalAddress",
                "streetAddress": "1 Test Street",
                "addressLocality": "Alder Bay",
                "addressRegion": "ME",
                "postalCode": "04872",
                "addressCountry": "US",
            },
        }
        text = _sentence(rng)
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{_title(number)} | Bench Plumbing</title>"
            f'<meta name="description" content="{text}"><link rel="canonical" href="{url}">'
            f'<meta property="og:title" content="{_title(number)}">'
            f'<meta property="og:description" content="{text}">'
            '<meta property="og:image" content="/img/share.png">'
            '<link rel="stylesheet" href="/css/site.css"><script src="/js/site.js" defer></script>'
            f'<style>{_CSS}</style><script type="application/ld+json">{json.dumps(data)}</script>'
            "</head>"
        )


def _title(number: int) -> str:
    first, second = _WORDS[number % len(_WORDS)], _WORDS[number * 17 % len(_WORDS)]
    return f"{first.capitalize()} {second} {number}"


def _sentence(rng: random.Random) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randrange(9, 17))).capitalize() + "."


def _section(index: int, rng: random.Random) -> str:
    paragraphs = "".join(
        f'<p class="c{index}">{" ".join(_sentence(rng) for _ in range(4))}</p>' for _ in range(2)
    )
    return (
        f"<section><h2>{' '.join(rng.choices(_WORDS, k=4))}</h2>"
        f'<img src="/img/{rng.randrange(500)}.webp" alt="{rng.choice(_WORDS)}" width="640" '
        f'height="360" loading="lazy">{paragraphs}</section>'
    )


def _card(anchor: str, index: int, rng: random.Random) -> str:
    return (
        f'<div class="card c{index}" data-index="{index}"><div class="inner">{_ICON}'
        f'<h3 class="card-title">{anchor}</h3>'
        f"<p>{' '.join(rng.choices(_WORDS, k=6))}</p></div></div>"
    )


def _state(size: int, rng: random.Random) -> str:
    """Inline script data, like that of front-end frameworks, to pad a page to its size."""
    start, end = '<script>window.__STATE__={"items":"', '"}</script>'
    room = size - len(start) - len(end)
    if room <= 0:
        return ""
    text = " ".join(rng.choices(_WORDS, k=room // 4 + 1))
    return start + text[:room] + end


def response(status: str, content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: keep-alive\r\n\r\n".encode() + body


def sitemaps(generator: Generator) -> Iterator[tuple[str, str]]:
    """Path and body of /sitemap.xml, and of its parts if one file can't hold all pages."""
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    starts = range(0, generator.count, SITEMAP_MAX)
    parts = ["/sitemap.xml"] if len(starts) == 1 else [f"/sitemap-{n}.xml" for n in starts]
    for start, part in zip(starts, parts, strict=True):
        numbers = range(start, min(start + SITEMAP_MAX, generator.count))
        urls = (escape(generator.base_url + generator.path(number)) for number in numbers)
        rows = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
        yield part, f"<urlset {space}>{rows}</urlset>"
    if len(parts) > 1:
        rows = "".join(
            f"<sitemap><loc>{generator.base_url}{part}</loc></sitemap>" for part in parts
        )
        yield "/sitemap.xml", f"<sitemapindex {space}>{rows}</sitemapindex>"


def responses(generator: Generator, robots: bytes | None, has_sitemap: bool) -> dict[bytes, bytes]:
    """Complete responses by request target."""
    answers = {
        generator.path(number).encode(): response(
            "200 OK", "text/html; charset=utf-8", generator.html(number)
        )
        for number in range(generator.count)
    }
    if robots is not None:
        answers[b"/robots.txt"] = response("200 OK", "text/plain", robots)
    if has_sitemap:
        for path, body in sitemaps(generator):
            answers[path.encode()] = response("200 OK", "application/xml", body.encode())
    return answers


_NOT_FOUND = response("404 Not Found", "text/plain", b"not found\n")
_NOT_ALLOWED = response("405 Method Not Allowed", "text/plain", b"GET and HEAD only\n")


class Protocol(asyncio.Protocol):
    """Minimal HTTP/1.1: GET and HEAD, keep-alive and pipelining."""

    served = 0

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        start = 0
        while (end := data.find(b"\r\n\r\n", start)) >= 0:
            self._answer(data[start:end])
            start = end + 4
        self._rest = data[start:]
        if len(self._rest) > MAX_HEAD_BYTES and self._transport is not None:
            self._transport.close()

    def _answer(self, head: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        Protocol.served += 1
        method, _, rest = head.partition(b" ")
        answer = self._answers.get(rest.partition(b" ")[0], _NOT_FOUND)
        if method == b"HEAD":
            answer = answer[: answer.index(b"\r\n\r\n") + 4]
        elif method != b"GET":
            answer = _NOT_ALLOWED
        transport.write(answer)
        # The body of a refused method would be read as the next request.
        if answer is _NOT_ALLOWED or b"connection: close" in head.lower():
            transport.close()


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT, then print the number of requests to stderr."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # The port must be known before the pages are generated; early clients wait in the backlog.
    sock = socket.create_server(("127.0.0.1", options.port), backlog=1024)
    port = sock.getsockname()[1]
    generator = Generator(options.pages, options.kb, f"http://127.0.0.1:{port}")
    robots = options.robots.read_bytes() if options.robots else None
    answers = responses(generator, robots, options.sitemap)
    server = await loop.create_server(lambda: Protocol(answers), sock=sock)
    print(port, flush=True)
    await stop.wait()
    server.close()
    print(f"{Protocol.served} requests", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools.bench.site", description=__doc__)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--kb", type=int, default=40, help="size of a page in KiB, at least 25")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--robots", type=Path, help="file to serve as robots.txt; else it is 404")
    parser.add_argument("--sitemap", action="store_true", help="serve /sitemap.xml")
    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
