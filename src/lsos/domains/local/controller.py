"""Routes of local presence: refresh, profile health, map pack, NAP matrix."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, JSONBody

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT, Page, decode_cursor, page_of
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import Listing
from lsos.domains.local import queries, views
from lsos.domains.local.measurement import KIND
from lsos.domains.local.schemas import (
    HealthView,
    LocalRefreshAccepted,
    LocalRefreshCreate,
    NapRow,
    PackView,
)
from lsos.domains.measuring import service as measuring
from lsos.domains.measuring.routes import DRY_RUN, answer_dry_run, run_routes
from lsos.domains.measuring.service import Order


class LocalController(Controller):
    path = "/local"
    tags = ("local",)

    @post(
        "/refresh",
        operation_id="refreshLocal",
        opt=needs("local:write"),
        status_code=202,
        responses=failures(409) | DRY_RUN,
    )
    async def refresh(
        self,
        data: JSONBody[LocalRefreshCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[LocalRefreshAccepted]]:
        """Measure the profiles, reviews and NAP of all locations in the background."""
        order = Order(KIND, data.campaign_id, KIND.source(settings))
        if data.dry_run:
            return await answer_dry_run(session, principal, order)
        run, job_id = await measuring.order(session, principal, order)
        return Response(
            ok(LocalRefreshAccepted(refresh_id=run.id, job_id=job_id)),
            status_code=202,
            headers={"Location": f"{settings.api_v1_prefix}/jobs/{job_id}"},
        )

    @get(
        "/health",
        operation_id="getLocalHealth",
        opt=needs("local:read"),
    )
    async def health(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[HealthView]]:
        """List the profile health of each location, with the evidence of each part."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        rows = await campaign_queries.list_listings(
            session, campaign_id, decode_cursor(cursor), limit
        )
        page = _page(rows, limit)
        known = await queries.load_snapshots(session, [place.id for place in page.items])
        views_ = [views.health_view(place, known[place.id]) for place in page.items]
        return ok_page(Page(items=views_, next_cursor=page.next_cursor, limit=limit))

    @get(
        "/map-pack",
        operation_id="getMapPack",
        opt=needs("local:read"),
    )
    async def map_pack(
        self, campaign_id: FromQuery[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[PackView]:
        """Show in which searches the business is in the local pack, by the newest ranks."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        return ok(views.pack_view(await queries.load_pack(session, campaign_id)))

    @get(
        "/nap",
        operation_id="getNapMatrix",
        opt=needs("local:read"),
    )
    async def nap(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[NapRow]]:
        """Compare name, address and phone on site and profile with those of each location."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        rows = await campaign_queries.list_listings(
            session, campaign_id, decode_cursor(cursor), limit
        )
        page = _page(rows, limit)
        known = await queries.load_matches(session, [place.id for place in page.items])
        views_ = [views.nap_row(place, known.get(place.id, [])) for place in page.items]
        return ok_page(Page(items=views_, next_cursor=page.next_cursor, limit=limit))


def _page(rows: list[Listing], limit: int) -> Page[Listing]:
    return page_of(rows, limit, lambda place: (place.created_at, place.id))


CONTROLLERS = (LocalController, run_routes(KIND))
