"""The baseline: aiohttp and selectolax, following links and storing nothing."""

import argparse
import asyncio
import sys
from urllib.parse import urljoin

import aiohttp
import uvloop
from selectolax.lexbor import LexborHTMLParser

WIDTH = 32


async def crawl(start: str, most: int) -> int:
    """Pages fetched and parsed."""
    queue = [start]
    seen = {start}
    done = 0
    connector = aiohttp.TCPConnector(limit=WIDTH)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(url: str) -> None:
            async with session.get(url) as response:
                body = await response.read()
            tree = LexborHTMLParser(body)
            title = tree.css_first("title")
            assert title is not None
            for node in tree.css("a[href]"):
                href = (node.attributes["href"] or "").partition("#")[0]
                target = urljoin(url, href)
                if target.startswith(start) and target not in seen and len(seen) < most:
                    seen.add(target)
                    queue.append(target)

        running: set[asyncio.Task[None]] = set()
        while queue or running:
            while queue and len(running) < WIDTH:
                running.add(asyncio.create_task(one(queue.pop())))
            finished, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                task.result()
            done += len(finished)
    return done


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--pages", type=int, default=2_000)
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.write(f"{runner.run(crawl(arguments.url, arguments.pages))}\n")
