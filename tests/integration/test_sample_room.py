"""What a newcomer writes: a room in one folder, which its manifest alone joins to the house."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from lsos.core.db.database import Database
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client
from lsos.room import Joints
from lsos.rooms import ROOMS
from tests.conftest import make_tenant, running_worker, serve_api
from tests.support.clients import Client, TenantClients
from tests.support.sample_room.models import make_table
from tests.support.sample_room.room import ROOM
from tests.support.sites import Sites, site_pool
from tests.support.stack import StoreFactory, settings_for
from tests.support.waiting import until


@dataclass(frozen=True)
class House:
    rooms: Joints
    tenant: TenantClients
    sites: Sites
    redis: object
    http: httpx.AsyncClient


@pytest.fixture(scope="module")
async def house(stores: StoreFactory) -> AsyncIterator[House]:
    rooms = Joints((*ROOMS, ROOM))
    async with site_pool(1) as sites, stores.new() as own:
        settings = settings_for(own, outbound_allow_origins=sites.origins)
        redis = client(settings.redis_url)
        db = Database.of(settings, application_name="lsos-tests", pusher=Notifier(redis))
        await make_table(db)
        async with serve_api(settings, db, rooms) as api, running_worker(settings, rooms=rooms):
            yield House(rooms, await make_tenant(api, "Note takers"), sites, redis, api.http)
        await db.close()
        await redis.aclose()


async def test_a_room_is_joined_by_its_manifest_alone(house: House) -> None:
    site = await house.sites.open()
    analyst = house.tenant.analyst
    body = {"name": "Alder Bay Plumbing", "site_url": site.base_url}
    campaign = (await analyst.post("/campaigns", body)).data["id"]
    for state in ("Configured", "BaselineRunning"):
        moved = await analyst.patch(f"/campaigns/{campaign}/setup-state", {"state": state})
        assert moved.status == 200, moved.text

    async def is_active() -> bool:
        return bool((await analyst.get(f"/campaigns/{campaign}")).data["setup_state"] == "Active")

    await until(is_active, "the baseline, the room's step included, to end")
    steps = {
        step["name"]: step["state"]
        for step in (await analyst.get(f"/campaigns/{campaign}")).data["baseline"]
    }
    assert steps["notes"] == "done"

    async def notes() -> list[str]:
        answer = await analyst.get(f"/notes?campaign_id={campaign}")
        assert answer.status == 200, answer.text
        return sorted(answer.data)

    async def has_followed_the_crawl() -> bool:
        return await notes() == ["Alder", "Bay", "Plumbing", "crawled"]

    await until(has_followed_the_crawl, "the room's task to follow the crawl")
    shown = await analyst.get(f"/dashboard?campaign_id={campaign}")
    assert shown.data["figures"] == {"notes_kept": 4}


async def test_its_scope_is_asked_of_everybody(house: House) -> None:
    assert "notes:read" in house.rooms.access.scopes_of["client_viewer"]
    assert "notes:write" not in house.rooms.access.scopes_of["client_viewer"]
    key = {"name": "notes", "scopes": ["crawl:read"]}
    made = await house.tenant.admin.post("/auth/api-keys", key)
    stranger = Client(house.http, "/api/v1", made.data["secret"])
    campaign = "00000000-0000-0000-0000-000000000000"
    refused = await stranger.get(f"/notes?campaign_id={campaign}")
    assert (refused.status, refused.code) == (403, "forbidden")


async def test_its_signal_its_score_and_its_tick_are_known(house: House) -> None:
    assert "notes_unread" in house.rooms.known_codes
    assert "notes" in [source.part for source in house.rooms.score_sources]
    assert "notes" in [source.room for source in house.rooms.signal_sources]

    async def has_ticked() -> bool:
        return bool(await house.redis.exists("sample_room:ticked"))  # type: ignore[attr-defined]  # ArqRedis

    await until(has_ticked, "the room's tick to run")
