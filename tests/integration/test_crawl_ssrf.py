"""No field of the API and no answer of a site makes the crawler open a private address."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from lsos.domains.crawl.hosts import unpack
from lsos.domains.crawl.models import CrawlHost
from tests.support.crawls import Crawls
from tests.support.sites import Site, Sites, html, site_pool

DATA = json.loads((Path(__file__).parents[1] / "data" / "ssrf_urls.json").read_text("utf-8"))
BLOCKED = [row["url"] for row in DATA["urls"] if row["must_block"]]
TYPED = {"address_blocked", "url_invalid", "validation_failed"}
LOOPBACK = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433", "0177.0.0.1"]
"""Spellings of this machine, each with the port of the canary."""


@pytest.fixture
async def canary() -> Any:
    """A site that no setting allows."""
    async with site_pool(1) as sites:
        site = await Sites.open(sites)
        site.page("/")
        site.robots("")
        yield site
        assert site.hits == []


async def test_no_private_url_is_taken_as_site_or_as_start(tenant_a: Any) -> None:
    """Without a worker: names that only a resolver can judge are taken, and judged later."""
    client = tenant_a.analyst
    good = await client.post("/campaigns", {"name": "Good", "site_url": "https://example.com/"})
    blocked = [row for row in DATA["urls"] if row["must_block"]]
    bodies = [{"name": "Canary", "site_url": row["url"]} for row in blocked]
    made = await asyncio.gather(*(client.post("/campaigns", body) for body in bodies))
    bodies = [{"campaign_id": good.data["id"], "start_url": row["url"]} for row in blocked]
    asked = await asyncio.gather(*(client.post("/crawl/schedule", body) for body in bodies))
    answers = [*zip(blocked, made, strict=True), *zip(blocked, asked, strict=True)]
    refused = {answer.code for _, answer in answers if answer.status == 422}
    assert refused <= TYPED
    taken = {row["whatwg_host"] for row, answer in answers if answer.status != 422}
    assert {host for host in taken if host is None or not has_letters(host)} == set()
    assert len(taken) <= 4


def has_letters(host: str) -> bool:
    """A name with a domain, and no address."""
    return "." in host and host.rpartition(".")[2].isalpha()


@pytest.mark.parametrize("host", LOOPBACK)
async def test_a_start_that_redirects_inside_is_not_followed(
    crawls: Crawls, site: Site, canary: Site, host: str
) -> None:
    site.redirect("/", f"http://{host}:{canary.port}/")
    outcome = await crawls.run(site, use_sitemaps=False)
    (page,) = [page for page in outcome.pages.values() if page.error]
    assert page.error == "address_blocked"
    assert str(canary.port) in page.url


async def test_what_robots_and_sitemaps_name_is_not_followed_inside(
    crawls: Crawls, canary: Site
) -> None:
    inside = f"http://127.0.0.1:{canary.port}"
    lured, mapped = await crawls.sites.open(), await crawls.sites.open()
    lured.redirect("/robots.txt", f"{inside}/robots.txt")
    lured.page("/")
    outcome = await crawls.run(lured)
    assert outcome.errors() == {"/": "address_blocked"}
    assert outcome.run.technical_score is None
    mapped.robots(f"Sitemap: {inside}/sitemap.xml\nSitemap: {mapped.base_url}/index.xml\n")
    mapped.sitemap("/index.xml", [f"{inside}/child.xml", "/moved.xml"], is_index=True)
    mapped.redirect("/moved.xml", f"{inside}/moved.xml")
    mapped.page("/")
    outcome = await crawls.run(mapped)
    assert outcome.run.state == "completed"
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        row = await session.get_one(CrawlHost, (crawls.tenant.id, outcome.run.id, mapped.base_url))
    errors = {sitemap.url: sitemap.error for sitemap in unpack(row.facts).sitemaps}
    assert errors == {
        f"{inside}/sitemap.xml": "address_blocked",
        f"{mapped.base_url}/index.xml": None,
        f"{inside}/child.xml": "address_blocked",
        f"{mapped.base_url}/moved.xml": "address_blocked",
    }


async def test_pages_may_point_inside_and_are_recorded(
    crawls: Crawls, site: Site, canary: Site
) -> None:
    """Redirects, links, canonicals, refreshes and frames to every private spelling known."""
    inside = [f"http://{host}:{canary.port}/" for host in LOOPBACK]
    targets = [*BLOCKED, *inside]
    redirects = [f"/r{number}" for number in range(len(targets))]
    for path, target in zip(redirects, targets, strict=True):
        site.redirect(path, target, 302)
    scenarios = [row for row in DATA["redirect_scenarios"] if row["location"]]
    for row in scenarios:
        site.reply(f"/{row['id']}", html(), row["status"], location=row["location"])
    site.page("/ok")
    site.reply("/refresh", html(), refresh=f"0;url={inside[0]}")
    site.page("/meta", head=f'<meta http-equiv="refresh" content="0;url={inside[0]}">')
    site.page("/canonical", head=f'<link rel="canonical" href="{inside[0]}">')
    site.page("/frame", body=f'<iframe src="{inside[0]}"></iframe>')
    others = ["/refresh", "/meta", "/canonical", "/frame", *(f"/{row['id']}" for row in scenarios)]
    site.page("/", *redirects, *others, *inside)
    outcome = await crawls.run(site)
    assert outcome.run.state == "completed"
    assert {path for path in outcome.pages if not path.startswith("/")} == set()
    assert {outcome.pages[path].status for path in redirects} == {302}
    assert outcome.pages["/ok"].status == 200
    assert outcome.errors() == {}
