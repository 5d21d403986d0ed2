"""Alembic's entry: online only, over asyncpg, each migration in its own transaction."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from lsos.core.errors import SettingsError
from lsos.embedded.installation import resolve_settings
from lsos.rooms import JOINTS

LOCK_ID = 7_266_300_126
"""Advisory lock: two deployments must not migrate at once."""


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=JOINTS.metadata(),
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_online() -> None:
    dsn = context.config.attributes.get("dsn") or resolve_settings().postgres_dsn
    engine = create_async_engine(dsn, poolclass=pool.NullPool)
    async with engine.connect() as guard, engine.connect() as connection:
        await guard.exec_driver_sql(f"select pg_advisory_lock({LOCK_ID})")
        await connection.run_sync(run)
    await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("offline mode is not supported: roles and policies need a server")
try:
    asyncio.run(run_online())
except SettingsError as error:
    raise SystemExit(error.message) from None
