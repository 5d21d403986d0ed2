"""Sessions give back what they took, however many were open at once."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from lsos.core.clock import new_id
from lsos.core.db.database import Database
from lsos.core.settings.settings import Settings
from tests.support.waiting import until

POOL = 2


@pytest.fixture
async def small(settings: Settings) -> AsyncIterator[Database]:
    """A database whose pool keeps two connections and opens two more when they are needed."""
    database = Database.of(
        msgspec.structs.replace(settings, postgres_pool_size=POOL),
        application_name=f"lsos-{new_id()}",
    )
    yield database
    await database.close()


async def test_connections_beyond_the_pool_are_closed_after_use(
    small: Database, db: Database
) -> None:
    all_open = asyncio.Barrier(2 * POOL)

    async def use() -> str:
        async with small.tenant_session(new_id()) as session:
            await all_open.wait()
            name = await session.driver.fetchval("select current_setting('application_name')")
            return str(name)

    [name] = set(await asyncio.gather(*(use() for _ in range(2 * POOL))))

    async def are_closed() -> bool:
        query = "select count(*) from pg_stat_activity where application_name = $1"
        async with db.tenant_session(new_id()) as session:
            return int(await session.driver.fetchval(query, name)) == POOL

    await until(are_closed, "the connections beyond the pool to be closed", timeout_s=20)
