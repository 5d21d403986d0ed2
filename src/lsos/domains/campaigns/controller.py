"""Routes of campaigns, their setup state, locations and competitors."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter
from msgspec import convert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT
from lsos.core.outbound.policy import OutboundPolicy
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
    HeaderParameter(
        name="If-Match",
        description='Change only this version, such as "3"; else 412.',
    ),
]

WantedState = Annotated[
    SetupState | None, QueryParameter(description="Only campaigns in this setup state.")
]


class CampaignController(Controller):
    path = "/campaigns"
    tags = ("campaigns",)

    @post("/", operation_id="createCampaign", opt=needs("campaigns:write"))
    async def create(
        self,
        data: JSONBody[CampaignCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[CampaignDetail]]:
        """Create a campaign, in Draft."""
        campaign = await service.create(
            session, principal, data, policy=OutboundPolicy.from_settings(settings)
        )
        return Response(
            ok(await _detail(session, campaign)),
            headers={"Location": f"{settings.api_v1_prefix}/campaigns/{campaign.id}"},
        )

    @get("/", operation_id="listCampaigns", opt=needs("campaigns:read"))
    async def list_all(
        self,
        session: inject.Session,
        setup_state: WantedState = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[CampaignView]]:
        """List campaigns in order of creation."""
        page = await queries.CAMPAIGNS.page(session, cursor, limit, setup_state=setup_state)
        return ok_page(page.map(_view))

    @get("/{campaign_id:uuid}", operation_id="getCampaign", opt=needs("campaigns:read"))
    async def get_one(
        self, campaign_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[CampaignDetail]:
        """Show a campaign, and how far its baseline is."""
        campaign = await queries.get_campaign(session, principal.tenant_id, campaign_id)
        return ok(await _detail(session, campaign))

    @patch(
        "/{campaign_id:uuid}",
        operation_id="updateCampaign",
        opt=needs("campaigns:write"),
        responses=failures(412),
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
        """Change a campaign; fields left out stay as they are."""
        campaign = await service.update(
            session,
            principal,
            campaign_id,
            data,
            if_match=if_match,
            policy=OutboundPolicy.from_settings(settings),
        )
        return ok(await _detail(session, campaign))

    @delete(
        "/{campaign_id:uuid}",
        operation_id="deleteCampaign",
        opt=needs("campaigns:write"),
        responses=failures(409),
    )
    async def remove(
        self, campaign_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> None:
        """Delete a campaign with all its measurements.

        It must be in Draft, Configured or Archived.
        """
        await service.remove(session, principal, campaign_id)

    @patch(
        "/{campaign_id:uuid}/setup-state",
        operation_id="changeSetupState",
        opt=needs("campaigns:write"),
        responses=failures(409),
    )
    async def change_state(
        self,
        campaign_id: FromPath[UUID],
        data: JSONBody[StateChange],
        session: inject.Session,
        principal: inject.Principal,
        baseline_steps: NamedDependency[Sequence[BaselineStep]],
    ) -> Envelope[CampaignDetail]:
        """Move a campaign to another setup state.

        BaselineRunning starts the baseline: the first measurement.
        """
        campaign = await service.change_state(
            session, principal, campaign_id, data.state, baseline_steps
        )
        return ok(await _detail(session, campaign))


class LocationController(Controller):
    path = "/campaigns/{campaign_id:uuid}/locations"
    tags = ("campaigns",)

    @post("/", operation_id="createLocation", opt=needs("campaigns:write"))
    async def create(
        self,
        campaign_id: FromPath[UUID],
        data: JSONBody[LocationCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[LocationView]]:
        """Add a location to a campaign."""
        location = await service.create_location(
            session,
            principal,
            campaign_id,
            data,
            policy=OutboundPolicy.from_settings(settings),
        )
        path = f"{settings.api_v1_prefix}/campaigns/{campaign_id}/locations/{location.id}"
        return Response(ok(_location(location)), headers={"Location": path})

    @get("/", operation_id="listLocations", opt=needs("campaigns:read"))
    async def list_all(
        self,
        campaign_id: FromPath[UUID],
        session: inject.Session,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[LocationView]]:
        """List the locations of a campaign in order of creation."""
        await queries.check_campaign(session, campaign_id)
        page = await queries.LOCATIONS.page(session, cursor, limit, campaign_id=campaign_id)
        return ok_page(page.map(_location))

    @patch("/{location_id:uuid}", operation_id="updateLocation", opt=needs("campaigns:write"))
    async def update(
        self,
        campaign_id: FromPath[UUID],
        location_id: FromPath[UUID],
        data: JSONBody[LocationUpdate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Envelope[LocationView]:
        """Change a location; fields left out stay as they are."""
        location = await service.update_location(
            session,
            principal,
            campaign_id,
            location_id,
            data,
            policy=OutboundPolicy.from_settings(settings),
        )
        return ok(_location(location))

    @delete("/{location_id:uuid}", operation_id="deleteLocation", opt=needs("campaigns:write"))
    async def remove(
        self,
        campaign_id: FromPath[UUID],
        location_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
    ) -> None:
        """Delete a location."""
        await service.remove_location(session, principal, campaign_id, location_id)


class CompetitorController(Controller):
    path = "/campaigns/{campaign_id:uuid}/competitors"
    tags = ("campaigns",)

    @post("/", operation_id="createCompetitor", opt=needs("campaigns:write"))
    async def create(
        self,
        campaign_id: FromPath[UUID],
        data: JSONBody[CompetitorCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[CompetitorView]]:
        """Add a competitor to a campaign."""
        competitor = await service.create_competitor(session, principal, campaign_id, data)
        path = f"{settings.api_v1_prefix}/campaigns/{campaign_id}/competitors/{competitor.id}"
        return Response(ok(_competitor(competitor)), headers={"Location": path})

    @get("/", operation_id="listCompetitors", opt=needs("campaigns:read"))
    async def list_all(
        self,
        campaign_id: FromPath[UUID],
        session: inject.Session,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[CompetitorView]]:
        """List the competitors of a campaign in order of creation."""
        await queries.check_campaign(session, campaign_id)
        page = await queries.COMPETITORS.page(session, cursor, limit, campaign_id=campaign_id)
        return ok_page(page.map(_competitor))

    @patch(
        "/{competitor_id:uuid}",
        operation_id="updateCompetitor",
        opt=needs("campaigns:write"),
        responses=failures(409),
    )
    async def update(
        self,
        campaign_id: FromPath[UUID],
        competitor_id: FromPath[UUID],
        data: JSONBody[CompetitorUpdate],
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[CompetitorView]:
        """Change a competitor; fields left out stay as they are."""
        competitor = await service.update_competitor(
            session, principal, campaign_id, competitor_id, data
        )
        return ok(_competitor(competitor))

    @delete("/{competitor_id:uuid}", operation_id="deleteCompetitor", opt=needs("campaigns:write"))
    async def remove(
        self,
        campaign_id: FromPath[UUID],
        competitor_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
    ) -> None:
        """Delete a competitor."""
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
