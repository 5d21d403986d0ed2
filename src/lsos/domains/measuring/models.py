"""The table of measurements."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.db.keys import one_of, tenant_foreign_key
from lsos.core.db.model import Base, TenantRow
from lsos.domains.measuring.rules import State

OPEN = text("state in ('queued', 'running')")


class Measurement(TenantRow, Base):
    """One run of a kind of measurement over a campaign's units."""

    __tablename__ = "measurements"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        one_of("state", State),
        CheckConstraint(
            "reason_code is not null or state not in ('failed', 'cancelled')", name="reason"
        ),
        Index("ix_measurements_created", "tenant_id", "campaign_id", "kind", "created_at", "id"),
        Index(
            "uq_measurements_open",
            "tenant_id",
            "campaign_id",
            "kind",
            "scope",
            unique=True,
            postgresql_where=OPEN,
        ),
    )

    campaign_id: Mapped[UUID]
    kind: Mapped[str]
    """rank | local | reviews | authority, and whatever else is registered."""
    scope: Mapped[dict[str, object]]
    """What it is limited to, such as {"location_id": ...}; {}: the whole campaign."""
    state: Mapped[str] = mapped_column(default="queued")
    source: Mapped[str]
    """Who is asked: synthetic | http | serpapi | provider."""
    day: Mapped[date]
    began_at: Mapped[datetime | None]
    """When the first question was asked; None: none was."""
    finished_at: Mapped[datetime | None]
    cursor: Mapped[str | None]
    """Key of the unit up to which all are done."""
    ahead: Mapped[list[str]] = mapped_column(default=list)
    """Keys of units that are done beyond the cursor: a batch may end in the middle."""
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, object]] = mapped_column(default=dict)
    """Units by outcome."""
    calls: Mapped[int] = mapped_column(default=0)
    """Provider calls spent."""
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    requested_by: Mapped[UUID | None]
    deadline_at: Mapped[datetime | None]
    """Until then, the provider must have answered something."""
