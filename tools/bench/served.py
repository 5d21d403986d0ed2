"""An API process for benchmarks, with a tenant, measured campaigns and an admin."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import msgspec
from sqlalchemy import text

from lsos.cli.stores import as_environment
from lsos.core.db.database import Database
from lsos.core.settings.settings import Settings
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate, UserCreate
from lsos.domains.crawl.rules import RunSettings

CAMPAIGNS = 50
PAGES = 2_000
EMAIL, PASSWORD = "bench@example.com", "correct horse battery staple"

_RUN = RunSettings(
    start_url="https://www.example.com/",
    max_pages=PAGES,
    user_agent="LSOS",
    min_interval_s=1.0,
    timeout_s=10.0,
    concurrency=2,
    batch_size=100,
)

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
        issue_counts, failed_checks, created_at)
    select c.tenant_id, gen_random_uuid(), c.id, 'completed', 'ended', cast(:settings as jsonb),
        'default', :pages,
        :pages, :pages, 0, 0, 0, 0, false, now(), 80 + 10 * random(), '{"high": 7, "low": 90}',
        '{}', now() - make_interval(days => n) from campaigns c, generate_series(1, 12) n
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
        n % 5, random(), '{"count": 3, "of": 9, "unit": "pages", "share": 0.3,
        "sample": []}',
        jsonb_build_array(jsonb_build_object('kind', 'measurement', 'room', 'crawl', 'source',
        'crawl', 'measured_at', now(), 'severity', 'low', 'measured_share', 1.0, 'facts',
        jsonb_build_object('text', repeat('x', 2000)))), 'v', now(), now(), 1
    from campaigns c, generate_series(1, 80) n
    """,
    """
    insert into jobs (tenant_id, id, campaign_id, name, queue, args, state, attempts, generation,
        due_at, finished_at, summary, request_id)
    select c.tenant_id, gen_random_uuid(), c.id, 'crawl.slice', 'default', '{}', 'done', 1, 1,
        now(), now(), '{"pages": 200}', 'bench'
    from campaigns c
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


async def seed(settings: Settings) -> list[str]:
    """Create a tenant with the admin EMAIL; returns the ids of its campaigns."""
    db = Database.of(settings, application_name="bench")
    try:
        tenant = await auth.create_tenant(db, TenantCreate(name="bench"), actor=None)
        return await _fill(db, tenant.id)
    finally:
        await db.close()


async def _fill(db: Database, tenant_id: UUID) -> list[str]:
    numbers: dict[str, object] = {
        "campaigns": CAMPAIGNS,
        "pages": PAGES,
        "tenant": tenant_id,
        "settings": msgspec.json.encode(_RUN).decode(),
    }
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


@asynccontextmanager
async def serve(
    settings: Settings,
    factory: str = "lsos.api:create_app",
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[tuple[str, int]]:
    """Run an application in a separate process; yields its URL and process id."""
    env = {**os.environ, **as_environment(settings), **(environ or {})}
    port, process = await _started(factory, env)
    try:
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        await process.wait()


async def _started(factory: str, env: Mapping[str, str]) -> tuple[int, asyncio.subprocess.Process]:
    """Its port and process; raises RuntimeError if it does not listen within a minute."""
    for _ in range(3):  # the load of the previous turn may have taken the port
        port = _free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "uvicorn", "--factory", factory, "--port", str(port)),
            *("--log-level", "warning", "--no-access-log"),
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # the log is written but not read
        )
        for _ in range(600):
            if process.returncode is not None:
                break
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return port, process
            await asyncio.sleep(0.1)
        else:
            process.terminate()
            await process.wait()
    raise RuntimeError(f"{factory} does not start")


async def sign_in(client: httpx.AsyncClient) -> None:
    """Sign in as its admin, and send the token from now on."""
    answer = await client.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    answer.raise_for_status()
    client.headers["Authorization"] = f"Bearer {answer.json()['data']['access_token']}"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
