"""The story of a recommendation: found, approved, done, and closed by the next measurement only."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from sqlalchemy import select

from lsos.core.clock import new_id, now
from lsos.core.db.database import Database
from lsos.core.queue.jobs import Job, enqueue
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client
from lsos.demo.server import Site as DemoSite
from lsos.demo.site import Page, build, not_found
from lsos.domains.intelligence import service
from lsos.domains.intelligence.models import CampaignScore, Recommendation, RecommendationEvent
from lsos.domains.intelligence.tasks import REFRESH
from lsos.domains.reference.bundle import BUNDLED, read_release
from lsos.domains.reference.rules import Release, read
from lsos.room import Joints, ScoreSource, SignalSource
from lsos.room import Room as Manifest
from lsos.rooms import JOINTS
from lsos.signals import Affected, Signal
from tests.support.clients import Answer
from tests.support.crawls import Crawls
from tests.support.sites import Site
from tests.support.waiting import until

RELEASE = read(read_release(BUNDLED)[0])


@dataclass
class Demo:
    """The bundled site, whose pages a test may mend."""

    url: str
    pages: dict[str, Page]


@pytest.fixture
async def demo(crawls: Crawls) -> AsyncIterator[Demo]:
    sock = crawls.sites.take()
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    pages = dict(build(url))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", DemoSite(pages, not_found(url)).handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    yield Demo(url, pages)
    await runner.cleanup()


async def rows(crawls: Crawls, campaign: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        path = f"/intelligence/recommendations?campaign_id={campaign}&limit=100{query}{cursor}"
        answer = await crawls.tenant.admin.get(path)
        assert answer.status == 200, answer.text
        found += answer.data
        following = answer.body["meta"]["page"]["next_cursor"]
        if following is None:
            return found
        cursor = f"&cursor={following}"


async def crawl(crawls: Crawls, campaign: str) -> str:
    """A finished run whose findings have become recommendations."""
    run = (await crawls.again(campaign)).run
    assert run.state == "completed"

    async def is_refreshed() -> bool:
        jobs = (await crawls.tenant.admin.get(f"/jobs?campaign_id={campaign}&limit=200")).data
        mine = [job for job in jobs if job["name"] == REFRESH]
        dead = [job for job in mine if job["state"] == "dead"]
        assert not dead, dead
        done = [job for job in mine if (job["summary"] or {}).get("run_id") == str(run.id)]
        return bool(done) and all(job["state"] == "done" for job in mine)

    await until(is_refreshed, "the refresh after the crawl")
    return str(run.id)


async def move(
    crawls: Crawls, row: dict[str, Any], state: str, who: str = "admin", **headers: str
) -> Answer:
    client = getattr(crawls.tenant, who)
    body = {"state": state, "note": f"we want it {state}"}
    answer: Answer = await client.patch(
        f"/intelligence/recommendations/{row['id']}", body, headers=headers
    )
    return answer


async def execute(crawls: Crawls, row: dict[str, Any], who: str = "admin") -> dict[str, Any]:
    detail: dict[str, Any] = {}
    for state in ("approved", "scheduled", "executed"):
        answer = await move(crawls, row, state, who)
        assert answer.status == 200, answer.text
        detail = answer.data
    return detail


async def find(crawls: Crawls, row: dict[str, Any]) -> dict[str, Any]:
    path = f"/intelligence/recommendations/{row['id']}"
    detail: dict[str, Any] = (await crawls.tenant.admin.get(path)).data
    return detail


async def test_fixed_is_verified_and_not_fixed_is_not_verified(crawls: Crawls, demo: Demo) -> None:
    campaign = await crawls.campaign(demo.url + "/")
    first = await crawl(crawls, campaign)
    found = {row["code"]: row for row in await rows(crawls, campaign)}
    error, canonical = found["http_5xx"], found["canonical_missing"]
    assert (error["state"], error["source"]) == ("validated", "crawl")
    assert error["evidence"][0]["facts"]["run_id"] == first
    assert error["affected"]["of"] > 0
    assert error["affected"]["unit"] == "eligible pages"

    # A canonical moves pages in the index: tier 3 is the admin's to approve.
    refused = await move(crawls, canonical, "approved", "analyst")
    assert (refused.status, refused.code) == (403, "approval_needs_tenant_admin")
    assert (await move(crawls, error, "executed")).code == "illegal_transition"
    assert (await move(crawls, error, "verified")).code == "illegal_transition"
    await execute(crawls, error, "analyst")
    await execute(crawls, canonical)

    broken = demo.pages["/appointments/status/"]
    demo.pages["/appointments/status/"] = replace(broken, status=200)
    await crawl(crawls, campaign)

    mended, left = await find(crawls, error), await find(crawls, canonical)
    assert (mended["state"], left["state"]) == ("verified", "not_verified")
    assert mended["verified_at"] is not None
    assert mended["allowed_states"] == []
    assert [event["to_state"] for event in mended["events"]] == [
        "generated",
        "validated",
        "approved",
        "scheduled",
        "executed",
        "verified",
    ]
    by_rules = [event["actor_id"] is None for event in mended["events"]]
    assert by_rules == [True, True, False, False, False, True]
    assert "still there" in left["events"][-1]["note"]

    # It fails again: a new recommendation, and the old one stays verified.
    demo.pages["/appointments/status/"] = broken
    answer = await move(crawls, left, "scheduled")
    assert answer.status == 200
    await crawl(crawls, campaign)
    again = await rows(crawls, campaign, "&code=http_5xx")
    assert sorted(row["state"] for row in again) == ["validated", "verified"]
    assert (await find(crawls, left))["state"] == "scheduled", "not executed: nothing to verify"

    await _summary_and_score(crawls, campaign)


async def _summary_and_score(crawls: Crawls, campaign: str) -> None:
    everything = await rows(crawls, campaign)
    summary = await crawls.tenant.viewer.get(f"/recommendations/summary?campaign_id={campaign}")
    assert summary.status == 404, "a viewer sees chosen campaigns only"
    path = f"/recommendations/summary?campaign_id={campaign}"
    data = (await crawls.tenant.analyst.get(path)).data
    assert data["total_count"] == len(everything)
    assert sum(data["counts_by_state"].values()) == data["total_count"]
    assert sum(data["counts_by_risk_tier"].values()) == data["total_count"]
    assert 0 < data["average_confidence_score"] <= 1
    best = [row["id"] for row in everything if row["state"] != "verified"][:5]
    assert [item["id"] for item in data["top_items"]] == best
    assert [row["priority"] for row in everything] == sorted(
        (row["priority"] for row in everything), reverse=True
    )
    score = (await crawls.tenant.analyst.get(f"/intelligence/score?campaign_id={campaign}")).data
    technical = score["parts"]["technical"]
    assert score["score"] == pytest.approx(technical["value"], abs=0.01)
    assert technical["share"] == 1.0
    assert "visibility" in score["dropped"]
    assert len(score["history"]) == 1


async def test_two_people_at_once_and_unknown_ones(crawls: Crawls, site: Site) -> None:
    site.page("/", "/gone")
    campaign = await crawls.campaign(site.base_url)
    await crawl(crawls, campaign)
    row = next(r for r in await rows(crawls, campaign) if r["code"] == "http_4xx")
    seen = {"If-Match": f'"{row["version"]}"'}
    answers = await asyncio.gather(
        *(move(crawls, row, state, **seen) for state in ("approved", "rejected"))
    )
    assert sorted(answer.status for answer in answers) == [200, 412]
    unknown = await move(crawls, {"id": str(new_id())}, "approved")
    assert (unknown.status, unknown.code) == (404, "recommendation_not_found")
    assert (await move(crawls, row, "done")).status == 422
    bad_cursor = await crawls.tenant.admin.get(
        f"/intelligence/recommendations?campaign_id={campaign}&cursor=nonsense"
    )
    assert (bad_cursor.status, bad_cursor.code) == (422, "cursor_invalid")


# Refreshes without a crawl in between


async def refresh(
    crawls: Crawls, campaign: str, rooms: Joints = JOINTS, release: Release = RELEASE
) -> service.Refreshed:
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        return await service.refresh(session, crawls.tenant.id, UUID(campaign), release, rooms)


async def stored(crawls: Crawls, campaign: str) -> list[dict[str, Any]]:
    """What is stored, without what a clock or a random id made."""
    own = {"id", "created_at", "tenant_id", "campaign_id"}
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        found = await session.scalars(
            select(Recommendation)
            .where(Recommendation.campaign_id == UUID(campaign))
            .order_by(Recommendation.priority.desc(), Recommendation.code, Recommendation.group_key)
        )
        columns = [c.key for c in Recommendation.__table__.columns if c.key not in own]
        return [{name: getattr(row, name) for name in columns} for row in found]


async def events(crawls: Crawls, campaign: str) -> int:
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        found = await session.scalars(
            select(RecommendationEvent.id).where(RecommendationEvent.campaign_id == UUID(campaign))
        )
        return len(found.all())


async def test_the_same_facts_give_the_same_list(crawls: Crawls, site: Site) -> None:
    """Refreshes may run twice, or at once: nothing is doubled, nothing moves."""
    site.page("/", "/gone", "/blog/a", "/blog/b")
    site.page("/blog/a")
    site.page("/blog/b")
    campaign = await crawls.campaign(site.base_url)
    await crawl(crawls, campaign)
    before, told = await stored(crawls, campaign), await events(crawls, campaign)
    assert before
    results = await asyncio.gather(*(refresh(crawls, campaign) for _ in range(4)))
    assert {(r.created, r.updated, len(r.moved)) for r in results} == {(0, 0, 0)}
    assert await stored(crawls, campaign) == before
    assert await events(crawls, campaign) == told
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        for table in (RecommendationEvent, Recommendation, CampaignScore):
            rows_ = await session.scalars(
                select(table).where(table.campaign_id == UUID(campaign))  # type: ignore[attr-defined]  # each has one
            )
            for row in rows_:
                await session.delete(row)
            await session.flush()
    await refresh(crawls, campaign)
    after = await stored(crawls, campaign)
    assert after == before


async def test_vanished_ignored_and_rejected(crawls: Crawls, site: Site) -> None:
    site.page("/", "/gone")
    campaign = await crawls.campaign(site.base_url)
    await crawl(crawls, campaign)
    found = {row["code"]: row for row in await rows(crawls, campaign)}
    gone = found["http_4xx"]
    kept = found["desc_missing"]
    assert (await move(crawls, kept, "rejected")).status == 200

    # Rejected: it does not come back as long as the fault stays.
    await crawl(crawls, campaign)
    assert [r["state"] for r in await rows(crawls, campaign, "&code=desc_missing")] == ["rejected"]

    # Ignored by the agency: archived by the rules.
    issues = (await crawls.tenant.admin.get(f"/crawl/issues?campaign_id={campaign}")).data
    issue = next(i for i in issues if i["code"] == "http_4xx")
    body = {"ignore_reason": "we live with it"}
    assert (await crawls.tenant.admin.patch(f"/crawl/issues/{issue['id']}", body)).status == 200
    await refresh(crawls, campaign)
    detail = await find(crawls, gone)
    assert (detail["state"], detail["events"][-1]["note"]) == (
        "archived",
        "all its findings are ignored",
    )

    # Mended, the rejected one is forgotten; broken again, it is a new one.
    described = '<meta name="description" content="We mend boilers in Alder Bay and around it.">'
    site.forget("/")
    site.page("/", head=described)
    await crawl(crawls, campaign)
    site.forget("/")
    site.page("/")
    await crawl(crawls, campaign)
    states = [r["state"] for r in await rows(crawls, campaign, "&code=desc_missing")]
    assert sorted(states) == ["rejected", "validated"]


async def test_a_cut_off_crawl_proves_no_absence(crawls: Crawls, site: Site) -> None:
    site.page("/", "/a", "/b", "/c", "/gone")
    for path in ("/a", "/b", "/c"):
        site.page(path, "/")
    campaign = await crawls.campaign(site.base_url)
    await crawl(crawls, campaign)
    row = next(r for r in await rows(crawls, campaign) if r["code"] == "http_4xx")
    await execute(crawls, row)
    outcome = await crawls.again(campaign, max_pages=1)
    assert outcome.run.is_cut_off
    await refresh(crawls, campaign)
    assert (await find(crawls, row))["state"] == "executed", "that page was not looked at"


async def test_a_check_that_is_switched_off_proves_nothing(crawls: Crawls, site: Site) -> None:
    site.page("/", "/gone")
    campaign = await crawls.campaign(site.base_url)
    await crawl(crawls, campaign)
    row = next(r for r in await rows(crawls, campaign) if r["code"] == "http_4xx")
    await execute(crawls, row)
    off = await crawls.tenant.admin.patch("/crawl/checks/http_4xx", {"is_enabled": False})
    assert off.status == 200
    try:
        await crawl(crawls, campaign)
        assert (await find(crawls, row))["state"] == "executed"
    finally:
        await crawls.tenant.admin.patch("/crawl/checks/http_4xx", {"is_enabled": True})


@dataclass
class Room:
    """A measuring room as its manifest brings it."""

    signals: list[Signal]
    measured_at: Any = None

    def joined(self) -> Joints:
        async def read_signals(session: Any, campaign_id: UUID) -> list[Signal]:
            return self.signals

        async def read_time(session: Any, campaign_id: UUID) -> Any:
            return self.measured_at

        async def read_score(session: Any, campaign_id: UUID) -> float | None:
            return 40.0

        room = Manifest(
            package="tests.support",
            signal_source=SignalSource("local", read_signals, read_time),
            score=ScoreSource("local", read_score),
        )
        return Joints((room,))


async def test_signals_of_a_room_are_closed_by_its_own_later_measurement(crawls: Crawls) -> None:
    campaign = await crawls.campaign("https://www.example.com/")
    begun = now() - timedelta(hours=2)
    signal = Signal(
        code="nap_wrong",
        room="local",
        severity="high",
        group_key="Millbrook",
        affected=Affected(count=1, of=3, sample=["Millbrook"]),
        facts={"field": "phone", "found": "555-0100"},
        measured_at=begun,
        source="synthetic",
    )
    room = Room([signal], begun)
    done = await refresh(crawls, campaign, room.joined())
    assert (done.created, done.score) == (1, 40.0)
    (row,) = await rows(crawls, campaign)
    assert (row["state"], row["source"], row["room"]) == ("validated", "synthetic", "local")
    assert row["affected"]["share"] == pytest.approx(1 / 3)
    await execute(crawls, row)

    # Measured before it was executed, or not at all: nothing is known yet.
    for measured_at in (begun, None):
        room.signals, room.measured_at = [], measured_at
        await refresh(crawls, campaign, room.joined())
        assert (await find(crawls, row))["state"] == "executed"
    room.measured_at = now() + timedelta(seconds=1)
    await refresh(crawls, campaign, room.joined())
    assert (await find(crawls, row))["state"] == "verified"


async def test_inputs_that_were_not_all_measured_wait_for_validation(crawls: Crawls) -> None:
    campaign = await crawls.campaign("https://www.example.com/")
    signal = Signal(
        code="rank_dropped",
        room="rank",
        severity="high",
        affected=Affected(count=2, of=10),
        measured_share=0.6,
        measured_at=now() - timedelta(hours=1),
        source="synthetic",
    )
    room = Room([signal], signal.measured_at)
    await refresh(crawls, campaign, room.joined())
    (row,) = await rows(crawls, campaign)
    assert row["state"] == "generated"
    assert (await move(crawls, row, "approved")).code == "illegal_transition"
    assert row["confidence"] < 0.6


# The job


@pytest.fixture
async def ringing(crawls: Crawls) -> AsyncIterator[Database]:
    """Wakes the worker, as the API does."""
    queue = client(crawls.settings.arq_redis_url)
    db = Database.of(crawls.settings, application_name="lsos-tests", pusher=Notifier(queue))
    yield db
    await db.close()
    await queue.aclose()


async def test_a_burst_of_measurements_costs_few_refreshes_and_loses_none(
    crawls: Crawls, ringing: Database
) -> None:
    campaign = await crawls.campaign("https://www.example.com/")
    tenant = crawls.tenant.id
    async with ringing.tenant_session(tenant) as session:
        due = 0.4  # all are queued before the first starts
        ids = [
            await enqueue(
                session, REFRESH, tenant_id=tenant, campaign_id=UUID(campaign), delay_s=due
            )
            for _ in range(5)
        ]

    async def jobs() -> list[Job]:
        async with crawls.db.tenant_session(tenant) as session:
            found = (await session.scalars(select(Job).where(Job.id.in_(ids)))).all()
        return list(found) if all(job.state == "done" for job in found) else []

    done = {job.id: (job.summary or {})["state"] for job in await until(jobs, "five refreshes")}
    last = max(i for i in ids if i is not None)
    assert done[last] == "refreshed"
    assert set(done.values()) <= {"refreshed", "left_to_later"}


async def test_a_campaign_that_has_gone_ends_the_job_typed(
    crawls: Crawls, ringing: Database
) -> None:
    tenant = crawls.tenant.id
    async with ringing.tenant_session(tenant) as session:
        gone = await enqueue(session, REFRESH, tenant_id=tenant, campaign_id=new_id())
        nobody = await enqueue(session, REFRESH, tenant_id=tenant)

    async def ended() -> dict[UUID, str]:
        async with crawls.db.tenant_session(tenant) as session:
            found = (await session.scalars(select(Job).where(Job.id.in_([gone, nobody])))).all()
        states = {job.id: str((job.summary or {}).get("state")) for job in found}
        return states if all(job.state == "done" for job in found) else {}

    states = await until(ended, "both jobs to end")
    assert states == {gone: "campaign_gone", nobody: "no_campaign"}
