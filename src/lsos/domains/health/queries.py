"""Reads of the stores' own state, and of how the platform does."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, cast

from arq.connections import ArqRedis
from redis.asyncio import Redis
from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from lsos import __version__
from lsos.core.db.database import APP_ROLE, SYSTEM_ROLE, Database
from lsos.core.db.schema_version import HEAD, is_satisfied
from lsos.core.db.system import system_session
from lsos.core.redis.client import OUTAGE
from lsos.core.resources import Resources
from lsos.domains.health import figures, rollup
from lsos.domains.health.models import AlertState, PlatformTransition
from lsos.domains.health.rules import (
    ALERTS,
    SLOS,
    STALE_S,
    WINDOW_S,
    AlertStatus,
    Level,
    Measured,
    PlatformState,
    State,
    firing_of,
    judge_alert,
    judge_level,
    overall,
    platform_state,
)
from lsos.domains.health.schemas import Check, Checks, Health, Readiness, Transition
from lsos.domains.reference.library import Library

POSTGRESQL_TIMEOUT_S = 3.0
REDIS_TIMEOUT_S = 1.0
KEPT_S = 1.0

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
_STATE = text("""
    select (select state from platform_transitions order by at desc limit 1) as state,
        (select extract(epoch from now())::float8 - max(total) from metric_minutes
            where minute = any(array[date_trunc('minute', now()),
                date_trunc('minute', now()) - interval '1 minute'])
            and name = :evaluation) as judged_s
""")
_LEVELS = text("""
    select distinct on (label) label, count as events, total, buckets from metric_minutes
    where minute = any(array[date_trunc('minute', now()),
        date_trunc('minute', now()) - interval '1 minute']) and name = :slo
    order by label, minute desc
""")


class Server(NamedTuple):
    """PostgreSQL's own words about itself."""

    version_num: int
    version: str
    now_epoch_s: float
    user: str


async def get_health(
    db: Database,
    redis: Redis,
    waiting: rollup.Waiting,
    *,
    window_s: int = WINDOW_S,
    is_judged: bool = True,
) -> Health:
    """Figures of the whole platform; `is_judged` is false where no worker judges alerts."""
    workers = await rollup.count_workers(redis)
    async with system_session(db) as session:
        raw = await rollup.read(session, waiting, window_s, workers)
        stored = await list_alert_states(session)
        transitions = await list_transitions(session)
    metrics, basis = figures.metrics_of(raw, window_s)
    alerts = _complete(stored, raw)
    return Health(
        platform_state=platform_state(firing_of(alerts)) if is_judged else None,
        metrics=metrics,
        basis=basis,
        slos=figures.levels_of(raw),
        alert_state=alerts,
        transitions=transitions,
        generated_at=raw.at,
    )


def _complete(stored: Mapping[str, AlertStatus], raw: rollup.Raw) -> dict[str, AlertStatus]:
    """All alerts; when they were not judged for long, nobody is there to do it."""
    alerts = {alert.name: stored[alert.name] for alert in ALERTS if alert.name in stored}
    if len(alerts) < len(ALERTS):
        readings = figures.readings_of(raw)
        for alert in ALERTS:
            if alert.name not in alerts:
                alerts[alert.name] = judge_alert(alert, readings[alert.name], None, raw.at)
    judged = raw.evaluated_epoch_s
    if judged is None or raw.at.timestamp() - judged > STALE_S:
        since = raw.at if judged is None else datetime.fromtimestamp(judged, tz=UTC)
        missing = alerts["workers_missing"]
        alerts["workers_missing"] = AlertStatus(
            state="firing", since=since, value=1.0, threshold=missing.threshold
        )
    return alerts


async def list_alert_states(session: AsyncSession) -> dict[str, AlertStatus]:
    columns = AlertState.name, AlertState.state, AlertState.since, AlertState.value
    rows = await session.execute(select(*columns, AlertState.threshold))
    return {
        row.name: AlertStatus(
            state=cast(State, row.state), since=row.since, value=row.value, threshold=row.threshold
        )
        for row in rows
    }


async def find_newest_transition(session: AsyncSession) -> Transition | None:
    found = await list_transitions(session, 1)
    return found[0] if found else None


async def list_transitions(session: AsyncSession, limit: int = 20) -> list[Transition]:
    """Newest first."""
    columns = PlatformTransition.at, PlatformTransition.state, PlatformTransition.previous
    newest = select(*columns, PlatformTransition.alerts)
    newest = newest.order_by(PlatformTransition.at.desc()).limit(limit)
    return [
        Transition(
            at=row.at,
            state=cast(PlatformState, row.state),
            previous=cast(PlatformState | None, row.previous),
            alerts=row.alerts,
        )
        for row in await session.execute(newest)
    ]


async def find_platform_state(session: AsyncSession) -> PlatformState | None:
    """As it was last judged; Critical when no worker judges any more, None when none ever did.

    Any tenant's session may ask.
    """
    found = (await session.execute(_STATE, {"evaluation": rollup.EVALUATION})).one()
    if found.state is None:
        return None
    is_stale = found.judged_s is None or found.judged_s > STALE_S
    return "Critical" if is_stale else found.state


async def list_levels(session: AsyncSession) -> list[Level] | None:
    """The service levels as they were last judged, without the cost of summing up.

    None when they never were, or not in the last two minutes. Any tenant's session may ask.
    """
    rows = await session.execute(_LEVELS, {"slo": rollup.SLO})
    found = {row.label: row for row in rows}
    if not found:
        return None
    return [
        judge_level(slo, Measured(row.total if row.events else None, row.events, row.buckets[0]))
        for slo in SLOS
        if (row := found.get(slo.name))
    ]


class LastJudged:
    """Platform state and service levels, read once a second by a process: they are everybody's."""

    def __init__(self) -> None:
        self._ends = 0.0
        self._found: tuple[PlatformState | None, list[Level] | None] = (None, None)

    async def read(self, session: AsyncSession) -> tuple[PlatformState | None, list[Level] | None]:
        """See `find_platform_state` and `list_levels`. Any tenant's session may ask."""
        if time.monotonic() >= self._ends:
            self._found = (await find_platform_state(session), await list_levels(session))
            self._ends = time.monotonic() + KEPT_S
        return self._found


def last_judged(_: Resources) -> LastJudged:
    return LastJudged()


async def get_readiness(db: Database, redis: ArqRedis, library: Library) -> Readiness:
    """Never raises: what fails becomes a check that says so, without naming hosts."""
    (postgresql, migrations), cache = await asyncio.gather(_check_database(db), _check_redis(redis))
    advice = Check(ok=False, ms=0.0, detail="unknown while PostgreSQL is away")
    if postgresql.ok and migrations.ok:
        advice = await _check_library(db, library)
    status = overall(
        postgresql=postgresql.ok,
        migrations=migrations.ok,
        redis=cache.ok,
        reference_library=advice.ok,
    )
    checks = Checks(
        postgresql=postgresql, migrations=migrations, redis=cache, reference_library=advice
    )
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


async def _check_library(db: Database, library: Library) -> Check:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(POSTGRESQL_TIMEOUT_S), system_session(db) as session:
            health = await library.health(session)
    except Exception as error:  # noqa: BLE001 -- whatever fails, the answer is "degraded"
        return Check(ok=False, ms=_ms(started), detail=f"can't be read ({type(error).__name__})")
    return Check(ok=health.ok, ms=_ms(started), detail=health.detail)


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
