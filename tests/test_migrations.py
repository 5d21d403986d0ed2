"""The schema goes up, down and up again, on a database whose owner is no superuser."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from lsos.core.db.database import Database
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate, UserCreate
from lsos.embedded import Stores
from lsos.rooms import JOINTS
from tests.support.stack import (
    StoreFactory,
    alembic_config,
    fresh_database,
    in_thread,
    settings_for,
)


@pytest.fixture
async def empty_dsn(stores: StoreFactory) -> AsyncIterator[str]:
    async with fresh_database(stores.servers.postgres_dsn) as dsn:
        yield dsn


async def tables(dsn: str) -> set[str]:
    connection = await asyncpg.connect(dsn.replace("+asyncpg", ""))
    try:
        rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


async def alembic(dsn: str, name: str, *args: Any) -> None:
    await in_thread(getattr(command, name), alembic_config(dsn), *args)


async def test_upgrade_makes_every_table_and_downgrade_takes_all_away(empty_dsn: str) -> None:
    await alembic(empty_dsn, "upgrade", "head")
    assert await tables(empty_dsn) == {*JOINTS.metadata().tables, "alembic_version"}
    await alembic(empty_dsn, "downgrade", "base")
    assert await tables(empty_dsn) == {"alembic_version"}
    await alembic(empty_dsn, "upgrade", "head")
    assert await tables(empty_dsn) == {*JOINTS.metadata().tables, "alembic_version"}


async def test_the_owner_is_no_superuser(empty_dsn: str) -> None:
    connection = await asyncpg.connect(empty_dsn.replace("+asyncpg", ""))
    try:
        asked = "select rolsuper from pg_roles where rolname = current_user"
        assert await connection.fetchval(asked) is False
    finally:
        await connection.close()


async def test_the_models_say_what_the_migrations_made(empty_dsn: str) -> None:
    await alembic(empty_dsn, "upgrade", "head")
    await alembic(empty_dsn, "check")


async def test_one_step_down_and_up_keeps_the_rows_of_older_tables(
    stores: StoreFactory, empty_dsn: str
) -> None:
    await alembic(empty_dsn, "upgrade", "head")
    own = Stores(postgres_dsn=empty_dsn, redis_url=stores.servers.redis_url)
    db = Database.of(settings_for(own), application_name="test")
    try:
        tenant = await auth.create_tenant(db, TenantCreate(name="Agency"), actor=None)
        body = UserCreate(email="a@example.com", role="analyst", password="long enough password")
        async with db.tenant_session(tenant.id) as session:
            await auth.create_user(session, tenant.id, body, actor=None)
    finally:
        await db.close()
    script = ScriptDirectory.from_config(alembic_config(empty_dsn))
    head = script.get_current_head()
    assert head is not None
    before = script.get_revision(head).down_revision
    await alembic(empty_dsn, "downgrade", "-1")
    kept = await tables(empty_dsn)
    await alembic(empty_dsn, "upgrade", "head")
    if before is not None:
        assert "tenants" in kept
        connection = await asyncpg.connect(empty_dsn.replace("+asyncpg", ""))
        try:
            # The owner has no policy of its own, so it looks through the system role.
            await connection.execute("set role lsos_system")
            assert await connection.fetchval("select count(*) from users") == 1
        finally:
            await connection.close()


async def test_upgrade_twice_changes_nothing(empty_dsn: str) -> None:
    await alembic(empty_dsn, "upgrade", "head")
    await alembic(empty_dsn, "upgrade", "head")
    assert await tables(empty_dsn) == {*JOINTS.metadata().tables, "alembic_version"}


def test_revisions_form_one_line() -> None:
    script = ScriptDirectory.from_config(alembic_config(""))
    assert len(script.get_heads()) == 1
    for revision in script.walk_revisions():
        assert revision.doc, f"{revision.revision} says nothing of itself"


async def test_an_owner_without_createrole_needs_only_the_grant(stores: StoreFactory) -> None:
    async with fresh_database(stores.servers.postgres_dsn) as dsn:
        await alembic(dsn, "upgrade", "head")  # the roles exist in the cluster from here on
    # A name of its own: what one run grants must not help the next one on the same cluster.
    plain = f"lsos_test_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(stores.servers.postgres_dsn.replace("+asyncpg", ""))
    async with fresh_database(stores.servers.postgres_dsn, owner=plain, may="nocreaterole") as dsn:
        with pytest.raises(DBAPIError, match="CREATEROLE"):
            await alembic(dsn, "upgrade", "head")
        modern = admin.get_server_version().major >= 16
        suffix = " with set true" if modern else ""
        await admin.execute(f"grant lsos_app, lsos_system to {plain}{suffix}")
        await alembic(dsn, "upgrade", "head")
        assert "crawl_runs" in await tables(dsn)
    await admin.execute(f"drop role {plain}")
    await admin.close()
