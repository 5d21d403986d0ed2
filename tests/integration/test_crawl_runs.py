"""The life of runs: they wait, start, are watched, stopped, exported, and remember decisions."""

import asyncio
import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from aiohttp import web
from sqlalchemy import delete, func, select

from lsos.core.clock import new_id
from lsos.core.queue.jobs import Job, enqueue
from lsos.domains.crawl.export import Rows, cell, csv_lines
from lsos.domains.crawl.models import CrawlPage, CrawlRun
from lsos.domains.crawl.rules import MAX_QUEUED_RUNS
from tests.conftest import make_tenant
from tests.support.clients import TenantClients
from tests.support.crawls import Crawls
from tests.support.forked import ForkedProcess
from tests.support.ports import own_port
from tests.support.sites import Site, html
from tests.support.waiting import PATIENCE_S, until
from tests.support.workers import environment

INJECTION = json.loads(
    (Path(__file__).parents[1] / "data" / "csv_injection.json").read_text("utf-8")
)


class SharedLimits:
    """AccountLocks all answers of a page back until it is opened."""

    def __init__(self, site: Site, path: str = "/") -> None:
        self._open = asyncio.Event()
        site.script(path, self._answer)

    async def _answer(self, _: web.Request) -> web.Response:
        await self._open.wait()
        return web.Response(body=html(), content_type="text/html")

    def open(self) -> None:
        self._open.set()


async def until_idle(crawls: Crawls, tenant: TenantClients, name: str) -> None:
    """No job of that name waits or works."""

    async def look() -> bool:
        async with crawls.db.tenant_session(tenant.id) as session:
            return not await session.scalar(
                select(func.count())
                .select_from(Job)
                .where(Job.name == name, Job.state.in_(("queued", "running")))
            )

    await until(look, f"{name} to rest")


async def states(crawls: Crawls, tenant: TenantClients, runs: list[str]) -> list[str]:
    await until_idle(crawls, tenant, "crawl.dispatch")
    return [(await crawls.find(run, tenant)).state for run in runs]


async def test_runs_over_the_caps_wait_and_start_when_others_end(
    crawls: Crawls, site: Site
) -> None:
    first = await make_tenant(crawls.api, "Busy")
    second = await make_tenant(crawls.api, "Idle")
    quick = await crawls.sites.open()
    quick.page("/")
    gate = SharedLimits(site)
    campaigns = [await crawls.campaign(site.base_url, first) for _ in range(3)]
    runs = [
        await crawls.start(campaign, first, use_sitemaps=False)
        for campaign in (campaigns[0],) * 3 + (campaigns[1],) * 2 + (campaigns[2],) * 2
    ]
    # Two a campaign, five a tenant; the oldest first.
    assert await states(crawls, first, runs) == [
        "running", "running", "queued", "running", "running", "running", "queued",
    ]  # fmt: skip
    cancelled = await first.analyst.post(f"/crawl/runs/{runs[2]}/cancel")
    assert cancelled.data["state"] == "cancelled"
    other = await crawls.start(await crawls.campaign(quick.base_url, second), second)
    assert (await crawls.until_ended(other, second)).state == "completed"
    await until_idle(crawls, first, "crawl.dispatch")
    assert (await crawls.find(runs[6], first)).state == "queued"
    gate.open()
    ended = [(await crawls.until_ended(run, first)).state for run in runs]
    assert ended == ["completed"] * 2 + ["cancelled"] + ["completed"] * 4


