"""The baseline of Litestar and asyncpg: the same twenty rows, and nothing else."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from litestar import Litestar, get

_SQL = (
    "select id, name, site_url, business_name, category, setup_state, version, created_at"
    " from campaigns order by created_at, id limit 20"
)


class Row(msgspec.Struct):
    id: UUID
    name: str
    site_url: str
    business_name: str
    category: str
    setup_state: str
    version: int
    created_at: datetime


def create_app() -> Litestar:
    """`uvicorn --factory tools.bench.bare_api:create_app`; its connections have no row-level
    security."""
    pool: asyncpg.Pool[asyncpg.Record]

    @get("/rows")
    async def rows() -> list[Row]:
        return [Row(*row) for row in await pool.fetch(_SQL)]

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        nonlocal pool
        dsn = os.environ["POSTGRES_DSN"].replace("+asyncpg", "")
        async with asyncpg.create_pool(dsn) as pool:
            yield

    return Litestar([rows], lifespan=[lifespan], openapi_config=None)
