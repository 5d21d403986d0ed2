"""The job that reads the links of a campaign's site and of its competitors."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.errors import Reschedule
from lsos.core.queue.work import Death, Summary, Work, task
from lsos.domains.authority import service
from lsos.domains.authority.factory import backlink_provider
from lsos.domains.authority.rules import DomainReading
from lsos.domains.providers.base import PROVIDER_ERRORS, Busy, ends_run
from lsos.room import enqueue_followers

CONCURRENCY = 4
PATIENCE = timedelta(hours=1)
"""After that, a provider that asks for a pause counts as an error."""
LONGEST_WAIT_S = 300.0


async def refresh_died(session: AsyncSession, death: Death) -> None:
    await service.fail(session, death.tenant_id, death.arguments["refresh_id"], death.reason_code)


@task("authority.refresh", attempts=5, timeout_s=600, on_dead=refresh_died)
async def refresh(work: Work, refresh_id: UUID) -> Summary:
    """Each domain is stored as soon as it is read, so that a second attempt goes on."""
    async with work.session() as session:
        begun = await service.start(session, work.tenant_id, refresh_id)
    if begun is None:
        return {"state": "ended_already"}
    running, own, todo, done = begun
    counts = Counter(done.values())
    waits = running.started_at is None or now() - running.started_at < PATIENCE
    provider = work.resources.get(backlink_provider)
    gate = asyncio.Semaphore(CONCURRENCY)
    pauses: list[float] = []
    ended_by: list[str] = []

    async def one(domain: str) -> None:
        async with gate:
            if ended_by:
                counts["unmeasured"] += 1
                return
            try:
                reading = await service.read(
                    provider, domain, is_own=domain == own, tenant_id=work.tenant_id
                )
            except PROVIDER_ERRORS as error:
                if isinstance(error, Busy) and waits:
                    pauses.append(error.wait_s)
                    return
                if ends_run(error):
                    ended_by.append(error.code)
                reading = DomainReading(
                    domain=domain, state="error", source=provider.source, error_code=error.code
                )
            counts[reading.state] += 1
        async with work.session() as session:
            await service.store_reading(session, running, reading, is_own=domain == own)

    async with asyncio.TaskGroup() as group:
        for domain in todo:
            group.create_task(one(domain))
    if pauses:
        raise Reschedule("the provider asks for a pause", delay_s=min(max(pauses), LONGEST_WAIT_S))
    async with work.session() as session:
        ended = await service.finish(
            session,
            work.tenant_id,
            refresh_id,
            states=counts,
            reason_code=ended_by[0] if ended_by else None,
        )
        if ended is not None:
            await enqueue_followers(work, session)
    if ended is None:
        return {"state": "ended_already"}
    return {"state": ended.state, "counts": ended.counts, "source": provider.source}


TASKS = (refresh,)
