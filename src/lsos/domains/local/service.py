"""Use cases of local presence: store what was read, match the NAP of site and profile."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import MAX_LOCATIONS, Listing
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.local import rules, store
from lsos.domains.local.rules import NapFinding, ProfileReading
from lsos.domains.local.site_nap import SiteNap
from lsos.domains.measuring.rules import Run
from lsos.domains.providers.rules import MEASURED
from lsos.domains.reviews import queries as review_queries
from lsos.domains.reviews import service as reviews
from lsos.domains.reviews.rules import Reading


class LocationReading(NamedTuple):
    """What was read of one location, or why nothing was."""

    listing: Listing
    asked_at: datetime
    profile: ProfileReading
    reviews: Reading


async def store_readings(
    session: AsyncSession, run: Run, readings: Sequence[LocationReading]
) -> None:
    """Reviews, then snapshots with their health, then the NAP of the profiles."""
    campaign = await campaign_queries.get_campaign(session, run.tenant_id, run.campaign_id)
    ordered = sorted(readings, key=lambda reading: reading.listing.id)
    for listing, asked_at, _, read in ordered:
        await reviews.store_reading(session, run, listing.id, read, asked_at)
    known = await review_queries.load_figures(
        session, [reading.listing.id for reading in ordered], now()
    )
    for listing, asked_at, told, _ in ordered:
        findings: list[NapFinding] = []
        health = None
        if told.profile is not None:
            findings = rules.profile_nap(listing, campaign.business_name, told.profile)
            health = rules.profile_health(
                told.profile,
                category=campaign.category,
                findings=findings,
                quality=known[listing.id].figures.quality,
                at=asked_at,
            )
        await store.store_snapshot(session, run, listing.id, told, health, asked_at)
        if told.state in MEASURED:
            found = [(listing.id, finding) for finding in findings]
            await store.store_matches(session, run.tenant_id, run.campaign_id, found, asked_at)
            await store.drop_other_matches(session, [listing.id], ["profile"], found)


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
    await store.store_matches(
        session, tenant_id, campaign_id, found, run.started_at or run.created_at
    )
    judged = {finding.surface for _, finding in found}
    await store.drop_other_matches(session, [listing.id for listing in listings], judged, found)
    return Counter(finding.match for _, finding in found)
