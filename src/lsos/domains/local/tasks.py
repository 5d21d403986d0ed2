"""Jobs of local presence: the refresh, the baseline's step, the NAP of a new crawl."""

import time
from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.errors import Reschedule
from lsos.core.http.schema import decode_cursor, encode_cursor
from lsos.core.queue.work import Death, Summary, Work, task
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.local import queries, service
from lsos.domains.local.factory import profile_provider
from lsos.domains.reviews.factory import review_provider
from lsos.room import enqueue_followers

SLICE_S = 25.0
BATCH = 20
PATIENCE = timedelta(hours=1)
"""After that, a provider that asks for a pause counts as an error."""
LONGEST_WAIT_S = 300.0


async def refresh_died(session: AsyncSession, death: Death) -> None:
    await service.fail(session, death.tenant_id, death.arguments["refresh_id"], death.reason_code)


async def baseline_died(session: AsyncSession, death: Death) -> None:
    await service.fail_baseline(session, death.tenant_id, death.campaign_id, death.reason_code)


@task("local.refresh", attempts=5, timeout_s=600, on_dead=refresh_died)
async def refresh(work: Work, refresh_id: UUID) -> Summary:
    """Measure locations for up to 25 s; then back into the queue, behind whoever waits there."""
    async with work.session() as session:
        running = await service.start(session, work.tenant_id, refresh_id)
    if running is None:
        return {"state": "ended_already"}
    after = running.counts.get(service.AFTER)
    waits = running.started_at is None or now() - running.started_at < PATIENCE
    ends_at = time.monotonic() + SLICE_S
    reason_code: str | None = None
    profiles = work.resources.get(profile_provider)
    reviews = work.resources.get(review_provider)
    while True:
        async with work.session() as session:
            key = decode_cursor(str(after) if after else None)
            listings = await campaign_queries.list_listings(
                session, running.campaign_id, key, BATCH
            )
            page, has_more = listings[:BATCH], len(listings) > BATCH
            # What a job that was interrupted has measured is not asked for again.
            done = await queries.measured_in(session, running, [place.id for place in page])
        if page:
            todo = [place for place in page if place.id not in done]
            batch = await service.ask(
                profiles, reviews, todo, tenant_id=work.tenant_id, waits=waits
            )
            after = encode_cursor(page[-1].created_at, page[-1].id)
            async with work.session() as session:
                await service.store_batch(session, running, todo, batch)
                if batch.wait_s is None:
                    told = (reading.state for reading in batch.profiles.values())
                    states = Counter[str]((*told, *done.values()))
                    await service.advance(
                        session, work.tenant_id, refresh_id, after=after, states=states
                    )
            if batch.wait_s is not None:
                raise Reschedule(
                    "the provider asks for a pause", delay_s=min(batch.wait_s, LONGEST_WAIT_S)
                )
            reason_code = batch.ended_by
        if not has_more or reason_code is not None:
            break
        if time.monotonic() >= ends_at:
            raise Reschedule("more locations to measure", delay_s=0)
    async with work.session() as session:
        ended = await service.finish(
            session,
            work.tenant_id,
            refresh_id,
            reason_code=reason_code,
        )
        if ended is not None:
            await enqueue_followers(work, session)
    if ended is None:
        return {"state": "ended_already"}
    return {"state": ended.state, "counts": ended.counts, "source": profiles.source}


@task("local.baseline", attempts=5, timeout_s=30, on_dead=baseline_died)
async def baseline(work: Work, step: str) -> Summary:
    """The baseline's refresh of all locations."""
    assert work.campaign_id is not None
    async with work.session() as session:
        running = await service.start_baseline(
            session, work.tenant_id, work.campaign_id, work.queue
        )
    return {"refresh_id": str(running.id), "step": step}


@task("local.match_site", attempts=5, timeout_s=300)
async def match_site(work: Work, run_id: UUID) -> Summary:
    """The NAP of a site that has just been crawled."""
    assert work.campaign_id is not None
    async with work.session() as session:
        counts = await service.match_site(session, work.tenant_id, work.campaign_id)
        if counts:
            await enqueue_followers(work, session)
    return {"run_id": str(run_id), "matches": dict(counts)}


TASKS = (refresh, baseline, match_site)
