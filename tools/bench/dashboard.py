"""Latency of the dashboard: 5 concurrent clients, 50 campaigns of 2,000 pages, one API process."""

import asyncio
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

import httpx
from sqlalchemy import text

from lsos import embedded
from lsos.cli.migrate import upgrade
from lsos.cli.stores import as_environment
from lsos.core.db.database import Database
from lsos.core.settings.environment import load
from lsos.core.settings.settings import Settings
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate, UserCreate
from lsos.embedded.installation import complete
from tools.bench.measure import median, table, tree_cpu_s, write

CAMPAIGNS = 50
PAGES = 2_000
CLIENTS = 5
REQUESTS = 1_000
WARM_UP = 100
BAR_P95_MS = 40.0
EMAIL, PASSWORD = "bench@example.com", "correct horse battery staple"

# Rows as the rooms write them; random() varies states and times.
_SEED = (
    """
    insert into campaigns (tenant_id, id, name, site_url, business_name, category, services,
        setup_state, version)
    select :tenant, gen_random_uuid(), 'Campaign ' || n, 'https://www.example.com/', 'Business',
        'Dentist', '[]', 'Active', 1 from generate_series(1, :campaigns) n
    """,
    """
    insert into crawl_runs (tenant_id, id, campaign_id, state, phase, settings, queue, admitted,
        done, pages, errors, unmeasured, reused, bytes, is_cut_off, finished_at, technical_score,
        issue_counts, created_at)
    select c.tenant_id, gen_random_uuid(), c.id, 'completed', 'ended', '{}', 'default', :pages,
        :pages, :pages, 0, 0, 0, 0, false, now(), 80 + 10 * random(), '{"high": 7, "low": 90}',
        now() - make_interval(days => n) from campaigns c, generate_series(1, 12) n
    """,
    """
    insert into crawl_pages (tenant_id, run_id, key, url, depth, status, is_html, is_indexable,
        is_eligible, is_reused, title, words, body_bytes, facts, links)
    select r.tenant_id, r.id, n, 'https://www.example.com/page/' || n, 2, 200, true, true, true,
        false, 'Page ' || n, 500, 40000, convert_to(repeat('x', 400), 'utf8'), ''
    from (select distinct on (campaign_id) * from crawl_runs order by campaign_id, created_at desc)
        r, generate_series(1, :pages) n
    """,
    """
    insert into entity_reports (tenant_id, id, campaign_id, state, score, parts, graph, finished_at,
        created_at)
    select c.tenant_id, gen_random_uuid(), c.id, 'done', 60 + n, '{}',
        jsonb_build_object('nodes', repeat('x', 20000)), now(), now() - make_interval(days => n)
    from campaigns c, generate_series(1, 12) n
    """,
    """
    insert into recommendations (tenant_id, id, campaign_id, code, group_key, room, title, state,
        impact, effort, confidence, risk_tier, priority, affected, evidence, library_version,
        first_seen_at, last_seen_at, version)
    select c.tenant_id, gen_random_uuid(), c.id, 'code_' || n, '', 'crawl', 'Mend ' || n,
        (array['generated', 'validated', 'archived'])[1 + n % 3], random(), 1 + n % 5, random(),
        n % 5, random(), '{}', jsonb_build_array(repeat('x', 2000)), 'v', now(), now(), 1
    from campaigns c, generate_series(1, 80) n
    """,
    """
    insert into reports (tenant_id, id, campaign_id, state, sections, artifacts, attempts,
        finished_at, created_at)
    select c.tenant_id, gen_random_uuid(), c.id, 'stored', '[]', '{}', 1, now(),
        now() - make_interval(days => n)
    from campaigns c, generate_series(1, 12) n
    """,
    """
    insert into report_schedules (tenant_id, id, campaign_id, cadence, local_time, timezone,
        recipients, sections, is_enabled, next_due_at, retry_count, updated_at)
    select tenant_id, gen_random_uuid(), id, 'daily', '08:00', 'UTC', '[]', '[]', true,
        now() + interval '1 day', 0, now()
    from campaigns
    """,
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as running:
        settings = complete(load({}), Path(folder), running.stores)
        upgrade(settings.postgres_dsn)
        figures = asyncio.run(_measure(settings))
    table(
        f"GET /dashboard, {CLIENTS} concurrent clients, {CAMPAIGNS} campaigns of {PAGES:,} pages",
        ["", "p50 ms", "p95 ms", "p99 ms", "requests/s", "API CPU ms", "bar p95 ms"],
        [
            [
                "dashboard",
                figures["p50_ms"],
                figures["p95_ms"],
                figures["p99_ms"],
                figures["requests_per_s"],
                figures["api_cpu_ms"],
                BAR_P95_MS,
            ]
        ],
    )
    write(
        "dashboard",
        {"requests": REQUESTS, "clients": CLIENTS, "figures": figures, "bar_p95_ms": BAR_P95_MS},
        "make bench T=dashboard",
    )


async def _measure(settings: Settings) -> dict[str, float]:
    db = Database.of(settings, application_name="bench")
    tenant = await auth.create_tenant(db, TenantCreate(name="bench"), actor=None)
    try:
        campaigns = await _seed(db, tenant.id)
    finally:
        await db.close()
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "uvicorn", "--factory", "lsos.api:create_app", "--port", str(port)),
        *("--log-level", "warning", "--no-access-log"),
        env={**os.environ, **as_environment(settings), "LOG_LEVEL": "WARNING"},
        stdout=subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}{settings.api_v1_prefix}",
            trust_env=False,
            timeout=30,
        ) as client:
            await _until_ready(client)
            return await _ask(client, campaigns, process.pid)
    finally:
        process.terminate()
        await process.wait()


