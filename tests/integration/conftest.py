"""Fixtures of the tests about who may do and see what: two seeded tenants and an operator."""

import pytest

from lsos.core.clock import new_id
from lsos.core.system_db import system_session
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate, UserCreate
from tests.conftest import PASSWORD, Api, make_tenant, sign_in
from tests.support.clients import Client
from tests.support.operations import Operation, list_operations
from tests.support.parties import Party
from tests.support.seeding import seed


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
