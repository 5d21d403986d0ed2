"""What a crawl reaches, in which order of rights: scope, budget, depth, redirects, sitemaps."""

import gzip
from collections import Counter
from typing import Any

import pytest
from aiohttp import web

from lsos.checks.catalogue import BY_CODE
from lsos.demo import faults
from lsos.demo.server import start as start_demo
from tests.support.crawls import Crawls
from tests.support.sites import Site, html


async def test_every_planted_fault_of_the_demo_site_is_found_and_nothing_else(
    crawls: Crawls,
) -> None:
    runner, url = await start_demo(crawls.sites.take())
    outcome = await crawls.run(url + "/")
    await runner.cleanup()
    assert outcome.run.state == "completed"
    host = url.removeprefix("http://")
    found: dict[str, set[str]] = {}
    for code, where in outcome.issues:
        found.setdefault(code, set()).add("HOST" if where == host else where)
    missing = {
        (code, path)
        for code, paths in faults.FAULTS.items()
        if code in BY_CODE
        for path in paths
        if path not in found.get(code, ()) and "HOST" not in found.get(code, ())
    }
    assert missing == set()
    known: dict[str, set[str]] = {}
    for ledger in (faults.FAULTS, faults.CAMPAIGN_FAULTS, faults.SIDE_EFFECTS):
        for code, paths in ledger.items():
            known.setdefault(code, set()).update(paths)
    surprises = {
        (code, where)
        for code, places in found.items()
        for where in places
        if where != "HOST" and where not in known.get(code, ())
    }
    assert surprises == set()
    assert set(found) <= set(known)


async def test_each_page_is_asked_for_once_by_several_slices(crawls: Crawls, site: Site) -> None:
    links = [f"/{n}" for n in range(60)]
    site.page("/", *links)
    for number, link in enumerate(links):
        site.page(link, "/", *links, title=f"Page {number}")
    outcome = await crawls.run(site)
    assert outcome.run.state == "completed"
    assert (outcome.run.admitted, outcome.run.done, outcome.run.pages) == (61, 61, 61)
    assert set(outcome.pages) == {"/", *links}
    asked = Counter(path for path in site.paths() if path in outcome.pages)
    assert set(asked.values()) == {1}
    assert not outcome.run.is_cut_off


@pytest.mark.parametrize("budget", [1, 7, 33])
async def test_the_page_budget_is_exact(crawls: Crawls, site: Site, budget: int) -> None:
    links = [f"/{n}" for n in range(80)]
    site.page("/", *links[:40])
    for link in links:
        site.page(link, "/", *links)
    outcome = await crawls.run(site, max_pages=budget)
    assert (outcome.run.admitted, outcome.run.done, len(outcome.pages)) == (budget,) * 3
    assert len([p for p in site.paths() if p in {"/", *links}]) == budget
    assert outcome.run.is_cut_off


async def test_the_calendar_trap_ends_at_the_budget(crawls: Crawls, site: Site) -> None:
    async def month(request: web.Request) -> web.Response:
        if request.path == "/robots.txt" or "sitemap" in request.path:
            return web.Response(status=404)
        number = int(request.query.get("m", 0))
        links = [f"/?m={number + step}" for step in (1, 2, 3)]
        return web.Response(body=html(*links), content_type="text/html")

    site.script("*", month)
    outcome = await crawls.run(site, max_pages=50)
    assert (outcome.run.state, outcome.run.done) == ("completed", 50)
    assert len(site.hits) < 60


async def test_depth_counts_clicks_and_is_a_cut(crawls: Crawls, site: Site) -> None:
    site.page("/", "/1", "/short")
    site.page("/1", "/2")
    site.page("/2", "/3")
    site.page("/3", "/4")
    site.redirect("/short", "/3")
    outcome = await crawls.run(site, max_depth=1)
    assert set(outcome.pages) == {"/", "/1", "/short", "/3"}, "a redirect is no click"
    assert outcome.pages["/3"].depth == 1
    assert not {"/2", "/4"} & set(site.paths())
    assert outcome.run.is_cut_off
    alone = await crawls.run(site, max_depth=0)
    assert set(alone.pages) == {"/"}


async def test_include_and_exclude_hold_for_links_and_sitemaps(crawls: Crawls, site: Site) -> None:
    site.page("/", "/blog/a", "/blog/b", "/shop/a", "/blog/print/a")
    for path in ("/blog/a", "/blog/b", "/shop/a", "/blog/print/a", "/blog/listed"):
        site.page(path)
    site.sitemap("/sitemap.xml", ["/blog/listed", "/shop/listed"])
    outcome = await crawls.run(site, include=["/blog/"], exclude=["/blog/print/", "*/b$"])
    assert set(outcome.pages) == {"/", "/blog/a", "/blog/listed"}
    assert not any(path.startswith("/shop") for path in site.paths())


