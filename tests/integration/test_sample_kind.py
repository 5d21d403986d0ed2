"""The engine of measurements, by a kind that it knows nothing of."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from lsos.core.db.database import Database
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client
from lsos.core.settings.settings import Settings
from lsos.room import Joints
from lsos.rooms import ROOMS
from tests.conftest import make_tenant, serve_api
from tests.support.clients import TenantClients
from tests.support.sample_room.measurement import ASKED, GARBLED, HELD
from tests.support.sample_room.models import make_table
from tests.support.sample_room.room import ROOM
from tests.support.stack import StoreFactory, settings_for
from tests.support.waiting import until
from tests.support.workers import worker_process

WORKER = "tests.support.sample_room.worker"
WORDS = [f"w{number:02}" for number in range(12)]
ENDED = ("completed", "completed_with_errors", "failed", "cancelled")


@dataclass(frozen=True)
class Post:
    settings: Settings
    db: Database
    redis: Redis
    tenant: TenantClients

    async def campaign(self, *words: str) -> str:
        answer = await self.tenant.analyst.post("/campaigns", {"name": " ".join(words)})
        assert answer.status == 201, answer.text
        return str(answer.data["id"])

    async def order(self, campaign: str) -> str:
        answer = await self.tenant.analyst.post("/notes/measure", {"campaign_id": campaign})
        assert answer.status == 202, answer.text
        return str(answer.data["id"])

    async def run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.tenant.analyst.get(f"/notes/runs/{run_id}")).data
        return found

    async def end_of(self, run_id: str) -> dict[str, Any]:
        async def look() -> dict[str, Any]:
            run = await self.run(run_id)
            return run if run["state"] in ENDED else {}

        return await until(look, "the run to end")

    async def asked(self) -> list[str]:
        return [word.decode() for word in await self.redis.lrange(ASKED, 0, -1)]  # type: ignore[misc]  # redis-py's union

    async def until_asked(self, *words: str) -> None:
        async def look() -> bool:
            return set(words) <= set(await self.asked())

        await until(look, f"{words} to be asked for")

    async def notes(self, campaign: str) -> list[str]:
        return sorted((await self.tenant.analyst.get(f"/notes?campaign_id={campaign}")).data)


@pytest.fixture
async def post(stores: StoreFactory) -> AsyncIterator[Post]:
    async with stores.new() as own:
        settings = settings_for(own, job_lease_seconds=4.0)
        redis = client(settings.redis_url)
        db = Database.of(settings, application_name="lsos-tests", pusher=Notifier(redis))
        await make_table(db)
        async with serve_api(settings, db, Joints((*ROOMS, ROOM))) as api:
            yield Post(settings, db, redis, await make_tenant(api, "Senders"))
        await db.close()
        await redis.aclose()


async def test_a_run_outlives_a_killed_worker(post: Post, tmp_path: Path) -> None:
    campaign = await post.campaign(*WORDS)
    await post.redis.set(HELD, "w06")
    async with worker_process(post.settings, tmp_path / "a.log", module=WORKER) as first:
        run_id = await post.order(campaign)
        await post.until_asked("w06")
        before = await post.run(run_id)
        first.kill()
        await first.wait()
    assert (before["state"], before["total"], before["done"]) == ("running", 12, 4)
    assert before["counts"] == {"found": 4}
    await post.redis.delete(HELD)
    async with worker_process(post.settings, tmp_path / "b.log", module=WORKER):
        run = await post.end_of(run_id)
    assert (run["state"], run["reason_code"], run["counts"]) == ("completed", None, {"found": 12})
    assert run["began_at"] == before["began_at"], "a resumed run began when it first asked"
    asked = Counter(await post.asked())
    twice = {word for word, times in asked.items() if times > 1}
    assert sorted(asked) == WORDS
    assert twice <= set(WORDS[4:8]), "only the batch that died with its worker is repeated"
    assert await post.notes(campaign) == WORDS


async def test_a_cancelled_run_asks_for_nothing_more(post: Post, tmp_path: Path) -> None:
    campaign = await post.campaign(*WORDS)
    await post.redis.set(HELD, "w01")
    async with worker_process(post.settings, tmp_path / "a.log", module=WORKER):
        run_id = await post.order(campaign)
        await post.until_asked("w00", "w01", "w02", "w03")
        cancelled = await post.tenant.analyst.post(f"/notes/runs/{run_id}/cancel", {})
        assert cancelled.status == 200, cancelled.text
        assert cancelled.data["state"] == "cancelled"
        await post.redis.delete(HELD)

        async def has_stored() -> bool:
            return len(await post.notes(campaign)) == 4

        await until(has_stored, "the answers under way to be stored")
        run = await post.run(run_id)
        await post.end_of(await post.order(await post.campaign("later")))
    assert (run["state"], run["reason_code"]) == ("cancelled", "cancelled_by_user")
    assert run["counts"] == {"found": 4, "unmeasured": 8}
    assert sorted(await post.asked()) == [*sorted(["later"]), *WORDS[:4]]


async def test_a_dry_run_tells_the_price_and_starts_nothing(post: Post, tmp_path: Path) -> None:
    campaign = await post.campaign(*WORDS)
    body = {"campaign_id": campaign, "dry_run": True}
    answer = await post.tenant.analyst.post("/notes/measure", body)
    assert answer.status == 200, answer.text
    assert answer.data == {
        "source": "postbox",
        "units": 12,
        "provider_calls": 12,
        "provider_calls_at_most": 24,
    }
    assert (await post.tenant.analyst.get("/notes/runs")).data == []
    assert (await post.tenant.analyst.get(f"/jobs?campaign_id={campaign}")).data == []
    async with worker_process(post.settings, tmp_path / "a.log", module=WORKER):
        run = await post.end_of(await post.order(campaign))
    assert run["calls"] == 12, "the price afterwards"


async def test_what_fails_says_why(post: Post, tmp_path: Path) -> None:
    async with worker_process(post.settings, tmp_path / "a.log", module=WORKER):
        partly = await post.end_of(await post.order(await post.campaign("a", GARBLED)))
        fully = await post.end_of(await post.order(await post.campaign(GARBLED)))
    assert (partly["state"], partly["counts"]) == (
        "completed_with_errors",
        {"found": 1, "error": 1},
    )
    assert (fully["state"], fully["reason_code"]) == ("failed", "nothing_measured")
    with pytest.raises(IntegrityError, match="ck_measurements_reason"):
        async with post.db.tenant_session(post.tenant.id) as session:
            await session.execute(text("update measurements set reason_code = null"))
