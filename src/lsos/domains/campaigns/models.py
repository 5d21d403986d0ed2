"""Tables of campaigns, their locations, competitors and baseline steps."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.db.keys import one_of
from lsos.core.db.model import Base, TenantRow
from lsos.domains.campaigns.rules import SetupState, StepState


class Campaign(TenantRow, Base):
    __tablename__ = "campaigns"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
        one_of("setup_state", SetupState),
        Index("ix_campaigns_created", "tenant_id", "created_at", "id"),
    )

    name: Mapped[str]
    site_url: Mapped[str]
    business_name: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    services: Mapped[list[str]] = mapped_column(default=list)
    setup_state: Mapped[str] = mapped_column(default="Draft")
    version: Mapped[int] = mapped_column(default=1)


class _OfCampaign(TenantRow):
    """A row that goes when its campaign goes."""

    campaign_id: Mapped[UUID]


def _campaign_key() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "campaign_id"], ["campaigns.tenant_id", "campaigns.id"], ondelete="CASCADE"
    )


class Location(_OfCampaign, Base):
    __tablename__ = "locations"
    __table_args__ = (
        _campaign_key(),
        CheckConstraint("latitude between -90 and 90", name="latitude"),
        CheckConstraint("longitude between -180 and 180", name="longitude"),
        Index("ix_locations_campaign", "tenant_id", "campaign_id"),
    )

    name: Mapped[str]
    street: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    region: Mapped[str] = mapped_column(default="")
    postcode: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    place_id: Mapped[str | None]
    cid: Mapped[str | None]
    landing_url: Mapped[str] = mapped_column(default="")


class Competitor(_OfCampaign, Base):
    __tablename__ = "competitors"
    __table_args__ = (
        _campaign_key(),
        UniqueConstraint("tenant_id", "campaign_id", "domain"),
    )

    name: Mapped[str]
    domain: Mapped[str]


class BaselineStep(_OfCampaign, Base):
    """A step of the newest baseline; all ended means that the campaign becomes Active.

    It waits for the end of the step `after`, when it names one.
    """

    __tablename__ = "baseline_steps"
    __table_args__ = (
        _campaign_key(),
        UniqueConstraint("tenant_id", "campaign_id", "name"),
        one_of("state", StepState),
    )

    name: Mapped[str]
    task: Mapped[str]
    after: Mapped[str | None]
    state: Mapped[str]
    reason_code: Mapped[str | None]
    ended_at: Mapped[datetime | None]
