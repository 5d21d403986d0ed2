"""What makes reviews a kind of measurement: the locations of a campaign, or one of them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import Conflict, NotFound
from lsos.core.http.schema import decode_cursor, encode_cursor
from lsos.core.queue.work import Work
from lsos.core.settings.settings import Settings
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import Listing
from lsos.domains.measuring.kind import Kind, Outcome
from lsos.domains.measuring.rules import UNMEASURED, Price, Run
from lsos.domains.reviews import queries, rules, service
from lsos.domains.reviews.factory import review_provider
from lsos.domains.reviews.rules import Reading, ReviewProvider

LOCATION = "location_id"


def scope_of(location_id: UUID | None) -> dict[str, str]:
    return {} if location_id is None else {LOCATION: str(location_id)}


class ReviewsKind(Kind[Listing, Reading, ReviewProvider]):
    name = "reviews"
    about = "reviews of locations"
    task = "reviews.refresh"
    nothing = "no_locations"

    def source(self, settings: Settings) -> str:
        return settings.local_provider_backend

    def provider(self, work: Work) -> ReviewProvider:
        return work.resources.get(review_provider)

    async def refuse(self, session: AsyncSession, run: Run) -> None:
        if location := run.scope.get(LOCATION):
            await campaign_queries.get_listing(session, run.campaign_id, UUID(location))

    def under_way(self, run: Run) -> Conflict:
        return Conflict(
            "its reviews are being read already",
            code="refresh_running",
            detail={"run_id": str(run.id)},
        )

    async def count(self, session: AsyncSession, run: Run) -> int:
        if run.scope:
            return len(await self.units(session, run, None, 1))
        return await campaign_queries.count_locations(session, run.campaign_id)

    async def units(
        self, session: AsyncSession, run: Run, after: str | None, limit: int
    ) -> Sequence[Listing]:
        location = run.scope.get(LOCATION)
        if location is None:
            key = decode_cursor(after)
            found = await campaign_queries.list_listings(session, run.campaign_id, key, limit)
            return found[:limit]
        if after is not None:
            return []
        try:
            return [await campaign_queries.get_listing(session, run.campaign_id, UUID(location))]
        except NotFound:  # deleted since the order
            return []

    def key(self, unit: Listing) -> str:
        return encode_cursor(unit.created_at, unit.id)

    def price(self, unit: Listing, source: str) -> Price:
        return Price(1, rules.MAX_PAGES)

    async def ask(self, provider: ReviewProvider, unit: Listing, *, tenant_id: UUID) -> Reading:
        return await service.read(provider, unit, tenant_id=tenant_id)

    async def store(
        self, session: AsyncSession, run: Run, outcomes: Sequence[Outcome[Listing, Reading]]
    ) -> None:
        for outcome in sorted(outcomes, key=lambda outcome: outcome.unit.id):
            reading = outcome.answer or Reading(
                state="error", source=run.source, error_code=outcome.error_code
            )
            await service.store_reading(session, run, outcome.unit.id, reading, outcome.asked_at)

    async def store_unmeasured(self, session: AsyncSession, run: Run) -> None:
        left = await self.units(session, run, None, await self.count(session, run))
        await service.store_unmeasured(session, run, [unit.id for unit in left])

    async def finish(self, session: AsyncSession, run: Run) -> Mapping[str, object]:
        location = run.scope.get(LOCATION)
        new = 0
        if run.began_at is not None:
            only = None if location is None else UUID(location)
            new = await queries.count_new(session, run.campaign_id, run.began_at, only)
        is_cut = bool(run.counts.get(UNMEASURED))
        return {
            "states": run.counts,
            "new_reviews": new,
            "ended_by": run.reason_code if is_cut else None,
        }


KIND = ReviewsKind()
