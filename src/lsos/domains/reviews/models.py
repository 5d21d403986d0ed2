"""Tables of reviews and of how far they were read."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from lsos.core.db.keys import one_of, tenant_foreign_key
from lsos.core.db.model import Base, TenantRow
from lsos.domains.providers.rules import MeasurementState


class Review(TenantRow, Base):
    """One review of one location, by the provider's id; the newest text stands."""

    __tablename__ = "reviews"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        tenant_foreign_key("location_id", "locations"),
        UniqueConstraint("tenant_id", "location_id", "external_id"),
        CheckConstraint("rating between 1 and 5", name="rating"),
        Index("ix_reviews_published", "tenant_id", "campaign_id", "published_at", "id"),
    )

    campaign_id: Mapped[UUID]
    location_id: Mapped[UUID]
    external_id: Mapped[str]
    author: Mapped[str]
    rating: Mapped[float]
    text: Mapped[str]
    published_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    source: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class ReviewReading(TenantRow, Base):
    """How the reviews of a location were read on one day."""

    __tablename__ = "review_readings"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        tenant_foreign_key("location_id", "locations"),
        UniqueConstraint("tenant_id", "location_id", "day"),
        one_of("state", MeasurementState),
    )

    campaign_id: Mapped[UUID]
    location_id: Mapped[UUID]
    day: Mapped[date]
    measured_at: Mapped[datetime]
    state: Mapped[str]
    is_complete: Mapped[bool]
    """All pages were read; only then can a missing review be called deleted."""
    oldest_at: Mapped[datetime | None]
    """Publication of the oldest review that was read."""
    total: Mapped[int | None]
    """Reviews that the profile claims."""
    rating: Mapped[float | None]
    source: Mapped[str]
    error_code: Mapped[str | None]
