"""Cost of the health metrics with very many job rows: `GET /health/metrics` must stay cheap."""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from lsos import embedded
from lsos.cli.migrate import upgrade
from lsos.core.db.database import Database
from lsos.core.metrics.histogram import BUCKETS
from lsos.core.redis.client import client
from lsos.core.settings.environment import load
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate
from lsos.domains.health import queries, service
from lsos.domains.health.rollup import Waiting
from lsos.embedded.installation import complete
from lsos.rooms import JOINTS
from tools.bench.measure import console, median, table, write

ROWS = int(os.environ.get("ROWS", "10000000"))
SEED_S = float(os.environ.get("SEED_S", "400"))
"""Time limit for seeding, however many rows there are."""
CHUNK = 250_000
BACKLOG = 2_000
API_PROCESSES = 4
WORKERS = 8
TASKS = 20
ROUTES = 24
CALLS = 200
BAR_MS = 10.0

_JOBS = """
    insert into jobs (tenant_id, id, name, queue, args, state, attempts, round, due_at,
        first_started_at, finished_at, created_at)
    select :tenant, gen_random_uuid(), 'crawl.slice', 'default', '{}',
        case when n % 500 = 0 then 'dead' else 'done' end, 1, 0, at, at, at, at
    from generate_series(1, :rows) n,
        lateral (select now() - n * interval '50 milliseconds' as at) t
"""
_QUEUED = """
    insert into jobs (tenant_id, id, name, queue, args, state, attempts, round, due_at, created_at)
    select :tenant, gen_random_uuid(), 'crawl.slice', 'default', '{}', 'queued', 0, 0,
        now() - n * interval '1 millisecond', now()
    from generate_series(1, :rows) n
"""
_MINUTES = """
    insert into metric_minutes (minute, name, label, process, count, total, buckets)
    select date_trunc('minute', now()) - m * interval '1 minute', :name, 'l' || l || :suffix,
        'process' || p, 10, 100, case when :has_buckets
            then array_fill(1::bigint, array[cast(:size as int)]) else '{}'::bigint[] end
    from generate_series(0, :minutes) m, generate_series(1, :labels) l,
        generate_series(1, :processes) p
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as running:
        settings = complete(load({}), Path(folder), running.stores)
        upgrade(settings.postgres_dsn)
        db = Database.of(settings, application_name="bench")
        figures = asyncio.run(_run(db, settings.postgres_dsn, settings.redis_url))
    table(
        f"health metrics with {figures['job_rows']:,.0f} job rows",
        ["", "least ms", "p50 ms", "p95 ms", "CPU ms of ours", "bar ms"],
        [
            [
                "GET /health/metrics, its reads",
                *(figures[name] for name in ("least_ms", "p50_ms", "p95_ms", "cpu_ms")),
                BAR_MS,
            ],
            ["one evaluation of the alerts", "", figures["evaluate_ms"], "", "", ""],
        ],
    )
    write("health", {**figures, "bar_ms": BAR_MS}, "make bench T=health")


async def _run(db: Database, dsn: str, redis_url: str) -> dict[str, float]:
    redis = client(redis_url)
    waiting = Waiting(JOINTS.health)
    tenant = await auth.create_tenant(db, TenantCreate(name="bench"), actor=None)
    engine = create_async_engine(dsn, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        rows, seconds = await _seed(connection, str(tenant.id))
    await engine.dispose()
    began = time.perf_counter()
    await service.evaluate(db, redis, waiting)
    evaluate_ms = (time.perf_counter() - began) * 1_000
    times = []
    cpu_from = time.process_time()
    for _ in range(CALLS):
        began = time.perf_counter()
        await queries.get_health(db, redis, waiting)
        times.append((time.perf_counter() - began) * 1_000)
    cpu_ms = (time.process_time() - cpu_from) * 1_000 / CALLS
    await db.close()
    await redis.aclose()
    times.sort()
    return {
        "job_rows": rows,
        "seed_s": seconds,
        "backlog": BACKLOG,
        "least_ms": times[0],
        "p50_ms": median(times),
        "p95_ms": times[int(CALLS * 0.95)],
        "cpu_ms": cpu_ms,
        "evaluate_ms": evaluate_ms,
    }


async def _seed(connection: AsyncConnection, tenant: str) -> tuple[int, float]:
    """Build secondary indexes at the end, which is faster than row by row."""
    began = time.monotonic()
    indexes = await connection.execute(
        text(
            "select indexname, indexdef from pg_indexes where tablename = 'jobs'"
            " and indexname like 'ix_%'"
        )
    )
    definitions = indexes.all()
    for name, _ in definitions:
        await connection.execute(text(f"drop index {name}"))
    rows = 0
    while rows < ROWS and time.monotonic() - began < SEED_S:
        await connection.execute(text(_JOBS), {"tenant": tenant, "rows": CHUNK})
        rows += CHUNK
        console.print(f"[dim]{rows:,} rows, {time.monotonic() - began:.0f} s[/]")
    await connection.execute(text(_QUEUED), {"tenant": tenant, "rows": BACKLOG})
    for _, definition in definitions:
        await connection.execute(text(definition))
    for name, suffix, labels, has_buckets, processes in (
        ("api_request", ":2xx", ROUTES, True, API_PROCESSES),
        ("job_wait", "", 1, True, WORKERS),
        ("task", ":done", TASKS * 2, False, WORKERS),
    ):
        values = {"name": name, "suffix": suffix, "labels": labels, "has_buckets": has_buckets}
        values |= {"size": BUCKETS, "minutes": 180, "processes": processes}
        await connection.execute(text(_MINUTES), values)
    await connection.execute(text("vacuum analyze"))
    return rows, time.monotonic() - began
