"""Servers that stall, lie, flood and fail: each URL gets a typed result, and the run its end."""

import asyncio
import gzip
from collections import Counter
from typing import Any

import pytest
from aiohttp import web

from lsos.domains.crawl.fetch import MAX_BODY_BYTES
from lsos.domains.crawl.store import unpack_facts
from tests.support.crawls import Crawls, Outcome
from tests.support.sites import Site, html

FLOOD = b"<p>word word word</p>" * 3_000


async def silent(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def slow_loris(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    while True:
        await response.write(b"<")
        await asyncio.sleep(0.05)


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    await response.write(html("/found-before-the-cut"))
    while True:
        await response.write(FLOOD)


async def cut_short(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html", "Content-Length": "9999"})
    await response.prepare(request)
    await response.write(b"<html>")
    assert request.transport is not None
    request.transport.abort()
    return response


BOMB = gzip.compress(b"<p>" + b"0" * 60_000_000, 1)
HOSTILE = (
    b"<!doctype html><title>a\x00b \xff\xfe \xed\xa0\x80</title>"
    b'<meta name="description" content="\x00\x01\x02"><h1>\x00</h1>'
    b'<a href="/nul\x00link">\x00</a><a href="http://[">x</a><a href="/%00">y</a>'
    + b"<div>" * 3_000
    + b"\x00" * 10
)


@pytest.fixture(scope="module")
def crawl_timeout_s() -> float:
    """What hangs is waited for three times."""
    return 5.0


@pytest.fixture(scope="module")
async def stormy(crawls: Crawls) -> tuple[Site, Outcome]:
    """One crawl of all faults at once: most of its time is waiting."""
    site = await crawls.sites.open()
    faults = [
        "/silent", "/loris", "/endless", "/short", "/bomb", "/hostile", "/500", "/flaky",
        "/bad-gzip", "/headers", "/huge-header", "/empty", "/teapot", "/no-type",
    ]  # fmt: skip
    site.page("/", *faults)
    site.script("/silent", silent)
    site.script("/loris", slow_loris)
    site.script("/endless", endless)
    site.script("/short", cut_short)
    site.reply("/bomb", BOMB, content_encoding="gzip")
    site.reply("/hostile", HOSTILE, content_type="text/html")
    site.reply("/500", "broken", 500)
    site.reply("/flaky", "broken", 502)
    site.page("/flaky")
    site.reply("/bad-gzip", b"no gzip", content_encoding="gzip")
    site.reply(
        "/headers",
        html(),
        etag="\u00fc" * 600,
        x_robots_tag="noindex\u00ff",
        link='<\u00ff>; rel="canonical"',
        set_cookie="a=\u00ff; Secure",
    )
    site.reply("/huge-header", html(), x_filler="x" * 30_000)
    site.reply("/empty", b"")
    site.reply("/teapot", "short and stout", 418)
    site.reply("/no-type", html("/from-no-type"), content_type="")
    outcome = await crawls.run(site)
    return site, outcome


async def test_a_storm_of_faults_does_not_end_the_run(stormy: tuple[Site, Outcome]) -> None:
    _, outcome = stormy
    assert outcome.run.state == "completed"
    assert (outcome.run.done, outcome.run.unmeasured) == (outcome.run.admitted, 0)


@pytest.mark.parametrize(
    "path, status, error, tries",
    [
        ("/silent", 0, "timeout", 3),
        ("/loris", 0, "timeout", 3),
        ("/endless", 200, None, 1),
        ("/short", 0, "reset", 3),
        ("/bomb", 200, None, 1),
        ("/hostile", 200, None, 1),
        ("/500", 500, None, 3),
        ("/flaky", 200, None, 2),
        ("/bad-gzip", 0, "bad_encoding", 1),
        ("/headers", 200, None, 1),
        ("/huge-header", 0, "protocol", 3),
        ("/empty", 200, None, 1),
        ("/teapot", 418, None, 1),
        ("/found-before-the-cut", 404, None, 1),
    ],
)
async def test_each_fault_has_its_name_and_its_tries(
    stormy: tuple[Site, Outcome], path: str, status: int, error: str | None, tries: int
) -> None:
    site, outcome = stormy
    page = outcome.pages[path]
    assert (page.status, page.error) == (status, error)
    assert site.count(path) == tries
    assert unpack_facts(page.facts).attempts == tries


@pytest.mark.parametrize("path", ["/endless", "/bomb"])
async def test_a_body_is_cut_at_the_cap(stormy: tuple[Site, Outcome], path: str) -> None:
    page = stormy[1].pages[path]
    assert page.body_bytes == MAX_BODY_BYTES
    assert unpack_facts(page.facts).is_truncated


async def test_hostile_bytes_are_stored_and_listed(
    crawls: Crawls, stormy: tuple[Site, Outcome]
) -> None:
    _, outcome = stormy
    for kind in ("pages", "issues"):
        answer = await crawls.tenant.analyst.get(f"/crawl/runs/{outcome.run.id}/{kind}?limit=100")
        assert answer.status == 200, answer.text
        assert "\\u0000" not in answer.text


async def test_a_busy_server_is_given_the_time_that_it_asks_for(crawls: Crawls, site: Site) -> None:
    site.page("/", "/busy", "/limited", "/later")
    site.reply("/busy", status=503, retry_after="1")
    site.page("/busy")
    site.reply("/limited", status=429, retry_after="0")
    site.reply("/later", status=429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT")
    site.page("/later")
    outcome = await crawls.run(site)
    assert outcome.status() == {"/": 200, "/busy": 200, "/limited": 429, "/later": 200}
    asked = Counter(site.paths())
    assert (asked["/busy"], asked["/limited"], asked["/later"]) == (2, 3, 2)
    assert (outcome.run.state, outcome.run.unmeasured) == ("completed_with_errors", 1)


@pytest.mark.parametrize("kind", ["refused", "dns"])
async def test_a_start_without_a_server_fails_and_says_why(crawls: Crawls, kind: str) -> None:
    sock = crawls.sites.take()
    port = sock.getsockname()[1]
    sock.close()
    url = f"http://127.0.0.1:{port}/" if kind == "refused" else "http://no-such.example.invalid/"
    outcome = await crawls.run(url)
    assert (outcome.run.state, outcome.run.technical_score) == ("failed", None)
    assert outcome.run.reason_code == "start_robots_unreachable"
    assert outcome.run.finished_at is not None


async def test_pages_slower_than_a_slice_lose_no_result(
    crawls: Crawls, monkeypatch: Any, site: Site
) -> None:
    """A slice whose time is up gives back what it has not begun, and keeps what it has."""
    monkeypatch.setattr("lsos.domains.crawl.tasks.SLICE_S", 0.05)

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(0.06)
        return web.Response(body=html(), content_type="text/html")

    links = [f"/{n}" for n in range(40)]
    site.page("/", *links)
    for link in links:
        site.script(link, slow)
    outcome = await crawls.run(site)
    assert (outcome.run.state, outcome.run.done) == ("completed", 41)
    assert set(Counter(p for p in site.paths() if p in links).values()) == {1}
