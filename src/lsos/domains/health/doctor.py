"""What `lsos doctor` looks at, from the settings to the clocks, and what to type about it."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from lsos.core.clock import now
from lsos.core.db.database import APP_ROLE, SYSTEM_ROLE, Database
from lsos.core.db.system import system_session
from lsos.core.redaction import Redactor
from lsos.core.redis.client import OUTAGE, client
from lsos.core.settings.environment import check
from lsos.core.settings.settings import Settings
from lsos.domains.health import queries
from lsos.domains.health.schemas import Finding

CONNECT_TIMEOUT_S = 10.0
MAX_SKEW_S = 2.0
OLDEST_POSTGRESQL = 15
NEWEST_POSTGRESQL = 18
OLDEST_REDIS = 7
MIGRATE = "type `lsos migrate`"
NOBODY = UUID(int=0)


async def examine(settings: Settings) -> list[Finding]:
    """Everything that can be seen from here; never raises for what it looks at."""
    redactor = Redactor(settings.secrets)
    found = judge_settings(settings)
    if settings.postgres_dsn:
        found += await _examine_postgresql(settings, redactor)
    else:
        found.append(
            Finding("postgresql", ok=False, detail="POSTGRES_DSN is unset", hint=_STORES_HINT)
        )
    urls = {"redis": settings.redis_url}
    if settings.arq_redis_url not in ("", settings.redis_url):
        urls["redis of the queue"] = settings.arq_redis_url
    for name, url in urls.items():
        if url:
            found += await _examine_redis(name, url, redactor)
        else:
            found.append(Finding(name, ok=False, detail="REDIS_URL is unset", hint=_STORES_HINT))
    return found


_STORES_HINT = "type `make run` in another terminal, or set it"


def judge_settings(settings: Settings) -> list[Finding]:
    faults = check(settings)
    if not faults:
        return [Finding("settings", ok=True, detail=f"APP_ENV={settings.app_env}")]
    hint = "correct the variable in the environment or the .env file, see .env.example"
    return [Finding("settings", ok=False, detail=fault, hint=hint) for fault in faults]


def judge_postgresql_version(server: queries.Server) -> Finding:
    major = server.version_num // 10_000
    hint = ""
    if major < OLDEST_POSTGRESQL:
        hint = f"upgrade to PostgreSQL {NEWEST_POSTGRESQL}, for instance with `pg_upgrade`"
    elif major > NEWEST_POSTGRESQL:
        hint = f"not tested yet; PostgreSQL {OLDEST_POSTGRESQL} to {NEWEST_POSTGRESQL} are"
    detail = f"version {server.version}, logged in as {server.user}"
    return Finding("postgresql", ok=major >= OLDEST_POSTGRESQL, detail=detail, hint=hint)


def judge_skew(skew_s: float) -> Finding:
    """`skew_s`: how far PostgreSQL's clock is ahead of this machine's."""
    is_ok = abs(skew_s) <= MAX_SKEW_S
    return Finding(
        "clock",
        ok=is_ok,
        detail=f"PostgreSQL is {abs(skew_s):.1f} s {'ahead' if skew_s > 0 else 'behind'}",
        hint="" if is_ok else "type `timedatectl set-ntp true` on both machines",
    )


def judge_redis(name: str, info: Mapping[str, object]) -> list[Finding]:
    """`info`: the answer to INFO; managed servers leave parts of it out."""
    version = str(info.get("redis_version", "unknown"))
    shown = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}"
    major = version.partition(".")[0]
    is_new = not major.isdigit() or int(major) >= OLDEST_REDIS
    hint = "" if is_new else f"upgrade to Redis {OLDEST_REDIS} or Valkey 9"
    found = [Finding(name, ok=is_new, detail=shown, hint=hint)]
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        found.append(
            Finding(
                f"{name} eviction",
                ok=True,
                detail=f"maxmemory-policy is {policy}: permits and queue entries may vanish",
                hint="type `redis-cli config set maxmemory-policy noeviction`",
            )
        )
    if str(info.get("aof_enabled", "1")) == "0":
        found.append(
            Finding(
                f"{name} persistence",
                ok=True,
                detail="no append-only file: after a restart, jobs start some seconds late",
                hint="type `redis-cli config set appendonly yes`, if that matters to you",
            )
        )
    return found


async def _examine_postgresql(settings: Settings, redactor: Redactor) -> list[Finding]:
    db = Database.of(settings, application_name="lsos-doctor")
    found: list[Finding] = []
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S), db.engine.connect() as connection:
            for probe in (_server, _roles, _isolation):
                found += await probe(connection)
        found.append(await _assume(db, APP_ROLE))
        system = await _assume(db, SYSTEM_ROLE)
        found += [system, await _migrations(db)] if system.ok else [system]
    except Exception as error:  # noqa: BLE001 -- asyncpg has many ways to say no; each is a finding
        detail = str(redactor.clean(f"{type(error).__name__}: {_first_line(error)}"))
        hint = "check POSTGRES_DSN, then try it: `psql <POSTGRES_DSN> -c 'select 1'`"
        found.append(Finding("postgresql", ok=False, detail=detail, hint=hint))
    finally:
        await db.close()
    return found


async def _server(connection: AsyncConnection) -> list[Finding]:
    before = now().timestamp()
    server = await queries.get_server(connection)
    after = now().timestamp()
    skew_s = server.now_epoch_s - (before + after) / 2
    return [judge_postgresql_version(server), judge_skew(skew_s)]


async def _roles(connection: AsyncConnection) -> list[Finding]:
    rows = {row.name: row for row in await queries.list_roles(connection)}
    found = []
    for role in (APP_ROLE, SYSTEM_ROLE):
        row = rows.get(role)
        if row is None:
            found.append(Finding(f"role {role}", ok=False, detail="does not exist", hint=MIGRATE))
        elif row.is_superuser or row.bypasses_rls:
            hint = f"as an administrator: `alter role {role} nosuperuser nobypassrls`"
            detail = "ignores row-level security: tenants are not isolated"
            found.append(Finding(f"role {role}", ok=False, detail=detail, hint=hint))
        else:
            found.append(Finding(f"role {role}", ok=True, detail="bound by row-level security"))
    return found


async def _isolation(connection: AsyncConnection) -> list[Finding]:
    tables = await queries.list_tenant_tables(connection)
    found = []
    for table in tables:
        faults = []
        if not table.enabled:
            faults.append("row-level security is off")
        if not table.forced:
            faults.append("not forced on the owner")
        faults += [f"no policy for {r}" for r in (APP_ROLE, SYSTEM_ROLE) if r not in table.roles]
        if faults:
            hint = f"`alter table {table.name} enable row level security`,"
            hint += f" `alter table {table.name} force row level security`; policies: {MIGRATE}"
            detail = "; ".join(faults)
            found.append(Finding(f"table {table.name}", ok=False, detail=detail, hint=hint))
    if not tables:
        found.append(Finding("isolation", ok=False, detail="there are no tables", hint=MIGRATE))
    elif not found:
        detail = f"{len(tables)} tables are under row-level security"
        found.append(Finding("isolation", ok=True, detail=detail))
    return found


async def _assume(db: Database, role: str) -> Finding:
    name = f"switch to {role}"
    entered = system_session(db) if role == SYSTEM_ROLE else db.tenant_session(NOBODY)
    try:
        async with entered as session:
            await session.execute(text("select 1"))
    except SQLAlchemyError as error:
        hint = f"as an administrator: `grant {role} to <user of POSTGRES_DSN> with set true`"
        hint += " (before PostgreSQL 16 without `with set true`)"
        return Finding(name, ok=False, detail=_first_line(error), hint=hint)
    return Finding(name, ok=True, detail="works")


async def _migrations(db: Database) -> Finding:
    try:
        async with system_session(db) as session:
            revisions = await queries.list_revisions(session)
    except SQLAlchemyError as error:
        return Finding("migrations", ok=False, detail=_first_line(error), hint=MIGRATE)
    is_ok, detail = queries.judge_revisions(revisions)
    hint = "" if is_ok else MIGRATE
    return Finding("migrations", ok=is_ok, detail=detail or f"at {revisions[0]}", hint=hint)


async def _examine_redis(name: str, url: str, redactor: Redactor) -> list[Finding]:
    redis: Redis = client(url)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            info = await redis.info()
    except OUTAGE as error:
        detail = str(redactor.clean(f"{type(error).__name__}: {_first_line(error)}"))
        hint = "check REDIS_URL, then try it: `redis-cli -u <REDIS_URL> ping`"
        return [Finding(name, ok=False, detail=detail, hint=hint)]
    finally:
        await redis.aclose(close_connection_pool=True)
    return judge_redis(name, info)


def _first_line(error: BaseException) -> str:
    """Without the class, SQL and parameters that SQLAlchemy wraps around a driver's words."""
    first = (str(error).splitlines() or [""])[0]
    return first.removeprefix(f"({first[1:].partition(')')[0]}) ")[:200]
