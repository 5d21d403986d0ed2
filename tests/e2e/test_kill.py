"""A crawl outlives a killed worker, a Redis that forgets all and a restart of its database."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from sqlalchemy import select

from lsos import embedded
from lsos.core.clock import new_id
from lsos.core.db.database import Database
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate
from lsos.domains.campaigns.models import Campaign
from lsos.domains.crawl import service
from lsos.domains.crawl.models import CrawlPage, CrawlRun, CrawlTodo
from lsos.domains.crawl.rules import OPEN_STATES
from lsos.embedded import postgres
from lsos.embedded.place import load
from lsos.embedded.processes import end
from tests.support.seeds import reachable_folder, sow
from tests.support.sites import html, site_pool
from tests.support.stack import migrate, settings_for
from tests.support.waiting import PATIENCE_S, until
from tests.support.workers import worker_process

PAGES = 300
BATCH, LANES, SLICES = 10, 2, 2
IN_FLIGHT = BATCH * LANES * SLICES
"""URLs that may be asked for again when all that is under way is lost at once."""


class Dam:
    """Serves the site, but holds its answers back from each of these requests on."""

    def __init__(self, *stops: int) -> None:
        self.stops = list(stops)
        self.asked = 0
        self._open = asyncio.Event()
        self._open.set()
        self.reached = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        if not request.path.isascii() or request.path.endswith((".txt", ".xml")):
            return web.Response(status=404)
        self.asked += 1
        if self.stops and self.asked >= self.stops[0]:
            self.stops.pop(0)
            self._open.clear()
            self.reached.set()
        await self._open.wait()
        number = int(request.path.strip("/") or 0)
        links = (f"/{n}" for n in range(number * 4 + 1, min(number * 4 + 5, PAGES)))
        return web.Response(body=html("/", *links), content_type="text/html")

    async def until_full(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.reached.wait()

    def open(self) -> None:
        self.reached.clear()
        self._open.set()


async def queue_run(db: Database, settings: Any, url: str) -> tuple[UUID, UUID]:
    tenant = await auth.create_tenant(db, TenantCreate(name="Agency"), actor=None)
    async with db.tenant_session(tenant.id) as session:
        campaign = Campaign(tenant_id=tenant.id, id=new_id(), name="Site", site_url=url)
        session.add(campaign)
        await session.flush()
        run = await service.queue_run(
            session,
            tenant_id=tenant.id,
            campaign_id=campaign.id,
            settings=service.default_settings(settings, url, PAGES),
            requested_by=None,
        )
    return tenant.id, run.id


def restart_postgres(folder: Path) -> embedded.Running:
    """Stops it in the midst of work, and starts what does not run."""
    place = load(folder)
    assert place is not None
    server = postgres.running(place)
    assert server is not None
    end([server])
    return embedded.start(folder, durable=False)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where this test's stores are, which it kills."""
    with reachable_folder() as made:
        sow(made)
        yield made


async def test_every_page_is_measured_once_whatever_dies(folder: Path, tmp_path: Path) -> None:
    moments = random.randint(20, 120), random.randint(150, 260)
    print("killed and restarted at requests", *moments)  # noqa: T201 -- shown when it fails
    running = await asyncio.to_thread(embedded.start, folder, durable=False)
    again: embedded.Running | None = None
    try:
        async with site_pool(1) as sites:
            dsn = running.stores.postgres_dsn
            await migrate(dsn)
            site = await sites.open()
            dam = Dam(*moments)
            site.script("*", dam.answer)
            settings = settings_for(
                running.stores,
                outbound_allow_origins=sites.origins,
                crawl_max_pages_per_run=PAGES,
                crawl_frontier_batch_size=BATCH,
                crawl_timeout_seconds=30.0,
                job_lease_seconds=8.0,
            )
            redis = client(settings.redis_url)
            db = Database.of(settings, application_name="lsos-tests", pusher=Notifier(redis))
            async with (
                worker_process(settings, tmp_path / "a.log") as first,
                worker_process(settings, tmp_path / "b.log") as second,
            ):
                tenant_id, run_id = await queue_run(db, settings, site.base_url + "/")

                async def ended() -> CrawlRun | None:
                    async with db.tenant_session(tenant_id) as session:
                        run = await session.get_one(CrawlRun, (tenant_id, run_id))
                        return None if run.state in OPEN_STATES else run

                await dam.until_full()
                first.kill()
                await first.wait()
                await redis.flushall()
                dam.open()
                async with worker_process(settings, tmp_path / "c.log") as third:
                    await dam.until_full()
                    again = await asyncio.to_thread(restart_postgres, folder)
                    dam.open()
                    run = await until(ended, "the run to end", timeout_s=2 * PATIENCE_S)
                    assert (second.exit_code, third.exit_code) == (None, None)
            async with db.tenant_session(tenant_id) as session:
                urls = list(
                    await session.scalars(select(CrawlPage.url).where(CrawlPage.run_id == run_id))
                )
                left = (await session.scalars(select(CrawlTodo.url))).all()
            await db.close()
            await redis.aclose()
    finally:
        for stake in (running, again):
            if stake is not None:
                await asyncio.to_thread(stake.stop)
    died = [line for line in third.log_lines() + second.log_lines() if line["event"] == "job_dead"]
    assert (run.state, run.reason_code) == ("completed", None), died
    assert (run.admitted, run.done, run.pages) == (PAGES, PAGES, PAGES)
    assert Counter(urls) == Counter(f"{site.base_url}/{number or ''}" for number in range(PAGES))
    assert left == []
    asked = Counter(path for path in site.paths() if not path.endswith((".txt", ".xml")))
    assert len(asked) == PAGES
    # The killed worker had one slice or two, the restart took what all of them had.
    assert sum(asked.values()) - PAGES <= 2 * IN_FLIGHT
    assert max(asked.values()) <= 3
