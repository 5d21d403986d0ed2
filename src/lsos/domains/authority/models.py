"""Tables of backlinks and of the referring domains of a day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.db.keys import one_of, tenant_foreign_key
from lsos.core.db.model import Base, TenantRow
from lsos.domains.providers.rules import MeasurementState


class Backlink(TenantRow, Base):
    """A link to the campaign's site, as the provider has seen it."""

    __tablename__ = "backlinks"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        UniqueConstraint("tenant_id", "campaign_id", "key"),
        Index("ix_backlinks_seen", "tenant_id", "campaign_id", "first_seen_at", "id"),
    )

    campaign_id: Mapped[UUID]
    key: Mapped[int] = mapped_column(BIGINT)
    """Hash of source and target URL."""
    source_url: Mapped[str]
    source_domain: Mapped[str]
    target_url: Mapped[str]
    anchor: Mapped[str]
    is_followed: Mapped[bool]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    lost_at: Mapped[datetime | None]
    """When a complete reading no longer had it."""
    source: Mapped[str]


class AuthoritySnapshot(TenantRow, Base):
    """Link counts of one domain on one day: the campaign's own or a competitor's."""

    __tablename__ = "authority_snapshots"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        UniqueConstraint("tenant_id", "campaign_id", "domain", "day"),
        one_of("state", MeasurementState),
    )

    campaign_id: Mapped[UUID]
    domain: Mapped[str]
    is_own: Mapped[bool]
    day: Mapped[date]
    measured_at: Mapped[datetime]
    state: Mapped[str]
    backlinks: Mapped[int | None]
    referring_domains: Mapped[int | None]
    followed_domains: Mapped[int | None]
    score: Mapped[float | None]
    """Of the own domain; None without a measured competitor."""
    source: Mapped[str]
    error_code: Mapped[str | None]
