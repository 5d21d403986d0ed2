"""The job that reads the reviews of a campaign's locations."""

import time
from datetime import datetime, timedelta
from uuid import UUID

from lsos.core.clock import now
from lsos.core.errors import Reschedule
from lsos.core.http.schema import decode_cursor, encode_cursor
from lsos.core.queue.jobs import enqueue
from lsos.core.queue.work import Summary, Work, task
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.reviews import queries, service
from lsos.domains.reviews.factory import review_provider
from lsos.room import enqueue_followers

SLICE_S = 25.0
BATCH = 20
PATIENCE = timedelta(hours=1)
"""After that, a provider that asks for a pause counts as an error."""
LONGEST_WAIT_S = 300.0


@task("reviews.refresh", attempts=5, timeout_s=600)
async def refresh(
    work: Work, requested_at: datetime, location_id: UUID | None = None, after: str | None = None
) -> Summary:
    """Read for up to 25 s; the locations that are left are the next job's."""
    assert work.campaign_id is not None
    provider = work.resources.get(review_provider)
    waits = now() - requested_at < PATIENCE
    ends_at = time.monotonic() + SLICE_S
    counts: dict[str, int] = {}
    new = 0
    ended_by: str | None = None
    while True:
        async with work.session() as session:
            if location_id is not None:
                listings = [
                    await campaign_queries.get_listing(session, work.campaign_id, location_id)
                ]
            else:
                listings = await campaign_queries.list_listings(
                    session, work.campaign_id, decode_cursor(after), BATCH
                )
            page, has_more = listings[:BATCH], len(listings) > BATCH
            # A job that runs again asks nobody twice.
            done = await queries.measured_since(session, [p.id for p in page], requested_at)
        todo = [listing for listing in page if listing.id not in done]
        batch = await service.read_batch(provider, todo, tenant_id=work.tenant_id, waits=waits)
        async with work.session() as session:
            for place, reading in sorted(batch.readings.items()):
                counts[reading.state] = counts.get(reading.state, 0) + 1
                new += await service.store_reading(
                    session,
                    tenant_id=work.tenant_id,
                    campaign_id=work.campaign_id,
                    location_id=place,
                    reading=reading,
                )
        if batch.ended_by is not None:
            ended_by = batch.ended_by.code
            break
        if batch.wait_s is not None:
            raise Reschedule(
                "the provider asks for a pause", delay_s=min(batch.wait_s, LONGEST_WAIT_S)
            )
        if not has_more:
            break
        after = encode_cursor(page[-1].created_at, page[-1].id)
        if time.monotonic() >= ends_at:
            await _go_on(work, requested_at, after)
            return {"states": counts, "new_reviews": new, "state": "continued"}
    async with work.session() as session:
        await enqueue_followers(work, session)
    return {"states": counts, "new_reviews": new, "source": provider.source, "ended_by": ended_by}


async def _go_on(work: Work, requested_at: datetime, after: str) -> None:
    async with work.session() as session:
        await enqueue(
            session,
            "reviews.refresh",
            tenant_id=work.tenant_id,
            campaign_id=work.campaign_id,
            queue=work.queue,
            requested_at=requested_at.isoformat(),
            after=after,
        )


TASKS = (refresh,)
