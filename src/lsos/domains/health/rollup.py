"""Reads the figures of the whole platform: sums of minutes, and what waits right now.

Only roll-ups and partial indexes are read, so that the cost does not grow with the jobs kept.
Figures belong to no tenant; other rooms bring counts of their own tables.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.metrics.histogram import BUCKETS
from lsos.core.metrics.metrics import API_REQUEST, CRAWL_RUN, JOB_WAIT, TASK
from lsos.core.redis.client import DEFAULT_QUEUE, OUTAGE, WORKERS
from lsos.core.resources import Resources
from lsos.domains.health.rules import (
    RUN_TASKS,
    SLO_WINDOW_S,
    UNCOUNTED_ROUTES,
    WINDOW_S,
)
from lsos.room import Statement, combined, joints

EVALUATION = "evaluation"
SLO = "slo"
TOTAL = "total:"
HISTOGRAMS = [API_REQUEST, JOB_WAIT]
COUNTS = [TASK, CRAWL_RUN]

_SUMS = ", ".join(f"sum(buckets[{i}])::bigint" for i in range(1, BUCKETS + 1))
_BY_LABEL = """
    select name, label, sum(count)::bigint as events, sum(total) as total, {buckets} as buckets
    from metric_minutes
    where minute = any(:minutes) and name = any(:names)
        or minute = any(:older) and name = any(:totals)
    group by name, label
"""
# Two statements, since PostgreSQL would start parallel workers for their union: that costs more.
_OF_HISTOGRAMS = text(_BY_LABEL.format(buckets=f"array[{_SUMS}]"))
_OF_COUNTS = text(_BY_LABEL.format(buckets="'{}'::bigint[]"))
# The same sums a minute, over all processes and labels that the levels do not tell apart: an hour
# of them is cheap to read.
_TOTAL = text(f"""
    insert into metric_minutes (minute, name, label, process, count, total, buckets)
    select minute, '{TOTAL}' || name, case
            when name = '{API_REQUEST}' then 'all:' || split_part(label, ':', 2)
            when name = '{JOB_WAIT}' then 'all'
            when name = '{TASK}' and not split_part(label, ':', 1) = any(:run_tasks)
                then 'all:' || split_part(label, ':', 2)
            else label
        end as short, '', sum(count), sum(total),
        case when name in ('{API_REQUEST}', '{JOB_WAIT}') then array[{_SUMS}] else '{{}}' end
    from metric_minutes
    where minute = any(:minutes) and name = any(:names)
        and not (name = '{API_REQUEST}' and split_part(label, ':', 1) = any(:uncounted))
    group by minute, name, short
    order by minute, name, short
    on conflict (minute, name, label, process) do update
    set count = excluded.count, total = excluded.total, buckets = excluded.buckets
""")  # noqa: S608 -- our own names and numbers, no input
OWN = (
    Statement("at", "select now()"),
    Statement(
        "evaluated_epoch_s",
        """
        select max(total) from metric_minutes
        where minute = any(:health_minutes) and name = :health_evaluation
        """,
        {"health_evaluation": EVALUATION},
    ),
)


class Waiting:
    """What waits right now in all rooms, as each room counts it."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._query = combined((*OWN, *statements))

    async def read(self, session: AsyncSession) -> Any:
        """One row with a column for each statement; needs a session that sees all tenants."""
        minutes = {"health_minutes": _minutes(now(), SLO_WINDOW_S)}
        return (await session.execute(self._query, minutes)).one()


def waiting(resources: Resources) -> Waiting:
    return Waiting(resources.get(joints).health)


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


async def read(session: AsyncSession, waiting: Waiting, window_s: int, workers: int | None) -> Raw:
    """Needs a session that sees all tenants."""
    row = await waiting.read(session)
    newest = _minutes(row.at, WINDOW_S)
    older = [minute for minute in _minutes(row.at, SLO_WINDOW_S) if minute < newest[0]]
    recent, totals = await read_minutes(session, newest, older)
    hour = _joined(recent, totals)
    if window_s != WINDOW_S:
        recent, _ = await read_minutes(session, _minutes(row.at, window_s), [])
    return Raw(
        at=row.at,
        since=_minutes(row.at, window_s)[0],
        recent=recent,
        hour=hour,
        jobs_due=row.jobs_due,
        oldest_due_s=row.oldest_due_s,
        runs_waiting=row.runs_waiting,
        schedules_failed=row.schedules_failed,
        evaluated_epoch_s=row.evaluated_epoch_s,
        reports_due=row.reports[0],
        reports_on_time=row.reports[1],
        workers=workers,
    )


async def read_minutes(
    session: AsyncSession, minutes: Sequence[datetime], older: Sequence[datetime]
) -> tuple[Sums, Sums]:
    """Sums over all processes, and the totals of `older` minutes."""
    found: Sums = {}
    totals: Sums = {}
    for statement, names in ((_OF_HISTOGRAMS, HISTOGRAMS), (_OF_COUNTS, COUNTS)):
        values = {
            "minutes": minutes,
            "names": names,
            "older": older,
            "totals": [TOTAL + name for name in names],
        }
        for row in await session.execute(statement, values):
            of = totals if row.name.startswith(TOTAL) else found
            sums = of.setdefault(row.name.removeprefix(TOTAL), {})
            sums[row.label] = Sum(row.events, row.total, row.buckets)
    return found, totals


async def write_totals(session: AsyncSession, at: datetime, *, is_late: bool) -> None:
    """Sum up the newest minutes anew, since processes still write them.

    `is_late`: after a pause, all minutes of the levels' window.
    """
    await session.execute(
        _TOTAL,
        {
            "minutes": _minutes(at, SLO_WINDOW_S if is_late else WINDOW_S),
            "names": HISTOGRAMS + COUNTS,
            "run_tasks": sorted(RUN_TASKS),
            "uncounted": sorted(UNCOUNTED_ROUTES),
        },
    )


def _joined(one: Sums, other: Sums) -> Sums:
    # Labels of totals are others than those of single processes; of runs they are the same.
    joined = {name: dict(sums) for name, sums in other.items()}
    for name, sums in one.items():
        into = joined.setdefault(name, {})
        for label, cell in sums.items():
            into[label] = _added(into[label], cell) if label in into else cell
    return joined


def _added(one: Sum, other: Sum) -> Sum:
    buckets = [a + b for a, b in zip(one.buckets, other.buckets, strict=True)]
    return Sum(one.count + other.count, one.total + other.total, buckets)


def _minutes(at: datetime, window_s: int) -> list[datetime]:
    # One more than the window has: a process whose clock is ahead already counts in the next one.
    first = (at - timedelta(seconds=window_s)).replace(second=0, microsecond=0)
    return [first + timedelta(minutes=n) for n in range(window_s // 60 + 3)]
