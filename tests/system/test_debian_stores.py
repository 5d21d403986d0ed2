"""The product on Debian's own PostgreSQL and Redis, which an operator has without us."""

import socket
from collections.abc import AsyncIterator

import asyncpg
import pytest

from lsos import embedded
from lsos.core.db.database import Database
from lsos.demo import server as demo
from lsos.domains.health.doctor import examine
from lsos.rooms import JOINTS
from tests.conftest import make_tenant, running_worker, serve_api
from tests.support import debian
from tests.support.stack import fresh_database, migrate, settings_for
from tests.support.waiting import until

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
async def stores() -> AsyncIterator[embedded.Stores]:
    """In place of the embedded servers of the other tests."""
    async with debian.postgresql() as dsn, debian.redis_server() as redis_url:
        yield embedded.Stores(postgres_dsn=dsn, redis_url=redis_url)


@pytest.fixture(scope="module")
async def dsn(stores: embedded.Stores) -> AsyncIterator[str]:
    async with fresh_database(stores.postgres_dsn) as fresh:
        await migrate(fresh)
        yield fresh


async def test_the_stores_are_debians(stores: embedded.Stores) -> None:
    connection = await asyncpg.connect(stores.postgres_dsn.replace("+asyncpg", ""))
    try:
        assert connection.get_server_version().major >= 15
    finally:
        await connection.close()
    assert await debian.redis_version(stores.redis_url) >= "7"


async def test_an_owner_who_is_no_superuser_migrates_everything(dsn: str) -> None:
    connection = await asyncpg.connect(dsn.replace("+asyncpg", ""))
    try:
        is_superuser = await connection.fetchval(
            "select rolsuper from pg_roles where rolname = current_user"
        )
        rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    finally:
        await connection.close()
    assert is_superuser is False
    found = {row["tablename"] for row in rows}
    assert found == {*JOINTS.metadata().tables, "alembic_version"}
    assert "report_schedules" in found


async def test_the_doctor_finds_no_fault(stores: embedded.Stores, dsn: str) -> None:
    settings = settings_for(stores, dsn)
    async with running_worker(settings):

        async def is_sound() -> bool:
            return all(finding.ok for finding in await examine(settings))

        await until(is_sound, "the doctor to find everything in order")


async def test_a_small_crawl_runs_through(stores: embedded.Stores, dsn: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        runner, url = await demo.start(listener)
        settings = settings_for(stores, dsn, outbound_allow_origins=url.rstrip("/"))
        db = Database.of(settings, application_name="lsos-tests")
        try:
            async with serve_api(settings, db) as api, running_worker(settings):
                client = (await make_tenant(api, "Debian agency")).analyst
                campaign = await client.post("/campaigns", {"name": "Pine", "site_url": url})
                started = await client.post(
                    "/crawl/schedule", {"campaign_id": campaign.data["id"], "max_pages": 15}
                )
                assert started.status == 202, started.text

                async def ended() -> dict[str, object] | None:
                    run = (await client.get(f"/crawl/runs/{started.data['run_id']}")).data
                    return dict(run) if run["state"] not in ("queued", "running") else None

                run = await until(ended, "the crawl to end")
        finally:
            await db.close()
            await runner.cleanup()
    assert run is not None
    assert run["state"] == "completed"
    assert run["technical_score"] is not None
