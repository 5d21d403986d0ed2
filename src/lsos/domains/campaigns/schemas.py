"""Bodies of the campaign routes."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from lsos.core.http.schema import Example, In, Name, Out
from lsos.core.http.wording import expected
from lsos.domains.campaigns.rules import SetupState, StepState

Url = Annotated[str, msgspec.Meta(max_length=2_048)]
Line = Annotated[str, msgspec.Meta(max_length=200)]
Country = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([A-Za-z]{2})?\Z",
        extra=expected("an ISO 3166-1 code, such as DE"),
    ),
]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
PlaceId = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Cid = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{1,20}\Z", extra=expected("a CID of 1 to 20 digits"))
]
Services = Annotated[list[Name], msgspec.Meta(max_length=100)]


class CampaignCreate(In):
    """A new campaign: one business and its site."""

    name: Name
    """Name of the campaign, as the agency calls it."""
    site_url: Url = ""
    """Address of the site, http or https, public; it may stay empty in Draft."""
    business_name: Line = ""
    """Name of the business as its customers know it."""
    category: Line = ""
    """What kind of business it is, such as Dentist."""
    services: Services = msgspec.field(default_factory=list)
    """What the business offers, each in its own words."""

    EXAMPLE: ClassVar[Example] = {
        "name": "Lighthouse Dental, Riga",
        "site_url": "https://www.example.com/",
        "business_name": "Lighthouse Dental",
        "category": "Dentist",
        "services": ["Dental implants", "Teeth whitening"],
    }


class CampaignUpdate(In):
    """What to change in a campaign; fields left out stay as they are."""

    name: Name | UnsetType = UNSET
    """Name of the campaign, as the agency calls it."""
    site_url: Url | UnsetType = UNSET
    """Address of the site, http or https, public; it may be empty in Draft only."""
    business_name: Line | UnsetType = UNSET
    """Name of the business as its customers know it."""
    category: Line | UnsetType = UNSET
    """What kind of business it is, such as Dentist."""
    services: Services | UnsetType = UNSET
    """All services that the business offers; replaces the former list."""


class StateChange(In):
    """The setup state that a campaign should move to."""

    state: SetupState
    """The new state; `allowed_states` of the campaign lists what is accepted now."""


class BaselineStepView(Out):
    """One step of a campaign's first measurement."""

    name: str
    """What is measured, such as crawl or rank."""
    state: StepState
    """running; done; or failed, when its job was given up."""
    reason_code: str | None
    """Why it failed, or why a step that is done had nothing to measure; null: nothing to say."""
    ended_at: datetime | None
    """When the step ended; null: it is running."""


class CampaignView(Out):
    """A campaign: one business and its site, as an agency works on it."""

    id: UUID
    """Id of the campaign."""
    name: str
    """Name of the campaign, as the agency calls it."""
    site_url: str
    """Address of the site; empty: not given yet."""
    business_name: str
    """Name of the business; empty: not given."""
    category: str
    """What kind of business it is; empty: not given."""
    services: list[str]
    """What the business offers."""
    setup_state: SetupState
    """How far the campaign is: Draft, Configured, BaselineRunning, Active, Paused or Archived."""
    version: int
    """Grows by one with each change. Send it as `If-Match: "<version>"` to change only what you
    have seen."""
    created_at: datetime
    """When the campaign was created."""

    EXAMPLE: ClassVar[Example] = {
        "id": "01920000-0000-7000-8000-000000000000",
        "name": "Lighthouse Dental, Riga",
        "site_url": "https://www.example.com/",
        "business_name": "Lighthouse Dental",
        "category": "Dentist",
        "services": ["Dental implants", "Teeth whitening"],
        "setup_state": "Active",
        "version": 3,
        "created_at": "2026-03-01T09:30:00Z",
    }


class CampaignDetail(CampaignView):
    """A campaign with its baseline and the states that it may move to."""

    allowed_states: list[SetupState]
    """States that `setup-state` accepts now."""
    baseline: list[BaselineStepView]
    """Steps of the newest baseline; empty before the first."""


