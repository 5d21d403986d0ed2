"""The stores of the tests: embedded servers, or those that the environment names."""

import asyncio
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config

from lsos import embedded
from lsos.core.settings.environment import normalise_dsn
from lsos.core.settings.settings import Settings

OWNER = "lsos_test_owner"
OWNER_PASSWORD = "owner"
ROOT = Path(__file__).parents[2]
HOME = tempfile.TemporaryDirectory(prefix="lsos-test-", ignore_cleanup_errors=True)
"""Mails and artifacts of tests that name no folder; removed when the tests end."""


@contextmanager
def servers(folder: Path) -> Iterator[embedded.Stores]:
    """PostgreSQL and Redis by POSTGRES_DSN and REDIS_URL, else embedded ones."""
    dsn, redis_url = os.environ.get("POSTGRES_DSN"), os.environ.get("REDIS_URL")
    if dsn and redis_url:
        yield embedded.Stores(postgres_dsn=normalise_dsn(dsn), redis_url=redis_url)
        return
    with embedded.start(folder, durable=False) as running:
        yield running.stores


@asynccontextmanager
async def fresh_database(
    admin_dsn: str, *, owner: str = OWNER, may: str = "createrole"
) -> AsyncIterator[str]:
    """DSN of a new database whose owner is no superuser, as on a managed PostgreSQL."""
    name = f"lsos_test_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(_plain(admin_dsn))
    try:
        await admin.execute(f"""
            do $$ begin
                create role {owner} login {may} nosuperuser password '{OWNER_PASSWORD}';
            exception when duplicate_object then null; end $$
        """)
        await admin.execute(f"create database {name} owner {owner}")
        yield _with(admin_dsn, user=owner, password=OWNER_PASSWORD, database=name)
    finally:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()


async def in_thread(work: Callable[..., object], *args: object) -> None:
    """Alembic runs a loop of its own, so it needs a thread of its own."""
    await asyncio.to_thread(work, *args)


async def migrate(dsn: str, revision: str = "head") -> None:
    await in_thread(command.upgrade, alembic_config(dsn), revision)


def alembic_config(dsn: str) -> Config:
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["dsn"] = dsn
    return config


def settings_for(stores: embedded.Stores, dsn: str, **changes: object) -> Settings:
    """Settings of a test stack: no waiting between requests, short leases."""
    values: dict[str, object] = {
        "app_env": "test",
        "lsos_home": HOME.name,
        "jwt_secret": "test-secret-" + "x" * 40,
        "postgres_dsn": dsn,
        "redis_url": stores.redis_url,
        "arq_redis_url": stores.redis_url,
        "rank_provider_backend": "synthetic",
        "local_provider_backend": "synthetic",
        "authority_provider_backend": "synthetic",
        "crawl_min_request_interval_seconds": 0.0,
        "crawl_timeout_seconds": 5.0,
        "job_lease_seconds": 4.0,
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