async def _seed(db: Database, tenant_id: UUID) -> list[str]:
    numbers: dict[str, object] = {"campaigns": CAMPAIGNS, "pages": PAGES, "tenant": tenant_id}
    async with db.tenant_session(tenant_id) as session:
        user = UserCreate(email=EMAIL, role="tenant_admin", password=PASSWORD)
        await auth.create_user(session, tenant_id, user, actor=None)
        for statement in _SEED:
            named = {name: value for name, value in numbers.items() if f":{name}" in statement}
            await session.execute(text(statement), named)
        found = list(await session.scalars(text("select id::text from campaigns")))
    async with db.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("analyze"))
    return found


async def _until_ready(client: httpx.AsyncClient) -> None:
    for _ in range(200):
        try:
            answer = await client.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
        except httpx.TransportError:
            await asyncio.sleep(0.1)
            continue
        answer.raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['data']['access_token']}"
        return
    raise RuntimeError("the API did not start")


async def _ask(
    client: httpx.AsyncClient, campaigns: list[str], server_pid: int
) -> dict[str, float]:
    turns = itertools.cycle(campaigns)
    times: list[float] = []
    left = itertools.count()

    async def work(limit: int) -> None:
        while next(left) < limit:
            started = time.perf_counter()
            answer = await client.get("/dashboard", params={"campaign_id": next(turns)})
            times.append(1_000 * (time.perf_counter() - started))
            answer.raise_for_status()
            data = answer.json()["data"]
            if data["technical_score"] is None or data["entity_score"] is None:
                raise RuntimeError(f"the dashboard shows no score: {data}")

    await asyncio.gather(*(work(WARM_UP) for _ in range(CLIENTS)))
    times.clear()
    left = itertools.count()
    cpu_s = tree_cpu_s(server_pid)
    started = time.perf_counter()
    await asyncio.gather(*(work(REQUESTS) for _ in range(CLIENTS)))
    seconds = time.perf_counter() - started
    times.sort()
    return {
        "p50_ms": median(times),
        "p95_ms": times[int(len(times) * 0.95)],
        "p99_ms": times[int(len(times) * 0.99)],
        "requests_per_s": len(times) / seconds,
        "api_cpu_ms": 1_000 * (tree_cpu_s(server_pid) - cpu_s) / len(times),
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
