"""What makes local presence a kind of measurement: profile and reviews of each location."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import Conflict
from lsos.core.http.schema import decode_cursor, encode_cursor
from lsos.core.queue.work import Work
from lsos.core.settings.settings import Settings
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import MAX_LOCATIONS, Listing
from lsos.domains.local import service, store
from lsos.domains.local.factory import profile_provider
from lsos.domains.local.provider import ProfileProvider
from lsos.domains.local.rules import ProfileReading
from lsos.domains.local.service import LocationReading
from lsos.domains.measuring.kind import Kind, Outcome
from lsos.domains.measuring.rules import Price, Run
from lsos.domains.providers.base import PROVIDER_ERRORS, Busy, ends_run
from lsos.domains.providers.rules import MeasurementState
from lsos.domains.reviews import service as reviews
from lsos.domains.reviews.factory import review_provider
from lsos.domains.reviews.rules import MAX_PAGES, Reading, ReviewProvider


class LocalProviders(NamedTuple):
    profiles: ProfileProvider
    reviews: ReviewProvider

    @property
    def source(self) -> str:
        return self.profiles.source


class LocalAnswer(NamedTuple):
    """A location counts by its profile."""

    profile: ProfileReading
    reviews: Reading

    @property
    def state(self) -> MeasurementState:
        return self.profile.state


class LocalKind(Kind[Listing, LocalAnswer, LocalProviders]):
    name = "local"
    about = "profiles, reviews and NAP of locations"
    task = "local.refresh"
    baseline_step = "local"
    nothing = "no_locations"

    def source(self, settings: Settings) -> str:
        return settings.local_provider_backend

    def provider(self, work: Work) -> LocalProviders:
        return LocalProviders(
            work.resources.get(profile_provider), work.resources.get(review_provider)
        )

    def under_way(self, run: Run) -> Conflict:
        return Conflict(
            "its locations are being measured already",
            code="refresh_running",
            detail={"refresh_id": str(run.id)},
        )

    async def count(self, session: AsyncSession, run: Run) -> int:
        return await campaign_queries.count_locations(session, run.campaign_id)

    async def units(
        self, session: AsyncSession, run: Run, after: str | None, limit: int
    ) -> Sequence[Listing]:
        key = decode_cursor(after)
        return (await campaign_queries.list_listings(session, run.campaign_id, key, limit))[:limit]

    def key(self, unit: Listing) -> str:
        return encode_cursor(unit.created_at, unit.id)

    def price(self, unit: Listing, source: str) -> Price:
        return Price(2, 1 + MAX_PAGES)

    async def ask(self, provider: LocalProviders, unit: Listing, *, tenant_id: UUID) -> LocalAnswer:
        profiles = provider.profiles
        try:
            profile = await profiles.fetch(unit, tenant_id=tenant_id)
        except PROVIDER_ERRORS as error:
            if isinstance(error, Busy) or ends_run(error):
                raise
            profile = _failed_profile(profiles.source, error.code)
        try:
            read = await reviews.read(provider.reviews, unit, tenant_id=tenant_id)
        except Busy:
            # A location is asked for as a whole again.
            raise
        except PROVIDER_ERRORS as error:
            # The profile was paid for; a refused key or spent quota stops the next location.
            read = _failed_reviews(provider.reviews.source, error.code)
        return LocalAnswer(profile, read)

    async def store(
        self, session: AsyncSession, run: Run, outcomes: Sequence[Outcome[Listing, LocalAnswer]]
    ) -> None:
        readings = []
        for outcome in outcomes:
            code = outcome.error_code or ""
            answer = outcome.answer or LocalAnswer(
                _failed_profile(run.source, code), _failed_reviews(run.source, code)
            )
            readings.append(LocationReading(outcome.unit, outcome.asked_at, *answer))
        await service.store_readings(session, run, readings)

    async def store_unmeasured(self, session: AsyncSession, run: Run) -> None:
        listings = await self.units(session, run, None, MAX_LOCATIONS)
        ids = [listing.id for listing in listings]
        await store.store_unmeasured(session, run, ids)
        await reviews.store_unmeasured(session, run, ids)

    async def finish(self, session: AsyncSession, run: Run) -> Mapping[str, object]:
        await service.match_site(session, run.tenant_id, run.campaign_id)
        return {}


def _failed_profile(source: str, code: str) -> ProfileReading:
    return ProfileReading(state="error", source=source, error_code=code)


def _failed_reviews(source: str, code: str) -> Reading:
    return Reading(state="error", source=source, error_code=code)


KIND = LocalKind()
