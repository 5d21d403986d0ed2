"""Fixtures: two seeded tenants and an operator; sites on loopback with an API and a worker."""

from collections.abc import AsyncIterator

import pytest

from lsos.core.clock import new_id
from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate, UserCreate
from tests.conftest import PASSWORD, Api, make_tenant, running_worker, serve_api, sign_in
from tests.support.clients import Client
from tests.support.crawls import Crawls
from tests.support.operations import Operation, list_operations
from tests.support.parties import Party
from tests.support.seeding import seed
from tests.support.sites import Site, site_pool
from tests.support.stack import StoreFactory, settings_for

SITES = 40


async def _party(api: Api, mark: str) -> Party:
    clients = await make_tenant(api, mark)
    return Party(clients, await seed(api.db, clients.id, clients.viewer_id, mark))


@pytest.fixture(scope="session")
async def mine(api: Api) -> Party:
    return await _party(api, f"mine{new_id().hex}")


@pytest.fixture(scope="session")
async def theirs(api: Api) -> Party:
    return await _party(api, f"theirs{new_id().hex}")


@pytest.fixture(scope="session")
async def platform_admin(api: Api) -> Client:
    async with system_session(api.db) as session:
        tenant = await auth.find_platform_tenant(session)
    if tenant is None:
        body = TenantCreate(name="Operators")
        tenant = await auth.create_tenant(api.db, body, actor=None, is_platform=True)
    email = f"operator.{new_id().hex}@example.com"
    async with api.db.tenant_session(tenant.id) as session:
        user = UserCreate(email=email, role="platform_admin", password=PASSWORD)
        await auth.create_user(session, tenant.id, user, actor=None)
    return await sign_in(api, email)


@pytest.fixture(scope="session")
async def operations(api: Api) -> list[Operation]:
    return await list_operations(api.http, api.settings.api_v1_prefix)


@pytest.fixture(scope="module")
def crawl_timeout_s() -> float:
    """More than a busy machine takes for a page; modules with sites that hang have their own."""
    return 60.0


@pytest.fixture(scope="module")
async def crawls(stores: StoreFactory, crawl_timeout_s: float) -> AsyncIterator[Crawls]:
    async with site_pool(SITES) as sites, stores.new() as own:
        settings = settings_for(
            own,
            outbound_allow_origins=sites.origins,
            crawl_timeout_seconds=crawl_timeout_s,
            crawl_frontier_batch_size=10,
        )
        redis = client(settings.redis_url)
        db = Database.of(settings, application_name="lsos-tests", pusher=Notifier(redis))
        async with serve_api(settings, db) as api:
            tenant = await make_tenant(api, "Crawlers")
            async with running_worker(settings):
                yield Crawls(db=db, settings=settings, sites=sites, tenant=tenant, api=api)
        await db.close()
        await redis.aclose()


@pytest.fixture
async def site(crawls: Crawls) -> Site:
    return await crawls.sites.open()
