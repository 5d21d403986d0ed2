"""Starts waiting runs as far as the caps of tenant and campaign allow."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.queue.jobs import enqueue
from lsos.core.settings.settings import Settings
from lsos.domains.crawl.models import CrawlRun


async def wake_dispatcher(session: AsyncSession, tenant_id: UUID, queue: str) -> None:
    await enqueue(session, "crawl.dispatch", tenant_id=tenant_id, queue=queue)


async def start_waiting(session: AsyncSession, tenant_id: UUID, settings: Settings) -> int:
    """Start waiting runs as far as the caps allow, oldest first; how many were started.

    The caps count rows: PostgreSQL is the truth, so neither a flushed Redis nor a dead worker
    lets a tenant exceed them. One dispatcher a tenant at a time.
    """
    await session.execute(
        text("select pg_advisory_xact_lock(hashtextextended('crawl.dispatch:' || :t, 0))"),
        {"t": str(tenant_id)},
    )
    active = list(
        await session.scalars(select(CrawlRun.campaign_id).where(CrawlRun.state == "running"))
    )
    # Locked ones are being cancelled: what was read before that must not start them again.
    waiting = await session.scalars(
        select(CrawlRun)
        .where(CrawlRun.state == "queued")
        .order_by(CrawlRun.created_at, CrawlRun.id)
        .with_for_update(skip_locked=True)
    )
    started = 0
    for run in waiting.all():
        if len(active) >= settings.crawl_max_active_runs_per_tenant:
            break
        if active.count(run.campaign_id) >= settings.crawl_max_active_runs_per_campaign:
            continue
        active.append(run.campaign_id)
        run.state, run.phase, run.started_at = "running", "starting", now()
        await enqueue(
            session,
            "crawl.begin",
            tenant_id=tenant_id,
            campaign_id=run.campaign_id,
            queue=run.queue,
            run_id=run.id,
        )
        started += 1
    return started
