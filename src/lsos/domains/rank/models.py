"""Tables of keywords, measurements and their snapshots."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.db.keys import one_of, tenant_foreign_key
from lsos.core.db.model import Base, TenantRow
from lsos.domains.providers.rules import MeasurementState
from lsos.domains.rank.rules import Device


class Keyword(TenantRow, Base):
    """One keyword at one place on one device: the unit of visibility."""

    __tablename__ = "keywords"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        UniqueConstraint("tenant_id", "campaign_id", "natural_key"),
        one_of("device", Device),
        Index("ix_keywords_created", "tenant_id", "campaign_id", "created_at", "id"),
    )

    campaign_id: Mapped[UUID]
    natural_key: Mapped[str]
    """Folded text, language, country, place and device, joined: what makes it one keyword."""
    text: Mapped[str]
    language: Mapped[str]
    country: Mapped[str]
    location: Mapped[str]
    """Name or code of the place as the provider knows it; "" when a point says it."""
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    device: Mapped[str]
    volume: Mapped[int | None]
    """Searches a month; None: unknown."""
    tags: Mapped[list[str]] = mapped_column(default=list)
    is_active: Mapped[bool] = mapped_column(default=True)


class RankSnapshot(Base):
    """The result of one keyword on one day; a repeat replaces an error, never a measured value."""

    __tablename__ = "rank_snapshots"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "keyword_id", "day"),
        tenant_foreign_key("keyword_id", "keywords"),
        tenant_foreign_key("campaign_id", "campaigns"),
        one_of("state", MeasurementState),
        Index("ix_rank_snapshots_day", "tenant_id", "campaign_id", "day"),
    )

    tenant_id: Mapped[UUID]
    keyword_id: Mapped[UUID]
    day: Mapped[date]
    campaign_id: Mapped[UUID]
    run_id: Mapped[UUID]
    measured_at: Mapped[datetime]
    state: Mapped[str]
    """Of the organic result."""
    position: Mapped[int | None]
    """Organic, from 1; None unless found."""
    url: Mapped[str | None]
    pack_state: Mapped[str]
    """Of the local pack: found | not_found | empty | error | unmeasured."""
    pack_position: Mapped[int | None]
    results: Mapped[list[object]] = mapped_column(JSONB)
    """Top 20 organic: [position, url, title]."""
    pack: Mapped[list[object]] = mapped_column(JSONB)
    """Local pack: {position, title, cid, place_id, url}."""
    features: Mapped[list[object]] = mapped_column(JSONB)
    source: Mapped[str]
    error_code: Mapped[str | None]
