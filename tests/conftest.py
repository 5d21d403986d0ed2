"""Fixtures: real stores, a migrated database, the served API, two tenants, a worker."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from hypothesis import settings as hypothesis_settings

from lsos import embedded, worker
from lsos.api import create_app
from lsos.core.db.database import Database
from lsos.core.settings.environment import REPLACED, environment_name
from lsos.core.settings.settings import Settings
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate, UserCreate
from lsos.room import Joints
from lsos.rooms import JOINTS
from tests.support import debian, seeds
from tests.support.api import serve
from tests.support.clients import Client, TenantClients
from tests.support.stack import TEMPLATE, StoreFactory, named_servers, own_servers, settings_for
from tests.support.waiting import PATIENCE_S

# Shared machines stall: a deadline would fail good code. The same seed each time keeps CI honest.
hypothesis_settings.register_profile("lsos", deadline=None, derandomize=True)
hypothesis_settings.load_profile("lsos")

PASSWORD = "correct horse battery staple"


STORES = {"POSTGRES_DSN", "REDIS_URL"}
PROCESSES_PER_CORE = 2
E2E, UNIT = (Path(__file__).parent / kind for kind in ("e2e", "unit"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stores",
        choices=("embedded", "debian"),
        default="embedded",
        help="PostgreSQL and Redis of the tests: those of our wheels, or of Debian's packages",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Variables of an installation, in whose shell the tests may run, are none of theirs.
    for name in {*map(environment_name, Settings.__struct_fields__), *REPLACED} - STORES:
        os.environ.pop(name, None)
    # There redis-py's time-outs come from async-timeout, which a cancelled task trips: a command
    # that is cancelled drops its connection for the garbage collector to close.
    if sys.version_info < (3, 11, 3):
        dropped = "ignore:.*AbstractConnection.__del__:pytest.PytestUnraisableExceptionWarning"
        config.addinivalue_line("filterwarnings", dropped)
    if not hasattr(config, "workerinput"):
        seeds.open_folder()
        config.add_cleanup(seeds.remove_folder)


def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means: the tests wait more than they compute."""
    return PROCESSES_PER_CORE * len(os.sched_getaffinity(0))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """How to run the tests in this order again; -q hides the line of pytest-randomly."""
    seed = config.getoption("randomly_seed", None)
    if seed is not None:
        terminalreporter.write_line(f'Order again: make test ARGS="--randomly-seed={seed}"')


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, and short ones to fill the gaps at the end: side by side, files are shared
    out in this order. Within each kind, the order is pytest-randomly's.
    """
    items.sort(key=lambda item: E2E not in item.path.parents)
    items.sort(key=lambda item: UNIT in item.path.parents)


@pytest.fixture(scope="session")
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[StoreFactory]:
    """Makes stores for a stack of one's own: whoever runs a worker needs them."""
    async with AsyncExitStack() as stack:
        if request.config.getoption("--stores") == "debian":
            factory = StoreFactory(
                embedded.Stores(
                    postgres_dsn=await stack.enter_async_context(debian.postgresql()),
                    redis_url=await stack.enter_async_context(debian.redis_server()),
                )
            )
        elif named := named_servers():
            factory = StoreFactory(named)
        else:
            factory = StoreFactory(stack.enter_context(own_servers()), template=TEMPLATE)
        stack.push_async_callback(factory.close)
        yield factory


@pytest.fixture(scope="session")
async def shared_stores(stores: StoreFactory) -> AsyncIterator[embedded.Stores]:
    """What the session's stack works on. No worker serves it: tests look at jobs that wait."""
    async with stores.new() as made:
        yield made


@pytest.fixture(scope="session")
def settings(shared_stores: embedded.Stores) -> Settings:
    return settings_for(shared_stores)


@pytest.fixture(scope="session")
async def db(settings: Settings) -> AsyncIterator[Database]:
    """For looking behind the API; enqueues nothing that a worker hears of."""
    database = Database.of(settings, application_name="lsos-tests")
    yield database
    await database.close()


@dataclass(frozen=True)
class Api:
    base_url: str
    db: Database
    settings: Settings
    http: httpx.AsyncClient
    client: Callable[[str | None], Client]


@pytest.fixture(scope="session")
async def api(settings: Settings, db: Database) -> AsyncIterator[Api]:
    async with serve_api(settings, db) as served:
        yield served


@asynccontextmanager
async def serve_api(settings: Settings, db: Database, rooms: Joints = JOINTS) -> AsyncIterator[Api]:
    """The API on a loopback port with other settings than the shared one."""
    async with (
        serve(create_app(settings, rooms)) as base_url,
        httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=PATIENCE_S) as http,
    ):

        def client(token: str | None) -> Client:
            return Client(http, settings.api_v1_prefix, token)

        yield Api(base_url=base_url, db=db, settings=settings, http=http, client=client)


@pytest.fixture
def anonymous(api: Api) -> Client:
    return api.client(None)


async def sign_in(api: Api, email: str, password: str = PASSWORD) -> Client:
    answer = await api.client(None).post("/auth/login", {"email": email, "password": password})
    assert answer.status == 200, answer.text
    return api.client(answer.data["access_token"])


MakeTenant = Callable[..., AbstractAsyncContextManager[TenantClients]]


async def make_tenant(api: Api, name: str) -> TenantClients:
    """A tenant with a user of each role, all signed in."""
    tenant = await auth.create_tenant(api.db, TenantCreate(name=name), actor=None)
    emails, ids = {}, {}
    for role in ("tenant_admin", "analyst", "client_viewer"):
        email = f"{role}.{tenant.id.hex}@example.com"
        async with api.db.tenant_session(tenant.id) as session:
            body = UserCreate(email=email, role=role, password=PASSWORD)  # type: ignore[arg-type]  # a literal
            user, _ = await auth.create_user(session, tenant.id, body, actor=None)
        emails[role], ids[role] = email, user.id
    return TenantClients(
        id=tenant.id,
        admin=await sign_in(api, emails["tenant_admin"]),
        analyst=await sign_in(api, emails["analyst"]),
        viewer=await sign_in(api, emails["client_viewer"]),
        viewer_id=UUID(str(ids["client_viewer"])),
        emails=emails,
        password=PASSWORD,
    )


@pytest.fixture(scope="session")
async def tenant_a(api: Api) -> TenantClients:
    return await make_tenant(api, "Agency A")


@pytest.fixture(scope="session")
async def tenant_b(api: Api) -> TenantClients:
    return await make_tenant(api, "Agency B")


@asynccontextmanager
async def running_worker(
    settings: Settings, queue: str = "default", rooms: Joints = JOINTS
) -> AsyncIterator[None]:
    """A worker in this event loop; what it has under way goes back at the end."""
    working = asyncio.ensure_future(
        worker.serve(settings, queue, handle_signals=False, rooms=rooms)
    )
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