class LocationCreate(In):
    """A place of business."""

    name: Name
    """Name of the place of business."""
    street: Line = ""
    """Street and house number."""
    city: Line = ""
    """City or town."""
    region: Line = ""
    """State, province or county."""
    postcode: Line = ""
    """Postcode."""
    country: Country = ""
    """ISO 3166-1 code of two letters, such as DE; empty: not given."""
    phone: Line = ""
    """Phone number as it is published, with a country code where it has one."""
    latitude: Latitude | None = None
    """In degrees, north positive; goes with `longitude`. null or left out: not known."""
    longitude: Longitude | None = None
    """In degrees, east positive; goes with `latitude`. null or left out: not known."""
    place_id: PlaceId | None = None
    """Google's Place ID of the business profile; null or left out: not known."""
    cid: Cid | None = None
    """Google's customer id (CID) of the business profile, in digits; null or left out: not
    known."""
    landing_url: Url = ""
    """Page of the site about this place; empty: none."""

    EXAMPLE: ClassVar[Example] = {
        "name": "Lighthouse Dental, Old Town",
        "street": "12 Harbour Street",
        "city": "Riga",
        "postcode": "LV-1050",
        "country": "LV",
        "phone": "+371 20000000",
        "latitude": 56.9496,
        "longitude": 24.1052,
        "landing_url": "https://www.example.com/old-town/",
    }


class LocationUpdate(In):
    """What to change in a location; fields left out stay as they are."""

    name: Name | UnsetType = UNSET
    """Name of the place of business."""
    street: Line | UnsetType = UNSET
    """Street and house number."""
    city: Line | UnsetType = UNSET
    """City or town."""
    region: Line | UnsetType = UNSET
    """State, province or county."""
    postcode: Line | UnsetType = UNSET
    """Postcode."""
    country: Country | UnsetType = UNSET
    """ISO 3166-1 code of two letters, such as DE; empty: not given."""
    phone: Line | UnsetType = UNSET
    """Phone number as it is published, with a country code where it has one."""
    latitude: Latitude | UnsetType | None = UNSET
    """In degrees, north positive; null: not known, with `longitude`."""
    longitude: Longitude | UnsetType | None = UNSET
    """In degrees, east positive; null: not known, with `latitude`."""
    place_id: PlaceId | UnsetType | None = UNSET
    """Google's Place ID of the business profile; null: not known."""
    cid: Cid | UnsetType | None = UNSET
    """Google's customer id (CID) of the business profile, in digits; null: not known."""
    landing_url: Url | UnsetType = UNSET
    """Page of the site about this place; empty: none."""


class LocationView(Out):
    """A place of business of a campaign."""

    id: UUID
    """Id of the location."""
    campaign_id: UUID
    """Campaign that the location belongs to."""
    name: str
    """Name of the place of business."""
    street: str
    """Street and house number; empty: not given."""
    city: str
    """City or town; empty: not given."""
    region: str
    """State, province or county; empty: not given."""
    postcode: str
    """Postcode; empty: not given."""
    country: str
    """ISO 3166-1 code of two letters, such as DE; empty: not given."""
    phone: str
    """Phone number as it is published; empty: not given."""
    latitude: float | None
    """In degrees, north positive; null: not known."""
    longitude: float | None
    """In degrees, east positive; null: not known."""
    place_id: str | None
    """Google's Place ID of the business profile; null: not known."""
    cid: str | None
    """Google's customer id (CID) of the business profile; null: not known."""
    landing_url: str
    """Page of the site about this place; empty: none."""
    created_at: datetime
    """When the location was created."""


class CompetitorCreate(In):
    """A business to compare the campaign with."""

    domain: Annotated[str, msgspec.Meta(min_length=1, max_length=2_048)]
    """A host name, or a URL of which the host name is kept."""
    name: Line = ""
    """Name of the competitor; empty or left out: the domain."""


class CompetitorUpdate(In):
    """What to change in a competitor; fields left out stay as they are."""

    domain: Annotated[str, msgspec.Meta(min_length=1, max_length=2_048)] | UnsetType = UNSET
    """A host name, or a URL of which the host name is kept."""
    name: Name | UnsetType = UNSET
    """Name of the competitor."""


class CompetitorView(Out):
    """A business that the campaign is compared with."""

    id: UUID
    """Id of the competitor."""
    campaign_id: UUID
    """Campaign that the competitor belongs to."""
    name: str
    """Name of the competitor."""
    domain: str
    """Host name, in lower case and without www."""
    created_at: datetime
    """When the competitor was added."""