async def test_other_hosts_are_heard_of_and_not_asked(crawls: Crawls, site: Site) -> None:
    other = await crawls.sites.open()
    other.page("/")
    site.page("/", f"{other.base_url}/", f"{site.local_url}/x", "mailto:a@b.example")
    outcome = await crawls.run(site, subdomains=True)
    assert set(outcome.pages) == {"/"}
    assert outcome.urls[f"{other.base_url}/"].is_internal is False
    assert other.hits == []
    assert "/x" not in site.paths()


async def test_nofollow_links_are_followed_and_marked(crawls: Crawls, site: Site) -> None:
    """Google takes nofollow as a hint; an audit that skipped such pages would miss their faults."""
    site.page("/", '<a href="/hint" rel="nofollow">hint</a>')
    site.page("/hint")
    outcome = await crawls.run(site)
    assert set(outcome.pages) == {"/", "/hint"}
    answer = await crawls.tenant.analyst.get(
        f"/crawl/runs/{outcome.run.id}/links?url={site.base_url}/"
    )
    assert [(link["target"], link["is_followed"]) for link in answer.data] == [
        (f"{site.base_url}/hint", False)
    ]


# Redirects


async def test_redirects_are_recorded_hop_by_hop(crawls: Crawls, site: Site) -> None:
    elsewhere = await crawls.sites.open()
    elsewhere.page("/")
    site.page("/", "/a", "/loop1", "/self", "/away", "/bare")
    site.redirect("/a", "/b", 301)
    site.redirect("/b", "/c", 308)
    site.page("/c")
    site.redirect("/loop1", "/loop2", 302)
    site.redirect("/loop2", "/loop1", 302)
    site.redirect("/self", "/self", 307)
    site.redirect("/away", f"{elsewhere.base_url}/", 303)
    site.reply("/bare", status=301)
    outcome = await crawls.run(site)
    assert outcome.run.state == "completed"
    hops = {
        p: (row.status, row.redirect_url) for p, row in outcome.pages.items() if row.status > 200
    }
    base = site.base_url
    assert hops == {
        "/a": (301, f"{base}/b"),
        "/b": (308, f"{base}/c"),
        "/loop1": (302, f"{base}/loop2"),
        "/loop2": (302, f"{base}/loop1"),
        "/self": (307, f"{base}/self"),
        "/away": (303, f"{elsewhere.base_url}/"),
        "/bare": (301, None),
    }
    assert max(Counter(site.paths()).values()) == 1
    assert elsewhere.hits == []


async def test_a_chain_is_followed_for_ten_hops(crawls: Crawls, site: Site) -> None:
    site.page("/", "/hop0")
    for number in range(15):
        site.redirect(f"/hop{number}", f"/hop{number + 1}")
    outcome = await crawls.run(site)
    asked = {path for path in site.paths() if path.startswith("/hop")}
    assert asked == {f"/hop{n}" for n in range(11)}
    assert outcome.pages["/hop10"].redirect_url == f"{site.base_url}/hop11"


@pytest.mark.parametrize("hops", [1, 3])
async def test_a_start_that_leads_to_another_host_is_followed_there(
    crawls: Crawls, site: Site, hops: int
) -> None:
    """People type the bare domain; the audit is about the site that answers."""
    real = await crawls.sites.open()
    for number in range(hops - 1):
        site.redirect("/" if number == 0 else f"/{number}", f"/{number + 1}")
    site.redirect("/" if hops == 1 else f"/{hops - 1}", f"{real.base_url}/")
    site.sitemap("/sitemap.xml", [f"{real.base_url}/listed"])
    real.robots("User-agent: *\nDisallow: /private\n")
    real.page("/", "/a", "/private")
    real.page("/a")
    real.page("/listed")
    real.sitemap("/sitemap.xml", ["/listed"])
    outcome = await crawls.run(site)
    assert outcome.run.state == "completed"
    assert str((outcome.run.site or {})["start_url"]) == f"{real.base_url}/"
    measured = {p for p in outcome.pages if p.startswith("/") and not outcome.pages[p].error}
    assert measured == {"/", "/a", "/listed"}
    assert outcome.errors() == {"/private": "robots_disallowed"}
    assert real.count("/") == 1
    assert outcome.urls["/a"].is_internal


async def test_two_names_of_one_server_are_two_sites(crawls: Crawls, site: Site) -> None:
    async def by_host(request: web.Request) -> web.Response:
        if request.path != "/":
            return web.Response(status=404)
        if request.host.startswith("127."):
            raise web.HTTPMovedPermanently(f"{site.local_url}/")
        return web.Response(body=html("/x"), content_type="text/html")

    site.script("*", by_host)
    outcome = await crawls.run(site)
    assert outcome.run.state == "completed"
    assert outcome.status() == {f"{site.base_url}/": 301, "/": 200, "/x": 404}


