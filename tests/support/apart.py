"""A stack of its own: a database and a Redis database in which nobody else's work is counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.queue.jobs import enqueue
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client
from lsos.core.settings.settings import Settings
from tests.conftest import make_tenant, serve_api
from tests.support.clients import TenantClients
from tests.support.stack import StoreFactory, settings_for


@dataclass
class Stack:
    settings: Settings
    db: Database
    redis: Any
    tenant: TenantClients
    api: Any

    async def add(self, name: str, path: Path, **ids: object) -> UUID:
        async with self.db.tenant_session(self.tenant.id) as session:
            job = await enqueue(session, name, tenant_id=self.tenant.id, path=str(path), **ids)
        assert job is not None
        return job

    async def sql(self, statement: str, **values: object) -> Any:
        async with system_session(self.db) as session:
            return await session.execute(text(statement), values)


@asynccontextmanager
async def stack_apart(stores: StoreFactory, **changes: object) -> AsyncIterator[Stack]:
    """An API in this process and a tenant; no worker."""
    async with stores.new() as own:
        settings = settings_for(own, **changes)
        redis = client(own.redis_url)
        db = Database.of(settings, application_name="lsos-tests", pusher=Notifier(redis))
        async with serve_api(settings, db) as api:
            tenant = await make_tenant(api, "Counted agency")
            yield Stack(settings, db, redis, tenant, api)
        await db.close()
        await redis.aclose()
