"""What the engine gives to every kind: prices, cancelling, and when a reading began."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from lsos.core.clock import now
from lsos.rooms import JOINTS
from tests.conftest import Api, make_tenant
from tests.support.clients import TenantClients
from tests.support.measuring import PLACE, Measuring, ScriptedProvider, measuring
from tests.support.ranks import http_config, results
from tests.support.sites import site_pool
from tests.support.stack import StoreFactory
from tests.support.waiting import until

ORDERS = {
    "rank": "/rank/schedule",
    "local": "/local/refresh",
    "reviews": "/reviews/refresh",
    "authority": "/authority/refresh",
}
SOURCES = {source.room: source for source in JOINTS.signal_sources}
kinds = pytest.mark.parametrize("kind", ORDERS)


async def add_units(tenant: TenantClients, campaign: str) -> None:
    """Something to measure for each kind."""
    place = await tenant.analyst.post(f"/campaigns/{campaign}/locations", {"name": "Shop", **PLACE})
    assert place.status == 201, place.text
    body = {"campaign_id": campaign, "keywords": [{"text": "a"}]}
    keywords = await tenant.analyst.post("/rank/keywords", body)
    assert keywords.status == 201, keywords.text


# Without a worker: runs stay queued


@pytest.fixture(scope="module")
async def tenant(api: Api) -> TenantClients:
    return await make_tenant(api, "Planners")


@pytest.fixture
async def campaign(tenant: TenantClients) -> str:
    body = {"name": "Pine Cove", "site_url": "https://own.example/"}
    made = str((await tenant.analyst.post("/campaigns", body)).data["id"])
    await add_units(tenant, made)
    return made


@kinds
async def test_a_dry_run_tells_the_price_and_starts_nothing(
    tenant: TenantClients, campaign: str, kind: str
) -> None:
    body = {"campaign_id": campaign, "dry_run": True}
    answer = await tenant.analyst.post(ORDERS[kind], body)
    assert answer.status == 200, answer.text
    told = answer.data
    assert (told["source"], told["units"]) == ("synthetic", 1)
    assert 1 <= told["provider_calls"] <= told["provider_calls_at_most"]
    for path in (f"/{kind}/runs", "/jobs"):
        assert (await tenant.analyst.get(f"{path}?campaign_id={campaign}")).data == []


@kinds
async def test_a_run_is_cancelled_once_and_says_by_whom(
    tenant: TenantClients, campaign: str, kind: str
) -> None:
    ordered = await tenant.analyst.post(ORDERS[kind], {"campaign_id": campaign})
    assert ordered.status == 202, ordered.text
    (run,) = (await tenant.analyst.get(f"/{kind}/runs?campaign_id={campaign}")).data
    assert (run["state"], run["began_at"]) == ("queued", None)
    path = f"/{kind}/runs/{run['id']}/cancel"
    assert (await tenant.viewer.post(path, {})).status == 403
    for _ in range(2):
        answer = await tenant.analyst.post(path, {})
        assert answer.status == 200, answer.text
        assert (answer.data["state"], answer.data["reason_code"]) == (
            "cancelled",
            "cancelled_by_user",
        )
    assert answer.data["counts"] == {"unmeasured": 1}
    other = next(name for name in ORDERS if name != kind)
    assert (await tenant.analyst.get(f"/{other}/runs/{run['id']}")).status == 404


# With a worker, and a provider that a test holds back


class SlowProvider:
    """Every answer waits until it is let go."""

    def __init__(self) -> None:
        self.script = ScriptedProvider()
        self.script.answers["/v1/profile", "Shop"] = {"status": "empty"}
        self.script.answers["/v1/reviews", "Shop"] = {"status": "found", "reviews": [], "total": 0}
        counts = {"backlinks_total": 0, "referring_domains": 0, "followed_domains": 0}
        told = {"status": "found", **counts, "backlinks": []}
        self.script.answers["/v1/backlinks", "own.example"] = told
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.is_asked.set()
        await self.may_answer.wait()
        if request.path == "/serp":
            return web.json_response(results("https://own.example/"))
        return await self.script.answer(request)


@dataclass(frozen=True)
class Slow:
    stack: Measuring
    provider: SlowProvider

    async def measure(self, kind: str, campaign: str) -> str:
        """The id of a run that has just asked its first question."""
        self.provider.is_asked.clear()
        answer = await self.stack.tenant.analyst.post(ORDERS[kind], {"campaign_id": campaign})
        assert answer.status == 202, answer.text
        async with asyncio.timeout(60):
            await self.provider.is_asked.wait()
        (newest, *_) = await self.stack.get(f"/{kind}/runs", campaign)
        return str(newest["id"])

    async def end_of(self, kind: str, run_id: str) -> dict[str, Any]:
        async def look() -> dict[str, Any]:
            run: dict[str, Any] = (
                await self.stack.tenant.analyst.get(f"/{kind}/runs/{run_id}")
            ).data
            return run if run["finished_at"] else {}

        return await until(look, "the run to end")


@pytest.fixture(scope="module")
async def slow(stores: StoreFactory) -> AsyncIterator[Slow]:
    provider = SlowProvider()
    async with site_pool(1) as sites:
        site = await sites.open()
        site.script("*", provider.answer)
        settings: dict[str, Any] = {
            "rank_provider_backend": "http",
            "rank_http_provider_config_json": http_config(site),
            "outbound_allow_origins": site.base_url,
        }
        for room in ("local", "authority"):
            settings[f"{room}_provider_backend"] = "provider"
            settings[f"{room}_provider_url"] = site.base_url
            settings[f"{room}_provider_api_key"] = f"key-for-tests-{site.port}"
        async with measuring(stores, **settings) as stack:
            yield Slow(stack, provider)
            provider.may_answer.set()


@kinds
async def test_a_reading_counts_by_when_it_began(slow: Slow, kind: str) -> None:
    """What is fixed while a provider is still answering is not verified by that answer."""
    campaign = await slow.stack.campaign()
    await add_units(slow.stack.tenant, campaign)
    slow.provider.may_answer.clear()
    run_id = await slow.measure(kind, campaign)
    fixed_at = now()
    slow.provider.may_answer.set()
    run = await slow.end_of(kind, run_id)
    assert run["state"] == "completed", run
    source = SOURCES[kind]
    async with slow.stack.db.tenant_session(slow.stack.tenant.id) as session:
        measured_at = await source.measured_at(session, UUID(campaign))
        signals = await source.signals(session, UUID(campaign))
        times = [await read(session, UUID(campaign)) for read in source.measured_at_of.values()]
    assert measured_at is not None
    assert measured_at.isoformat() >= run["began_at"].replace("Z", "+00:00")
    assert measured_at < fixed_at
    assert all(signal.measured_at < fixed_at for signal in signals)
    assert all(at is None or at < fixed_at for at in times)
    assert run["calls"] >= 1
