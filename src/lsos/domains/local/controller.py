"""Routes of local presence: refresh, profile health, map pack, NAP matrix."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, JSONBody

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT, Page, decode_cursor, page_of
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import Listing
from lsos.domains.local import queries, service, views
from lsos.domains.local.schemas import (
    HealthView,
    LocalRefreshAccepted,
    LocalRefreshCreate,
    NapRow,
    PackView,
)


class LocalController(Controller):
    path = "/local"
    tags = ("local",)

    @post(
        "/refresh",
        operation_id="refreshLocal",
        opt=needs("local:write"),
        status_code=202,
    )
    async def refresh(
        self,
        data: JSONBody[LocalRefreshCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[LocalRefreshAccepted]]:
        """Measure the profiles, reviews and NAP of all locations in the background."""
        refresh, job_id = await service.request_refresh(session, principal, data.campaign_id)
        return Response(
            ok(LocalRefreshAccepted(refresh_id=refresh.id, job_id=job_id)),
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


CONTROLLERS = (LocalController,)
