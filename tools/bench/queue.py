"""Time from enqueue to start of a job on an idle worker: `lsos worker` and plain `arq`."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from lsos import embedded
from lsos.cli.migrate import upgrade
from lsos.cli.stores import as_environment
from lsos.core.db.database import Database
from lsos.core.queue.jobs import enqueue
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client
from lsos.core.settings.environment import load
from lsos.core.settings.settings import Settings
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate
from lsos.embedded.installation import complete
from tools.bench.measure import median, table, tree_cpu_s, write

JOBS = 200
PAUSE_S = 0.03
IDLE_S = 10.0
WORKERS = {
    "lsos worker": ["-m", "lsos.worker"],
    "arq": ["-m", "arq", "lsos.worker.WorkerSettings"],
}
BARS_MS = {"lsos worker": 10.0, "arq": 60.0}


def main() -> None:
    figures = {}
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as running:
        settings = complete(load({}), Path(folder), running.stores)
        upgrade(settings.postgres_dsn)
        for name, arguments in WORKERS.items():
            figures[name] = asyncio.run(_measure(settings, arguments))
    table(
        f"enqueue to start, {JOBS} single jobs on an idle worker",
        ["worker", "p50 ms", "p95 ms", "bar p50 ms", "idle % of a core"],
        [
            [name, f["p50_ms"], f["p95_ms"], BARS_MS[name], f["idle_percent"]]
            for name, f in figures.items()
        ],
    )
    write("queue", {"jobs": JOBS, "figures": figures, "bars_p50_ms": BARS_MS}, "make bench T=queue")


async def _measure(settings: Settings, arguments: list[str]) -> dict[str, float]:
    redis = client(settings.arq_redis_url)
    db = Database.of(settings, application_name="bench", pusher=Notifier(redis))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env={**os.environ, **as_environment(settings)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        tenant = await auth.create_tenant(db, TenantCreate(name="bench"), actor=None)
        # The first job waits for the worker to start.
        await _one(db, tenant.id)
        idle_from, cpu_from = time.monotonic(), tree_cpu_s(process.pid)
        await asyncio.sleep(IDLE_S)
        idle = (tree_cpu_s(process.pid) - cpu_from) / (time.monotonic() - idle_from)
        waits = []
        for _ in range(JOBS):
            await asyncio.sleep(PAUSE_S)
            waits.append(await _one(db, tenant.id))
    finally:
        process.terminate()
        await process.wait()
        await db.close()
        await redis.aclose()
    waits.sort()
    return {
        "p50_ms": median(waits),
        "p95_ms": waits[int(len(waits) * 0.95)],
        "idle_percent": 100 * idle,
    }


async def _one(db: Database, tenant_id: UUID) -> float:
    """Milliseconds from the start of the enqueuing transaction to the claim, by PostgreSQL."""
    async with db.tenant_session(tenant_id) as session:
        job_id = await enqueue(session, "crawl.dispatch", tenant_id=tenant_id)
    while True:
        async with db.tenant_session(tenant_id) as session:
            wait = await session.scalar(
                text(
                    "select 1000 * extract(epoch from first_started_at - created_at) from jobs"
                    " where id = :id and state = 'done'"
                ),
                {"id": job_id},
            )
        if wait is not None:
            return float(wait)
        await asyncio.sleep(0.005)
