"""Routes of campaigns, their setup state, locations and competitors."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody
from msgspec import convert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT, decode_cursor, page_of
from lsos.domains.campaigns import queries, service
from lsos.domains.campaigns.models import Campaign, Competitor, Location
from lsos.domains.campaigns.rules import SetupState, requestable
from lsos.domains.campaigns.schemas import (
    BaselineStepView,
    CampaignCreate,
    CampaignDetail,
    CampaignUpdate,
    CampaignView,
    CompetitorCreate,
    CompetitorUpdate,
    CompetitorView,
    LocationCreate,
    LocationUpdate,
    LocationView,
    StateChange,
)
from lsos.room import BaselineStep

IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", description='the version that you have seen, such as "3"'),
]


class CampaignController(Controller):
    path = "/campaigns"
    tags = ("campaigns",)

    @post(
        "/",
        operation_id="createCampaign",
        opt=needs("campaigns:write"),
        responses=failures(401, 403, 422),
    )
    async def create(
        self,
        data: JSONBody[CampaignCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[CampaignDetail]]:
        """Make a campaign in Draft."""
        campaign = await service.create(
            session, principal, data, allowed_origins=settings.allowed_origins
        )
        return Response(
            ok(await _detail(session, campaign)),
            headers={"Location": f"{settings.api_v1_prefix}/campaigns/{campaign.id}"},
        )

    @get(
        "/",
        operation_id="listCampaigns",
        opt=needs("campaigns:read"),
        responses=failures(401, 403, 422),
    )
    async def list_all(
        self,
        session: inject.Session,
        setup_state: FromQuery[SetupState | None] = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[CampaignView]]:
        """Campaigns in order of creation."""
        rows = await queries.list_campaigns(session, setup_state, decode_cursor(cursor), limit)
        page = page_of([_view(row) for row in rows], limit, lambda c: (c.created_at, c.id))
        return ok_page(page)

    @get(
        "/{campaign_id:uuid}",
        operation_id="getCampaign",
        opt=needs("campaigns:read"),
        responses=failures(401, 403, 404),
    )
    async def get_one(
        self, campaign_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[CampaignDetail]:
        """A campaign, and how far its baseline is."""
        campaign = await queries.get_campaign(session, principal.tenant_id, campaign_id)
        return ok(await _detail(session, campaign))

    @patch(
        "/{campaign_id:uuid}",
        operation_id="updateCampaign",
        opt=needs("campaigns:write"),
        responses=failures(401, 403, 404, 412, 422),
    )
    async def update(
        self,
        campaign_id: FromPath[UUID],
        data: JSONBody[CampaignUpdate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
        if_match: FromQuery[IfMatch] = None,
    ) -> Envelope[CampaignDetail]:
        """Change what the body names."""
        campaign = await service.update(
            session,
            principal,
            campaign_id,
            data,
            if_match=if_match,
            allowed_origins=settings.allowed_origins,
        )
        return ok(await _detail(session, campaign))

    @delete(
        "/{campaign_id:uuid}",
        operation_id="deleteCampaign",
        opt=needs("campaigns:write"),
        responses=failures(401, 403, 404, 409),
    )
    async def remove(
        self, campaign_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> None:
        """Delete a campaign in Draft, Configured or Archived with all its measurements."""
        await service.remove(session, principal, campaign_id)

    @patch(
        "/{campaign_id:uuid}/setup-state",
        operation_id="changeSetupState",
        opt=needs("campaigns:write"),
        responses=failures(401, 403, 404, 409, 422),
    )
    async def change_state(
        self,
        campaign_id: FromPath[UUID],
        data: JSONBody[StateChange],
        session: inject.Session,
        principal: inject.Principal,
        baseline_steps: NamedDependency[Sequence[BaselineStep]],
    ) -> Envelope[CampaignDetail]:
        """Move to another setup state; BaselineRunning starts the baseline."""
        campaign = await service.change_state(
            session, principal, campaign_id, data.state, baseline_steps
        )
        return ok(await _detail(session, campaign))


class LocationController(Controller):
    path = "/campaigns/{campaign_id:uuid}/locations"
    tags = ("campaigns",)

    @post(
        "/",
        operation_id="createLocation",
        opt=needs("campaigns:write"),
        responses=failures(401, 403, 404, 422),
    )
    async def create(
        self,
        campaign_id: FromPath[UUID],
        data: JSONBody[LocationCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[LocationView]]:
        location = await service.create_location(
            session, principal, campaign_id, data, allowed_origins=settings.allowed_origins
        )
        path = f"{settings.api_v1_prefix}/campaigns/{campaign_id}/locations/{location.id}"
        return Response(ok(_location(location)), headers={"Location": path})

    @get(
        "/",
        operation_id="listLocations",
        opt=needs("campaigns:read"),
        responses=failures(401, 403, 404, 422),
    )
    async def list_all(
        self,
        campaign_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[LocationView]]:
        """Locations in order of creation."""
        await queries.get_campaign(session, principal.tenant_id, campaign_id)
        rows = await queries.list_locations(session, campaign_id, decode_cursor(cursor), limit)
        page = page_of([_location(row) for row in rows], limit, lambda v: (v.created_at, v.id))
        return ok_page(page)

    @patch(
        "/{location_id:uuid}",
        operation_id="updateLocation",
        opt=needs("campaigns:write"),
        responses=failures(401, 403, 404, 422),
    )
    async def update(
        self,
        campaign_id: FromPath[UUID],
        location_id: FromPath[UUID],
        data: JSONBody[LocationUpdate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Envelope[LocationView]:
        """Change what the body names."""
        location = await service.update_location(
            session,
            principal,
            campaign_id,
            location_id,
            data,
            allowed_origins=settings.allowed_origins,
        )
        return ok(_location(location))

    @delete(
        "/{location_id:uuid}",
        operation_id="deleteLocation",
        opt=needs("campaigns:write"),
        responses=failures(401, 403, 404),
    )
    async def remove(
        self,
        campaign_id: FromPath[UUID],
        location_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
    ) -> None:
        await service.remove_location(session, principal, campaign_id, location_id)


class CompetitorController(Controller):
    path = "/campaigns/{campaign_id:uuid}/competitors"
    tags = ("campaigns",)

    @post(
        "/",
        operation_id="createCompetitor",
        opt=needs("campaigns:write"),
        responses=failures(401, 403, 404, 409, 422),
    )
    async def create(
        self,
        campaign_id: FromPath[UUID],
        data: JSONBody[CompetitorCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[CompetitorView]]:
        competitor = await service.create_competitor(session, principal, campaign_id, data)
        path = f"{settings.api_v1_prefix}/campaigns/{campaign_id}/competitors/{competitor.id}"
        return Response(ok(_competitor(competitor)), headers={"Location": path})

    @get(
        "/",
        operation_id="listCompetitors",
        opt=needs("campaigns:read"),
        responses=failures(401, 403, 404, 422),
    )
    async def list_all(
        self,
        campaign_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[CompetitorView]]:
        """Competitors in order of creation."""
        await queries.get_campaign(session, principal.tenant_id, campaign_id)
        rows = await queries.list_competitors(session, campaign_id, decode_cursor(cursor), limit)
        page = page_of([_competitor(row) for row in rows], limit, lambda v: (v.created_at, v.id))
        return ok_page(page)

    @patch(
        "/{competitor_id:uuid}",
        operation_id="updateCompetitor",
        opt=needs("campaigns:write"),
        responses=failures(401, 403, 404, 409, 422),
    )
    async def update(
        self,
        campaign_id: FromPath[UUID],
        competitor_id: FromPath[UUID],
        data: JSONBody[CompetitorUpdate],
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[CompetitorView]:
        """Change what the body names."""
        competitor = await service.update_competitor(
            session, principal, campaign_id, competitor_id, data
        )
        return ok(_competitor(competitor))

    @delete(
        "/{competitor_id:uuid}",
        operation_id="deleteCompetitor",
        opt=needs("campaigns:write"),
        responses=failures(401, 403, 404),
    )
    async def remove(
        self,
        campaign_id: FromPath[UUID],
        competitor_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
    ) -> None:
        await service.remove_competitor(session, principal, campaign_id, competitor_id)


async def _detail(session: AsyncSession, campaign: Campaign) -> CampaignDetail:
    view = _view(campaign)
    steps = await queries.list_steps(session, campaign.id)
    return CampaignDetail(
        **msgspec.structs.asdict(view),
        allowed_states=list(requestable(view.setup_state)),
        baseline=[convert(step, BaselineStepView, from_attributes=True) for step in steps],
    )


def _view(campaign: Campaign) -> CampaignView:
    return convert(campaign, CampaignView, from_attributes=True)


def _location(location: Location) -> LocationView:
    return convert(location, LocationView, from_attributes=True)


def _competitor(competitor: Competitor) -> CompetitorView:
    return convert(competitor, CompetitorView, from_attributes=True)


CONTROLLERS = (CampaignController, LocationController, CompetitorController)
