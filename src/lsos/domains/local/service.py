"""Use cases of local presence: refresh profiles and reviews, match the NAP of site and profile."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.errors import Conflict
from lsos.core.http.principal import Principal
from lsos.core.queue.jobs import enqueue
from lsos.core.redis.client import DEFAULT_QUEUE
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns import service as campaigns
from lsos.domains.campaigns.rules import MAX_LOCATIONS, Listing
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.local import queries, rules, store
from lsos.domains.local.models import LocalRefresh
from lsos.domains.local.provider import ProfileProvider
from lsos.domains.local.rules import NapFinding, ProfileReading
from lsos.domains.local.site_nap import SiteNap
from lsos.domains.providers.base import PROVIDER_ERRORS, Busy, ends_run
from lsos.domains.providers.rules import MEASURED
from lsos.domains.reviews import queries as review_queries
from lsos.domains.reviews import service as reviews
from lsos.domains.reviews.rules import Reading, ReviewProvider

BASELINE_STEP = "local"
CONCURRENCY = 4
AFTER = "_after"
"""Key in a refresh's counts: how far down the list of locations it has come."""


class Batch(NamedTuple):
    """What a provider said of several locations."""

    profiles: dict[UUID, ProfileReading]
    reviews: dict[UUID, Reading]
    wait_s: float | None
    """Not all were asked: so long from now they may be."""
    ended_by: str | None
    """Code of the refusal that ends the refresh."""


async def request_refresh(
    session: AsyncSession, principal: Principal, campaign_id: UUID
) -> tuple[LocalRefresh, UUID]:
    """The queued refresh and its job."""
    campaign = await campaign_queries.get_locked_campaign(session, principal.tenant_id, campaign_id)
    if campaign.setup_state == "Archived":
        raise Conflict("an archived campaign is not measured", code="campaign_archived")
    open_one = await queries.find_latest_refresh(session, campaign.id)
    if open_one is not None and open_one.state in rules.OPEN_STATES:
        raise Conflict(
            "its locations are being measured already",
            code="refresh_running",
            detail={"refresh_id": str(open_one.id)},
        )
    return await queue_refresh(
        session, principal.tenant_id, campaign.id, requested_by=principal.user_id
    )


async def queue_refresh(
    session: AsyncSession,
    tenant_id: UUID,
    campaign_id: UUID,
    *,
    requested_by: UUID | None,
    queue: str = DEFAULT_QUEUE,
) -> tuple[LocalRefresh, UUID]:
    refresh = LocalRefresh(
        tenant_id=tenant_id,
        id=new_id(),
        campaign_id=campaign_id,
        state="queued",
        counts={},
        requested_by=requested_by,
    )
    session.add(refresh)
    await session.flush()
    job_id = await enqueue(
        session,
        "local.refresh",
        tenant_id=tenant_id,
        campaign_id=campaign_id,
        queue=queue,
        refresh_id=refresh.id,
    )
    assert job_id is not None  # without a dedupe key
    return refresh, job_id


async def start_baseline(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID, queue: str
) -> LocalRefresh:
    """A refresh, or the one that is open already: its end is the end of the step."""
    await campaign_queries.get_locked_campaign(session, tenant_id, campaign_id)
    open_one = await queries.find_latest_refresh(session, campaign_id)
    if open_one is not None and open_one.state in rules.OPEN_STATES:
        return open_one
    refresh, _ = await queue_refresh(
        session, tenant_id, campaign_id, requested_by=None, queue=queue
    )
    return refresh


async def fail_baseline(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID | None, reason_code: str
) -> None:
    if campaign_id is not None:
        await campaigns.finish_step(session, tenant_id, campaign_id, BASELINE_STEP, reason_code)


async def start(session: AsyncSession, tenant_id: UUID, refresh_id: UUID) -> LocalRefresh | None:
    """The running refresh; None when it has ended."""
    refresh = await queries.get_refresh(session, tenant_id, refresh_id)
    if refresh.state not in rules.OPEN_STATES:
        return None
    if refresh.state == "queued":
        refresh.state, refresh.started_at = "running", now()
        await session.flush()
    return refresh


async def ask(
    profiles: ProfileProvider,
    review_provider: ReviewProvider,
    listings: Sequence[Listing],
    *,
    tenant_id: UUID,
    waits: bool,
) -> Batch:
    """Profiles, then reviews, of several locations; a failure is that location's own state."""
    gate = asyncio.Semaphore(CONCURRENCY)
    found: dict[UUID, ProfileReading] = {}
    pauses: list[float] = []
    ended_by: list[str] = []

    async def one(listing: Listing) -> None:
        async with gate:
            if ended_by:
                return
            try:
                found[listing.id] = await profiles.fetch(listing, tenant_id=tenant_id)
            except PROVIDER_ERRORS as error:
                if isinstance(error, Busy) and waits:
                    pauses.append(error.wait_s)
                    return
                if ends_run(error):
                    ended_by.append(error.code)
                found[listing.id] = ProfileReading(
                    state="error", source=profiles.source, error_code=error.code
                )

    async with asyncio.TaskGroup() as group:
        for listing in listings:
            group.create_task(one(listing))
    if ended_by:
        return Batch(found, {}, None, ended_by[0])
    known = [listing for listing in listings if listing.id in found]
    read = await reviews.read_batch(review_provider, known, tenant_id=tenant_id, waits=waits)
    if read.wait_s is not None:
        pauses.append(read.wait_s)
    # A location counts as measured when both are known.
    both = {i: reading for i, reading in found.items() if i in read.readings or read.ended_by}
    code = read.ended_by.code if read.ended_by else None
    return Batch(both, read.readings, max(pauses, default=None), code)


