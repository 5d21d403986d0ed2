"""Routes of reviews: list, figures by location, refresh."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import convert

from lsos.core.clock import now
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT, Page, decode_cursor, page_of
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import Listing
from lsos.domains.measuring import service as measuring
from lsos.domains.measuring.routes import DRY_RUN, answer_dry_run, run_routes
from lsos.domains.measuring.service import Order
from lsos.domains.reviews import queries
from lsos.domains.reviews.measurement import KIND, scope_of
from lsos.domains.reviews.queries import LocationFigures, ReviewFilter
from lsos.domains.reviews.schemas import (
    ReviewsJobAccepted,
    ReviewsRefresh,
    ReviewView,
    VelocityView,
)

MinRating = Annotated[
    float | None, QueryParameter(ge=1, le=5, description="Only reviews with at least this rating.")
]
MaxRating = Annotated[
    float | None, QueryParameter(ge=1, le=5, description="Only reviews with at most this rating.")
]

IsAnswered = Annotated[
    bool | None, QueryParameter(description="Only reviews that the business answered, or did not.")
]
Since = Annotated[
    datetime | None, QueryParameter(description="Only reviews published at this time or later.")
]
Until = Annotated[
    datetime | None, QueryParameter(description="Only reviews published before this time.")
]


class ReviewController(Controller):
    path = "/reviews"
    tags = ("reviews",)

    @get(
        "/",
        operation_id="listReviews",
        opt=needs("reviews:read"),
    )
    async def list_all(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        location_id: FromQuery[UUID | None] = None,
        min_rating: MinRating = None,
        max_rating: MaxRating = None,
        is_answered: IsAnswered = None,
        since: Since = None,
        until: Until = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[ReviewView]]:
        """List the reviews of a campaign, newest first."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        if location_id is not None:
            await campaign_queries.get_listing(session, campaign_id, location_id)
        wanted = ReviewFilter(location_id, min_rating, max_rating, is_answered, since, until)
        page = await queries.list_reviews(session, campaign_id, wanted, cursor, limit)
        return ok_page(page.map(lambda row: convert(row, ReviewView, from_attributes=True)))

    @get(
        "/velocity",
        operation_id="getReviewVelocity",
        opt=needs("reviews:read"),
    )
    async def velocity(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[VelocityView]]:
        """List velocity, rating, answers, freshness, quality and bursts of each location."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        after = decode_cursor(cursor)
        listings = await campaign_queries.list_listings(session, campaign_id, after, limit)
        page = page_of(listings, limit, lambda place: (place.created_at, place.id))
        ids = [listing.id for listing in page.items]
        known = await queries.load_figures(session, ids, now())
        views = [_view(listing, known[listing.id]) for listing in page.items]
        return ok_page(Page(items=views, next_cursor=page.next_cursor, limit=limit))

    @post(
        "/refresh",
        operation_id="refreshReviews",
        opt=needs("reviews:write"),
        status_code=202,
        responses=failures(409) | DRY_RUN,
    )
    async def refresh(
        self,
        data: JSONBody[ReviewsRefresh],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[ReviewsJobAccepted]]:
        """Read the reviews of all locations, or of one, in the background."""
        order = Order(KIND, data.campaign_id, KIND.source(settings), scope_of(data.location_id))
        if data.dry_run:
            return await answer_dry_run(session, principal, order)
        run, job_id = await measuring.order(session, principal, order)
        return Response(
            ok(ReviewsJobAccepted(job_id=job_id, run_id=run.id)),
            status_code=202,
            headers={"Location": f"{settings.api_v1_prefix}/jobs/{job_id}"},
        )


def _view(listing: Listing, known: LocationFigures) -> VelocityView:
    reading, latest = known.reading, known.latest
    return VelocityView(
        location_id=listing.id,
        location_name=listing.name,
        state=latest.state if latest else "unmeasured",
        error_code=latest.error_code if latest else None,
        source=reading.source if reading else None,
        measured_at=reading.measured_at if reading else None,
        is_complete=reading.is_complete if reading else None,
        oldest_at=reading.oldest_at if reading else None,
        profile_total=reading.total if reading else None,
        profile_rating=reading.rating if reading else None,
        figures=known.figures,
    )


CONTROLLERS = (ReviewController, run_routes(KIND))
