"""Judges the alerts and the platform state, and drops minutes that are past their retention."""

import msgspec
import structlog
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.domains.health import figures, queries, rollup
from lsos.domains.health.models import PlatformTransition
from lsos.domains.health.rules import (
    ALERTS,
    WINDOW_S,
    AlertStatus,
    Level,
    firing_of,
    judge_alert,
    platform_state,
)

EVALUATE_S = 5.0
LATE_S = 60
KEEP_DAYS = 7
BATCH = 5_000
LOCK = 0x15035E
"""Any number of our own: the advisory lock of the evaluator."""

log = structlog.get_logger(__name__)

_TRY_LOCK = text("select pg_try_advisory_xact_lock(:key)")
_AGE = text("""
    select extract(epoch from now()) - max(total) from metric_minutes
    where minute = any(array[date_trunc('minute', now()),
        date_trunc('minute', now()) - interval '1 minute']) and name = :name
""")
_NOTE = text("""
    insert into metric_minutes (minute, name, label, process, count, total, buckets)
    select date_trunc('minute', now()), name, label, '', count, coalesce(total, now_s), buckets
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
            name text, label text, count bigint, total double precision, buckets bigint[]
        ), extract(epoch from now()) as now_s
    on conflict (minute, name, label, process) do update
    set count = excluded.count, total = excluded.total, buckets = excluded.buckets
""")
_KEEP = text("""
    insert into alert_states (name, state, since, value, threshold)
    select name, state, since, value, threshold
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        name text, state text, since timestamptz, value double precision,
        threshold double precision
    )
    on conflict (name) do update set state = excluded.state, since = excluded.since,
        value = excluded.value, threshold = excluded.threshold
    where (alert_states.state, alert_states.since, alert_states.value, alert_states.threshold)
        is distinct from (excluded.state, excluded.since, excluded.value, excluded.threshold)
""")
_RETIRE = text("delete from alert_states where name <> all(:names)")
_PURGE = text("""
    delete from metric_minutes where ctid = any(array(
        select ctid from metric_minutes
        where minute < now() - make_interval(days => :days) limit :batch
    ))
""")


async def evaluate(db: Database, redis: Redis, waiting: rollup.Waiting) -> bool:
    """Judge once; every worker tries, one at a time does, and not oftener than each 5 s."""
    workers = await rollup.count_workers(redis)
    async with system_session(db) as session:
        if not await session.scalar(_TRY_LOCK, {"key": LOCK}):
            return False
        age_s = await session.scalar(_AGE, {"name": rollup.EVALUATION})
        if age_s is not None and age_s < EVALUATE_S * 0.8:
            return False
        await rollup.write_totals(session, now(), is_late=age_s is None or age_s > LATE_S)
        raw = await rollup.read(session, waiting, WINDOW_S, workers)
        before = await queries.list_alert_states(session)
        readings = figures.readings_of(raw)
        alerts = {
            alert.name: judge_alert(alert, readings[alert.name], before.get(alert.name), raw.at)
            for alert in ALERTS
        }
        await _keep_alerts(session, alerts)
        await _keep_state(session, alerts)
        await _note(session, figures.levels_of(raw))
    return True


async def _keep_alerts(session: AsyncSession, alerts: dict[str, AlertStatus]) -> None:
    rows = [{"name": name, **msgspec.structs.asdict(status)} for name, status in alerts.items()]
    await session.execute(_KEEP, {"rows": msgspec.json.encode(rows).decode()})
    await session.execute(_RETIRE, {"names": list(alerts)})


async def _keep_state(session: AsyncSession, alerts: dict[str, AlertStatus]) -> None:
    firing = firing_of(alerts)
    state = platform_state(firing)
    newest = await queries.find_newest_transition(session)
    if newest is not None and newest.state == state:
        return
    previous = None if newest is None else newest.state
    at = await session.scalar(text("select clock_timestamp()"))
    session.add(PlatformTransition(at=at, state=state, previous=previous, alerts=firing))
    log.warning("platform_state", state=state, previous=previous, alerts=firing)


async def _note(session: AsyncSession, levels: list[Level]) -> None:
    """When it was judged, and the levels for whoever reads them without the sums."""
    rows: list[dict[str, object]] = [
        {"name": rollup.EVALUATION, "label": "", "count": 1, "total": None, "buckets": []}
    ]
    rows += [
        {
            "name": rollup.SLO,
            "label": level.name,
            "count": level.events,
            "total": level.value or 0.0,
            "buckets": [level.bad],
        }
        for level in levels
    ]
    await session.execute(_NOTE, {"rows": msgspec.json.encode(rows).decode()})


async def purge(db: Database, *, days: int = KEEP_DAYS) -> int:
    """Delete minutes older than `days`, a batch a transaction; how many rows."""
    deleted = 0
    while True:
        async with system_session(db) as session:
            result = await session.execute(_PURGE, {"days": days, "batch": BATCH})
        rows = int(getattr(result, "rowcount", 0))
        deleted += rows
        if rows < BATCH:
            return deleted
