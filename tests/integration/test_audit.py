"""What is found when a crawl is judged as a whole, and that judging survives what goes wrong."""

import csv
import io
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from sqlalchemy import func, select

from lsos.checks.base import Check, Context, Evidence
from lsos.checks.catalogue import CHECKS
from lsos.checks.site import SiteFacts
from lsos.core.errors import Permanent, Transient
from lsos.core.queue.jobs import Job, enqueue
from lsos.domains.audit import judge
from lsos.domains.audit.rules import RunIds
from lsos.domains.crawl.findings import count_failed_checks
from lsos.domains.crawl.models import CrawlFinding
from tests.support.crawls import Crawls
from tests.support.sites import Site, html
from tests.support.waiting import until

DEEP = [
    "/fleet",
    "/fleet/vans",
    "/fleet/vans/old",
    "/fleet/vans/old/1998",
    "/fleet/vans/old/1998/x",
]


def removals(site: Site) -> None:
    """A site whose sitemap lists all pages, one of which nothing links to."""
    site.page("/", "/prices", "/contact", DEEP[0])
    site.page("/contact", "/")
    site.page("/prices", "/", "/prices/piano")
    site.page("/prices/piano", "/moved")
    site.redirect("/moved", "/storage")
    site.page("/storage", "/")
    site.page("/flyer-2019", "/", "/flyer-2019")
    for here, below in pairwise(DEEP):
        site.page(here, below)
    site.page(DEEP[-1])
    site.sitemap(
        "/sitemap.xml",
        ["/", "/contact", "/prices", "/prices/piano", "/storage", "/flyer-2019", *DEEP],
    )


async def exported(crawls: Crawls, run_id: UUID, kind: str) -> list[dict[str, str]]:
    answer = await crawls.tenant.analyst.get(f"/crawl/runs/{run_id}/export?kind={kind}")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))


async def test_depth_is_clicks_from_the_start_also_of_what_a_sitemap_lists(
    crawls: Crawls, site: Site
) -> None:
    removals(site)
    outcome = await crawls.run(site)
    expected = {
        "/": 0,
        "/contact": 1,
        "/prices": 1,
        "/prices/piano": 2,
        "/moved": 3,
        "/storage": 3,  # a redirect is no click
        "/flyer-2019": None,
        **{path: depth for depth, path in enumerate(DEEP, start=1)},
    }
    assert {path: page.depth for path, page in outcome.pages.items()} == expected
    rows = await exported(crawls, outcome.run.id, "pages")
    cells = {row["url"].removeprefix(site.base_url): row["depth"] for row in rows}
    assert cells == {path: "" if depth is None else str(depth) for path, depth in expected.items()}
    assert rows[-1]["url"].endswith("/flyer-2019"), "what no click reaches comes last"
    found: list[dict[str, Any]] = []
    query = f"/crawl/runs/{outcome.run.id}/pages?limit=5"
    cursor = ""
    while cursor is not None:
        answer = await crawls.tenant.analyst.get(query + (cursor and f"&cursor={cursor}"))
        found += answer.data
        cursor = answer.body["meta"]["page"]["next_cursor"]
    assert len(found) == len(expected)
    assert {row["url"].removeprefix(site.base_url): row["depth"] for row in found} == expected


async def test_site_checks_file_each_finding_under_its_own_page(crawls: Crawls, site: Site) -> None:
    removals(site)
    outcome = await crawls.run(site)
    graph_checks = {"sitemap_orphan", "depth_deep"}
    assert {issue for issue in outcome.issues if issue[0] in graph_checks} == {
        ("sitemap_orphan", "/flyer-2019"),
        ("depth_deep", DEEP[4]),
    }
    issues = f"/crawl/runs/{outcome.run.id}/issues?code=depth_deep"
    [issue] = (await crawls.tenant.analyst.get(issues)).data
    assert issue["evidence"] == [{"value": 5, "selector": "clicks", "limit": 4}]
    score: dict[str, Any] = outcome.run.score or {}
    fired = {f["code"]: f["affected_pages"] for f in score["checks_fired"]}
    assert (fired["sitemap_orphan"], fired["depth_deep"]) == (1, 1)
    cut = await crawls.run(site, max_pages=4)
    assert graph_checks.isdisjoint(cut.codes()), "a sample can't tell who links to a page"


async def test_a_link_is_a_fault_only_if_its_target_fails(crawls: Crawls, site: Site) -> None:
    """Nine pages link to legal pages that nobody should find, and one of them to what is gone."""
    footer = ["/cookies", "/privacy", "/print", "/old", "/moved-twice", "/gone"]
    pages = [f"/service-{number}" for number in range(8)]
    noindex = '<meta name="robots" content="noindex"><link rel="canonical" href="/terms">'
    for path in ["/", *pages]:
        site.page(path, *pages, *footer[:4], *(footer[4:] if path == "/" else ()))
    site.page("/cookies", "/", head=noindex)
    site.page("/privacy", "/", head=noindex)
    site.page("/terms", "/", head='<meta name="robots" content="noindex">')
    site.page("/print", "/", head='<link rel="canonical" href="/">')
    site.redirect("/old", "/", 302)
    site.redirect("/moved-twice", "/moved", 302)
    site.redirect("/moved", "/", 302)
    outcome = await crawls.run(site)
    score = outcome.run.score
    assert score is not None
    assert score["formula"] == "lsos-tech-v2"
    assert score["eligible_pages"] == len(["/", *pages])
    affected = {fired["code"]: fired["affected_pages"] for fired in score["checks_fired"]}
    assert affected["index_signals_conflict"] == 2, "the two noindexed pages themselves"
    assert affected["canonical_relative"] == 3, "those two and the canonicalised copy"
    assert affected["http_4xx"] == 1, "the page that links to what is gone"


