"""Bodies of the campaign routes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from lsos.core.http.schema import In, Name, Out
from lsos.domains.campaigns.rules import SetupState, StepState

Url = Annotated[str, msgspec.Meta(max_length=2_048)]
Line = Annotated[str, msgspec.Meta(max_length=200)]
Country = Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z]{2})?\Z")]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
PlaceId = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Cid = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}\Z")]
Services = Annotated[list[Name], msgspec.Meta(max_length=100)]


class CampaignCreate(In):
    name: Name
    site_url: Url = ""
    """May wait until the campaign is to be Configured."""
    business_name: Line = ""
    category: Line = ""
    services: Services = msgspec.field(default_factory=list)


class CampaignUpdate(In):
    name: Name | UnsetType = UNSET
    site_url: Url | UnsetType = UNSET
    business_name: Line | UnsetType = UNSET
    category: Line | UnsetType = UNSET
    services: Services | UnsetType = UNSET


class StateChange(In):
    state: SetupState


class BaselineStepView(Out):
    name: str
    state: StepState
    reason_code: str | None
    """Why it failed, or why a step that is done had nothing to measure."""
    ended_at: datetime | None


class CampaignView(Out):
    id: UUID
    name: str
    site_url: str
    business_name: str
    category: str
    services: list[str]
    setup_state: SetupState
    version: int
    """Send it as `If-Match: "<version>"` to change only what you have seen."""
    created_at: datetime


class CampaignDetail(CampaignView):
    allowed_states: list[SetupState]
    """What `setup-state` accepts now."""
    baseline: list[BaselineStepView]
    """Steps of the newest baseline; empty before the first."""


class LocationCreate(In):
    name: Name
    street: Line = ""
    city: Line = ""
    region: Line = ""
    postcode: Line = ""
    country: Country = ""
    """ISO 3166-1 alpha-2."""
    phone: Line = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    place_id: PlaceId | None = None
    cid: Cid | None = None
    landing_url: Url = ""


class LocationUpdate(In):
    name: Name | UnsetType = UNSET
    street: Line | UnsetType = UNSET
    city: Line | UnsetType = UNSET
    region: Line | UnsetType = UNSET
    postcode: Line | UnsetType = UNSET
    country: Country | UnsetType = UNSET
    phone: Line | UnsetType = UNSET
    latitude: Latitude | UnsetType | None = UNSET
    longitude: Longitude | UnsetType | None = UNSET
    place_id: PlaceId | UnsetType | None = UNSET
    cid: Cid | UnsetType | None = UNSET
    landing_url: Url | UnsetType = UNSET


class LocationView(Out):
    id: UUID
    campaign_id: UUID
    name: str
    street: str
    city: str
    region: str
    postcode: str
    country: str
    phone: str
    latitude: float | None
    longitude: float | None
    place_id: str | None
    cid: str | None
    landing_url: str
    created_at: datetime


class CompetitorCreate(In):
    domain: Annotated[str, msgspec.Meta(min_length=1, max_length=2_048)]
    """A host name, or a URL of which the host name is kept."""
    name: Line = ""
    """Left out: the domain."""


class CompetitorUpdate(In):
    domain: Annotated[str, msgspec.Meta(min_length=1, max_length=2_048)] | UnsetType = UNSET
    name: Name | UnsetType = UNSET


class CompetitorView(Out):
    id: UUID
    campaign_id: UUID
    name: str
    domain: str
    created_at: datetime
