"""What robots.txt says is obeyed, whatever state its server is in."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web

from lsos.core.outbound.client import Outbound
from lsos.core.redis.client import HOST_CLOCK, client
from lsos.domains.crawl.hosts import HostRules, fetch_host
from lsos.domains.crawl.rules import RunSettings
from tests.support.crawls import Crawls
from tests.support.sites import Site, site_pool

CASES: dict[str, str] = {
    case["id"]: case["expected"]
    for case in json.loads(
        (Path(__file__).parents[1] / "data" / "robots_protego_and_fetch.json").read_text("utf-8")
    )["fetch_status"]
}
BLOCK = b"User-agent: *\nDisallow: /\n"


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(BLOCK)
    while True:
        await response.write(b"# nothing\n" * 5_000)


async def silent(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


def chain(hops: int) -> Callable[[Site], None]:
    def script(site: Site) -> None:
        site.redirect("/robots.txt", "/r1")
        for hop in range(1, hops):
            site.redirect(f"/r{hop}", f"/r{hop + 1}")
        site.reply(f"/r{hops}", BLOCK)

    return script


def answers(body: bytes = b"", status: int = 200, **headers: str) -> Callable[[Site], None]:
    return lambda site: site.reply("/robots.txt", body, status, **headers)


SCRIPTS: dict[str, Callable[[Site], None]] = {
    "rf-01": answers(),
    **{
        f"rf-{number}": answers(BLOCK, status)
        for number, status in (
            ("03", 404), ("04", 410), ("05", 401), ("06", 403), ("07", 400),
            ("08", 429), ("09", 500), ("10", 502), ("11", 503),
        )
    },
    "rf-14": lambda site: setattr(site, "base_url", "http://no-such-host.invalid"),
    "rf-15": lambda site: site.script("/robots.txt", silent),
    "rf-17": chain(5),
    "rf-18": chain(6),
    "rf-21": answers(b"<!doctype html><title>Not found</title><p>Disallow: /"),
    "rf-22": answers(b"User-agent: *\n" + b"#" * 550_000 + b"\nDisallow: /\n"),
    "rf-24": lambda site: site.script("/robots.txt", endless),
    "rf-25": answers(gzip.compress(BLOCK), content_encoding="gzip"),
    "rf-26": answers(("# für uns\n" + BLOCK.decode()).encode("utf-16")),
    "rf-27": answers(b"\xef\xbb\xbf" + BLOCK),
}  # fmt: skip
BLOCKED_BODIES = {"rf-24", "rf-25", "rf-26", "rf-27"}
"""Their cases say how they are read; the body forbids all."""
TRIED_AGAIN = {"rf-08", "rf-09", "rf-10", "rf-11"}


@pytest.fixture(scope="module")
async def judged() -> dict[str, tuple[bool, int]]:
    """Case -> (is all allowed, requests for robots.txt); asked for at once, since some wait."""
    settings = RunSettings(
        start_url="", max_pages=1, user_agent="LSOSbot/1", min_interval_s=0, timeout_s=4.0,
        concurrency=1, batch_size=1,
    )  # fmt: skip

    async def no_wait(_: str) -> None:
        return None

    async with (
        site_pool(len(SCRIPTS)) as sites,
        Outbound(user_agent="LSOSbot/1", allow_private=True) as outbound,
    ):

        async def judge(script: Callable[[Site], None]) -> tuple[bool, int]:
            site = await sites.open()
            script(site)
            facts = await fetch_host(outbound, site.base_url + "/page", settings, no_wait)
            rules = HostRules(facts, "lsosbot")
            return rules.allows(site.base_url + "/page"), site.count("/robots.txt")

        verdicts = await asyncio.gather(*map(judge, SCRIPTS.values()))
    return dict(zip(SCRIPTS, verdicts, strict=True))


def test_every_published_case_is_scripted() -> None:
    assert set(SCRIPTS) == set(CASES)


@pytest.mark.parametrize("case", sorted(CASES))
async def test_a_response_means_what_the_rfc_says(
    judged: dict[str, tuple[bool, int]], case: str
) -> None:
    is_allowed, asked = judged[case]
    if case in BLOCKED_BODIES:
        assert not is_allowed
    else:
        assert CASES[case].startswith("allow" if is_allowed else "disallow")
    if case != "rf-14":
        assert asked == (3 if case in TRIED_AGAIN or case == "rf-15" else 1)


@pytest.mark.parametrize("status", [500, 429])
async def test_nothing_is_crawled_or_scored_while_robots_is_unreachable(
    crawls: Crawls, site: Site, status: int
) -> None:
    site.reply("/robots.txt", status=status)
    site.page("/", "/a")
    site.sitemap("/sitemap.xml", ["/a"])
    outcome = await crawls.run(site)
    assert outcome.errors() == {"/": "robots_unreachable"}
    assert set(site.paths()) == {"/robots.txt"}
    assert (outcome.run.state, outcome.run.technical_score) == ("failed", None)
    assert outcome.run.reason_code == "start_robots_unreachable"


async def test_what_robots_forbids_is_reported_and_never_requested(
    crawls: Crawls, site: Site
) -> None:
    """Listed and linked alike; it costs nothing of the budget.

    Thirteen URLs for a budget of twelve: whichever comes last, a forbidden one makes room for it.
    """
    site.robots(
        "User-agent: *\nDisallow: /private\n\nUser-agent: LSOSbot\nDisallow: /ours\n"
        "Allow: /ours/open\n"
    )
    links = ["/private/a", "/ours/a", "/ours/open", *(f"/{n}" for n in range(8))]
    site.page("/", *links)
    for link in links:
        site.page(link)
    site.sitemap("/sitemap.xml", ["/ours/listed"])
    outcome = await crawls.run(site, max_pages=12)
    assert outcome.run.state == "completed"
    assert outcome.errors() == {"/ours/a": "robots_disallowed", "/ours/listed": "robots_disallowed"}
    assert not [path for path in site.paths() if path.startswith("/ours/") and "open" not in path]
    assert (outcome.run.done, outcome.run.unmeasured) == (11, 0)
    assert ("sitemap_blocked", "/ours/listed") in outcome.issues
    # Its own group alone holds for a bot; for Googlebot, /private is blocked.
    assert outcome.pages["/private/a"].status == 200
    assert not outcome.pages["/private/a"].is_indexable


async def test_a_forbidden_start_is_no_crawl(crawls: Crawls, site: Site) -> None:
    site.robots("User-agent: *\nDisallow: /\n")
    site.page("/")
    outcome = await crawls.run(site)
    assert outcome.errors() == {"/": "robots_disallowed"}
    assert outcome.run.state == "failed"
    assert site.count("/") == 0


async def test_crawl_delay_is_kept_by_the_shared_clock(crawls: Crawls, site: Site) -> None:
    """Without it these runs take no moment of the host at all."""
    redis = client(crawls.settings.redis_url)
    moments: list[int] = []

    def noting(body: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(_: web.Request) -> web.Response:
            moments.append(int(await redis.get(f"{HOST_CLOCK}127.0.0.1:{site.port}") or 0))
            return web.Response(body=body, content_type="text/html")

        return answer

    site.robots("User-agent: *\nCrawl-delay: 0.3\n")
    site.script("/", noting(b'<a href="/a">a</a><a href="/b">b</a>'))
    site.script("/a", noting(b"a"))
    site.script("/b", noting(b"b"))
    outcome = await crawls.run(site, use_sitemaps=False)
    await redis.aclose()
    assert set(outcome.pages) == {"/", "/a", "/b"}
    assert len(set(moments)) >= 2
    ordered = sorted(set(moments))
    assert ordered[0] > 0
    assert all(later - earlier >= 300 for earlier, later in pairwise(ordered))


async def test_robots_of_a_second_host_are_asked_for_once(crawls: Crawls, site: Site) -> None:
    """http and https, www and apex may differ in what they forbid."""
    site.page("/", *(f"/{n}" for n in range(20)))
    for number in range(20):
        site.page(f"/{number}")
    outcome = await crawls.run(site)
    assert site.count("/robots.txt") == 1
    assert len(outcome.pages) == 21