async def test_a_tenant_that_floods_keeps_nobody_else_waiting(crawls: Crawls, site: Site) -> None:
    """F15: 24 runs of one tenant on a site that hangs, then three of another, one by one."""
    flooding = await make_tenant(crawls.api, "Flooding")
    patient = await make_tenant(crawls.api, "Patient")
    cap = crawls.settings.crawl_max_active_runs_per_tenant
    most = 0

    async def crawl() -> None:
        nonlocal most
        quick = await crawls.sites.open()
        quick.page("/")
        campaign = await crawls.campaign(quick.base_url, patient)
        run = await crawls.until_ended(await crawls.start(campaign, patient), patient)
        async with crawls.db.tenant_session(flooding.id) as session:
            running = select(func.count()).where(CrawlRun.state == "running")
            most = max(most, await session.scalar(running) or 0)
        assert run.state == "completed"

    gate = SharedLimits(site)
    campaigns = [await crawls.campaign(site.base_url, flooding) for _ in range(12)]
    runs = [
        await crawls.start(campaign, flooding, use_sitemaps=False)
        for campaign in campaigns
        for _ in range(2)
    ]
    for _ in range(3):
        await crawl()
    waiting = await states(crawls, flooding, runs)
    assert (waiting.count("running"), most) == (cap, cap)
    for run in runs:
        await flooding.analyst.post(f"/crawl/runs/{run}/cancel")
    gate.open()
    for run in runs:
        await crawls.until_ended(run, flooding)


async def test_an_absurd_backlog_is_refused(crawls: Crawls) -> None:
    tenant = await make_tenant(crawls.api, "Eager")
    campaign = await crawls.campaign("https://www.example.com/", tenant)
    async with crawls.db.tenant_session(tenant.id) as session:
        session.add_all(
            CrawlRun(
                tenant_id=tenant.id, id=new_id(), campaign_id=UUID(campaign), settings={}, queue="q"
            )
            for _ in range(MAX_QUEUED_RUNS)
        )
    answer = await crawls.ask(campaign, tenant)
    assert (answer.status, answer.code) == (429, "backlog_full")
    assert int(answer.headers["retry-after"]) > 0
    async with crawls.db.tenant_session(tenant.id) as session:
        await session.execute(delete(CrawlRun))


async def test_jobs_of_a_run_may_run_twice(crawls: Crawls, site: Site) -> None:
    """A worker that dies before it has recorded an outcome leaves its job to another."""
    gate = SharedLimits(site)
    links = [f"/{n}" for n in range(20)]
    site.sitemap("/sitemap.xml", links)
    for link in links:
        site.page(link)
    run_id = await crawls.start(await crawls.campaign(site.base_url))
    await site.until_hit("/")
    run = await crawls.find(run_id)
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        for name in ("crawl.begin", "crawl.slice", "crawl.finish", "crawl.finish"):
            await enqueue(
                session,
                name,
                tenant_id=crawls.tenant.id,
                campaign_id=run.campaign_id,
                run_id=run_id,
            )
    await site.until_hit("/sitemap.xml", 2)
    gate.open()
    outcome = await crawls.outcome(run_id)
    assert outcome.run.state == "completed"
    assert (outcome.run.admitted, outcome.run.done, len(outcome.pages)) == (21, 21, 21)
    assert [site.count(path) for path in ("/", *links)] == [1] * 21
    await until_idle(crawls, crawls.tenant, "crawl.finish")


# Cancel


async def endless_site(request: web.Request) -> web.Response:
    if request.path.endswith((".txt", ".xml")):
        return web.Response(status=404)
    number = int(request.query.get("n", 0))
    links = (f"/?n={number * 3 + k}" for k in (1, 2, 3))
    return web.Response(body=html(*links), content_type="text/html")


async def test_a_cancelled_run_asks_no_more_and_keeps_what_it_has(
    crawls: Crawls, site: Site
) -> None:
    site.script("*", endless_site)
    campaign = await crawls.campaign(site.base_url)
    run_id = await crawls.start(campaign, min_interval_s=0.05)

    async def has_pages() -> bool:
        return (await crawls.find(run_id)).pages > 0

    await until(has_pages, "the first pages to be stored")
    answer = await crawls.tenant.analyst.post(f"/crawl/runs/{run_id}/cancel")
    assert (answer.status, answer.data["state"]) == (200, "cancelled")
    await until_idle(crawls, crawls.tenant, "crawl.slice")
    asked = len(site.hits)
    # Another run of the same site is crawled to its end meanwhile: time has passed.
    other = await crawls.again(campaign, max_pages=5, min_interval_s=0.05)
    assert other.run.done == 5
    assert len(site.hits) - asked <= 5 + len(other.pages) + 4
    outcome = await crawls.outcome(run_id)
    assert outcome.run.state == "cancelled"
    assert len(outcome.pages) == outcome.run.done > 0
    assert outcome.run.done < 200
    again = await crawls.tenant.analyst.post(f"/crawl/runs/{run_id}/cancel")
    assert again.data["state"] == "cancelled"
    late = await crawls.tenant.analyst.post(f"/crawl/runs/{other.run.id}/cancel")
    assert (late.status, late.code) == (409, "illegal_transition")


