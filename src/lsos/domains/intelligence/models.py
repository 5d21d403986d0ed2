"""Tables of recommendations, their events, and campaign scores by day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.db.keys import one_of, tenant_foreign_key
from lsos.core.db.model import Base, TenantRow
from lsos.domains.intelligence.rules import State


class Recommendation(TenantRow, Base):
    """One piece of advice for one group of things; an ended one makes room for a new one."""

    __tablename__ = "recommendations"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        one_of("state", State),
        CheckConstraint("risk_tier between 0 and 4", name="risk_tier"),
        Index(
            "uq_recommendations_open",
            "tenant_id",
            "campaign_id",
            "code",
            "group_key",
            unique=True,
            postgresql_where=text("state not in ('verified', 'rejected', 'archived')"),
        ),
        Index("ix_recommendations_priority", "tenant_id", "campaign_id", "priority", "id"),
    )

    campaign_id: Mapped[UUID]
    code: Mapped[str]
    """Check code or signal."""
    group_key: Mapped[str]
    """Template, host or item group; "" for the whole site."""
    room: Mapped[str]
    """Where its facts come from: crawl, rank, local, reviews, authority, entity."""
    title: Mapped[str]
    state: Mapped[str]
    impact: Mapped[float]
    effort: Mapped[int]
    confidence: Mapped[float]
    risk_tier: Mapped[int]
    priority: Mapped[float]
    affected: Mapped[dict[str, object]]
    """count, of, sample."""
    evidence: Mapped[list[object]] = mapped_column(JSONB)
    """Facts with their source, and ids of the library's evidence."""
    library_version: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    executed_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class RecommendationEvent(TenantRow, Base):
    """A change of state: who, when, why."""

    __tablename__ = "recommendation_events"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        tenant_foreign_key("recommendation_id", "recommendations"),
        Index("ix_recommendation_events_of", "tenant_id", "recommendation_id", "created_at"),
    )

    campaign_id: Mapped[UUID]
    recommendation_id: Mapped[UUID]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    actor_id: Mapped[UUID | None]
    """None: the rules."""
    note: Mapped[str]


class CampaignScore(Base):
    """The campaign score of one day, with its parts."""

    __tablename__ = "campaign_scores"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "campaign_id", "day"),
        tenant_foreign_key("campaign_id", "campaigns"),
    )

    tenant_id: Mapped[UUID]
    campaign_id: Mapped[UUID]
    day: Mapped[date]
    score: Mapped[float | None]
    parts: Mapped[dict[str, object]]
    """By part: value or null, weight."""
    library_version: Mapped[str]
    computed_at: Mapped[datetime]
