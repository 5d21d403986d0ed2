"""The stores of the tests: the servers, and on them a database and a Redis database per stack."""

import asyncio
import fcntl
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url

from lsos import embedded
from lsos.core.redis.client import client
from lsos.core.settings.environment import normalise_dsn
from lsos.core.settings.settings import Settings
from tests.support.seeds import reachable_folder, sow_with

OWNER = "lsos_test_owner"
OWNER_PASSWORD = "owner"
TEMPLATE = "lsos_test_template"
ROOT = Path(__file__).parents[2]
REDIS_DATABASES = 4
"""What one process needs at a time: the session's stack, that of a module and that of a test."""
MIGRATING = Path(tempfile.gettempdir(), f"lsos-test-migrating-{os.getuid()}")
HOME = tempfile.TemporaryDirectory(prefix="lsos-test-", ignore_cleanup_errors=True)
"""Mails and artifacts of tests that name no folder; removed when the tests end."""


def named_servers() -> embedded.Stores | None:
    """The PostgreSQL and Redis of POSTGRES_DSN and REDIS_URL, which all processes share."""
    dsn, redis_url = os.environ.get("POSTGRES_DSN"), os.environ.get("REDIS_URL")
    if dsn and redis_url:
        return embedded.Stores(postgres_dsn=normalise_dsn(dsn), redis_url=redis_url)
    return None


@contextmanager
def own_servers() -> Iterator[embedded.Stores]:
    """Embedded servers of this process, in which the database TEMPLATE is migrated."""
    with reachable_folder() as folder:
        sow_with(folder, "migrated", _make_template)
        with embedded.start(folder, durable=False) as running:
            yield running.stores


def _make_template(stores: embedded.Stores) -> None:
    async def make() -> None:
        admin = await asyncpg.connect(_plain(stores.postgres_dsn))
        await _create(admin, TEMPLATE)
        await admin.close()
        await migrate(
            _with(stores.postgres_dsn, user=OWNER, password=OWNER_PASSWORD, database=TEMPLATE)
        )

    # In a thread: the caller's may have a loop.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, make()).result()


class StoreFactory:
    """Makes the stores of each stack: a migrated database and an empty Redis database of its own.

    Alembic runs once; PostgreSQL copies its result in a tenth of the time.
    """

    def __init__(self, servers: embedded.Stores, *, template: str | None = None) -> None:
        self.servers = servers
        self._template = template
        self._redis_numbers: list[int] | None = None
        self._closing = AsyncExitStack()

    @asynccontextmanager
    async def new(self) -> AsyncIterator[embedded.Stores]:
        """Stores that nobody else uses, so that nobody else's work is found in them."""
        admin_dsn = self.servers.postgres_dsn
        if self._template is None:
            made = await self._closing.enter_async_context(fresh_database(admin_dsn))
            await migrate(made)
            self._template = make_url(made).database
        async with (
            fresh_database(admin_dsn, template=self._template) as dsn,
            self._redis_database() as redis_url,
        ):
            yield embedded.Stores(postgres_dsn=dsn, redis_url=redis_url)

    async def close(self) -> None:
        await self._closing.aclose()

    @asynccontextmanager
    async def _redis_database(self) -> AsyncIterator[str]:
        if self._redis_numbers is None:
            self._redis_numbers = await _redis_numbers(self.servers.redis_url)
        number = self._redis_numbers.pop(0)
        url = _with_number(self.servers.redis_url, number)
        redis = client(url)
        try:
            await redis.flushdb()
            yield url
        finally:
            await redis.aclose()
            self._redis_numbers.append(number)


async def _redis_numbers(url: str) -> list[int]:
    """Numbers of the server's databases that this process may use."""
    redis = client(url)
    try:
        count = int((await redis.config_get("databases"))["databases"])
    finally:
        await redis.aclose()
    if url != os.environ.get("REDIS_URL"):
        return list(range(count))
    # The processes of pytest-xdist share the named server, so each takes a part of its databases.
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    if count < workers * REDIS_DATABASES:
        raise pytest.UsageError(
            f"{workers} processes need {workers * REDIS_DATABASES} databases of the Redis that "
            f"REDIS_URL names, which has {count}: start it with more, or use fewer processes (-n)"
        )
    return list(range(worker, count, workers))


def _with_number(url: str, number: int) -> str:
    """The URL of another database of the same server."""
    address, _, query = url.partition("?")
    if address.startswith("unix:"):
        return f"{address}?db={number}"
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{number}" + (f"?{query}" if query else "")


@asynccontextmanager
async def fresh_database(
    admin_dsn: str, *, owner: str = OWNER, may: str = "createrole", template: str = "template1"
) -> AsyncIterator[str]:
    """DSN of a new database whose owner is no superuser, as on a managed PostgreSQL."""
    name = f"lsos_test_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(_plain(admin_dsn))
    try:
        await _create(admin, name, owner, may, template)
        yield _with(admin_dsn, user=owner, password=OWNER_PASSWORD, database=name)
    finally:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()


async def _create(
    admin: asyncpg.Connection,
    name: str,
    owner: str = OWNER,
    may: str = "createrole",
    template: str = "template1",
) -> None:
    await admin.execute(f"""
        do $$ begin
            create role {owner} login {may} nosuperuser password '{OWNER_PASSWORD}';
        exception when duplicate_object or unique_violation then null; end $$
    """)
    await admin.execute(
        f"create database {name} owner {owner} template {template} strategy file_copy"
    )


async def in_thread(work: Callable[..., object], *args: object) -> None:
    """Alembic runs a loop of its own, so it needs a thread of its own.

    Roles belong to the whole server, which test processes may share: one at a time makes them.
    """

    def alone() -> None:
        with MIGRATING.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            work(*args)

    await asyncio.to_thread(alone)


async def migrate(dsn: str, revision: str = "head") -> None:
    await in_thread(command.upgrade, alembic_config(dsn), revision)


def alembic_config(dsn: str) -> Config:
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["dsn"] = dsn
    return config


def settings_for(stores: embedded.Stores, **changes: object) -> Settings:
    """Settings of a test stack: no waiting between requests, short leases."""
    values: dict[str, object] = {
        "app_env": "test",
        "lsos_home": HOME.name,
        "jwt_secret": "test-secret-" + "x" * 40,
        "postgres_dsn": stores.postgres_dsn,
        "redis_url": stores.redis_url,
        "arq_redis_url": stores.redis_url,
        "rank_provider_backend": "synthetic",
        "local_provider_backend": "synthetic",
        "authority_provider_backend": "synthetic",
        "crawl_min_request_interval_seconds": 0.0,
        "crawl_timeout_seconds": 5.0,
        "job_lease_seconds": 10.0,
        "log_level": "WARNING",
        **changes,
    }
    return Settings(**values)  # type: ignore[arg-type]  # a test names fields as it likes


def _plain(dsn: str) -> str:
    return dsn.replace("postgresql+asyncpg://", "postgresql://")


def _with(dsn: str, *, user: str, password: str, database: str) -> str:
    """The DSN with another user and database; host and query stay."""
    scheme, _, rest = dsn.partition("://")
    authority, _, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    query = path.partition("?")[2]
    return f"{scheme}://{user}:{password}@{host}/{database}" + (f"?{query}" if query else "")
