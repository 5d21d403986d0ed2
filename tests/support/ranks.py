"""Runs rank measurements through the API and a real runner, against a scripted provider."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import msgspec
from aiohttp import web
from sqlalchemy import select, text

from lsos.core.clock import now
from lsos.core.db.database import Database
from lsos.core.queue.jobs import Job
from lsos.core.queue.runner import Runner
from lsos.core.redis.client import client as redis_client
from lsos.core.resources import Resources
from lsos.core.settings.settings import Settings
from lsos.domains.measuring.queries import get_run
from lsos.domains.measuring.rules import Run
from lsos.domains.rank.models import RankSnapshot
from lsos.rooms import JOINTS
from tests.support.clients import TenantClients
from tests.support.sites import Site, site_pool

SITE = "https://www.alder.example/"


def results(*urls: str, pack: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    items = [{"position": i, "url": url, "title": f"Result {i}"} for i, url in enumerate(urls, 1)]
    return {"results": items, "places": pack or []}


class Provider:
    """Any JSON source: answers by keyword, counts every question."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.asked: list[str] = []
        self.answers: dict[str, Callable[[], Awaitable[web.StreamResponse]]] = {}
        site.script("*", self._answer)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        keyword = request.query["q"]
        self.asked.append(keyword)
        answer = self.answers.get(keyword) or self.answers.get("*")
        if answer is None:
            return web.json_response(results("https://b.example/", SITE))
        return await answer()

    def say(self, keyword: str, body: Any, status: int = 200, **headers: str) -> None:
        """The answer to a keyword, or to all with `*`."""

        async def answer() -> web.StreamResponse:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.json_response(body, status=status, headers=named)

        self.answers[keyword] = answer

    def hang(self, keyword: str) -> asyncio.Event:
        """No answer to this keyword; the event is set when it is asked for."""
        asked = asyncio.Event()

        async def answer() -> web.StreamResponse:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

        self.answers[keyword] = answer
        return asked


class Ranks:
    def __init__(
        self,
        settings: Settings,
        db: Database,
        tenant: TenantClients,
        runner: Runner,
        resources: Resources,
    ) -> None:
        self.settings = settings
        self.db = db
        self.tenant = tenant
        self.runner = runner
        self.resources = resources

    async def campaign(self, *keywords: str, cid: str | None = None, **more: Any) -> str:
        """A campaign with keywords, and a location when there is a CID."""
        made = await self.tenant.analyst.post("/campaigns", {"name": "Alder", "site_url": SITE})
        campaign = str(made.data["id"])
        if cid is not None:
            place = {"name": "Shop", "cid": cid}
            answer = await self.tenant.analyst.post(f"/campaigns/{campaign}/locations", place)
            assert answer.status == 201, answer.text
        if keywords:
            await self.add(campaign, *({"text": text, **more} for text in keywords))
        return campaign

    async def add(self, campaign: str, *keywords: dict[str, Any]) -> Any:
        for start in range(0, len(keywords), 1_000):
            body = {"campaign_id": campaign, "keywords": list(keywords[start : start + 1_000])}
            answer = await self.tenant.analyst.post("/rank/keywords", body)
            assert answer.status == 201, answer.text
        return answer.data

    async def schedule(self, campaign: str) -> str:
        answer = await self.tenant.analyst.post("/rank/schedule", {"campaign_id": campaign})
        assert answer.status == 202, answer.text
        return str(answer.data["run_id"])

    async def jobs(self, campaign: str, *names: str, due: bool = True) -> list[Job]:
        async with self.db.tenant_session(self.tenant.id) as session:
            query = select(Job).where(
                Job.campaign_id == UUID(campaign), Job.name.in_(names), Job.state == "queued"
            )
            if due:
                query = query.where(Job.due_at <= text("now() + interval '1 second'"))
            return list((await session.scalars(query.order_by(Job.created_at))).all())

    async def work(self, campaign: str) -> None:
        """Run the rank jobs of a campaign that are due, until none is."""
        while jobs := await self.jobs(campaign, "rank.measure", "rank.baseline"):
            for job in jobs:
                await self.runner.run(self.tenant.id, job.id)

    async def measure(self, campaign: str) -> dict[str, Any]:
        """One run from schedule to end."""
        run_id = await self.schedule(campaign)
        await self.work(campaign)
        return await self.run(run_id)

    async def run(self, run_id: str) -> dict[str, Any]:
        answer = await self.tenant.analyst.get(f"/rank/runs/{run_id}")
        assert answer.status == 200, answer.text
        found: dict[str, Any] = answer.data
        return found

    async def snapshots(self, campaign: str) -> dict[str, dict[str, Any]]:
        """Of the newest day, by keyword."""
        answer = await self.tenant.analyst.get(f"/rank/snapshots?campaign_id={campaign}&limit=200")
        assert answer.status == 200, answer.text
        return {row["keyword"]: row for row in reversed(answer.data)}

    async def open_run(self, run_id: str) -> Run:
        async with self.db.tenant_session(self.tenant.id) as session:
            return await get_run(session, self.tenant.id, UUID(run_id), "rank")

    async def put(self, campaign: str, keyword_id: str, day: Any, **values: Any) -> None:
        """A snapshot of another day, past the API."""
        async with self.db.tenant_session(self.tenant.id) as session:
            state = values.pop("state", "found")
            row = {
                "pack_state": "empty",
                "results": [],
                "pack": [],
                "features": [],
                "source": "http",
                "measured_at": now(),
                **values,
            }
            session.add(
                RankSnapshot(
                    tenant_id=self.tenant.id,
                    campaign_id=UUID(campaign),
                    keyword_id=UUID(keyword_id),
                    run_id=uuid4(),
                    day=day,
                    state=state,
                    **row,
                )
            )


def http_config(site: Site, key: str = "") -> str:
    return json.dumps(
        {
            "url": site.base_url + "/serp?q={keyword}&device={device}",
            "headers": {"Authorization": f"Bearer {key or uuid4().hex}"},
            "fields": {"results": "results", "pack": "places"},
        }
    )


@asynccontextmanager
async def ranks_of(
    settings: Settings, db: Database, tenant: TenantClients, **changes: Any
) -> AsyncIterator[Ranks]:
    """A runner whose process has these settings; the API may have others."""
    changed = msgspec.structs.replace(settings, **changes)
    redis = redis_client(settings.redis_url)
    await redis.delete("provider:breaker:rank_http", "provider:breaker:serpapi")
    async with Resources(changed, redis, db) as resources:
        await JOINTS.start(resources)
        runner = Runner(
            db=db, settings=changed, registry=JOINTS.tasks(), worker="here", resources=resources
        )
        yield Ranks(changed, db, tenant, runner, resources)
    await redis.aclose()


@asynccontextmanager
async def provider_of() -> AsyncIterator[Provider]:
    async with site_pool(1) as sites:
        yield Provider(await sites.open())
