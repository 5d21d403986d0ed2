"""10,000 synthetic keyword measurements, stored by one worker's runner: rate per second."""

import asyncio
import tempfile
import time
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from lsos import embedded
from lsos.cli.migrate import upgrade
from lsos.core.clock import new_id
from lsos.core.db.database import Database
from lsos.core.queue.runner import Runner
from lsos.core.redis.client import client
from lsos.core.resources import Resources
from lsos.core.settings.environment import load
from lsos.core.settings.settings import Settings
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate
from lsos.domains.measuring.service import start_baseline
from lsos.domains.rank.measurement import KIND
from lsos.domains.rank.rules import natural_key
from lsos.embedded.installation import complete
from lsos.rooms import JOINTS
from tools.bench.measure import table, write

KEYWORDS = 10_000
BAR_PER_S = 1_000

_KEYWORDS = text("""
    insert into keywords (tenant_id, id, campaign_id, natural_key, text, language, country,
        location, device, volume, tags, is_active)
    select :tenant_id, u.id, :campaign_id, u.natural_key, u.text, 'en', 'US', '', 'desktop', 10,
        '[]', true
    from unnest(cast(:id as uuid[]), cast(:natural_key as text[]), cast(:text as text[]))
        as u (id, natural_key, text)
""")
_CAMPAIGN = text("""
    insert into campaigns (tenant_id, id, name, site_url, business_name, category, services,
        setup_state, version)
    values (:tenant_id, :id, 'bench', 'https://alder.example/', '', '', '[]', 'Active', 1)
""")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as running:
        settings = complete(load({}), Path(folder), running.stores)
        upgrade(settings.postgres_dsn)
        figures = asyncio.run(_measure(settings))
    table(
        f"{KEYWORDS:,} synthetic keyword measurements with their top 20, one worker process",
        ["stored", "wall s", "per s", "CPU s of the worker", "bar per s"],
        [[figures["stored"], figures["wall_s"], figures["per_s"], figures["cpu_s"], BAR_PER_S]],
    )
    write("rank", {"figures": figures, "bar_per_s": BAR_PER_S}, "make bench T=rank")


async def _measure(settings: Settings) -> dict[str, float]:
    redis = client(settings.redis_url)
    db = Database.of(settings, application_name="bench")
    try:
        tenant = await auth.create_tenant(db, TenantCreate(name="bench"), actor=None)
        campaign_id = await _campaign(db, tenant.id)
        async with db.tenant_session(tenant.id) as session:
            run = await start_baseline(session, KIND, tenant.id, campaign_id, "synthetic")
        assert run is not None
        async with Resources(settings, redis, db) as shared:
            await JOINTS.start(shared)
            runner = Runner(
                db=db, settings=settings, registry=JOINTS.tasks(), worker="bench", resources=shared
            )
            wall, cpu = time.perf_counter(), time.process_time()
            while (job_id := await _next_job(db, tenant.id)) is not None:
                await runner.run(tenant.id, job_id)
            wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
        async with db.tenant_session(tenant.id) as session:
            stored = await session.scalar(
                text("select count(*) from rank_snapshots where state in ('found', 'not_found',"
                     " 'empty')")
            )  # fmt: skip
    finally:
        await db.close()
        await redis.aclose()
    return {
        "stored": int(stored or 0),
        "wall_s": round(wall_s, 2),
        "per_s": round(int(stored or 0) / wall_s),
        "cpu_s": round(cpu_s, 2),
    }


async def _campaign(db: Database, tenant_id: UUID) -> UUID:
    campaign_id = new_id()
    texts = [f"plumber {number}" for number in range(KEYWORDS)]
    of = {"language": "en", "country": "US", "location": "", "device": "desktop"}
    keys = [natural_key(text=t, latitude=None, longitude=None, **of) for t in texts]
    async with db.tenant_session(tenant_id) as session:
        await session.execute(_CAMPAIGN, {"tenant_id": tenant_id, "id": campaign_id})
        await session.execute(
            _KEYWORDS,
            {
                "tenant_id": tenant_id,
                "campaign_id": campaign_id,
                "id": [new_id() for _ in texts],
                "natural_key": keys,
                "text": texts,
            },
        )
    return campaign_id


async def _next_job(db: Database, tenant_id: UUID) -> UUID | None:
    async with db.tenant_session(tenant_id) as session:
        job: UUID | None = await session.scalar(
            text("select id from jobs where name = 'rank.measure' and state = 'queued' limit 1")
        )
    return job