async def store_batch(
    session: AsyncSession,
    refresh: LocalRefresh,
    listings: Sequence[Listing],
    batch: Batch,
) -> None:
    """Reviews, then snapshots with their health, then the NAP of the profiles.

    A location whose reviews were not asked for is left for the next attempt as a whole.
    """
    tenant_id, campaign_id = refresh.tenant_id, refresh.campaign_id
    campaign = await campaign_queries.get_campaign(session, tenant_id, campaign_id)
    for location_id, reading in sorted(batch.reviews.items()):
        await reviews.store_reading(
            session,
            tenant_id=tenant_id,
            campaign_id=campaign_id,
            location_id=location_id,
            reading=reading,
        )
    at = now()
    ids = [listing.id for listing in listings]
    known = await review_queries.load_figures(session, ids, at)
    for listing in sorted(listings, key=lambda place: place.id):
        told = batch.profiles.get(listing.id)
        if told is None:
            continue
        findings: list[NapFinding] = []
        health = None
        if told.profile is not None:
            findings = rules.profile_nap(listing, campaign.business_name, told.profile)
            health = rules.profile_health(
                told.profile,
                category=campaign.category,
                findings=findings,
                quality=known[listing.id].figures.quality,
                at=at,
            )
        await store.store_snapshot(session, refresh, listing.id, told, health, at)
        if told.state in MEASURED:
            await store.store_matches(
                session, refresh.tenant_id, campaign_id, [(listing.id, f) for f in findings]
            )
            await store.drop_older_matches(session, [listing.id], ["profile"], at)


async def advance(
    session: AsyncSession,
    tenant_id: UUID,
    refresh_id: UUID,
    *,
    after: str,
    states: Mapping[str, int],
) -> None:
    """Count a batch and remember where the next begins, in one go."""
    refresh = await queries.get_refresh(session, tenant_id, refresh_id)
    refresh.counts = {**_added(refresh.counts, states), AFTER: after}
    await session.flush()


async def finish(
    session: AsyncSession,
    tenant_id: UUID,
    refresh_id: UUID,
    *,
    reason_code: str | None,
) -> LocalRefresh | None:
    """Match the site, end the refresh and its step of a baseline; None when it had ended."""
    refresh = await queries.get_refresh(session, tenant_id, refresh_id)
    if refresh.state not in rules.OPEN_STATES:
        return None
    total = await campaign_queries.count_locations(session, refresh.campaign_id)
    counts = {state: n for state, n in refresh.counts.items() if state != AFTER}
    counted = sum(n for n in counts.values() if isinstance(n, int))
    if total > counted:
        counts = _added(counts, {"unmeasured": total - counted})
    measured = sum(n for state, n in counts.items() if state in MEASURED and isinstance(n, int))
    await match_site(session, tenant_id, refresh.campaign_id)
    refresh.counts, refresh.finished_at, refresh.reason_code = counts, now(), reason_code
    if total == 0:
        refresh.state, refresh.reason_code = "completed", "no_locations"
    elif measured == 0:
        refresh.state = "failed"
        refresh.reason_code = reason_code or "nothing_measured"
    else:
        refresh.state = "completed" if measured >= total else "completed_with_errors"
    await session.flush()
    is_failed = refresh.state == "failed"
    await campaigns.finish_step(
        session,
        tenant_id,
        refresh.campaign_id,
        BASELINE_STEP,
        refresh.reason_code if is_failed or total == 0 else None,
        is_skipped=total == 0,
    )
    return refresh


async def fail(session: AsyncSession, tenant_id: UUID, refresh_id: UUID, reason_code: str) -> None:
    """The job is dead: so are its refresh and its step of a baseline."""
    refresh = await session.get(LocalRefresh, (tenant_id, refresh_id), with_for_update=True)
    if refresh is not None and refresh.state in rules.OPEN_STATES:
        refresh.state, refresh.reason_code, refresh.finished_at = "failed", reason_code, now()
        await fail_baseline(session, tenant_id, refresh.campaign_id, reason_code)


async def match_site(session: AsyncSession, tenant_id: UUID, campaign_id: UUID) -> Counter[str]:
    """NAP of the newest finished crawl against all locations; counts by match."""
    listings = await campaign_queries.list_listings(session, campaign_id, None, MAX_LOCATIONS)
    run = await crawl_queries.find_latest_scored_run(session, campaign_id)
    if not listings or run is None:
        return Counter()
    campaign = await campaign_queries.get_campaign(session, tenant_id, campaign_id)
    site = SiteNap(listings, campaign.business_name)
    async for page in crawl_queries.stream_pages(session, run.id):
        site.add(page)
    found = list(site.findings())
    at = now()
    await store.store_matches(session, tenant_id, campaign_id, found)
    judged = {finding.surface for _, finding in found}
    await store.drop_older_matches(session, [listing.id for listing in listings], judged, at)
    return Counter(finding.match for _, finding in found)


def _added(counts: Mapping[str, object], more: Mapping[str, int]) -> dict[str, object]:
    known = {name: n for name, n in counts.items() if isinstance(n, int)}
    return {**counts, **(Counter(known) + Counter(more))}