@pytest.mark.parametrize("shape", ["self", "pair", "hosts"])
async def test_a_start_that_redirects_in_a_circle_ends(
    crawls: Crawls, site: Site, shape: str
) -> None:
    other = await crawls.sites.open()
    target = {"self": "/", "pair": "/b", "hosts": f"{other.base_url}/"}[shape]
    site.redirect("/", target)
    site.redirect("/b", "/")
    other.redirect("/", f"{site.base_url}/")
    outcome = await crawls.run(site)
    assert outcome.run.state == "completed"
    assert outcome.run.technical_score is None
    assert outcome.run.done <= 2
    assert site.count("/") + other.count("/") <= 3


# Sitemaps


async def test_sitemaps_are_read_in_all_their_shapes_and_end(crawls: Crawls, site: Site) -> None:
    other = await crawls.sites.open()
    other.page("/foreign")
    site.robots(
        f"Sitemap: {site.base_url}/index.xml\nSitemap: /relative.xml\nSitemap: http://[::bad\n"
    )
    site.sitemap(
        "/index.xml",
        ["/index.xml", "/a.xml", "/moved.xml", "/gone.xml", "/a.xml.gz", "/deep0.xml"],
        is_index=True,
    )
    site.sitemap("/a.xml", ["/listed", f"{other.base_url}/foreign", "/listed"])
    site.redirect("/moved.xml", "/index.xml")
    zipped = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<url><loc>{site.base_url}/zipped</loc></url></urlset>"
    )
    site.reply("/a.xml.gz", gzip.compress(zipped.encode()), content_type="application/gzip")
    for level in range(8):
        site.sitemap(f"/deep{level}.xml", [f"/deep{level + 1}.xml"], is_index=True)
    site.reply("/relative.xml", f"{site.base_url}/text\n", content_type="text/plain")
    for path in ("/", "/listed", "/zipped", "/text"):
        site.page(path)
    outcome = await crawls.run(site)
    assert outcome.run.state == "completed"
    assert set(outcome.pages) == {"/", "/listed", "/zipped", "/text"}
    assert outcome.urls["/listed"].in_sitemap
    assert outcome.urls["/listed"].discovery_depth == 1, "within a max_depth of 1"
    assert outcome.urls[f"{other.base_url}/foreign"].is_internal is False
    assert other.hits == []
    xml = Counter(path for path in site.paths() if path.endswith(".xml"))
    assert xml["/index.xml"] <= 3
    assert xml["/a.xml"] == 1
    assert "/deep3.xml" in xml
    assert "/deep6.xml" not in xml


async def test_without_sitemaps_none_is_asked_for(crawls: Crawls, site: Site) -> None:
    site.page("/")
    site.sitemap("/sitemap.xml", ["/listed"])
    outcome = await crawls.run(site, use_sitemaps=False)
    assert set(outcome.pages) == {"/"}
    assert not [path for path in site.paths() if path.endswith(".xml")]


# Delta runs


async def test_a_delta_run_keeps_what_has_not_changed_and_measures_the_rest(
    crawls: Crawls, site: Site
) -> None:
    faulty = '<a href="#nowhere"></a><a href="mailto:broken">mail</a><a href="javascript:x()">y</a>'
    site.reply("/", html("/same", "/new", "/gone"), etag='"1"')
    site.reply("/same", html("/", "/only-here", faulty, title=""), etag='"same"')
    site.page("/only-here", title="Only here")
    site.reply("/new", html(title="Before"), etag='"before"')
    site.page("/gone")
    campaign = await crawls.campaign(site.base_url)
    before = await crawls.again(campaign)
    site.forget("/new")
    site.reply("/new", html("/added", title="After"), etag='"after"')
    site.page("/added")
    site.forget("/gone")
    site.hits.clear()
    after = await crawls.again(campaign, mode="delta")
    assert after.run.state == "completed"
    assert {p for p, row in after.pages.items() if row.is_reused} == {"/", "/same"}
    assert after.run.reused == 2
    assert after.pages["/new"].title == "After"
    assert after.pages["/gone"].status == 404
    assert after.pages["/added"].status == 200

    def of_same(issues: set[tuple[str, str]]) -> set[tuple[str, str]]:
        return {issue for issue in issues if issue[1] == "/same"}

    assert of_same(after.issues) == of_same(before.issues) != set()
    sent = {hit.path: hit.headers.get("If-None-Match") for hit in site.hits}
    assert sent["/same"] == '"same"'
    assert sent["/only-here"] is None
    links = await links_of(crawls, after, site, "/same")
    assert links == await links_of(crawls, before, site, "/same")


async def links_of(crawls: Crawls, outcome: Any, site: Site, path: str) -> Any:
    answer = await crawls.tenant.analyst.get(
        f"/crawl/runs/{outcome.run.id}/links?url={site.base_url}{path}"
    )
    assert answer.status == 200
    return answer.data
