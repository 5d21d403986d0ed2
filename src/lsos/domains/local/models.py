"""Tables of profile snapshots and NAP matches."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from lsos.core.db.keys import one_of, tenant_foreign_key
from lsos.core.db.model import Base, TenantRow
from lsos.domains.campaigns.nap import Match
from lsos.domains.providers.rules import MeasurementState


class ProfileSnapshot(TenantRow, Base):
    """A location's profile on one day."""

    __tablename__ = "profile_snapshots"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        tenant_foreign_key("location_id", "locations"),
        UniqueConstraint("tenant_id", "location_id", "day"),
        one_of("state", MeasurementState),
        Index("ix_profile_snapshots_campaign", "tenant_id", "campaign_id", "day"),
    )

    campaign_id: Mapped[UUID]
    location_id: Mapped[UUID]
    day: Mapped[date]
    measured_at: Mapped[datetime]
    state: Mapped[str]
    source: Mapped[str]
    profile: Mapped[dict[str, object] | None]
    """local.rules.Profile; None unless found."""
    health_score: Mapped[float | None]
    health: Mapped[dict[str, object] | None]
    """Parts of the score with their evidence."""
    error_code: Mapped[str | None]


class NapMatch(TenantRow, Base):
    """One field of one location on one surface, against what the campaign says."""

    __tablename__ = "nap_matches"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        tenant_foreign_key("location_id", "locations"),
        UniqueConstraint("tenant_id", "location_id", "surface", "field"),
        one_of("match", Match),
    )

    campaign_id: Mapped[UUID]
    location_id: Mapped[UUID]
    surface: Mapped[str]
    """structured_data | visible_text | profile"""
    field: Mapped[str]
    """name | address | phone"""
    match: Mapped[str]
    expected: Mapped[str]
    found: Mapped[str]
    where: Mapped[str]
    """URL of the page or id of the profile."""
    measured_at: Mapped[datetime]
