"""Reads of the stores' own state: are they there, and are they as this code needs them."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from arq.connections import ArqRedis
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from lsos import __version__
from lsos.core.db import APP_ROLE, SYSTEM_ROLE, Database
from lsos.core.redis import OUTAGE
from lsos.core.schema_version import HEAD, is_satisfied
from lsos.core.system_db import system_session
from lsos.domains.health.rules import overall
from lsos.domains.health.schemas import Check, Checks, Readiness

POSTGRESQL_TIMEOUT_S = 3.0
REDIS_TIMEOUT_S = 1.0

_TENANT_TABLES = text("""
    select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
        coalesce((
            select array_agg(distinct r.rolname::text)
            from pg_policy p join pg_roles r on r.oid = any(p.polroles)
            where p.polrelid = c.oid
        ), '{}') as roles
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = current_schema()
    where c.relkind in ('r', 'p') and (c.relname = 'tenants' or exists (
        select from pg_attribute a
        where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    ))
    order by c.relname
""")
_ROLES = text("""
    select rolname as name, rolsuper as is_superuser, rolbypassrls as bypasses_rls
    from pg_roles where rolname = any(:names)
""")


class Server(NamedTuple):
    """PostgreSQL's own words about itself."""

    version_num: int
    version: str
    now_epoch_s: float
    user: str


async def get_readiness(db: Database, redis: ArqRedis) -> Readiness:
    """Never raises: what fails becomes a check that says so, without naming hosts."""
    (postgresql, migrations), cache = await asyncio.gather(_check_database(db), _check_redis(redis))
    status = overall(postgresql=postgresql.ok, migrations=migrations.ok, redis=cache.ok)
    checks = Checks(postgresql=postgresql, migrations=migrations, redis=cache)
    return Readiness(status=status, checks=checks, version=__version__)


async def list_revisions(session: AsyncSession) -> Sequence[str]:
    """Alembic's heads in this database."""
    return (await session.scalars(text("select version_num from alembic_version"))).all()


async def get_server(connection: AsyncConnection) -> Server:
    row = await connection.execute(
        text(
            "select current_setting('server_version_num')::int,"
            " current_setting('server_version'),"
            " extract(epoch from clock_timestamp())::float8, current_user::text"
        )
    )
    return Server(*row.one())


async def list_roles(connection: AsyncConnection) -> Sequence[Row[tuple[object, ...]]]:
    """Rows (name, is_superuser, bypasses_rls) of our two roles, as far as they exist."""
    found = await connection.execute(_ROLES, {"names": [APP_ROLE, SYSTEM_ROLE]})
    return found.all()


async def list_tenant_tables(connection: AsyncConnection) -> Sequence[Row[tuple[object, ...]]]:
    """Rows (name, enabled, forced, roles): every table that must be under row-level security."""
    return (await connection.execute(_TENANT_TABLES)).all()


async def _check_database(db: Database) -> tuple[Check, Check]:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(POSTGRESQL_TIMEOUT_S), db.engine.connect() as connection:
            await connection.execute(text("select 1"))
    except Exception as error:  # noqa: BLE001 -- whatever fails, the answer is "not ready"
        detail = f"does not answer ({type(error).__name__})"
        postgresql = Check(ok=False, ms=_ms(started), detail=detail)
        return postgresql, Check(ok=False, ms=0.0, detail="unknown while PostgreSQL is away")
    postgresql = Check(ok=True, ms=_ms(started))
    started = time.perf_counter()
    try:
        async with asyncio.timeout(POSTGRESQL_TIMEOUT_S), system_session(db) as session:
            revisions = await list_revisions(session)
    except Exception as error:  # noqa: BLE001 -- whatever fails, the answer is "not ready"
        detail = f"can't be read ({type(error).__name__})"
        return postgresql, Check(ok=False, ms=_ms(started), detail=detail)
    is_ok, detail_of_revisions = judge_revisions(revisions)
    return postgresql, Check(ok=is_ok, ms=_ms(started), detail=detail_of_revisions)


def judge_revisions(revisions: Sequence[str]) -> tuple[bool, str | None]:
    """Whether these revisions serve this code, and what to say when they differ from its head."""
    if list(revisions) == [HEAD]:
        return True, None
    found = ", ".join(revisions) or "none"
    if len(revisions) == 1 and is_satisfied(revisions[0]):
        return True, f"at {found}, ahead of this code ({HEAD})"
    return False, f"at {found}, this code needs {HEAD}"


async def _check_redis(redis: ArqRedis) -> Check:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(REDIS_TIMEOUT_S):
            await redis.ping()
    except OUTAGE as error:
        detail = f"does not answer ({type(error).__name__}); work is taken and starts later"
        return Check(ok=False, ms=_ms(started), detail=detail)
    return Check(ok=True, ms=_ms(started))


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1_000, 1)