async def test_links_of_a_nofollow_page_are_not_followed(crawls: Crawls, site: Site) -> None:
    site.page("/", "/list")
    site.page("/list", "/item", head='<meta name="robots" content="nofollow">')
    site.page("/item")
    outcome = await crawls.run(site)
    links = await exported(crawls, outcome.run.id, "links")
    follow = {row["target"].removeprefix(site.base_url): row["follow"] for row in links}
    assert follow == {"/list": "yes", "/item": "no"}


async def test_a_run_is_judged_by_the_settings_of_its_start(crawls: Crawls, site: Site) -> None:
    admin = crawls.tenant.admin
    site.page("/", "/slow", title="")

    async def meanwhile(_: web.Request) -> web.Response:
        answer = await admin.patch("/crawl/checks/title_missing", {"is_enabled": False})
        return web.Response(body=html(title=""), content_type="text/html", status=answer.status)

    site.script("/slow", meanwhile)
    campaign = await crawls.campaign(site.base_url)
    try:
        first = await crawls.again(campaign)
        assert {("title_missing", "/"), ("title_missing", "/slow")} <= first.issues
        second = await crawls.again(campaign)
        assert "title_missing" not in second.codes()
    finally:
        await admin.patch("/crawl/checks/title_missing", {"is_enabled": True})


async def test_settings_that_were_taken_back_do_not_cost_a_delta_run_its_reuse(
    crawls: Crawls, site: Site
) -> None:
    site.reply("/", html(), etag='"1"')
    campaign = await crawls.campaign(site.base_url)
    await crawls.again(campaign)
    for is_enabled in (False, True):
        await crawls.tenant.admin.patch("/crawl/checks/desc_missing", {"is_enabled": is_enabled})
    assert (await crawls.again(campaign, mode="delta")).run.reused == 1


# Faults


def broken(_facts: SiteFacts, _at: Context) -> Any:
    yield Evidence()
    raise RuntimeError("a broken check")


BROKEN = Check(
    code="broken", topic="test", severity="high", scope="site", title="t", why="w.", fix="f.",
    run_site=broken,
)  # fmt: skip


async def test_a_check_that_crashes_is_shown_on_the_run(
    crawls: Crawls, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page("/")
    monkeypatch.setattr("lsos.checks.engine.CHECKS", (*CHECKS, BROKEN))
    outcome = await crawls.run(site)
    assert outcome.run.state == "completed"
    assert "broken" not in outcome.codes()
    url = f"/crawl/runs/{outcome.run.id}"
    assert (await crawls.tenant.analyst.get(url)).data["failed_checks"] == {"broken": 1}
    ids = {"tenant_id": crawls.tenant.id, "run_id": outcome.run.id}
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        for batch in (["title_long", "broken"], [], ["title_long", "title_long"]):
            await count_failed_checks(session, ids, batch)
    shown = (await crawls.tenant.analyst.get(url)).data["failed_checks"]
    assert shown == {"broken": 2, "title_long": 3}


async def test_judging_that_is_cut_short_leaves_nothing_and_begins_anew(
    crawls: Crawls, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault comes after findings and depths were written, before the run has ended."""
    removals(site)
    verdict, seen = judge._verdict, []

    async def fails_once(session: Any, of_run: RunIds, *rest: Any) -> Any:
        findings = select(func.count()).where(CrawlFinding.run_id == of_run.run_id)
        seen.append(await session.scalar(findings.where(CrawlFinding.code == "sitemap_orphan")))
        if len(seen) == 1:
            raise Transient("the worker lost its database")
        return await verdict(session, of_run, *rest)

    monkeypatch.setattr(judge, "_verdict", fails_once)
    outcome = await crawls.run(site)
    assert seen == [1, 1]
    assert (outcome.run.state, outcome.run.phase) == ("completed", "ended")
    counts: dict[str, Any] = outcome.run.issue_counts or {}
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        stored = select(func.count()).where(CrawlFinding.run_id == outcome.run.id)
        assert sum(counts.values()) == await session.scalar(stored)
        # A late call for a run that has ended changes nothing.
        job_id = await enqueue(
            session, "audit.judge", tenant_id=crawls.tenant.id, run_id=outcome.run.id
        )

    async def summary() -> dict[str, object] | None:
        async with crawls.db.tenant_session(crawls.tenant.id) as session:
            job: Job = await session.get_one(Job, (crawls.tenant.id, job_id))
            return job.summary

    assert await until(summary, "the late job to be done") == {"state": "ended_already"}
    assert (await crawls.find(str(outcome.run.id))).finished_at == outcome.run.finished_at


async def test_a_run_that_can_not_be_judged_fails_and_says_so(
    crawls: Crawls, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any, **__: Any) -> Any:
        raise Permanent("no graph", code="graph_broken")

    site.page("/")
    monkeypatch.setattr(judge, "load_graph", fails)
    outcome = await crawls.run(site)
    assert (outcome.run.state, outcome.run.reason_code) == ("failed", "graph_broken")
    assert outcome.status() == {"/": 200}, "what was measured stays"
    assert outcome.pages["/"].depth is None