async def test_cancelled_while_it_reads_sitemaps_a_run_reads_no_more(
    crawls: Crawls, site: Site
) -> None:
    gate = SharedLimits(site, "/1.xml")
    site.robots("".join(f"Sitemap: {site.base_url}/{n}.xml\n" for n in range(9)))
    run_id = await crawls.start(await crawls.campaign(site.base_url))
    await site.until_hit("/1.xml")
    await crawls.tenant.analyst.post(f"/crawl/runs/{run_id}/cancel")
    gate.open()
    await until_idle(crawls, crawls.tenant, "crawl.begin")
    assert "/2.xml" not in site.paths()
    assert (await crawls.find(run_id)).state == "cancelled"


# Server-sent events


async def events(lines: Any) -> list[tuple[str, dict[str, Any]]]:
    found, name = [], ""
    async for line in lines:
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            found.append((name, msgspec.json.decode(line.removeprefix("data:"))))
    return found


async def test_a_run_can_be_watched_to_its_end(crawls: Crawls, site: Site) -> None:
    gate = SharedLimits(site)
    run_id = await crawls.start(await crawls.campaign(site.base_url), use_sitemaps=False)
    client = crawls.tenant.viewer
    url = f"{crawls.api.base_url}{client.prefix}/crawl/runs/{run_id}/events"
    headers = {"Authorization": f"Bearer {crawls.tenant.analyst.token}"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as http,
        http.stream("GET", url, headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        await site.until_hit("/")
        gate.open()
        told = await events(answer.aiter_lines())
    names = [name for name, _ in told]
    assert names[-1] == "end"
    assert set(names[:-1]) == {"progress"}
    assert told[-1][1]["state"] == "completed"
    assert told[-1][1]["progress"]["done"] == 1


async def test_an_open_stream_does_not_hold_up_a_shutdown(
    crawls: Crawls, site: Site, tmp_path: Path
) -> None:
    gate = SharedLimits(site)
    run_id = await crawls.start(await crawls.campaign(site.base_url), use_sitemaps=False)
    port = own_port()
    process = ForkedProcess(
        "uvicorn",
        ["--factory", "lsos.api:create_app", "--port", str(port), "--log-level", "critical"],
        log=tmp_path / "api.log",
        environ={**environment(crawls.settings), "LOG_LEVEL": "ERROR"},
    )
    url = f"http://127.0.0.1:{port}{crawls.settings.api_v1_prefix}/crawl/runs/{run_id}/events"
    headers = {"Authorization": f"Bearer {crawls.tenant.analyst.token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as http:

        async def is_up() -> bool:
            try:
                await http.get(f"http://127.0.0.1:{port}/")
            except httpx.TransportError:
                return False
            return True

        await until(is_up, "the API to start")
        async with http.stream("GET", url, headers=headers) as answer:
            lines = answer.aiter_lines()
            async for line in lines:
                if line.startswith("data:"):
                    break
            process.terminate()
            rest = await events(lines)
    assert "end" not in [name for name, _ in rest]
    await process.wait()
    gate.open()
    await crawls.until_ended(run_id)


# Exports


def is_harmless(text: str) -> bool:
    """The rule of the published cases."""
    bare = text.lstrip(" \t\r\n\u200b\ufeff\u00a0\u2060")
    return not (text.startswith(("\t", "\r", "\n")) or bare.startswith(tuple("=+-@＝＋－＠")))


@pytest.mark.parametrize("payload", INJECTION["payloads"])
def test_no_cell_is_a_formula(payload: str) -> None:
    out = cell(payload)
    assert isinstance(out, str)
    assert is_harmless(out)
    assert out.removeprefix("'") == payload


@pytest.mark.parametrize("value", [*INJECTION["safe_controls"], -5, 3.14, None, "", "'quoted"])
def test_harmless_cells_stay_as_they_are(value: object) -> None:
    assert cell(value) == value or str(value).startswith("-5 (")


async def test_a_separator_in_a_text_splits_no_cell_in_any_country() -> None:
    texts = ["Rabatt;=1+1", "a;=HYPERLINK(1)", "x\t=1+1", 'say "now"', "two\r\nlines"]

    async def rows() -> Rows:
        for text in texts:
            yield text, -5

    lines = "".join([piece async for piece in csv_lines(("anchor", "change"), rows())])
    for text, line in zip(texts[:3], lines.splitlines()[1:4], strict=True):
        assert line == f'"{text}",-5', "the text in quotes, the number as a number"
    read = list(csv.DictReader(io.StringIO(lines, newline="")))
    assert [row["anchor"] for row in read] == texts


async def test_exports_are_streamed_and_hold_no_formula(crawls: Crawls, site: Site) -> None:
    payloads = [text.replace("\n", " ").strip() for text in INJECTION["payloads"]]
    links = [f'<a href="/{n}">{payload}</a>' for n, payload in enumerate(payloads)]
    site.page("/", *links)
    for number, payload in enumerate(payloads):
        site.page(f"/{number}", title=payload)
    outcome = await crawls.run(site)
    base = f"/crawl/runs/{outcome.run.id}/export"
    for kind, column in (("pages", "title"), ("links", "anchor"), ("issues", "evidence")):
        answer = await crawls.tenant.analyst.get(f"{base}?kind={kind}&format=csv")
        assert answer.status == 200
        assert "content-length" not in answer.headers
        assert answer.headers["content-disposition"] == f'attachment; filename="{kind}.csv"'
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.text.startswith("\ufeff"), (
            "Excel would read it in the code page of its country"
        )
        rows = list(csv.DictReader(io.StringIO(answer.text[1:], newline="")))
        assert rows
        assert all(None not in row for row in rows), "a cell has split"
        assert [c for row in rows for c in row.values() if c and not is_harmless(c)] == []
        lines = (await crawls.tenant.analyst.get(f"{base}?kind={kind}&format=jsonl")).text
        decoded = [msgspec.json.decode(line) for line in lines.splitlines()]
        assert len(decoded) == len(rows)
        assert column in decoded[0]
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        titles = set(
            await session.scalars(select(CrawlPage.title).where(CrawlPage.run_id == outcome.run.id))
        )
    pages = (await crawls.tenant.analyst.get(f"{base}?kind=pages&format=jsonl")).text
    assert {msgspec.json.decode(line)["title"] for line in pages.splitlines()} == titles


# Decisions


async def test_an_ignored_issue_stays_ignored_in_the_next_run(crawls: Crawls, site: Site) -> None:
    site.page("/", "/a", title="")
    site.page("/a", title="")
    campaign = await crawls.campaign(site.base_url)
    await crawls.again(campaign)
    client = crawls.tenant.analyst
    issues = f"/crawl/issues?campaign_id={campaign}&code=title_missing"
    first = (await client.get(issues)).data
    assert len(first) == 2
    chosen = first[0]
    body = {"ignore_reason": "a page for machines"}
    assert (await client.patch(f"/crawl/issues/{chosen['id']}", body)).status == 200
    await crawls.again(campaign)
    now = (await client.get(issues)).data
    assert [issue["url"] for issue in now] == [first[1]["url"]]
    shown = (await client.get(issues + "&show_ignored=true")).data
    reasons = {issue["url"]: issue["ignored_reason"] for issue in shown}
    assert reasons == {chosen["url"]: "a page for machines", first[1]["url"]: None}
    again = next(issue for issue in shown if issue["url"] == chosen["url"])
    await client.patch(f"/crawl/issues/{again['id']}", {"ignore_reason": None})
    assert len((await client.get(issues)).data) == 2
    viewer = await crawls.tenant.viewer.patch(f"/crawl/issues/{again['id']}", body)
    assert viewer.status in (403, 404)


async def test_an_ignored_issue_neither_counts_nor_scores_and_clients_do_not_read_why(
    crawls: Crawls, site: Site
) -> None:
    site.page("/", "/a", "/b")
    site.page("/a", "/", title="")
    site.page("/b", "/")
    campaign = await crawls.campaign(site.base_url)
    run = (await crawls.again(campaign)).run
    client, path = crawls.tenant.analyst, f"/crawl/runs/{run.id}"
    issues = f"/crawl/issues?campaign_id={campaign}&code=title_missing"
    [issue] = (await client.get(issues)).data

    async def figures() -> tuple[float, int]:
        view = (await client.get(path)).data
        return view["technical_score"], view["issue_counts"].get(issue["severity"], 0)

    score, count = await figures()
    body = {"ignore_reason": "the owner wants it so"}
    await client.patch(f"/crawl/issues/{issue['id']}", body)

    async def is_rescored() -> bool:
        return (await figures())[0] > score

    await until(is_rescored, "the run to be scored without the ignored issue")
    assert (await figures())[1] == count - 1
    exported = (await client.get(f"{path}/export?kind=issues")).text
    rows = list(csv.DictReader(io.StringIO(exported[1:], newline="")))
    ignored = [row["code"] for row in rows if row["is_ignored"] == "yes"]
    assert ignored == ["title_missing"]
    shown = await crawls.tenant.viewer.get(issues + "&show_ignored=true")
    assert shown.status == 404 or shown.data == []
    assert "the owner wants it so" not in shown.text

    later = (await crawls.again(campaign)).run
    assert later.technical_score == (await figures())[0], "the next run counts the same"
    await client.patch(f"/crawl/issues/{issue['id']}", {"ignore_reason": None})
    [latest] = (await client.get(issues)).data
    assert latest["ignored_reason"] is None


async def test_settings_of_checks_hold_for_later_runs(crawls: Crawls, site: Site) -> None:
    """Also for a delta run, though nothing on the site has changed."""
    mine = replace(crawls, tenant=await make_tenant(crawls.api, "Strict"))
    site.reply("/", html(title="Alder Bay Plumbing of Alder Bay"), etag='"1"')
    campaign = await mine.campaign(site.base_url)
    before = await mine.again(campaign)
    assert {"h1_missing", "title_long"}.isdisjoint(before.codes())
    checks = (await mine.tenant.admin.get("/crawl/checks")).data
    limits = next(check["limits"] for check in checks if check["code"] == "title_long")
    patches: dict[str, dict[str, object]] = {
        "title_long": {"severity": "critical", "limits": dict.fromkeys(limits, 10)},
        "desc_missing": {"is_enabled": False},
    }
    for code, body in patches.items():
        answer = await mine.tenant.admin.patch(f"/crawl/checks/{code}", body)
        assert answer.status == 200, answer.text
        assert answer.data["is_changed"]
    after = await mine.again(campaign, mode="delta")
    assert ("title_long", "/") in after.issues
    assert "desc_missing" in before.codes() - after.codes()
    assert after.run.reused == 0
    severities = (await mine.tenant.analyst.get(f"/crawl/runs/{after.run.id}/issues")).data
    assert next(i["severity"] for i in severities if i["code"] == "title_long") == "critical"
    assert (after.run.technical_score or 0) < (before.run.technical_score or 0)
    old = (await mine.tenant.analyst.get(f"/crawl/runs/{before.run.id}/issues")).data
    assert "title_long" not in {issue["code"] for issue in old}
    third = await mine.again(campaign, mode="delta")
    assert third.run.reused == 1
    assert third.issues == after.issues
    bad = await mine.tenant.admin.patch("/crawl/checks/title_long", {"limits": {"nothing": 1}})
    assert bad.status == 422
    assert (await mine.tenant.analyst.patch("/crawl/checks/title_long", {})).status == 403
