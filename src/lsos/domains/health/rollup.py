"""Reads the figures of the whole platform: sums of minutes, and what waits right now.

Only roll-ups and partial indexes are read, so that the cost does not grow with the jobs kept.
Figures belong to no tenant; tables of other rooms are counted, and none of their rows are shown.
"""

from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.histogram import BUCKETS
from lsos.core.metrics import API_REQUEST, CRAWL_RUN, JOB_WAIT, TASK
from lsos.core.redis import DEFAULT_QUEUE, OUTAGE, WORKERS
from lsos.domains.health.rules import ON_TIME_S, REPORTS_WINDOW_S, SLO_WINDOW_S

MAX_BACKLOG = 50_000
"""More is counted as this many."""
EVALUATION = "evaluation"
SLO = "slo"

_SUMS = ", ".join(f"sum(buckets[{i}])::bigint" for i in range(1, BUCKETS + 1))
_HISTOGRAMS = text(f"""
    select name, label, sum(count)::bigint as events, sum(total) as total,
        array[{_SUMS}] as buckets
    from metric_minutes where minute = any(:minutes) and name = any(:names)
    group by name, label
""")  # noqa: S608 -- numbers, no input
_COUNTS = text("""
    select name, label, sum(count)::bigint as events, sum(total) as total,
        '{}'::bigint[] as buckets
    from metric_minutes where minute = any(:minutes) and name = any(:names)
    group by name, label
""")
_NOW = text("""
    select now() as at,
        (select count(*) from (
            select 1 from jobs where state = 'queued' and due_at <= now() limit :most
        ) due) as jobs_due,
        (select extract(epoch from now() - min(due_at))::float8 from jobs
            where state = 'queued' and due_at <= now() and queue = :queue) as oldest_due_s,
        (select count(*) from crawl_runs where state = 'queued') as runs_waiting,
        (select count(*) from report_schedules
            where last_status = 'max_retries_exceeded') as schedules_failed,
        (select max(total) from metric_minutes
            where minute = any(:minutes) and name = :evaluation) as evaluated_epoch_s
""")
_REPORTS = text("""
    select count(*) as due, count(*) filter (where is_on_time) as on_time
    from (
        select s.last_due_at, coalesce(
            r.state = 'stored' and r.finished_at <= s.last_due_at + :on_time
            and (jsonb_array_length(s.recipients) = 0 or coalesce((
                select bool_or(d.state = 'sent') and bool_and(
                    d.state not in ('intent', 'sending', 'retry')
                    and coalesce(d.sent_at, s.last_due_at) <= s.last_due_at + :on_time
                )
                from report_deliveries d where d.tenant_id = r.tenant_id and d.report_id = r.id
            ), false)), false) as is_on_time
        from report_schedules s
        left join reports r on r.tenant_id = s.tenant_id and r.schedule_id = s.id
            and r.due_at = s.last_due_at
        where s.last_due_at > now() - cast(:window as interval)
    ) scheduled
    where is_on_time or last_due_at < now() - cast(:on_time as interval)
""")


class Sum(msgspec.Struct, frozen=True):
    count: int
    total: float
    buckets: list[int]


Sums = dict[str, dict[str, Sum]]
"""By name and label."""


class Raw(msgspec.Struct, frozen=True):
    """All that figures are made of."""

    at: datetime
    """By PostgreSQL's clock."""
    since: datetime
    """Begin of the first minute of the window."""
    recent: Sums
    hour: Sums
    jobs_due: int
    oldest_due_s: float | None
    runs_waiting: int
    schedules_failed: int
    evaluated_epoch_s: float | None
    reports_due: int
    reports_on_time: int
    workers: int | None
    """None: Redis is away."""


async def count_workers(redis: Redis) -> int | None:
    """Worker processes of the default queue that live; None while Redis is away."""
    try:
        return int(await redis.zcount(WORKERS + DEFAULT_QUEUE, now().timestamp(), "+inf"))
    except OUTAGE:
        return None


async def read(session: AsyncSession, window_s: int, workers: int | None) -> Raw:
    """Needs a session that sees all tenants."""
    row = (
        await session.execute(
            _NOW,
            {
                "most": MAX_BACKLOG,
                "queue": DEFAULT_QUEUE,
                "minutes": _minutes(now(), SLO_WINDOW_S),
                "evaluation": EVALUATION,
            },
        )
    ).one()
    due, on_time = (
        await session.execute(
            _REPORTS,
            {
                "on_time": timedelta(seconds=ON_TIME_S),
                "window": timedelta(seconds=REPORTS_WINDOW_S),
            },
        )
    ).one()
    recent = await read_minutes(session, row.at, window_s)
    return Raw(
        at=row.at,
        since=_minutes(row.at, window_s)[0],
        recent=recent,
        hour=recent
        if window_s == SLO_WINDOW_S
        else await read_minutes(session, row.at, SLO_WINDOW_S),
        jobs_due=row.jobs_due,
        oldest_due_s=row.oldest_due_s,
        runs_waiting=row.runs_waiting,
        schedules_failed=row.schedules_failed,
        evaluated_epoch_s=row.evaluated_epoch_s,
        reports_due=due,
        reports_on_time=on_time,
        workers=workers,
    )


async def read_minutes(session: AsyncSession, at: datetime, window_s: int) -> Sums:
    """Sums over all processes, from the minute in which the window begins to this one."""
    minutes = _minutes(at, window_s)
    found: Sums = {}
    for statement, names in ((_HISTOGRAMS, [API_REQUEST, JOB_WAIT]), (_COUNTS, [TASK, CRAWL_RUN])):
        for row in await session.execute(statement, {"minutes": minutes, "names": names}):
            sums = found.setdefault(row.name, {})
            sums[row.label] = Sum(row.events, row.total, row.buckets)
    return found


def _minutes(at: datetime, window_s: int) -> list[datetime]:
    # One more than the window has: a process whose clock is ahead already counts in the next one.
    first = (at - timedelta(seconds=window_s)).replace(second=0, microsecond=0)
    return [first + timedelta(minutes=n) for n in range(window_s // 60 + 3)]
